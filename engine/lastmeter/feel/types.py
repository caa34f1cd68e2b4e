"""FEEL types: what `instance of` asks and what function parameters and item definitions demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lastmeter.feel import temporal
from lastmeter.feel.values import Invocable, Range, kind_of, measured


class FeelType:
    """A set of values."""

    def holds(self, value: object) -> bool:
        """Whether the value belongs to the type."""
        return True

    @property
    def is_list(self) -> bool:
        """Whether the type's values are lists, so that a single value may stand for a list of one."""
        return False


@dataclass(frozen=True)
class AnyType(FeelType):
    """Every value; null belongs to it for parameters, yet `null instance of Any` is false."""

    def holds(self, value: object) -> bool:
        return value is not None


@dataclass(frozen=True)
class NullType(FeelType):
    """Only null."""

    def holds(self, value: object) -> bool:
        return value is None


@dataclass(frozen=True)
class SimpleType(FeelType):
    """A built-in type by its name."""

    name: str
    NAMES: ClassVar[frozenset[str]] = frozenset(
        {
            "number",
            "string",
            "boolean",
            "date",
            "time",
            "date and time",
            "days and time duration",
            "years and months duration",
        }
    )

    def holds(self, value: object) -> bool:
        return kind_of(value) == self.name


@dataclass(frozen=True)
class ListType(FeelType):
    """Lists whose items all belong to `item`."""

    item: FeelType

    def holds(self, value: object) -> bool:
        return isinstance(value, list) and all(conforms(each, self.item) for each in value)

    @property
    def is_list(self) -> bool:
        return True


@dataclass(frozen=True)
class ContextType(FeelType):
    """Contexts that have at least these entries."""

    entries: Mapping[str, FeelType] = field(default_factory=dict)

    def holds(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        return all(name in value and conforms(value[name], type_) for name, type_ in self.entries.items())


@dataclass(frozen=True)
class RangeType(FeelType):
    """Ranges whose ends belong to `point`."""

    point: FeelType

    def holds(self, value: object) -> bool:
        if not isinstance(value, Range):
            return False
        return all(end is None or conforms(end, self.point) for end in (value.start, value.end))


@dataclass(frozen=True)
class FunctionType(FeelType):
    """Functions of so many parameters; None for any function."""

    parameters: tuple[FeelType, ...] | None = None
    result: FeelType = AnyType()

    def holds(self, value: object) -> bool:
        if not isinstance(value, Invocable):
            return False
        declared = getattr(value, "signature", None)
        if not isinstance(declared, FunctionType) or self.parameters is None or declared.parameters is None:
            return self.parameters is None or not isinstance(declared, FunctionType)
        return (
            len(self.parameters) == len(declared.parameters)
            and all(
                type_conforms(wanted, given) for wanted, given in zip(self.parameters, declared.parameters, strict=True)
            )
            and type_conforms(declared.result, self.result)
        )


@dataclass(frozen=True)
class RestrictedType(FeelType):
    """The values of `base` that pass a test (allowed values, constraints); `values` if the test is a list of them."""

    base: FeelType
    allows: Callable[[object], bool]
    values: tuple[object, ...] = ()

    def holds(self, value: object) -> bool:
        return conforms(value, self.base) and (value is None or self.allows(value))

    @property
    def is_list(self) -> bool:
        return self.base.is_list


@dataclass(frozen=True)
class UnknownType(FeelType):
    """A type nobody has defined; holds nothing."""

    name: str

    def holds(self, value: object) -> bool:
        return False


ANY: FeelType = AnyType()


def unrestricted(type_: FeelType) -> FeelType:
    """The type without allowed values, which `instance of` does not ask for."""
    if isinstance(type_, RestrictedType):
        return unrestricted(type_.base)
    if isinstance(type_, ListType):
        return ListType(unrestricted(type_.item))
    if isinstance(type_, RangeType):
        return RangeType(unrestricted(type_.point))
    if isinstance(type_, ContextType):
        return ContextType({name: unrestricted(each) for name, each in type_.entries.items()})
    return type_


def simple_name(type_: FeelType) -> str:
    """The name of the built-in type that the values have, whatever values are allowed; "" for any other type."""
    while isinstance(type_, RestrictedType):
        type_ = type_.base
    return type_.name if isinstance(type_, SimpleType) else ""


def conforms(value: object, type_: FeelType) -> bool:
    """Whether the value may stand where the type is demanded: null may stand anywhere."""
    return value is None or type_.holds(value)


def type_conforms(narrow: FeelType, wide: FeelType) -> bool:
    """Whether every value of the one type is a value of the other.

    Source: DMN 1.5, 10.3.2.9.2.
    """
    if isinstance(wide, AnyType) or isinstance(narrow, NullType) or narrow == wide:
        return True
    if isinstance(narrow, RestrictedType):
        return type_conforms(narrow.base, wide)
    if isinstance(narrow, ListType) and isinstance(wide, ListType):
        return type_conforms(narrow.item, wide.item)
    if isinstance(narrow, RangeType) and isinstance(wide, RangeType):
        return type_conforms(narrow.point, wide.point)
    if isinstance(narrow, ContextType) and isinstance(wide, ContextType):
        return all(
            name in narrow.entries and type_conforms(narrow.entries[name], type_)
            for name, type_ in wide.entries.items()
        )
    return isinstance(narrow, FunctionType) and isinstance(wide, FunctionType) and _functions_conform(narrow, wide)


def _functions_conform(narrow: FunctionType, wide: FunctionType) -> bool:
    if narrow.parameters is None or wide.parameters is None:
        return wide.parameters is None
    return (
        len(narrow.parameters) == len(wide.parameters)
        and all(type_conforms(w, n) for n, w in zip(narrow.parameters, wide.parameters, strict=True))
        and type_conforms(narrow.result, wide.result)
    )


def fit(value: object, type_: FeelType) -> tuple[object, bool]:
    """The value made to fit the type, and whether that worked: a list of one for its item, an item for a list of one,
    a date for its midnight in UTC.

    Source: DMN 1.5, 10.3.2.9.4.
    """
    if isinstance(type_, AnyType):
        return value, True
    measured(value)
    if conforms(value, type_):
        return value, True
    if type_.is_list and not isinstance(value, list) and conforms([value], type_):
        return [value], True
    if isinstance(value, list) and len(value) == 1 and not type_.is_list and conforms(value[0], type_):
        return value[0], True
    moment = _midnight(value)
    if moment is not None and conforms(moment, type_):
        return moment, True
    return None, False


def _midnight(value: object) -> object:
    if not isinstance(value, dt.date | temporal.WideDate) or not temporal.is_date(value):
        return None
    return temporal.make_datetime(value, 0, dt.UTC)
