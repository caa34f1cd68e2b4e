"""BPMN XML to process models, in the dialects of bpmn-js, both Camunda Modelers and the plain standard.

What is drawn is what runs: whatever the specs do not execute as the standard says becomes a finding here, with the
element, its line, the reason and what to draw instead.
"""

from __future__ import annotations

from lastmeter.workflow.spiff.reading.reader import Reader

__all__ = ["Reader"]
