"""Statutory deadlines: the register of rules, the days they lead to, and the calendar they are counted by."""

from lastmeter.deadlines.register import deadline_functions
from lastmeter.deadlines.rules import Computed

__all__ = ["Computed", "deadline_functions"]
