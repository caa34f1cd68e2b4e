"""A running instance as bytes and back. The spec is never inside: it is attached when the state is loaded.

Tokens and scopes are written as lists in a fixed order and no key is ever sorted, so that what is restored is what was.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import zstandard
from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff import timers, values
from lastmeter.workflow.spiff.faults import StateNotReadable
from lastmeter.workflow.spiff.report import Services
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.specs import Spec
from lastmeter.workflow.spiff.tokens import Fork, Scope, Token

# 2: scopes remember what has completed in them and can be compensated.
STATE_FORMAT = 2
MAX_STATE_BYTES = 512_000_000

_local = threading.local()


def dump(run: Run) -> bytes:
    """The instance at rest."""
    forks: dict[Fork, int] = {}
    tokens = [_token(token, forks) for token in run.tasks.values()]
    state = {
        "format": STATE_FORMAT,
        "process": run.spec.key,
        "begin": run.begin,
        "done": run.done,
        "cancelled": run.cancelled,
        "uncaught": run.uncaught,
        "scopes": [_scope(scope) for scope in run.scopes.values()],
        "forks": [[fork.id, values.encode(fork.writes)] for fork in forks],
        "tokens": tokens,
    }
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=3)
    packed: bytes = compressor.compress(orjson.dumps(state))
    return packed


def _scope(scope: Scope) -> list[Any]:
    return [
        scope.id, scope.parent, scope.container, scope.isolated, scope.loop, _fields(scope.variables),
        sorted(scope.given), [values.encode(record) for record in scope.done],
    ]  # fmt: skip


def _fields(variables: dict[str, object]) -> dict[str, values.Json]:
    return {name: values.encode(value, name) for name, value in variables.items()}


def _token(token: Token, forks: dict[Fork, int]) -> list[Any]:
    return [
        token.id, token.task_spec.name, token.scope_id, token.role, token._state, token.via, token.owner, token.loop,
        token.opened, token.noted, {name: _memo(value) for name, value in token.memo.items()},
        [forks.setdefault(fork, len(forks)) for fork in token.forks],
    ]  # fmt: skip


def _memo(value: object) -> Any:
    if isinstance(value, timers.Due):
        span = [value.span.months, values.encode(value.span.rest)] if value.span is not None else None
        return {"due": [values.encode(value.at), values.encode(value.anchor), span, value.used, value.limit]}
    return [values.encode(value)]


def _unmemo(raw: Any) -> object:
    if isinstance(raw, dict):
        at, anchor, span, used, limit = raw["due"]
        length = timers.Span(span[0], _delta(span[1])) if span is not None else None
        return timers.Due(_instant(at), None if anchor is None else _instant(anchor), length, used, limit)
    return values.decode(raw[0])


def _delta(raw: Any) -> dt.timedelta:
    decoded = values.decode(raw)
    assert isinstance(decoded, dt.timedelta)
    return decoded


def _instant(raw: Any) -> dt.datetime:
    decoded = values.decode(raw)
    assert isinstance(decoded, dt.datetime)
    return decoded


def load(spec: Spec, packed: bytes, services: Services, now: dt.datetime) -> Run:
    """The instance that `dump` was given, on the restored spec. Raises StateNotReadable."""
    state = _read(packed)
    if state.get("process") != spec.key:
        raise StateNotReadable(reason=f"a state of process {state.get('process')}, not {spec.key}")
    run = Run(spec, services, now)
    run.begin, run.done = state["begin"], state["done"]
    run.cancelled, run.uncaught = state["cancelled"], state["uncaught"]
    for identity, parent, container, isolated, loop, variables, given, done in state["scopes"]:
        decoded = {name: values.decode(value) for name, value in variables.items()}
        records: list[Any] = [values.decode(record) for record in done]
        run.scopes[identity] = Scope(identity, parent, container, isolated, loop, decoded, set(given), records)
    forks = []
    for identity, writes in state["forks"]:
        decoded_writes = values.decode(writes)
        assert isinstance(decoded_writes, dict)
        forks.append(Fork(identity, decoded_writes))
    for raw in state["tokens"]:
        _restore(run, raw, forks)
    return run


def _read(packed: bytes) -> dict[str, Any]:
    decompressor = getattr(_local, "decompressor", None)
    if decompressor is None:
        decompressor = _local.decompressor = zstandard.ZstdDecompressor()
    try:
        state = orjson.loads(decompressor.decompress(packed, max_output_size=MAX_STATE_BYTES))
    except (zstandard.ZstdError, orjson.JSONDecodeError) as wrong:
        raise StateNotReadable(reason=str(wrong)) from wrong
    if not isinstance(state, dict) or not isinstance(state.get("format"), int):
        raise StateNotReadable(reason="no state of an instance")
    return upgraded(state)


def upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """The state in the present format, whatever release wrote it. Raises StateNotReadable for a later one."""
    while state["format"] < STATE_FORMAT:
        step = _UPGRADES.get(state["format"])
        if step is None:
            raise StateNotReadable(reason=f"a state of format {state['format']}")
        state = step(state)
    if state["format"] > STATE_FORMAT:
        raise StateNotReadable(reason=f"a state of format {state['format']}, this release reads up to {STATE_FORMAT}")
    return state


def _from_1(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "format": 2, "scopes": [[*scope, []] for scope in state["scopes"]]}


_UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}


def _restore(run: Run, raw: list[Any], forks: list[Fork]) -> None:
    identity, name, scope_id, role, state, via, owner, loop, opened, noted, memo, branch = raw
    element = run.spec.task_specs.get(name)
    if element is None:
        raise StateNotReadable(reason=f"a token at {name}, which the definition does not have")
    token = Token(run, element, scope_id, role, state=state, id=identity)
    token.via, token.owner, token.loop, token.opened, token.noted = via, owner, loop, opened, noted
    token.memo = {key: _unmemo(value) for key, value in memo.items()}
    token.forks = tuple(forks[index] for index in branch)
    if token.memo.get("at") == "leave":
        # Earlier releases kept the flow by which it had come to a join that it has passed and could not leave.
        token.via = ""
    run.admit(token)
    if state == TaskState.READY:
        run.queue.append(token)
    elif element.gathers(token):
        run.arrive(token)
    if token.memo.get("lacks"):
        run.lacking[token.id] = token
    event = run.event_of(token)
    if opened == "subscription" and event is not None:
        run.listening.setdefault((event.kind, event.name), {})[token.id] = token
    if event is not None and event.kind == "conditional" and state in (TaskState.WAITING, TaskState.STARTED):
        run.watching[token.id] = token
