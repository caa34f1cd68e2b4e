"""What the engine refuses, and why."""

from __future__ import annotations

from lastmeter.errors import LastmeterError


class DefinitionUnknown(LastmeterError):
    """No published definition has this key, or not in this version; facts: `key`, `version`."""

    code = "definition_unknown"
    kind = "missing"


class StartForbidden(LastmeterError):
    """The actor's roles may not start this definition by hand; facts: `key`."""

    code = "start_forbidden"
    kind = "forbidden"


class CannotStartByHand(LastmeterError):
    """Only a message, a signal, a timer or another process starts it; facts: `key`."""

    code = "cannot_start_by_hand"
    kind = "conflict"


class TaskAlreadyTaken(LastmeterError):
    """Somebody else holds the task; facts: `holder` (name), `holder_id`, `at`."""

    code = "task_already_taken"
    kind = "conflict"


class TaskGone(LastmeterError):
    """The task waits for nobody any more; facts: `state`."""

    code = "task_gone"
    kind = "conflict"


class TaskNotHeld(LastmeterError):
    """Only who holds the task may do this; it has to be claimed first."""

    code = "task_not_held"
    kind = "conflict"


class NotCandidate(LastmeterError):
    """The person holds no role that this task goes to; facts: `role`, `organisation_id`."""

    code = "not_candidate"
    kind = "forbidden"


class InstanceSuspended(LastmeterError):
    """The process stands still; facts: `until`, `reason`."""

    code = "instance_suspended"
    kind = "conflict"


class InstanceEnded(LastmeterError):
    """The instance is completed or cancelled; facts: `state`."""

    code = "instance_ended"
    kind = "conflict"


class TaskOutOfTurn(LastmeterError):
    """Of this sub-process one activity is done at a time, and another is under way; facts: `element_id`, `other_zh`,
    `other_en`."""

    code = "task_out_of_turn"
    kind = "conflict"


class StoreUnknown(LastmeterError):
    """A data store named `room.name` is a view of the domain, and there is none of this name; facts: `store`."""

    code = "store_unknown"
    kind = "missing"


class StoreReadOnly(LastmeterError):
    """The data store shows what the domain holds; only the domain writes there; facts: `store`."""

    code = "store_read_only"
    kind = "conflict"


class StoreFull(LastmeterError):
    """The data store holds as much as its capacity says; facts: `store`, `capacity`."""

    code = "store_full"
    kind = "conflict"


class StoreValueTooLarge(LastmeterError):
    """More than a data store takes as one entry, or in one step; facts: `store`, `bytes`, `most`."""

    code = "store_value_too_large"
    kind = "conflict"


class StoreClassified(LastmeterError):
    """A process that knows something classified `case` or `sealed` writes to no data store; facts: `store`."""

    code = "store_classified"
    kind = "conflict"


class StepNotYours(LastmeterError):
    """A step is taken back by whoever finished it, and nobody else."""

    code = "step_not_yours"
    kind = "forbidden"


class StepIsFinal(LastmeterError):
    """What was published, sent or signed is not taken back; facts: `step`, in both languages."""

    code = "step_is_final"
    kind = "conflict"


class WithdrawalTooLate(LastmeterError):
    """Somebody has begun the next step, or something has left since; facts: `steps`, each in both languages."""

    code = "withdrawal_too_late"
    kind = "conflict"


class SeparationOfDuties(LastmeterError):
    """Who did the one may not do the other; facts: `element_id`, `other_zh`, `other_en`."""

    code = "separation_of_duties"
    kind = "forbidden"


class ReasonMissing(LastmeterError):
    """The act must be explained; facts: `field`."""

    code = "reason_missing"


class PartyUnknown(LastmeterError):
    """A lane's tasks go to a party that the instance does not have yet; facts: `party`, `element_id`."""

    code = "party_unknown"
    kind = "conflict"


class StepFailed(LastmeterError):
    """The process could not go on and stands where it stood; an incident tells the operators.

    Facts: `instance_id`, `element_id`, `reason`; never case content.
    """

    code = "step_failed"
    kind = "conflict"


class InstanceChanged(LastmeterError):
    """The instance has gone on since it was looked at; facts: `version` (what it is now)."""

    code = "instance_changed"
    kind = "conflict"


class VariableNotRead(LastmeterError):
    """Nothing in the process reads a variable of that name; facts: `name`."""

    code = "variable_not_read"


class VariableClassified(LastmeterError):
    """The variable may hold something classified: no operator sets it; facts: `name`."""

    code = "variable_classified"
    kind = "forbidden"
