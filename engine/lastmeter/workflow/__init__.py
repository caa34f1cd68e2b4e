"""Running a published definition: instances, tasks, timers, messages, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lastmeter.definitions import compiler


def _parse(xml: bytes) -> Sequence[Any]:
    from lastmeter.workflow.spiff import parse

    return parse(xml)


def _restore(blob: bytes) -> Any:
    from lastmeter.workflow.spiff import restore

    return restore(blob)


# Loaded when first used: whoever only needs the tables does not pay for the execution core.
compiler.install(_parse, _restore)
