"""The releases of one procurement, in the order in which its steps became public.

A release says what its step changed; merged in order of date they give the state of today. Content of notices is taken
from the notices themselves, which never change, and not from rows that later steps write over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lastmeter import clock
from lastmeter.identity.models import Organisation
from lastmeter.procurement.models import Notice, Suspension
from lastmeter.procurement.reading import instant, rows, text, whole
from lastmeter.reports.ocds import words
from lastmeter.reports.ocds.files import File, Signed, Won
from lastmeter.reports.ocds.words import day, moment, money, number, reference, yuan
from lastmeter.stations.models import ContractYear, Evaluation, Payment

STEP = dt.timedelta(milliseconds=1)
Act = Callable[[dt.datetime], None]
# What the law's clock adds to a deadline is computed by two readings of the clock, a moment apart.
SAME = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class Release:
    """What the public is told; `happened` may lie before the date `at`, which no other release of the ocid has."""

    happened: dt.datetime
    at: dt.datetime
    body: dict[str, Any]


def tell(file: File, prefix: str, address: str) -> list[Release]:
    """Every release of the procurement, oldest first, no two of one instant."""
    return _Story(file, prefix, address).tell()


class _Story:
    """Tells the steps one after the other and keeps what the next one builds upon."""

    def __init__(self, file: File, prefix: str, address: str) -> None:
        self.file, self.address = file, address.rstrip("/")
        self.no = file.procurement.no
        self.ocid = f"{prefix}-{self.no}"
        self.told: list[Release] = []
        self.roles: dict[int, list[str]] = {}
        self.involved: dict[int, Organisation] = {}
        self.tender_id: str | None = None  # of the release that an amendment amends
        self.deadline: dt.datetime | None = None
        self.failed_lots: set[int] = set()
        self.standing: list[Won] = []
        self.closed = self.performed = False

    def tell(self) -> list[Release]:
        steps: list[tuple[dt.datetime, Act]] = sorted(self._steps(), key=lambda step: step[0])
        for at, act in steps:
            act(at)
        return self.told

    def _steps(self) -> Iterator[tuple[dt.datetime, Act]]:
        file, procurement = self.file, self.file.procurement
        if file.plan is not None and file.plan.filed_at is not None:
            yield max(file.plan.filed_at, procurement.created_at), self._planning
        for notice in file.notices:
            yield notice.published_at, self._notice(notice)
        for row in file.lifted:
            yield row.lifted_at or row.starts_at, self._resumed(row)
        if procurement.ended_at is not None and procurement.status in ("failed", "void", "cancelled"):
            yield procurement.ended_at, self._ended
        for signed in file.contracts:
            yield from self._contract_steps(signed)

    def _contract_steps(self, signed: Signed) -> Iterator[tuple[dt.datetime, Act]]:
        """A contract's steps, none before the contract is public and that not before its award is."""
        contract, awarded = signed.contract, signed.award.award.published_at
        if contract.published_on is None or contract.signed_on is None or awarded is None:
            return
        public = max(words.start_of(contract.published_on), awarded)
        yield public, lambda at: self._contract(at, signed)
        for payment in signed.payments:
            if payment.paid_on is not None:
                paid = max(payment.created_at, words.start_of(payment.paid_on), public)
                yield paid, self._paid(signed, payment)
        for evaluation in signed.evaluations:
            if evaluation.decided_on is not None:
                yield max(words.start_of(evaluation.decided_on), public), self._evaluated(signed, evaluation)
        if contract.ended_on is not None and contract.status in ("ended", "terminated", "void"):
            yield max(clock.end_of(contract.ended_on), public), lambda at: self._contract_ended(at, signed)

    # --- planning and tender --------------------------------------------------------------------------------

    def _planning(self, at: dt.datetime) -> None:
        plan = self.file.plan
        assert plan is not None
        assert plan.filed_at is not None
        sources = "；".join(f"{words.SOURCES[each.source]}{yuan(each.fen)}" for each in plan.funding)
        document = {
            "id": f"plan-{plan.filed_no}", "documentType": "procurementPlan",
            "title": f"{self.file.buyer.name}{plan.year}年度实施计划（{plan.filed_no}）",
            "datePublished": moment(plan.filed_at), "language": "zh", **self._link("/public/plans"),
        }  # fmt: skip
        budget = {
            "id": plan.filed_no, "description": f"年度实施计划预算。资金来源：{sources}",
            "amount": money(plan.budget_fen), "project": f"{self.file.buyer.name}{plan.year}年度社会工作服务站",
        }  # fmt: skip
        self._say(at, "planning", "planning", planning={"rationale": plan.goals, "budget": budget,
                                                        "documents": [document]})  # fmt: skip

    def _notice(self, notice: Notice) -> Act:
        tellers: Mapping[str, Callable[[dt.datetime, Notice], None]] = {
            "requirement": self._requirement, "tender_notice": self._tendered, "amendment": self._amended,
            "failure": self._failed, "award": self._awarded, "award_void": self._award_void,
            "single_source": self._single_source, "complaint_decision": self._complaint_decided,
        }  # fmt: skip
        return lambda at: tellers[notice.kind](at, notice)

    def _requirement(self, at: dt.datetime, notice: Notice) -> None:
        content = notice.content
        lots = [
            {
                "no": position,
                "name": text(row, "lot_name") or f"第{position}包",
                "stations": _count(row.get("stations")),
            }
            for position, row in enumerate(rows(content, "lots"), 1)
        ]
        budget = money(sum(whole(row.get("budget_fen")) for row in rows(content, "lots")))
        planning = {"budget": {"amount": budget}, "documents": [self._document(notice, "needsAssessment")]}
        known = self.file.procurement
        self._say(
            at, f"notice-{notice.id}", "planningUpdate", planning=planning,
            tender=self._tender(
                status="planned", title=text(content, "title") or known.title, description=text(content, "content"),
                value=budget, items=_items(lots), procuringEntity=self._procuring(),
                **_category(text(content, "object_type")),
            ),
        )  # fmt: skip

    def _tendered(self, at: dt.datetime, notice: Notice) -> None:
        content, tag = notice.content, "tender" if self.tender_id is None else "tenderUpdate"
        self.deadline = instant(content.get("bid_deadline"))
        factors = "；".join(f"{text(row, 'name')}{number(row.get('max_points'))}分" for row in rows(content, "factors"))
        documents = [
            self._document(notice, "tenderNotice"),
            self._document(notice, "biddingDocuments", "requirements"),
            self._document(notice, "evaluationCriteria", "criteria", factors),
        ]
        self.tender_id = self._say(
            at, f"notice-{notice.id}", tag,
            tender=self._tender(
                status="active", title=self.file.procurement.title, description=text(content, "content"),
                procuringEntity=self._procuring(), value=money(whole(content.get("budget_fen"))),
                items=_items(rows(content, "lots")), eligibilityCriteria=text(content, "supplier_conditions"),
                awardCriteria="ratedCriteria", awardCriteriaDetails=factors,
                submissionMethod=["electronicSubmission"], documents=documents, **self._periods(notice.published_at),
                **_method(text(content, "method")), **_category(self.file.procurement.object_type),
            ),
        )  # fmt: skip

    def _amended(self, at: dt.datetime, notice: Notice) -> None:
        content = notice.content
        before, after = instant(content.get("deadline_before")), instant(content.get("deadline_after"))
        asked, answer = text(content, "question"), text(content, "answer")
        document = self._document(notice, "clarifications", said=f"{asked} {answer}")
        if after is None or after == before:
            change: dict[str, Any] = {}
            if content.get("material") is True:
                change = {"amendments": [self._amendment(at, f"notice-{notice.id}", notice.title_zh)]}
            tag = "tenderAmendment" if change else "tenderUpdate"
        else:
            self.deadline, tag = after, "tenderAmendment"
            why = f"投标截止时间由{_minute(before)}延至{_minute(after)}"
            change = {"amendments": [self._amendment(at, f"notice-{notice.id}", why)], **self._periods()}
        enquired = {"hasEnquiries": True} if asked else {}
        self._say(at, f"notice-{notice.id}", tag, tender=self._tender(documents=[document], **enquired, **change))

    def _resumed(self, lifted: Suspension) -> Act:
        """After a suspension the deadline lies as far ahead again as it lay when the procurement stopped (条例 54)."""

        def act(at: dt.datetime) -> None:
            if self.deadline is None or self.closed or self.standing or self.deadline <= lifted.starts_at:
                return
            if any(_holds(other, at) for other in self.file.suspensions if other.challenge_id != lifted.challenge_id):
                return
            mine = [row for row in self.file.lifted if row.challenge_id == lifted.challenge_id
                    and row.lifted_at is not None and abs(row.lifted_at - at) < SAME]  # fmt: skip
            if lifted.id != min(mine, key=lambda row: row.starts_at).id:
                return
            self.deadline += at - lifted.starts_at
            exact = self.file.procurement.bid_deadline
            if exact is not None and abs(exact - self.deadline) < SAME:
                self.deadline = exact
            why = f"采购活动暂停后恢复，投标截止时间顺延至{_minute(self.deadline)}"
            change = {"amendments": [self._amendment(at, f"resumed-{lifted.id}", why)], **self._periods()}
            self._say(at, f"resumed-{lifted.id}", "tenderAmendment", tender=self._tender(**change))

        return act

    def _single_source(self, at: dt.datetime, notice: Notice) -> None:
        self.tender_id = self._say(
            at, f"notice-{notice.id}", "tender" if self.tender_id is None else "tenderUpdate",
            tender=self._tender(
                status="active", title=self.file.procurement.title, procuringEntity=self._procuring(),
                value=money(whole(notice.content.get("budget_fen"))), **_method("single_source"),
                procurementMethodRationale=text(notice.content, "reason"),
                documents=[self._document(notice, "tenderNotice")],
            ),
        )  # fmt: skip

    def _failed(self, at: dt.datetime, notice: Notice) -> None:
        self.failed_lots |= {whole(row.get("no")) for row in rows(notice.content, "lots")}
        names = "、".join(text(row, "name") for row in rows(notice.content, "lots"))
        document = self._document(notice, "cancellationDetails", said=f"废标：{names}")
        self.closed = self.failed_lots >= {lot.no for lot in self.file.procurement.lots}
        status = {"status": "unsuccessful"} if self.closed else {}
        tag = "tenderCancellation" if self.closed else "tenderUpdate"
        self._say(at, f"notice-{notice.id}", tag, tender=self._tender(documents=[document], **status))

    def _ended(self, at: dt.datetime) -> None:
        """The end without an award, where no notice of failure said so already."""
        if not any("tender" in each.body for each in self.told):
            return
        tags = ["awardCancellation"] if self.standing else []
        cancelled = self._cancel_awards()
        if not self.closed:
            tags.append("tenderCancellation")
        if tags:
            status = "cancelled" if self.file.procurement.status == "cancelled" else "unsuccessful"
            self.closed = True
            self._say(at, "ended", *tags, tender=self._tender(status=status), **cancelled)

    # --- award ----------------------------------------------------------------------------------------------

    def _awarded(self, at: dt.datetime, notice: Notice) -> None:
        experts = "、".join(str(name) for name in notice.content.get("experts") or ())
        documents = [self._document(notice, "awardNotice", said=f"评审专家：{experts}" if experts else "")]
        awards = []
        for row in rows(notice.content, "awards"):
            won = self._won(row)
            if won is None:
                continue
            self.standing.append(won)
            items = rows(row, "items")
            awards.append({
                "id": self._award_id(won), "title": text(row, "lot_name"), "status": "active",
                "date": moment(notice.published_at), "value": money(whole(row.get("value_fen"))),
                "suppliers": [self._party(won.supplier, "supplier", "tenderer")], "documents": documents,
                "items": [_item(f"{won.lot.no}-{position}", item) for position, item in enumerate(items, 1)],
            })  # fmt: skip
        method = {} if self.tender_id is not None else _method(self.file.procurement.method or "")
        tender = self._tender(status="complete", numberOfTenderers=self.file.bidders, **method)
        if not any("title" in each.body.get("tender", {}) for each in self.told):
            tender["title"] = self.file.procurement.title
        self._say(at, f"notice-{notice.id}", "award", tender=tender, awards=awards)

    def _won(self, row: Mapping[str, Any]) -> Won | None:
        """The award that a row of the notice speaks of: a supplier wins a lot at most once."""
        lot, uscc = whole(row.get("lot")), row.get("uscc")
        found = [each for each in self.file.won if each.lot.no == lot and each.supplier.uscc == uscc]
        return found[-1] if found else None

    def _award_void(self, at: dt.datetime, notice: Notice) -> None:
        document = self._document(notice, "cancellationDetails")
        cancelled = self._cancel_awards(document)
        if cancelled:
            self._say(at, f"notice-{notice.id}", "awardCancellation", tender=self._tender(status="active"), **cancelled)

    def _cancel_awards(self, *documents: dict[str, Any]) -> dict[str, Any]:
        change = {"documents": list(documents)} if documents else {}
        awards = [{"id": self._award_id(won), "status": "cancelled", **change} for won in self.standing]
        self.standing = []
        return {"awards": awards} if awards else {}

    def _complaint_decided(self, at: dt.datetime, notice: Notice) -> None:
        document = self._document(notice, "complaints", said=text(notice.content, "decision"))
        name = f"notice-{notice.id}"
        if self.standing:
            awards = [{"id": self._award_id(won), "documents": [document]} for won in self.standing]
            self._say(at, name, "awardUpdate", awards=awards)
        else:
            self._say(at, name, "tenderUpdate", tender=self._tender(documents=[document]))

    # --- contract -------------------------------------------------------------------------------------------

    def _contract(self, at: dt.datetime, signed: Signed) -> None:
        contract = signed.contract
        assert contract.signed_on is not None
        assert contract.published_on is not None
        self._party(signed.award.supplier, "supplier")
        document = {
            "id": f"contract-{contract.number}", "documentType": "contractSigned", "title": contract.title,
            "datePublished": day(contract.published_on), "language": "zh",
            **self._link(f"/public/contracts/{contract.number}"),
        }  # fmt: skip
        body = {
            "title": contract.title, "status": "active", "value": money(contract.value_fen),
            "dateSigned": day(contract.signed_on), "documents": [document],
            "period": {"startDate": day(contract.starts_on), "endDate": _end(contract.ends_on)},
        }  # fmt: skip
        if signed.years:
            milestones = [{**_milestone(signed, year), "status": "scheduled"} for year in signed.years]
            body["implementation"] = {"milestones": milestones}
        self._say(at, f"contract-{contract.number}", "contract", contracts=[self._of(signed, **body)])

    def _paid(self, signed: Signed, payment: Payment) -> Act:
        def act(at: dt.datetime) -> None:
            assert payment.paid_on is not None
            transaction = {
                "id": f"{signed.contract.number}-{payment.id}", "date": day(payment.paid_on),
                "value": money(payment.fen), "payer": self._party(self.file.buyer, "payer"),
                "payee": self._party(signed.award.supplier, "supplier", "payee"),
                **self._link(f"/public/contracts/{signed.contract.number}", "source"),
            }  # fmt: skip
            implementation = {"transactions": [transaction]}
            self._perform(at, f"payment-{payment.id}", self._of(signed, implementation=implementation))

        return act

    def _evaluated(self, signed: Signed, evaluation: Evaluation) -> Act:
        def act(at: dt.datetime) -> None:
            assert evaluation.decided_on is not None
            year = next(each for each in signed.years if each.id == evaluation.contract_year_id)
            is_met = evaluation.grade != "unqualified"
            milestone = {
                **_milestone(signed, year), "status": "met" if is_met else "notMet",
                "description": f"等级：{words.GRADES.get(evaluation.grade or '', '')}",
                "dateModified": day(evaluation.decided_on),
            }  # fmt: skip
            if is_met:
                milestone["dateMet"] = day(evaluation.decided_on)
            implementation = {"milestones": [milestone]}
            self._perform(at, f"evaluation-{evaluation.id}", self._of(signed, implementation=implementation))

        return act

    def _perform(self, at: dt.datetime, name: str, contract: dict[str, Any]) -> None:
        tag = "implementationUpdate" if self.performed else "implementation"
        self.performed = True
        self._say(at, name, tag, contracts=[contract])

    def _contract_ended(self, at: dt.datetime, signed: Signed) -> None:
        contract, change = signed.contract, dict[str, Any]()
        assert contract.ended_on is not None
        if signed.termination is not None:
            ground = words.GROUNDS.get(signed.termination.ground, "")
            change["documents"] = [{
                "id": f"termination-{contract.number}", "documentType": "cancellationDetails",
                "title": f"{contract.number}终止", "description": f"终止事由：{ground}", "language": "zh",
                "datePublished": moment(at),
            }]  # fmt: skip
            change["period"] = {"endDate": _end(contract.ended_on)}
        body = self._of(signed, status="terminated", **change)
        self._say(at, f"end-of-contract-{contract.number}", "contractTermination", contracts=[body])

    # --- pieces ---------------------------------------------------------------------------------------------

    def _say(self, at: dt.datetime, name: str, *tags: str, **sections: Any) -> str:
        """The release is told; its id comes back. A step of the same instant as the one before comes just after it."""
        happened = at = at.astimezone(dt.UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if self.told:
            at = max(at, self.told[-1].at + STEP)
        buyer = self._party(self.file.buyer, "buyer")
        parties = [words.party(body, list(self.roles[body.id])) for body in self.involved.values()]
        body = {
            "ocid": self.ocid, "id": f"{self.ocid}-{name}", "date": moment(at), "tag": list(tags),
            "initiationType": "tender", "language": "zh", "parties": parties, "buyer": buyer, **sections,
        }  # fmt: skip
        self.told.append(Release(happened, at, body))
        self.involved = {}
        return str(body["id"])

    def _party(self, organisation: Organisation, *roles: str) -> dict[str, str]:
        """A reference; the body itself stands among the release's parties, with every role that it has had."""
        known = self.roles.setdefault(organisation.id, [])
        known += [role for role in roles if role not in known]
        self.involved[organisation.id] = organisation
        return reference(organisation)

    def _procuring(self) -> dict[str, str]:
        return self._party(self.file.agency or self.file.buyer, "procuringEntity")

    def _tender(self, **fields: Any) -> dict[str, Any]:
        return {"id": self.no, **{name: value for name, value in fields.items() if value not in (None, "", [])}}

    def _periods(self, starts: dt.datetime | None = None) -> dict[str, Any]:
        """Bids are taken, and questions asked, until the deadline."""
        if self.deadline is None:
            return {}
        period = ({"startDate": moment(starts)} if starts else {}) | {"endDate": moment(self.deadline)}
        return {"tenderPeriod": period, "enquiryPeriod": dict(period)}

    def _amendment(self, at: dt.datetime, name: str, why: str) -> dict[str, Any]:
        """The amendment that the release called `name` makes."""
        amended = {"amendsReleaseID": self.tender_id} if self.tender_id else {}
        return {"id": name, "date": moment(at), "rationale": why, "releaseID": f"{self.ocid}-{name}", **amended}

    def _award_id(self, won: Won) -> str:
        return f"{self.no}-{won.lot.no}-{won.award.id}"

    def _of(self, signed: Signed, **fields: Any) -> dict[str, Any]:
        return {"id": signed.contract.number, "awardID": self._award_id(signed.award), **fields}

    def _document(self, notice: Notice, kind: str, part: str = "", said: str = "") -> dict[str, Any]:
        return {
            "id": f"notice-{notice.id}{'-' + part if part else ''}", "documentType": kind, "title": notice.title_zh,
            "datePublished": moment(notice.published_at), "language": "zh",
            **({"description": said.strip()} if said.strip() else {}), **self._link(f"/public/notices/{notice.id}"),
        }  # fmt: skip

    def _link(self, path: str, name: str = "url") -> dict[str, str]:
        return {name: f"{self.address}{path}"} if self.address else {}


def _milestone(signed: Signed, year: ContractYear) -> dict[str, Any]:
    return {
        "id": f"{signed.contract.number}-{year.number}", "title": f"第{year.number}年绩效评估", "type": "assessment",
        "dueDate": _end(year.to_day),
    }  # fmt: skip


def _items(lots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A lot each; only the requirement says how many stations it has."""
    return [
        {"id": str(lot["no"]), "description": lot["name"]}
        | ({"quantity": lot["stations"], "unit": {"name": "站"}} if "stations" in lot else {})
        for lot in lots
    ]


def _count(stations: object) -> int:
    return len(stations) if isinstance(stations, list) else 0


def _item(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    quantity = number(row.get("quantity"))
    described = {"id": name, "description": " ".join(filter(None, (text(row, "item_name"), text(row, "spec"))))}
    return described | ({"quantity": quantity} if quantity is not None else {})


def _method(method: str) -> dict[str, str]:
    if method not in words.METHODS:
        return {}
    code, name = words.METHODS[method]
    return {"procurementMethod": code, "procurementMethodDetails": name}


def _category(object_type: str) -> dict[str, str]:
    return {"mainProcurementCategory": words.CATEGORIES[object_type]} if object_type in words.CATEGORIES else {}


def _holds(row: Suspension, at: dt.datetime) -> bool:
    return row.starts_at <= at and (row.lifted_at is None or row.lifted_at > at)


def _minute(at: dt.datetime | None) -> str:
    return at.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M") if at else ""


def _end(last: dt.date) -> str:
    """The last instant of the last day."""
    return moment(clock.end_of(last) - STEP)
