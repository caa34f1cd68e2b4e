"""Why a cut into a running instance is not made. The instance is as it was."""

from __future__ import annotations

from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


class SurgeryRefused(LastmeterError):
    """The instance cannot be changed so; facts: `element`, unless said otherwise."""

    code: ClassVar[str] = "surgery_refused"
    kind: ClassVar[Kind] = "conflict"


class TokenUnclear(SurgeryRefused):
    """More than one token stands at the element: one has to be named by its uid; facts: `element`, `uids`."""

    code = "token_unclear"


class NotMovable(SurgeryRefused):
    """An armed event, one repetition, or an event sub-process: it belongs to something else, which may be moved."""

    code = "not_movable"


class TargetElsewhere(SurgeryRefused):
    """The target lies in another process or sub-process than the token; facts: `element`, `container`."""

    code = "target_elsewhere"


class TargetIsJoin(SurgeryRefused):
    """A join is passed by the tokens that come to it, never by one that is put there."""

    code = "target_is_join"


class TargetNotByFlow(SurgeryRefused):
    """No token comes to the element along a flow of its own: a boundary event, an event of a race, a handler."""

    code = "target_not_by_flow"


class WouldBreakJoin(SurgeryRefused):
    """A join would wait for ever, or be passed twice; facts: `joins`."""

    code = "would_break_join"


class WaysNotForeseeable(SurgeryRefused):
    """The diagram has more ways on from here than can be followed; facts: `most`."""

    code = "ways_not_foreseeable"


class SkipRepetitions(SurgeryRefused):
    """The element is repeated: each repetition is skipped by itself."""

    code = "skip_repetitions"


class SkipByEvent(SurgeryRefused):
    """Several events are awaited: the one that is to count as having happened has to be named; facts: `events`."""

    code = "skip_by_event"


class NotSkippable(SurgeryRefused):
    """It waits beside an activity or at a join: there is nothing to pass."""

    code = "not_skippable"


class NeverExecuted(SurgeryRefused):
    """History does not show that the element was reached in this run of its process or sub-process."""

    code = "never_executed"


class ScopeGone(SurgeryRefused):
    """The sub-process that the element lies in has ended, or an event sub-process has taken its place."""

    code = "scope_gone"


class ScopeUnclear(SurgeryRefused):
    """The sub-process of the element runs more than once: a token inside has to be named; facts: `uids`."""

    code = "scope_unclear"


class NothingToRewind(SurgeryRefused):
    """No token stands behind the element: one more would be too many."""

    code = "nothing_to_rewind"


class AlreadyLeft(SurgeryRefused):
    """Something has left the instance since and cannot be taken back; facts: `elements`."""

    code = "already_left"
