"""The roles of the two organisation trees, and what each may do: the one source of permissions.

Source: the Plan 二, 五(二) (who buys, co-operates, pays, delivers); separation rules 政府采购法 61.
What a role may do is further narrowed by row scope (`scope`), by lanes (who gets a task), and by assignment (cases).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tree = Literal["administrative", "provider"]


@dataclass(frozen=True)
class Role:
    id: str
    tree: Tree
    zh: str
    en: str
    permissions: frozenset[str]


# Everybody with a login works through the inbox; what lands there is decided by lanes.
_BASE = frozenset({"inbox.use", "task.work", "notice.read", "account.own", "clock.move"})
# Reading the buying side. `procurement.*` never opens a bid before its deadline: no permission can.
_PROCUREMENT_VIEW = frozenset({"process.view", "procurement.view", "contract.view", "document.read"})


def _role(id: str, tree: Tree, zh: str, en: str, *permissions: str, base: bool = True) -> Role:
    return Role(id, tree, zh, en, frozenset(permissions) | (_BASE if base else frozenset()))


_ALL = (
    _role(
        "city_officer",
        "administrative",
        "市民政局经办",
        "City bureau officer",
        *_PROCUREMENT_VIEW,
        "process.start",
        "plan.view",
        "staff.view",
        "evaluation.view",
        "report.view",
        "case.aggregate",
        "order.view",
    ),
    _role(
        "district_officer",
        "administrative",
        "区县民政局经办（采购经办）",
        "District bureau officer (procurement)",
        *_PROCUREMENT_VIEW,
        "process.start",
        "plan.view",
        "bid.view",
        "score.view",
        "challenge.view",
        "staff.view",
        "evaluation.view",
        "report.view",
        "case.aggregate",
        "order.view",
        "client.duplicate_check",
    ),
    _role(
        "district_leader",
        "administrative",
        "区县民政局负责人",
        "District bureau leader",
        *_PROCUREMENT_VIEW,
        "plan.view",
        "bid.view",
        "score.view",
        "challenge.view",
        "staff.view",
        "evaluation.view",
        "report.view",
        "case.aggregate",
        "designer.publish",
        "definition.view",
        "bid.open",
    ),
    _role(
        "finance_officer",
        "administrative",
        "财政局经办",
        "Finance officer",
        *_PROCUREMENT_VIEW,
        "plan.view",
        "bid.view",
        "score.view",
        "challenge.view",
    ),
    _role(
        "street_officer",
        "administrative",
        "街道（镇）经办",
        "Street office officer",
        "process.view",
        "process.start",
        "plan.view",
        "contract.view",
        "staff.view",
        "evaluation.view",
        "report.view",
        "case.aggregate",
    ),
    _role(
        "agency_officer",
        "administrative",
        "采购代理机构经办",
        "Procurement agency officer",
        "process.view",
        "procurement.view",
        "bid.view",
        "score.view",
        "challenge.view",
        "document.read",
        "bid.open",
    ),
    _role("review_expert", "administrative", "评审专家", "Review expert", "bid.view", "score.own", "document.read"),
    _role("supervisor", "administrative", "督导专家", "Supervision expert", "staff.view", "evaluation.view"),
    _role(
        "evaluator",
        "administrative",
        "第三方评估人员",
        "Third-party evaluator",
        "contract.own",
        "staff.view",
        "evaluation.view",
        "report.view",
    ),
    _role(
        "auditor",
        "administrative",
        "审计人员",
        "Auditor",
        *_PROCUREMENT_VIEW,
        "plan.view",
        "bid.view",
        "score.view",
        "challenge.view",
        "staff.view",
        "evaluation.view",
        "report.view",
        "audit.read",
        "definition.view",
        "case.aggregate",
    ),
    _role(
        "process_designer",
        "administrative",
        "流程设计师",
        "Process designer",
        "definition.view",
        "designer.edit",
    ),
    _role(
        "operator",
        "administrative",
        "运维人员",
        "Operator",
        "operate.view",
        "operate.act",
        "people.manage",
        "organisation.manage",
        "calendar.manage",
        "definition.view",
    ),
    _role(
        "dispatcher",
        "administrative",
        "派单中心",
        "Dispatch centre",
        "process.view",
        "process.start",
        "order.view",
        "order.create",
    ),
    _role("data_officer", "administrative", "个人信息保护负责人", "Data officer", "access_log.read", "grant.review"),
    _role(
        "provider_manager",
        "provider",
        "承接机构负责人",
        "Provider manager",
        "process.view",
        "process.start",
        "bid.own",
        "contract.own",
        "staff.view",
        "staff.edit",
        "evaluation.view",
        "report.view",
        "challenge.own",
        "tender.documents",
    ),
    _role(
        "station_manager",
        "provider",
        "站长",
        "Station manager",
        "process.view",
        "process.start",
        "contract.own",
        "staff.view",
        "staff.edit",
        "evaluation.view",
        "report.view",
        "order.view",
        "case.read",
        "case.index",
        "client.read",
        "client.edit",
        "case.approve",
    ),
    _role(
        "social_worker",
        "provider",
        "社工",
        "Social worker",
        "process.view",
        "process.start",
        "order.view",
        "case.read",
        "case.write",
        "client.read",
        "client.edit",
        "staff.own",
    ),
)
ROLES: dict[str, Role] = {role.id: role for role in _ALL}
PERMISSIONS: frozenset[str] = frozenset().union(*(role.permissions for role in _ALL))


def permissions_of(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """All that the roles together allow; unknown roles allow nothing."""
    return frozenset().union(*(ROLES[role].permissions for role in roles if role in ROLES))


def roles_with(permission: str) -> frozenset[str]:
    """The roles that carry a permission."""
    return frozenset(role.id for role in _ALL if permission in role.permissions)
