"""Contracts and the stations they serve: years, money, people on post, reports, evaluations, findings, termination."""

from lastmeter_web.navigation import NavEntry
from lastmeter_web.stations.pages import blueprint

NAVIGATION = [
    NavEntry("stations.contracts", "合同", "Contracts", "contract.view", 40, pages=("stations.contract",)),
    NavEntry("stations.own_contracts", "我的合同", "Our contracts", "contract.own", 40, pages=("stations.contract",)),
    NavEntry("stations.show", "社工站", "Stations", "contract.view", 41),
]
__all__ = ["NAVIGATION", "blueprint"]
