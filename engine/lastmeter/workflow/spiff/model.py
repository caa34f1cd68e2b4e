"""A parsed process as plain data: what the reader makes of the XML and what the specs are built from.

It is stored once per version as bytes (addressed by their hash) and is never part of an instance's state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson
import zstandard

MODEL_FORMAT = 1

_LOOKED_FOR = frozenset(("error", "escalation", "cancel", "compensate"))


@dataclasses.dataclass(slots=True)
class Text:
    """What stands in the file: a FEEL expression, or the literal itself."""

    text: str
    feel: bool = True


@dataclasses.dataclass(slots=True)
class DataStore:
    """How an association reaches a data store: one entry of it by `key`, or the store's one value without a key.

    `party` names whose store it is; empty: one for all. `capacity` is the most entries it may hold. `known_as`: what
    expressions of the association call the value that is read.
    """

    name: str
    known_as: str = ""
    key: Text | None = None
    party: str = ""
    capacity: int | None = None


@dataclasses.dataclass(slots=True)
class Assignment:
    """`target` becomes the value of `source`; in a mapping of all variables the target is empty.

    With a `store` the value comes from there (an input; `source`, if there is one, makes something of it) or goes there
    (of `Node.stored`).
    """

    target: str
    source: Text | None
    is_result: bool = False
    store: DataStore | None = None


@dataclasses.dataclass(slots=True)
class Event:
    """One event definition: `kind` is timer, message, signal, error, escalation, conditional, link, terminate,
    cancel, compensate (`name` is then the activity, empty for all), or what holds several in `parts`: `any` or `all`.
    """

    kind: str
    name: str = ""
    text: Text | None = None
    timer: str = ""
    correlation: Text | None = None
    # What of the payload the correlation is compared with, where a key says so; else the sender's own correlation.
    retrieval: Text | None = None
    payload: Text | None = None
    code_variable: str = ""
    message_variable: str = ""
    waits: bool = True
    parts: list[Event] = dataclasses.field(default_factory=list)

    def each(self) -> list[Event]:
        """The definitions themselves: its parts, or it alone."""
        return self.parts or [self]

    @property
    def awaited(self) -> bool:
        """False if nothing waits for it: whoever throws an error or the like looks for what catches it."""
        return any(event.kind not in _LOOKED_FOR for event in self.each())


@dataclasses.dataclass(slots=True)
class Behaviour:
    """An event that a multi-instance activity throws after a repetition; always, if there is no condition."""

    event: Event
    condition: Text | None = None
    once: bool = False


@dataclasses.dataclass(slots=True)
class Repeat:
    """Multi-instance (`parallel`, `sequential`) or standard loop (`loop`) of an activity."""

    kind: str
    collection: Text | None = None
    cardinality: Text | None = None
    element: str = ""
    output_collection: str = ""
    output_element: Text | None = None
    completion: Text | None = None
    condition: Text | None = None
    test_before: bool = False
    maximum: int | None = None
    first_counter: int = 0
    behaviours: list[Behaviour] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class AdHoc:
    """How the activities of an ad-hoc sub-process are performed; `active` names those that begin (absent: all)."""

    sequential: bool = False
    completion: Text | None = None
    cancels_rest: bool = True
    active: Text | None = None


@dataclasses.dataclass(slots=True)
class Node:
    """One flow node; `container` is the id of the process or sub-process it lies in."""

    id: str
    type: str
    container: str
    name: str = ""
    line: int = 0
    lane_id: str = ""
    lane_name: str = ""
    ext: dict[str, Any] = dataclasses.field(default_factory=dict)
    incoming: list[str] = dataclasses.field(default_factory=list)
    outgoing: list[str] = dataclasses.field(default_factory=list)
    default: str = ""
    event: Event | None = None
    attached_to: str = ""
    interrupting: bool = True
    triggered_by_event: bool = False
    instantiates: bool = False
    repeat: Repeat | None = None
    inputs: list[Assignment] = dataclasses.field(default_factory=list)
    outputs: list[Assignment] = dataclasses.field(default_factory=list)
    stored: list[Assignment] = dataclasses.field(default_factory=list)
    # What must be there before the activity begins: one of these sets of variables; empty: nothing.
    required: list[list[str]] = dataclasses.field(default_factory=list)
    # Variables that this activity has to itself: properties and, of a sub-process, data objects.
    declared: list[str] = dataclasses.field(default_factory=list)
    pass_all_in: bool = False
    pass_all_out: bool = False
    script: Text | None = None
    result: str = ""
    topic: str = ""
    decision: Text | None = None
    called: Text | None = None
    for_compensation: bool = False
    handler: str = ""
    start_quantity: int = 1
    completion_quantity: int = 1
    activation: Text | None = None
    ad_hoc: AdHoc | None = None
    waits_for_all: bool = False


@dataclasses.dataclass(slots=True)
class Flow:
    """One sequence flow."""

    id: str
    source: str
    target: str
    condition: Text | None = None


@dataclasses.dataclass(slots=True)
class Process:
    """One executable process, nodes and flows in the file's order."""

    key: str
    name: str
    nodes: dict[str, Node] = dataclasses.field(default_factory=dict)
    flows: dict[str, Flow] = dataclasses.field(default_factory=dict)
    format: int = MODEL_FORMAT


def to_bytes(process: Process) -> bytes:
    """The same bytes for the same process, whoever writes them."""
    return zstandard.ZstdCompressor(level=9).compress(orjson.dumps(process))


def from_bytes(blob: bytes) -> Process:
    """The process that `to_bytes` was given."""
    raw = orjson.loads(zstandard.ZstdDecompressor().decompress(blob, max_output_size=64_000_000))
    if raw["format"] != MODEL_FORMAT:
        raise ValueError(f"a process model of format {raw['format']}, this release reads {MODEL_FORMAT}")
    process: Process = _build(Process, raw)
    process.nodes = {key: _build(Node, value) for key, value in raw["nodes"].items()}
    process.flows = {key: _build(Flow, value) for key, value in raw["flows"].items()}
    return process


# Fields that hold one of our classes, or a list of them.
_NESTED: Mapping[str, type] = {
    **dict.fromkeys(
        ("text", "source", "correlation", "payload", "collection", "cardinality", "output_element", "completion",
         "condition", "script", "decision", "called", "activation", "active", "key", "retrieval"),
        Text,
    ),
    "store": DataStore,
    "event": Event, "parts": Event, "repeat": Repeat, "behaviours": Behaviour, "ad_hoc": AdHoc,
    "inputs": Assignment, "outputs": Assignment, "stored": Assignment,
}  # fmt: skip


def _build(cls: type, raw: Mapping[str, Any]) -> Any:
    return cls(**{name: _value(name, value) for name, value in raw.items()})


def _value(name: str, value: Any) -> Any:
    nested = _NESTED.get(name)
    if nested is not None and isinstance(value, dict):
        return _build(nested, value)
    if nested is not None and isinstance(value, list):
        return [_build(nested, item) for item in value]
    return value
