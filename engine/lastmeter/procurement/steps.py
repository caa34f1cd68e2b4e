"""Loads the room's connectors; each lies beside the rows it writes."""

from lastmeter.procurement import (
    awards,
    bidding,
    committees,
    other_methods,
    plans,
    procurements,
    remedies,
    tender_documents,
)

__all__ = [
    "awards",
    "bidding",
    "committees",
    "other_methods",
    "plans",
    "procurements",
    "remedies",
    "tender_documents",
]
