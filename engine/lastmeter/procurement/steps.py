"""Loads the room's connectors; each lies beside the rows it writes."""

from lastmeter.procurement import plans

__all__ = ["plans"]
