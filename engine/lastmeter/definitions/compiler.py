"""The port through which a diagram becomes something that runs: the workflow room puts its parser in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class ElementInfo(Protocol):
    """One element as the parser saw it."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def lane_id(self) -> str | None: ...
    @property
    def ext(self) -> Mapping[str, Any]: ...


class Compiled(Protocol):
    """One executable process of a file."""

    key: str
    name: str
    spec_blob: bytes
    names_read: frozenset[str]
    called_keys: frozenset[str]
    decision_refs: frozenset[str]


Parse = Callable[[bytes], Sequence[Any]]
Restore = Callable[[bytes], Any]


class Compiler:
    """`parse(xml)` gives the file's executable processes, `restore(blob)` what an instance runs on."""

    def __init__(self, parse: Parse, restore: Restore) -> None:
        self.parse = parse
        self.restore = restore


_installed: list[Compiler] = []


def install(parse: Parse, restore: Restore) -> None:
    """This parser is used from now on."""
    _installed[:] = [Compiler(parse, restore)]


def installed() -> Compiler:
    if not _installed:
        raise RuntimeError("import lastmeter.workflow before definitions are published or loaded")
    return _installed[0]
