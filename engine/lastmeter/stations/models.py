"""Stations, contracts and their years, staff, attendance, service items, reports, evaluations.

Source: the Plan 三 (standards), 四(三)–(五) (contract, staffing, evaluation); 政府采购法 46, 49; 实施条例 48.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lastmeter.db import Base, WithCreated, WithId
from lastmeter.identity.models import Organisation, Person


def _one(column: Any) -> Any:
    """A range of one number: equality in a GiST exclusion without the extension btree_gist."""
    return func.int8range(column, column, text("'[]'"))


class Station(WithId, Base):
    """A place of service; a street has one street station for ever (Plan 三(二)). It has no provider of its own:
    the contract in force tells who runs it."""

    __tablename__ = "station"
    kind: Mapped[str] = mapped_column(String(20))  # city_platform district_main street community_room
    street_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))  # the office that gives it a home
    district_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))  # the buyer
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(160))
    level: Mapped[str] = mapped_column(String(5), default="1.0")
    mode: Mapped[str] = mapped_column(String(20), default="contract")  # contract or direct_hire
    opened_on: Mapped[dt.date | None] = mapped_column(Date)
    street: Mapped[Organisation] = relationship(foreign_keys=[street_id])
    __table_args__ = (
        CheckConstraint("kind IN ('city_platform','district_main','street','community_room')", name="kind"),
        Index("uq_station_street", "street_id", unique=True, postgresql_where=text("kind = 'street'")),
        Index("ix_station_district_id", "district_id"),
    )

    @property
    def named(self) -> dict[str, str]:
        """Its name as a fact of a refusal or notice, for readers of either language."""
        return {"zh": self.name, "en": self.name_en}


class Contract(WithId, WithCreated, Base):
    """A three-year service contract. The last day is the day before the third anniversary (Plan 四(三))."""

    __tablename__ = "contract"
    number: Mapped[str] = mapped_column(String(40), unique=True)
    procurement_id: Mapped[int | None] = mapped_column(index=True)  # of the procurement room, which lies above
    instance_id: Mapped[int | None] = mapped_column()
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))  # the provider's unit at the station
    title: Mapped[str] = mapped_column(String(160))
    value_fen: Mapped[int] = mapped_column()
    bond_fen: Mapped[int] = mapped_column(default=0)
    supplement_fen: Mapped[int] = mapped_column(default=0)
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # the eight parts of Plan 四(三)
    status: Mapped[str] = mapped_column(String(20), default="draft")
    signed_on: Mapped[dt.date | None] = mapped_column(Date)
    published_on: Mapped[dt.date | None] = mapped_column(Date)
    filed_on: Mapped[dt.date | None] = mapped_column(Date)
    ended_on: Mapped[dt.date | None] = mapped_column(Date)  # the real last day, where it ended early
    provider: Mapped[Organisation] = relationship(foreign_keys=[provider_id])
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id])
    __table_args__ = (
        CheckConstraint("status IN ('draft','active','suspended','terminated','ended','void')", name="status"),
        CheckConstraint("value_fen > 0", name="value"),
        CheckConstraint("bond_fen >= 0 AND bond_fen * 10 <= value_fen", name="bond"),  # 实施条例 48
        CheckConstraint("supplement_fen >= 0 AND supplement_fen * 10 <= value_fen", name="supplement"),  # 采购法 49
        CheckConstraint("ends_on > starts_on", name="term"),
        # The day before the third anniversary; a term from 29 February has none and ends on the 28th.
        CheckConstraint(
            "ends_on < starts_on + interval '3 years' + CASE WHEN to_char(starts_on, 'MMDD') = '0229' "
            "THEN interval '1 day' ELSE interval '0' END",
            name="three_years",
        ),
        Index("ix_contract_buyer_id", "buyer_id"),
        Index("ix_contract_provider_id", "provider_id"),
    )


class ContractStation(WithId, Base):
    """A station under a contract from one day to another: never under two at once (invariant I1)."""

    __tablename__ = "contract_station"
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    from_day: Mapped[dt.date] = mapped_column(Date)
    to_day: Mapped[dt.date] = mapped_column(Date)
    is_open: Mapped[bool] = mapped_column(Boolean, default=True)  # false for a draft that was dropped
    contract: Mapped[Contract] = relationship()
    station: Mapped[Station] = relationship()
    __table_args__ = (
        ExcludeConstraint(
            (_one(text("station_id")), "&&"),
            (func.daterange(text("from_day"), text("to_day"), text("'[]'")), "&&"),
            where=text("is_open"),
            using="gist",
            name="ex_contract_station_one_provider",
        ),
        UniqueConstraint("contract_id", "station_id"),
        Index("ix_contract_station_station_id", "station_id"),
    )


class ContractYear(WithId, Base):
    """One of the contract's years, from its anniversary: the frame of money, reports and evaluation."""

    __tablename__ = "contract_year"
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    from_day: Mapped[dt.date] = mapped_column(Date)
    to_day: Mapped[dt.date] = mapped_column(Date)
    value_fen: Mapped[int] = mapped_column()
    contract: Mapped[Contract] = relationship()
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("number BETWEEN 1 AND 3", name="number"),
    )


