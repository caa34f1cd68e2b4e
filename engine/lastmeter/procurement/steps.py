"""Loads the room's connectors; each lies beside the rows it writes."""

from lastmeter.procurement import awards, bidding, committees, plans, procurements, remedies, tender_documents

__all__ = ["awards", "bidding", "committees", "plans", "procurements", "remedies", "tender_documents"]
