"""Any drawing of tasks and gateways runs as the standard's token rules say, which are told here a second time.

The second telling is as plain as can be and knows only flows that hold tokens. Source: BPMN 2.0.2, 13.3 and 13.4.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter, deque
from dataclasses import dataclass, field

import pytest
from tests.unit.spiff.runner import Runner, boundary, file, flow

KINDS = ("userTask", "userTask", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "scriptTask")
INSIDE = {
    "scriptTask": (' scriptFormat="feel"', "<bpmn:script>null</bpmn:script>"),
    "terminate": ("", "<bpmn:terminateEventDefinition/>"),
}
MOST_STEPS = 14
MOST_TOKENS = 40
MOST_MOVES = 600


@dataclass
class Drawing:
    """Nodes by name with their kind; flows as (source, target, condition): None, a variable's name, or "default"."""

    kinds: dict[str, str]
    flows: list[tuple[str, str, str | None]]
    borders: dict[str, tuple[str, bool]]
    """Boundary events by name: the task each stands on, and whether it interrupts."""

    def out(self, node: str) -> list[int]:
        return [at for at, (source, _, _) in enumerate(self.flows) if source == node]

    def into(self, node: str) -> list[int]:
        return [at for at, (_, target, _) in enumerate(self.flows) if target == node]

    def leaving(self, node: str) -> list[int]:
        """The flows by which a token may leave, those of boundary events included."""
        own = [node, *(border for border, (host, _) in self.borders.items() if host == node)]
        return [at for name in own for at in self.out(name)]

    def xml(self) -> bytes:
        parts = []
        for border, (host, interrupts) in self.borders.items():
            parts.append(boundary(border, host, '<bpmn:messageEventDefinition messageRef="m"/>', interrupts))
        for node, kind in self.kinds.items():
            default = next((f' default="f{at}"' for at in self.out(node) if self.flows[at][2] == "default"), "")
            attributes, inside = INSIDE.get(kind, ("", ""))
            name = "endEvent" if kind == "terminate" else kind
            parts.append(f'<bpmn:{name} id="{node}" name="{node}"{default}{attributes}>{inside}</bpmn:{name}>')
        for at, (source, target, condition) in enumerate(self.flows):
            parts.append(flow(source, target, condition if condition not in (None, "default") else "", f"f{at}"))
        return file("".join(parts), '<bpmn:message id="m" name="m"/>')


class TooMuch(Exception):
    """The drawing goes on for ever or makes ever more tokens."""


@dataclass
class Rules:
    """The standard's rules over a marking: how many tokens each flow holds, and how often each task is open."""

    drawing: Drawing
    facts: dict[str, bool]
    tokens: Counter[int] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)

    @property
    def tasks(self) -> list[str]:
        return sorted(self.open.elements())

    @property
    def over(self) -> bool:
        return not +self.tokens and not +self.open

    def begun(self) -> list[Rules]:
        self.leave("s")
        return self.quiet()

    def completed(self, task: str) -> list[Rules]:
        after = self.copy()
        after.open[task] -= 1
        after.leave(task)
        return after.quiet()

    def interrupted(self, border: str) -> list[Rules]:
        """After a boundary event has happened, whether it interrupts or not."""
        host, interrupts = self.drawing.borders[border]
        after = self.copy()
        after.open[host] -= interrupts
        after.leave(border)
        return after.quiet()

    def quiet(self) -> list[Rules]:
        """Every marking in which nothing moves any more; where several inclusive joins may go on, any may be first."""
        found: dict[tuple[object, ...], Rules] = {}
        ahead = [self]
        moves = 0
        while ahead:
            here = ahead.pop()
            while here.one_step():
                moves += 1
                if here.tokens.total() + here.open.total() > MOST_TOKENS or moves > MOST_MOVES:
                    raise TooMuch
            joins = here.inclusive_joins()
            for join in joins:
                after = here.copy()
                after.tokens.subtract(at for at in after.drawing.into(join) if after.tokens[at])
                after.leave(join)
                ahead.append(after)
            if not joins:
                found[tuple(sorted((+here.tokens).items())), tuple(here.tasks)] = here
            moves += 1
            if moves > MOST_MOVES:
                raise TooMuch
        return list(found.values())

    def copy(self) -> Rules:
        return Rules(self.drawing, self.facts, Counter(self.tokens), Counter(self.open))

    def one_step(self) -> bool:
        for node, kind in self.drawing.kinds.items():
            incoming = self.drawing.into(node)
            waiting = [at for at in incoming if self.tokens[at]]
            if not waiting or (kind == "inclusiveGateway" and len(incoming) > 1):
                continue
            if kind == "parallelGateway":
                if len(waiting) < len(incoming):
                    continue
                self.tokens.subtract(waiting)
            else:
                self.tokens[waiting[0]] -= 1
            if kind == "userTask":
                self.open[node] += 1
            elif kind == "terminate":
                self.tokens.clear()
                self.open.clear()
            else:
                self.leave(node)
            return True
        return False

    def inclusive_joins(self) -> list[str]:
        """Those that may go on."""
        found = []
        for node, kind in self.drawing.kinds.items():
            incoming = self.drawing.into(node)
            waiting = [at for at in incoming if self.tokens[at]]
            if kind == "inclusiveGateway" and len(incoming) > 1 and waiting and not self.more_may_come(node, waiting):
                found.append(node)
        return found

    def more_may_come(self, join: str, waiting: list[int]) -> bool:
        """A token has a path, not through the join, to an empty flow of it, and none to one that holds a token."""
        empty = [at for at in self.drawing.into(join) if at not in waiting]
        held = [[at] for at, count in self.tokens.items() if count]
        held += [self.drawing.leaving(task) for task, count in self.open.items() if count]
        for starts in held:
            reached = self.reached(starts, join)
            if reached & set(empty) and not reached & set(waiting):
                return True
        return False

    def reached(self, starts: list[int], join: str) -> set[int]:
        seen: set[int] = set()
        ahead = deque(starts)
        while ahead:
            at = ahead.popleft()
            if at in seen:
                continue
            seen.add(at)
            if self.drawing.flows[at][1] != join:
                ahead.extend(self.drawing.leaving(self.drawing.flows[at][1]))
        return seen

    def leave(self, node: str) -> None:
        kind = self.drawing.kinds.get(node)
        out = [(at, self.drawing.flows[at][2]) for at in self.drawing.out(node)]
        taken = [at for at, condition in out if condition is None or self.facts.get(condition, False)]
        if kind == "exclusiveGateway":
            taken = taken[:1]
        self.tokens.update(taken or [at for at, condition in out if condition == "default"])


