"""The fields of a form as their values nest: groups that only gather are seen through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from marshmallow import Schema, ValidationError, fields

from lastmeter.forms.fields import Field
from lastmeter.forms.types import Refusal


class _Typed(fields.Field[object]):
    """A marshmallow field that reads by our field type."""

    def __init__(self, spec: Field) -> None:
        super().__init__()
        self.spec = spec

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **kwargs: object
    ) -> object:
        assert self.spec.type is not None
        try:
            return self.spec.type.load(value, self.spec)
        except Refusal as refused:
            raise ValidationError([refused.message]) from None


@dataclass(frozen=True)
class Level:
    """The fields whose values stand side by side in one object, whatever groups gather them on the page."""

    inputs: tuple[tuple[Field, tuple[str, ...]], ...]  # with every condition that hides them
    groups: tuple[tuple[Field, tuple[str, ...], Level], ...]
    lists: tuple[tuple[Field, tuple[str, ...], Level], ...]
    schema: Schema

    @classmethod
    def of(cls, fields_: Sequence[Field]) -> Level:
        found = list(side_by_side(fields_, ()))
        inputs = tuple((each, hides) for each, hides in found if each.is_input)
        typed = {each.key: _Typed(each) for each, _ in inputs if each.is_typed and each.key}
        return cls(
            inputs=inputs,
            groups=tuple((f, hides, cls.of(f.children)) for f, hides in found if not f.is_input and not f.is_list),
            lists=tuple((f, hides, cls.of(f.children)) for f, hides in found if f.is_list),
            schema=Schema.from_dict(typed)(),  # type: ignore[arg-type]
        )

    @cached_property
    def names(self) -> frozenset[str]:
        found = [each for each, _ in self.inputs] + [each for each, _, _ in (*self.groups, *self.lists)]
        return frozenset(each.key for each in found if each.key)

    @cached_property
    def is_restless(self) -> bool:
        """Something is hidden or reckoned: one pass does not settle it."""
        below = (*self.groups, *self.lists)
        return (
            any(hides or each.computed for each, hides in self.inputs)
            or any(hides for _, hides, _ in below)
            or any(level.is_restless for _, _, level in below)
        )


def side_by_side(fields_: Sequence[Field], hides: tuple[str, ...] = ()) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """The keyed fields of one object, each with every condition that hides it, its plain groups' included."""
    for each in fields_:
        chain = hides if each.hide is None else (*hides, each.hide)
        if each.component == "group" and each.key is None:
            yield from side_by_side(each.children, chain)
        elif each.key is not None:
            yield each, chain


def child(level: Level, key: str) -> tuple[Field, Level] | None:
    """The field of that key and the level below it (its own level where nothing is below)."""
    for spec, _ in level.inputs:
        if spec.key == key:
            return spec, level
    for spec, _, below in (*level.groups, *level.lists):
        if spec.key == key:
            return spec, below
    return None


def is_index(part: str) -> bool:
    """A part of a path that counts rows."""
    return re.fullmatch("[0-9]{1,4}", part) is not None
