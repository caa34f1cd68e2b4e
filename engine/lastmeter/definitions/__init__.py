"""Definitions: BPMN packages as files; read, laid out, drawn, checked, drafted and published."""
