"""What a decision did: which table was asked, with which inputs, and which rules answered."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """A row that matched; `number` counts from 1, `annotations` are the author's remarks by column."""

    number: int
    rule_id: str
    output: object
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableTrace:
    """One evaluation of one table: inputs by label, the rules that matched, and the value after the hit policy."""

    decision: str
    table_id: str
    hit_policy: str
    inputs: tuple[tuple[str, object], ...]
    matched: tuple[MatchedRule, ...]
    value: object

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """Ids of the rules that matched, in the table's order."""
        return tuple(rule.rule_id for rule in self.matched)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole answer: the value, the reasons for nulls, and what was asked on the way, innermost first.

    `answers` are the decisions by name with their values, whatever their logic; `trace` are the tables among them.
    """

    value: object
    warnings: tuple[str, ...]
    trace: tuple[TableTrace, ...]
    answers: tuple[tuple[str, object], ...] = ()
