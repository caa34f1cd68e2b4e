"""The small signs of the notation, as path data drawn around their own middle."""

from __future__ import annotations

from typing import Final

# Events: what is inside the circle. Drawn as outline when catching, filled when throwing.
EVENT_SIGNS: Final = {
    "messageEventDefinition": "M-8-5.5H8V5.5H-8ZM-8-5.5 0 1 8-5.5",
    "timerEventDefinition": "M0-9A9 9 0 1 1 0 9 9 9 0 1 1 0-9M0-5.5V0L4 2.5",
    "signalEventDefinition": "M0-8 8 6H-8Z",
    "errorEventDefinition": "M-7 7-3-7 2 2 7-7 3 7-2-2Z",
    "escalationEventDefinition": "M0-8 6 7 0 1-6 7Z",
    "conditionalEventDefinition": "M-6-8H6V8H-6ZM-4-4H4M-4 0H4M-4 4H4",
    "linkEventDefinition": "M-8-3H2V-7L9 0 2 7V3H-8Z",
    "compensateEventDefinition": "M0-6V6L-8 0ZM8-6V6L0 0Z",
    "cancelEventDefinition": "M-7-5-5-7 0-2 5-7 7-5 2 0 7 5 5 7 0 2-5 7-7 5-2 0Z",
    "terminateEventDefinition": "M0-8.5A8.5 8.5 0 1 1 0 8.5 8.5 8.5 0 1 1 0-8.5Z",
    "multiple": "M0-8 8-2 5 7H-5L-8-2Z",
}
GATEWAY_SIGNS: Final = {
    "exclusiveGateway": "M-8-8 8 8M8-8-8 8",
    "parallelGateway": "M0-11V11M-11 0H11",
    "inclusiveGateway": "M0-10A10 10 0 1 1 0 10 10 10 0 1 1 0-10",
    "eventBasedGateway": "M0-13A13 13 0 1 1 0 13 13 13 0 1 1 0-13M0-8 8-2 5 7H-5L-8-2Z",
    "complexGateway": "M0-11V11M-11 0H11M-8-8 8 8M8-8-8 8",
}
# Activities: a sign in the left upper corner, within 14 by 14 pixels.
TASK_SIGNS: Final = {
    "userTask": "M0-7A3.2 3.2 0 1 1 0-.6 3.2 3.2 0 1 1 0-7M-6.5 7V4A4 4 0 0 1-2.5 .8H2.5A4 4 0 0 1 6.5 4V7Z",
    "manualTask": "M-7 2V-3L-2-5.5 1-3H6.5M-7 2-3 5.5H3L6.5 2M1 0H7M1 2.7H6.5",
    "serviceTask": "M0-6.5V-4M0 4V6.5M-6.5 0H-4M4 0H6.5M-4.6-4.6-2.8-2.8M2.8 2.8 4.6 4.6"
    "M-4.6 4.6-2.8 2.8M2.8-2.8 4.6-4.6M0-4A4 4 0 1 1 0 4 4 4 0 1 1 0-4",
    "scriptTask": "M-4-7H6C2-3 6 3 3 7H-6C-3 3-8-3-4-7ZM-3-3H2.5M-2.5 0H3M-2.5 3H3",
    "businessRuleTask": "M-7-5.5H7V5.5H-7ZM-7-2H7M-7 1.8H7M-2.5-2V5.5",
    "sendTask": "M-7-4.5H7V4.5H-7ZM-7-4.5 0 1 7-4.5",
    "receiveTask": "M-7-4.5H7V4.5H-7ZM-7-4.5 0 1 7-4.5",
}
FILLED_TASK_SIGNS: Final = frozenset({"sendTask"})
# Markers at the lower edge.
PARALLEL_MANY: Final = "M-4-5V5M0-5V5M4-5V5"
SEQUENTIAL_MANY: Final = "M-5-4H5M-5 0H5M-5 4H5"
LOOP: Final = "M-2.5 5A5.5 5.5 0 1 1 2.5 5M-6 5.5H-2V1.5"
COLLAPSED: Final = "M-6-6H6V6H-6ZM0-3.5V3.5M-3.5 0H3.5"
# Badges: states are told by shape, not by colour alone.
BADGES: Final = {
    "done": "M-4 0-1 3 4-3.5",
    "active": "M-2.5-4 4 0-2.5 4Z",
    "overdue": "M0-4.5V1M0 3.7V4.200",
    "cancelled": "M-3-3 3 3M3-3-3 3",
    "hold": "M-2-3.5V3.5M2-3.5V3.5",
}
