"""What a form is made of: fields with their names in both languages, limits, options and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from lastmeter.forms.types import FieldType

Classification = Literal["public", "internal", "procurement", "case", "sealed"]
CLASSIFICATIONS: tuple[str, ...] = get_args(Classification)


@dataclass(frozen=True)
class Bilingual:
    """A text for people, in Chinese and English."""

    zh: str
    en: str

    def say(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@dataclass(frozen=True)
class Option:
    """One choice of a select, radio or checklist."""

    value: str | int | bool
    label: Bilingual


@dataclass(frozen=True)
class Column:
    """One column of a read-only table."""

    key: str
    label: Bilingual
    type: str | None = None  # money_fen: shown in yuan


@dataclass(frozen=True)
class Limits:
    """What a value must keep to; None: our own caps hold."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    email: bool = False
    decimals: int | None = None
    step: str | None = None
    min_rows: int | None = None
    max_rows: int | None = None
    not_before: str | None = None  # "today", an ISO date, or a FEEL expression after "="
    not_after: str | None = None
    multiple: bool = False
    accept: str | None = None
    rule: str | None = None  # of the register of deadlines
    rule_start: str | None = None  # FEEL: the day the rule's period starts from


@dataclass(frozen=True)
class Field:
    """One component of a form. Inputs have a `key` and a `type`; groups and lists have `children`."""

    id: str
    component: str
    key: str | None
    type: FieldType | None
    label: Bilingual
    hint: Bilingual | None = None
    required: bool = False
    readonly: bool = False
    classification: Classification = "internal"
    options: tuple[Option, ...] = ()
    options_key: str | None = None
    options_expression: str | None = None
    hide: str | None = None  # FEEL: true hides the field, and what it holds is dropped
    computed: str | None = None  # FEEL: the value is reckoned, never typed
    default: object = None
    text: Bilingual | None = None
    data_source: str | None = None
    columns: tuple[Column, ...] = ()
    children: tuple[Field, ...] = ()
    limits: Limits = made(default_factory=Limits)
    prefix: Bilingual | None = None
    suffix: Bilingual | None = None

    @property
    def is_input(self) -> bool:
        """Holds a value of its own."""
        return self.type is not None

    @property
    def is_list(self) -> bool:
        return self.component == "dynamiclist"

    @property
    def is_typed(self) -> bool:
        """People type it: neither reckoned nor shown only."""
        return self.is_input and not self.readonly and self.computed is None

    @property
    def lm_type(self) -> str | None:
        return None if self.type is None else self.type.name

    @property
    def has_options(self) -> bool:
        return bool(self.options or self.options_key or self.options_expression)

    @property
    def may_become_variable(self) -> bool:
        """False for texts, numbers and dates classified case or sealed: they never leave their submission."""
        if self.classification not in ("case", "sealed"):
            return True
        return not self.is_list and self.type is not None and self.type.is_enumerable

    def walk(self) -> Iterator[Field]:
        """This field and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Check:
    """A rule over several fields; anything but true refuses the submission at `field`."""

    feel: str
    field: str
    says: Bilingual


@dataclass
class Shown:
    """A field as a page draws it: its name in the HTML form, what it holds, whether it is hidden, what was refused."""

    field: Field
    name: str
    value: object = None  # text for inputs, True/False for checkboxes, a list of texts for checklists and files
    hidden: bool = False
    options: tuple[Option, ...] = ()
    errors: tuple[object, ...] = ()
    children: list[Shown] = made(default_factory=list)  # of a group
    rows: list[list[Shown]] = made(default_factory=list)  # of a dynamic list
    cells: list[list[str]] = made(default_factory=list)  # of a read-only table
    text: str = ""  # of a text component


Facts = Mapping[str, object]
