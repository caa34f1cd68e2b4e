"""How a built-in function is declared: its names, what each parameter takes, and how arguments are fitted to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lastmeter.feel.errors import NoValue
from lastmeter.feel.values import Invocable, arrange, kind_of

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

LIBRARY: dict[str, Builtin] = {}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kinds` are the FEEL types taken, none for any; a `nullable` one takes null, an `optional` one may be missing.

    `plural` is a second name, under which only a list is taken, and under the first one none.
    """

    name: str
    kinds: tuple[str, ...] = ()
    optional: bool = False
    nullable: bool = False
    plural: str = ""

    def fit(self, function: str, value: object) -> object:
        """The argument as this parameter takes it: a list of one for its item, a single value for a list of it.

        Raises NoValue. Source: DMN 1.5, 10.3.2.9.4.
        """
        if not self.kinds or (value is None and self.nullable):
            return value
        kind = kind_of(value)
        if kind in self.kinds:
            return value
        if kind == "list" and isinstance(value, list) and len(value) == 1 and kind_of(value[0]) in self.kinds:
            return value[0]
        if "list" in self.kinds and value is not None:
            return [value]
        raise NoValue(f"{function}: {self.name!r} must be {' or '.join(self.kinds)}, not {kind}")

    def check_name(self, function: str, named: Mapping[str, object]) -> None:
        """Raises NoValue for a list under the name of a single one, or the other way round."""
        for name in (self.name, self.plural):
            if self.plural and name in named and isinstance(named[name], list) != (name == self.plural):
                raise NoValue(f"{function}: {name!r} must be {'' if name == self.plural else 'no '}list")


class Builtin(Invocable):
    """A function of the standard's library."""

    __slots__ = ("function", "maximum", "minimum", "name", "parameters", "spellings", "variadic")

    def __init__(
        self,
        name: str,
        function: Callable[..., object],
        parameters: tuple[Parameter, ...],
        *,
        variadic: bool,
        spellings: tuple[tuple[str, ...], ...],
    ) -> None:
        self.name = name
        self.function = function
        self.parameters = parameters
        self.variadic = variadic
        self.spellings = (tuple(parameter.name for parameter in parameters), *spellings)
        self.minimum = sum(not parameter.optional for parameter in parameters)
        self.maximum = len(parameters)

    def invoke(self, run: Run, arguments: list[object]) -> object:
        run.charge(1)
        if self.variadic:
            arguments = self._gather(arguments)
        if not self.minimum <= len(arguments) <= self.maximum:
            raise NoValue(f"{self.name} takes {self.minimum} to {self.maximum} arguments, got {len(arguments)}")
        name = self.name
        fitted = [parameter.fit(name, value) for parameter, value in zip(self.parameters, arguments, strict=False)]
        for value in fitted:
            if type(value) is list:
                run.room(len(value))
        return self.function(run, *fitted)

    def _gather(self, arguments: list[object]) -> list[object]:
        """The arguments from the last parameter on as one list, unless they are one already."""
        fixed = len(self.parameters) - 1
        tail = arguments[fixed:]
        if len(tail) == 1 and isinstance(tail[0], list) and fixed == 0:
            return arguments
        if not tail or (fixed == 0 and len(tail) == 1 and tail[0] is None):
            return arguments
        return [*arguments[:fixed], tail]

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        for parameter in self.parameters:
            parameter.check_name(self.name, named)
        # Two spellings may share their names (point, range): then the order in the call decides.
        if tuple(named) in self.spellings:
            return list(named.values())
        for spelling in self.spellings:
            if set(named) <= set(spelling):
                return self._completed(arrange(self.name, spelling, named))
        return arrange(self.name, self.spellings[0], named)

    def _completed(self, arguments: list[object]) -> list[object]:
        """A name that is left out stands for null, where null is taken."""
        while len(arguments) < self.minimum and self.parameters[len(arguments)].nullable:
            arguments.append(None)
        return arguments


def builtin(
    name: str, *parameters: Parameter, variadic: bool = False, spellings: tuple[tuple[str, ...], ...] = ()
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """The decorated function becomes the built-in of that name; other spellings of its parameters may be given."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        LIBRARY[name] = Builtin(name, function, parameters, variadic=variadic, spellings=spellings)
        return function

    return register


def number(name: str, *, optional: bool = False, nullable: bool = False) -> Parameter:
    """A parameter that takes a number."""
    return Parameter(name, ("number",), optional, nullable)


def string(name: str, *, optional: bool = False, nullable: bool = False) -> Parameter:
    """A parameter that takes a string."""
    return Parameter(name, ("string",), optional, nullable)


def items(name: str = "list") -> Parameter:
    """A parameter that takes a list."""
    return Parameter(name, ("list",))


def anything(name: str, *, optional: bool = False) -> Parameter:
    """A parameter that takes whatever comes."""
    return Parameter(name, (), optional, True)
