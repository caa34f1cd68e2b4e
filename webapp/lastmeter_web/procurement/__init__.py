"""Buying: procurements for the buyer's side, tenders for suppliers, bids for who reviews them."""

from lastmeter_web.navigation import NavEntry
from lastmeter_web.procurement import bids as bids  # its views join the blueprint
from lastmeter_web.procurement import tenders as tenders
from lastmeter_web.procurement.pages import blueprint

NAVIGATION = [
    NavEntry("procurement.show", "采购项目", "Procurements", "procurement.view", 30),
    NavEntry("procurement.tenders", "招标项目", "Tenders", "tender.documents", 31),
    NavEntry("procurement.reviews", "评审项目", "Reviews", "score.own", 32),
]
__all__ = ["NAVIGATION", "blueprint"]