def drawn(chance: random.Random) -> Drawing:
    """Everything is reached from the start and reaches an end; whatever else joins two nodes may go backwards."""
    nodes = [f"n{at}" for at in range(chance.randint(3, 9))]
    order = ["s", *nodes, "e"]
    kinds = {"s": "startEvent", **{node: chance.choice(KINDS) for node in nodes}, "e": "endEvent"}
    pairs = {(order[chance.randrange(at)], node) for at, node in enumerate(order) if node in nodes}
    pairs |= {(node, chance.choice(order[at + 1 :])) for at, node in enumerate(order[:-1])}
    pairs |= {(chance.choice(nodes), chance.choice([*nodes, "e"])) for _ in range(chance.randint(0, 4))}
    flows: list[tuple[str, str, str | None]] = []
    for source in order[:-1]:
        targets = sorted(target for origin, target in pairs if origin == source)
        chance.shuffle(targets)
        may_choose = kinds[source] not in ("startEvent", "parallelGateway") and len(targets) > 1
        chooses = may_choose and (kinds[source].endswith("Gateway") or chance.random() < 0.5)
        *others, last = targets
        flows += [(source, target, chance.choice("abc") if chooses else None) for target in others]
        flows.append((source, last, "default" if chooses else None))
    borders = {}
    for node in nodes:
        if kinds[node] == "userTask" and chance.random() < 0.3:
            borders[f"{node}b"] = (node, chance.random() < 0.5)
            flows += [(f"{node}b", target, None) for target in chance.sample([*nodes, "e"], chance.randint(1, 2))]
    if chance.random() < 0.3:
        kinds["t"] = "terminate"
        flows.append(
            (
                chance.choice([node for node in nodes if kinds[node] in ("userTask", "parallelGateway")] or ["s"]),
                "t",
                None,
            )
        )
    return Drawing(kinds, flows, borders)


def difference(seed: int) -> str:
    """Plays one drawing both ways, completing and interrupting open tasks by chance; "" if they agree after every step.

    Raises TooMuch.
    """
    chance = random.Random(seed)
    drawing = drawn(chance)
    facts = {name: chance.random() < 0.5 for name in "abc"}
    allowed = Rules(drawing, facts).begun()
    runner = Runner(drawing.xml(), facts)
    for _ in range(MOST_STEPS):
        alike = [rules for rules in allowed if (rules.tasks, rules.over) == (runner.open_tasks, runner.completed)]
        if not alike:
            return f"seed {seed}: {runner.open_tasks} open; allowed {[rules.tasks for rules in allowed]}"
        if not runner.open_tasks:
            return ""
        task = chance.choice(runner.open_tasks)
        borders = [border for border, (host, _) in drawing.borders.items() if host == task]
        if borders and chance.random() < 0.4:
            allowed = [after for rules in alike for after in rules.interrupted(borders[0])]
            runner.deliver(borders[0])
        else:
            allowed = [after for rules in alike for after in rules.completed(task)]
            runner.complete(task)
    return ""


@pytest.mark.parametrize("block", range(4))
def test_a_drawing_of_tasks_gateways_and_boundary_events_does_what_the_token_rules_say(block: int) -> None:
    followed = 0
    for seed in range(block * 150, block * 150 + 150):
        with contextlib.suppress(TooMuch):
            assert not difference(seed)
            followed += 1
    assert followed > 120
