"""What can go wrong while a process runs. Every one of them parks the token as an incident unless said otherwise."""

from __future__ import annotations

from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


class ExecutionFault(LastmeterError):
    """An element cannot be executed with the variables as they are; facts: `element`."""

    code: ClassVar[str] = "execution_fault"
    kind: ClassVar[Kind] = "conflict"


class NoFlowTaken(ExecutionFault):
    """No condition of the outgoing flows is true and there is no default flow."""

    code = "no_flow_taken"


class NotBoolean(ExecutionFault):
    """A condition gave something else than true, false or null; facts: `expression`, `value`."""

    code = "condition_not_boolean"


class NotACollection(ExecutionFault):
    """A multi-instance activity has no list to run over, or no usable number; facts: `expression`, `value`."""

    code = "not_a_collection"


class BranchesDisagree(ExecutionFault):
    """Two parallel branches wrote different values to one name and meet here; facts: `names`."""

    code = "branches_disagree"


class CorrelationMissing(ExecutionFault):
    """A message's correlation evaluates to null, so that nobody could be told from anybody; facts: `expression`."""

    code = "correlation_missing"


class StoreKeyMissing(ExecutionFault):
    """The key of a data store's entry evaluates to null, so that no entry is meant; facts: `store`, `expression`."""

    code = "store_key_missing"


class CalledProcessUnknown(ExecutionFault):
    """The expression of a call activity or decision names nothing; facts: `expression`."""

    code = "called_process_unknown"


class DataMissing(ExecutionFault):
    """An activity waits for data inputs that nothing in the instance can bring any more; facts: `names`."""

    code = "data_missing"


class Deadlock(ExecutionFault):
    """Every token of the scope waits at a join that no other token can reach."""

    code = "deadlock"


class UncaughtError(LastmeterError):
    """Nothing around the element catches the BPMN error; the instance is unchanged; facts: `element`, `error_code`."""

    code: ClassVar[str] = "uncaught_error"
    kind: ClassVar[Kind] = "conflict"


class StepBudgetExceeded(LastmeterError):
    """One advance executed more elements than allowed: a loop without a wait state; facts: `steps`, `element`.

    The live instance is unusable afterwards; its last saved state is not.
    """

    code: ClassVar[str] = "step_budget_exceeded"
    kind: ClassVar[Kind] = "conflict"


class NotWaiting(LastmeterError):
    """The element waits no more (done, cancelled, or never was); facts: `task_uid`."""

    code: ClassVar[str] = "not_waiting"
    kind: ClassVar[Kind] = "conflict"


class StartNotPossible(LastmeterError):
    """The process cannot start so; facts: `process`, `start_element`, `possible`."""

    code: ClassVar[str] = "start_not_possible"
    kind: ClassVar[Kind] = "invalid"


class StateNotReadable(LastmeterError):
    """The saved state is of a later format or no state at all; facts: `reason`."""

    code: ClassVar[str] = "state_not_readable"
    kind: ClassVar[Kind] = "unavailable"


class BpmnError(Exception):
    """Raised by a connector or a decision: the activity ends with this BPMN error, which the diagram may catch."""

    def __init__(self, error_code: str, message: str = "") -> None:
        self.error_code = error_code
        self.message = message
        super().__init__(f"{error_code}: {message}")
