"""Lastmeter: a workflow engine for public procurement and casework."""
