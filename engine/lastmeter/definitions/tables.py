"""The decision tables of published packages, asked by whoever has no running instance of the package.

The newest published version decides, so that a table that was republished holds from then on. Where nobody has
published the package, or what was published has not got the table, the one that comes with the program decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import paths
from lastmeter.deadlines import deadline_functions
from lastmeter.decisions import Model, Outcome, load
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.errors import Missing
from lastmeter.feel import FeelFunction

# Asks a decision with inputs for its value: a table by itself, or a running step that keeps the reasons.
Ask = Callable[[str, Mapping[str, object]], object]


def having(models: Sequence[Model], decision: str) -> Model | None:
    """The first of the models that has the decision, by id or name."""
    return next((model for model in models if model.has(decision)), None)


class Tables:
    """The tables of one package as they stand now; made once for several questions."""

    def __init__(self, package: str, published: Sequence[Model], functions: Mapping[str, FeelFunction]) -> None:
        self._package = package
        self._published = published
        self._functions = functions

    def decide(self, decision: str, inputs: Mapping[str, object]) -> Outcome:
        """The decision with the rules that matched; inputs that are not given are null. Raises Missing."""
        return self.model(decision).decide(decision, inputs, functions=self._functions)

    def value(self, decision: str, inputs: Mapping[str, object]) -> object:
        """The decision's value alone. Raises Missing."""
        return self.decide(decision, inputs).value

    def model(self, decision: str) -> Model:
        """The model that has the decision. Raises Missing."""
        found = having(self._published, decision) or having(_bundled(self._package), decision)
        if found is None:
            raise Missing(what="decision", name=decision)
        return found


def of(session: Session, package: str) -> Tables:
    """The tables of the package's newest version."""
    query = select(Definition.id).where(Definition.key == package).order_by(Definition.version.desc()).limit(1)
    newest = session.scalar(query)
    published = () if newest is None else publishing.load(session, newest).decisions
    return Tables(package, published, deadline_functions(session, []))


@lru_cache(maxsize=64)
def _bundled(package: str) -> tuple[Model, ...]:
    return tuple(load(file.read_bytes()) for file in sorted((paths.bundled("bpmn") / package).glob("*.dmn")))


def bundled(package: str) -> Tables:
    """The tables of the package that comes with the program, without the functions of the register."""
    return Tables(package, (), {})