class Funding(WithId, Base):
    """A share of a contract year's money by source; the shares sum to the year's value (invariant I3)."""

    __tablename__ = "funding"
    contract_year_id: Mapped[int] = mapped_column(ForeignKey("contract_year.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))  # city district street charity
    fen: Mapped[int] = mapped_column()
    __table_args__ = (CheckConstraint("fen >= 0", name="fen"),)


class Payment(WithId, WithCreated, Base):
    """Money paid under a contract; all payments stay within value plus supplements (invariant I4)."""

    __tablename__ = "payment"
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    number: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))  # advance progress final
    fen: Mapped[int] = mapped_column()
    paid_on: Mapped[dt.date | None] = mapped_column(Date)
    __table_args__ = (CheckConstraint("fen > 0", name="fen"), UniqueConstraint("contract_id", "number"))


class Staff(WithId, WithCreated, Base):
    """A person whom a provider employs for station work."""

    __tablename__ = "staff"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    education: Mapped[str] = mapped_column(String(20))  # secondary junior_college bachelor master doctor
    major: Mapped[str] = mapped_column(String(60))
    related_major: Mapped[bool] = mapped_column(Boolean)
    certificate: Mapped[str | None] = mapped_column(String(20))  # assistant social_worker senior
    certificate_number: Mapped[str | None] = mapped_column(String(40))
    training_hours: Mapped[int] = mapped_column(default=0)
    training_passed: Mapped[bool] = mapped_column(Boolean, default=False)
    entered_on: Mapped[dt.date] = mapped_column(Date)
    left_on: Mapped[dt.date | None] = mapped_column(Date)
    person: Mapped[Person] = relationship()


class Assignment(WithId, WithCreated, Base):
    """A staff member on post at a station; nobody is on two posts at once."""

    __tablename__ = "assignment"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    post: Mapped[str] = mapped_column(String(30))  # station_manager social_worker
    from_day: Mapped[dt.date] = mapped_column(Date)
    to_day: Mapped[dt.date | None] = mapped_column(Date)
    staff: Mapped[Staff] = relationship()
    __table_args__ = (
        ExcludeConstraint(
            (_one(text("staff_id")), "&&"),
            (func.daterange(text("from_day"), text("to_day"), text("'[]'")), "&&"),
            using="gist",
            name="ex_assignment_one_post",
        ),
        Index("ix_assignment_station_id", "station_id"),
    )


class Attendance(WithId, Base):
    """Minutes that a worker spent in a community on one day (Plan 三(五): 24 hours a week)."""

    __tablename__ = "attendance"
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    day: Mapped[dt.date] = mapped_column(Date)
    minutes: Mapped[int] = mapped_column(SmallInteger)
    activity: Mapped[str] = mapped_column(String(20))
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 1 AND 720", name="minutes"),
        Index("ix_attendance_assignment_id", "assignment_id", "day"),
    )


class ServiceItem(WithId, Base):
    """An entry of the service list; a retired one stays on old records and can no longer be chosen."""

    __tablename__ = "service_item"
    code: Mapped[str] = mapped_column(String(20), unique=True)
    service_group: Mapped[int] = mapped_column(SmallInteger)  # 1 professional 2 talent 3 governance (Plan 三(五))
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(20))
    from_day: Mapped[dt.date] = mapped_column(Date)
    to_day: Mapped[dt.date | None] = mapped_column(Date)


class Target(WithId, Base):
    """How many units of a service a contract year promises."""

    __tablename__ = "target"
    contract_year_id: Mapped[int] = mapped_column(ForeignKey("contract_year.id"))
    service_item_id: Mapped[int] = mapped_column(ForeignKey("service_item.id"))
    units: Mapped[int] = mapped_column()
    __table_args__ = (
        UniqueConstraint("contract_year_id", "service_item_id"),
        CheckConstraint("units > 0", name="units"),
    )


