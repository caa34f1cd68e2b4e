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


@dataclasses.dataclass(slots=True)
class Text:
    """What stands in the file: a FEEL expression, or the literal itself."""

    text: str
    feel: bool = True


@dataclasses.dataclass(slots=True)
class Assignment:
    """`target` becomes the value of `source`; in a mapping of all variables the target is empty."""

    target: str
    source: Text | None
    is_result: bool = False


@dataclasses.dataclass(slots=True)
class Event:
    """One event definition: `kind` is timer, message, signal, error, escalation, conditional, link or terminate."""

    kind: str
    name: str = ""
    text: Text | None = None
    timer: str = ""
    correlation: Text | None = None
    payload: Text | None = None
    code_variable: str = ""
    message_variable: str = ""


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
    pass_all_in: bool = False
    pass_all_out: bool = False
    script: Text | None = None
    result: str = ""
    topic: str = ""
    decision: Text | None = None
    called: Text | None = None


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


_NESTED: Mapping[str, type] = {
    **dict.fromkeys(
        ("text", "source", "correlation", "payload", "collection", "cardinality", "output_element", "completion",
         "condition", "script", "decision", "called"),
        Text,
    ),
    "event": Event,
    "repeat": Repeat,
}  # fmt: skip


def _build(cls: type, raw: Mapping[str, Any]) -> Any:
    fields: dict[str, Any] = {}
    for name, value in raw.items():
        if name in ("inputs", "outputs"):
            fields[name] = [_build(Assignment, item) for item in value]
        elif name in _NESTED and isinstance(value, dict):
            fields[name] = _build(_NESTED[name], value)
        else:
            fields[name] = value
    return cls(**fields)
