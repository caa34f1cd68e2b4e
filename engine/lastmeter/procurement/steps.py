"""Loads the room's connectors; each lies beside the rows it writes."""

from lastmeter.procurement import awards, bidding, committees, plans, procurements, tender_documents

__all__ = ["awards", "bidding", "committees", "plans", "procurements", "tender_documents"]
