"""Statutory deadlines: the register of rules, the days they lead to, and the calendar they are counted by."""
