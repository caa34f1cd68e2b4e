"""Diagrams drawn on the server: a picture of how far an instance is, and the same as an ordered list."""

from lastmeter.definitions.svg.picture import progress_svg
from lastmeter.definitions.svg.steps import Step, ordered_steps
from lastmeter.definitions.svg.words import State

__all__ = ["State", "Step", "ordered_steps", "progress_svg"]