class ServiceRecord(WithId, Base):
    """Services delivered, as counts without any person: what briefs and scores are recounted from (invariant I8)."""

    __tablename__ = "service_record"
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    day: Mapped[dt.date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(20))  # visit activity group training supervision volunteer charity …
    units: Mapped[int] = mapped_column()
    participants: Mapped[int] = mapped_column(default=0)
    volunteers: Mapped[int] = mapped_column(default=0)
    organisations: Mapped[int] = mapped_column(default=0)
    charity_fen: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("ix_service_record_station_id", "station_id", "day"),)


class Report(WithId, WithCreated, Base):
    """A monthly brief, mid-term or final report of a station, or a district's yearly report; figures are computed."""

    __tablename__ = "report"
    contract_year_id: Mapped[int | None] = mapped_column(ForeignKey("contract_year.id"))
    district_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(20))  # monthly mid final district_year
    period: Mapped[str] = mapped_column(String(20))  # 2026-07, 2026 …
    due_on: Mapped[dt.date] = mapped_column(Date)
    submitted_on: Mapped[dt.date | None] = mapped_column(Date)
    accepted_on: Mapped[dt.date | None] = mapped_column(Date)
    withdrawn_on: Mapped[dt.date | None] = mapped_column(Date)  # no longer owed: the year or the contract ended early
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    narrative: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_report_contract_year_id", "contract_year_id"),
        UniqueConstraint("contract_year_id", "kind", "period"),
        UniqueConstraint("district_id", "kind", "period"),
    )


class IndicatorTree(WithId, Base):
    """A version of the evaluation tree (37 rules, 100 points); scores stay bound to their version."""

    __tablename__ = "indicator_tree"
    version: Mapped[str] = mapped_column(String(40), unique=True)
    from_day: Mapped[dt.date] = mapped_column(Date)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    grades: Mapped[list[list[Any]]] = mapped_column(JSONB)
    vetoes: Mapped[list[str]] = mapped_column(JSONB)


class Evaluation(WithId, WithCreated, Base):
    """A yearly evaluation; the total is in hundredths of a point."""

    __tablename__ = "evaluation"
    contract_year_id: Mapped[int] = mapped_column(ForeignKey("contract_year.id"))
    kind: Mapped[str] = mapped_column(String(10), default="yearly")  # yearly or mid (advice only)
    tree_id: Mapped[int] = mapped_column(ForeignKey("indicator_tree.id"))
    instance_id: Mapped[int | None] = mapped_column()
    total_hundredths: Mapped[int | None] = mapped_column()
    grade: Mapped[str | None] = mapped_column(String(20))  # excellent good qualified unqualified
    veto: Mapped[str | None] = mapped_column(String(60))
    decided_on: Mapped[dt.date | None] = mapped_column(Date)
    contract_year: Mapped[ContractYear] = relationship()
    __table_args__ = (UniqueConstraint("contract_year_id", "kind"),)


class RuleScore(WithId, WithCreated, Base):
    """The points of one rule in one evaluation, in hundredths."""

    __tablename__ = "rule_score"
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    rule: Mapped[str] = mapped_column(String(4))
    hundredths: Mapped[int] = mapped_column()
    reason: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: computed
    __table_args__ = (UniqueConstraint("evaluation_id", "rule"), CheckConstraint("hundredths >= 0", name="hundredths"))


class Finding(WithId, WithCreated, Base):
    """Something wrong at a station, to be mended by a day."""

    __tablename__ = "finding"
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[str] = mapped_column(String(30))  # staffing_short report_late inspection …
    severity: Mapped[str] = mapped_column(String(10))  # minor major grave
    detail: Mapped[str] = mapped_column(Text)
    due_on: Mapped[dt.date | None] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)


class Termination(WithId, WithCreated, Base):
    """The early end of a contract: ground, settlement, last day (Plan 四(五); 政府采购法 50)."""

    __tablename__ = "termination"
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), unique=True)
    ground: Mapped[str] = mapped_column(String(30))
    facts: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text, default="")
    effective_on: Mapped[dt.date | None] = mapped_column(Date)
    due_fen: Mapped[int] = mapped_column(default=0)
    bond_claim_fen: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
