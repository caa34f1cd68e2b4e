"""Processes played through on a virtual clock, by people, through the same services as the pages."""
