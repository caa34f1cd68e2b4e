"""One SVG of a definition's diagram, coloured by classes: what is done, what is under way, what is still to come."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from lxml import etree

from lastmeter.definitions.layout.shapes import text_width
from lastmeter.definitions.source import (
    ACTIVITIES,
    BPMN,
    BPMNDI,
    DC,
    DI,
    EVENTS,
    GATEWAYS,
    is_event_sub_process,
    local,
    name_in,
    parse,
    truth,
)
from lastmeter.definitions.svg import symbols
from lastmeter.definitions.svg.steps import in_flow_order
from lastmeter.definitions.svg.text import lines_of
from lastmeter.definitions.svg.words import State, kind_word, pick, state_word

_MARGIN = 16
_REACHED = frozenset({"done", "active", "overdue", "hold"})
Bounds = tuple[float, float, float, float]  # x, y, width, height


def progress_svg(
    xml: bytes,
    states: Mapping[str, State],
    *,
    notes: Mapping[str, str] | None = None,
    language: str = "zh",
) -> str:
    """The first diagram of the file as one SVG element; "" for a file without a diagram. Raises SourceRejected.

    `states` may name flows too: then exactly those are the path taken; else a flow counts as taken when it leads from
    something done to something reached. `notes` (who, when, days left) stand below the element, above an activity on
    whose lower edge an event sits, beside the flow where one begins or ends there. Colours come from
    classes `bpmn-*` alone: no style attribute, no script, no id of the file.
    """
    root = parse(xml)
    plane = root.find(f"{BPMNDI}BPMNDiagram/{BPMNDI}BPMNPlane")
    if plane is None:
        return ""
    picture = _Picture(root, states, notes or {}, language)
    for shape in plane.iterfind(f"{BPMNDI}BPMNShape"):
        picture.add_shape(shape)
    for edge in plane.iterfind(f"{BPMNDI}BPMNEdge"):
        picture.add_edge(edge)
    # A drawing's own id keeps the references of two pictures on one page apart.
    token = hashlib.sha256(xml + language.encode()).hexdigest()[:8]
    return picture.finish(plane.get("bpmnElement", ""), f"bpmn-{token}")


@dataclass
class _Layers:
    """Parts in the order they are painted."""

    frames: list[str]
    lines: list[str]
    taken: list[str]
    shapes: list[str]
    texts: list[str]


class _Picture:
    def __init__(
        self, root: etree._Element, states: Mapping[str, State], notes: Mapping[str, str], language: str
    ) -> None:
        self._root = root
        self._elements = {e.get("id", ""): e for e in root.iter(f"{BPMN}*") if e.get("id")}
        self._states = states
        self._notes = notes
        self._language = language
        self._layers = _Layers([], [], [], [], [])
        self._box: list[float] = []
        lines = [_points(edge) for edge in root.iter(f"{BPMNDI}BPMNEdge")]
        self._ends = {end for line in lines if line for end in (line[0], line[-1])}
        self._hosts = {e.get("attachedToRef", "") for e in root.iter(f"{BPMN}boundaryEvent")}
        flow_tags = (f"{BPMN}sequenceFlow",)
        self._flows_known = any(e.tag in flow_tags for i in states if (e := self._elements.get(i)) is not None)

    # -- words

    def _name(self, element: etree._Element) -> str:
        return name_in(element, self._language)

    def _title(self, element: etree._Element) -> str:
        """What a pointer resting on the element is told."""
        identifier, kind = element.get("id", ""), local(element)
        words = self._name(element) or kind_word(kind, self._language)
        if kind in EVENTS | GATEWAYS | ACTIVITIES:
            words += pick(("：", ": "), self._language)
            words += state_word(self._states.get(identifier, "future"), self._language)
        if note := self._notes.get(identifier):
            words += f" · {note}"
        return f"<title>{escape(words)}</title>"

    def _state_class(self, identifier: str) -> str:
        return f"bpmn-{self._states.get(identifier, 'future')}"

    # -- shapes

    def _grow(self, *points: tuple[float, float]) -> None:
        for x, y in points:
            if not self._box:
                self._box = [x, y, x, y]
            self._box = [min(self._box[0], x), min(self._box[1], y), max(self._box[2], x), max(self._box[3], y)]

    def add_shape(self, shape: etree._Element) -> None:
        """Draws one BPMNShape; shapes of unknown things are drawn as plain boxes, shapes of nothing are left out."""
        bounds = _bounds(shape)
        element = self._elements.get(_reference(shape, "bpmnElement"))
        if bounds is None or element is None:
            return
        x, y, width, height = bounds
        self._grow((x, y), (x + width, y + height))
        kind = local(element)
        if kind in ("participant", "lane"):
            self._frame(shape, element, bounds)
        elif kind in EVENTS:
            self._event(shape, element, bounds)
        elif kind in GATEWAYS:
            self._gateway(shape, element, bounds)
        elif kind in ACTIVITIES:
            self._activity(shape, element, bounds)
        elif kind == "textAnnotation":
            self._annotation(element, bounds)
        elif kind == "group":
            self._layers.frames.append(f'<rect class="bpmn-group" {_rect(bounds, 8)}/>')
        else:
            self._data(shape, element, bounds)

    def _frame(self, shape: etree._Element, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        kind = "pool" if local(element) == "participant" else "lane"
        name = self._name(element)
        horizontal = truth(shape.get("isHorizontal"), default=True) is not False
        closed = kind == "pool" and not any(True for _ in self._lanes_or_nodes(element))
        parts = [f'<rect class="bpmn-{kind}" {_rect(bounds)}/>']
        if closed:
            self._layers.texts.append(_text([name], x + width / 2, y + height / 2, "bpmn-pool-name", 12))
        else:
            strip: Bounds = (x, y, 30, height) if horizontal else (x, y, width, 30)
            parts.append(f'<rect class="bpmn-{kind}-head" {_rect(strip)}/>')
            room = height if horizontal else width
            lines = lines_of(name, room - 12, 12, 2)
            middle = (x + 15, y + height / 2) if horizontal else (x + width / 2, y + 15)
            turn = f' transform="rotate(-90 {_n(middle[0])} {_n(middle[1])})"' if horizontal else ""
            self._layers.texts.append(_text(lines, *middle, f"bpmn-{kind}-name", 12, extra=turn, leading=13))
        self._layers.frames.append("".join(parts))

    def _lanes_or_nodes(self, participant: etree._Element) -> list[etree._Element]:
        process = self._elements.get(_reference(participant, "processRef"))
        return list(process) if process is not None else []

    def _event(self, shape: etree._Element, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        cx, cy, radius = x + width / 2, y + height / 2, width / 2
        kind, identifier = local(element), element.get("id", "")
        quiet = truth(element.get("cancelActivity") or element.get("isInterrupting"), default=True) is False
        classes = f"bpmn-event bpmn-{_slug(kind)} {self._state_class(identifier)}" + (" bpmn-quiet" if quiet else "")
        circle = f'<circle cx="{_n(cx)}" cy="{_n(cy)}" r="{_n(radius)}"/>'
        if kind in ("intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"):
            circle += f'<circle cx="{_n(cx)}" cy="{_n(cy)}" r="{_n(radius - 3)}"/>'
        definitions = [local(child) for child in element if local(child).endswith("EventDefinition")]
        if definitions:
            sign = symbols.EVENT_SIGNS.get(definitions[0] if len(definitions) == 1 else "multiple", "")
            filled = kind in ("endEvent", "intermediateThrowEvent")
            circle += _sign(sign, cx, cy, "bpmn-sign-filled" if filled else "bpmn-sign")
        self._put(element, classes, circle, (x + width - 2, y + 3))
        self._outer_label(shape, element, (cx, y + height + 4))

    def _gateway(self, shape: etree._Element, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        cx, cy = x + width / 2, y + height / 2
        corners = f"M{_n(cx)} {_n(y)} {_n(x + width)} {_n(cy)} {_n(cx)} {_n(y + height)} {_n(x)} {_n(cy)}Z"
        body = f'<path d="{corners}"/>' + _sign(symbols.GATEWAY_SIGNS[local(element)], cx, cy, "bpmn-sign bpmn-bold")
        classes = f"bpmn-gateway {self._state_class(element.get('id', ''))}"
        self._put(element, classes, body, (x + width - 8, y + 10))
        self._outer_label(shape, element, (cx, y + height + 4))

    def _activity(self, shape: etree._Element, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        kind, identifier = local(element), element.get("id", "")
        opened = kind in ("subProcess", "transaction", "adHocSubProcess") and truth(shape.get("isExpanded")) is True
        event = is_event_sub_process(element)
        classes = f"bpmn-activity bpmn-{_slug(kind)} {self._state_class(identifier)}"
        classes += (" bpmn-expanded" if opened else "") + (" bpmn-event-sub" if event else "")
        body = f"<rect {_rect(bounds, 10)}/>"
        if kind == "transaction":
            body += f"<rect {_rect((x + 3, y + 3, width - 6, height - 6), 8)}/>"
        if kind in symbols.TASK_SIGNS:
            style = "bpmn-sign-filled" if kind in symbols.FILLED_TASK_SIGNS else "bpmn-sign"
            body += _sign(symbols.TASK_SIGNS[kind], x + 14, y + 14, style)
        body += self._markers(element, bounds, opened)
        self._put(element, classes, body, (x + width - 4, y + 4), opened=opened)
        name = self._name(element)
        if opened:
            self._layers.texts.append(_text([name], x + 14, y + 17, "bpmn-name bpmn-start", 12))
        else:
            lines = lines_of(name, width - 10, 12, max(1, int((height - 10) / 15)))
            # Three lines would touch the sign in the corner; a marker at the lower edge needs its room too.
            nudge = 6 if kind in symbols.TASK_SIGNS and len(lines) == 3 else 0
            self._layers.texts.append(_text(lines, x + width / 2, y + height / 2 + nudge, "bpmn-name", 12))
        if note := self._notes.get(identifier):
            self._activity_note(identifier, lines_of(note, max(width + 30, 120), 10, 2), bounds)

    def _activity_note(self, identifier: str, lines: list[str], bounds: Bounds) -> None:
        """Where neither a boundary event, nor its name, nor a flow runs through it."""
        x, y, width, height = bounds
        centre, bottom = x + width / 2, y + height
        hosts = identifier in self._hosts
        top = y - 9 - 13 * (len(lines) - 1) if hosts else bottom + 11
        meets_flow = (centre, y if hosts else bottom) in self._ends
        half = max((text_width(line, 10) for line in lines), default=0) / 2
        self._note(lines, centre - half - 6 if meets_flow else centre, top)

    def _markers(self, element: etree._Element, bounds: Bounds, opened: bool) -> str:
        x, y, width, height = bounds
        signs = []
        many = element.find(f"{BPMN}multiInstanceLoopCharacteristics")
        if many is not None:
            signs.append(symbols.SEQUENTIAL_MANY if truth(many.get("isSequential")) else symbols.PARALLEL_MANY)
        if element.find(f"{BPMN}standardLoopCharacteristics") is not None:
            signs.append(symbols.LOOP)
        collapsible = local(element) in ("subProcess", "transaction", "adHocSubProcess", "callActivity")
        if collapsible and not opened:
            signs.append(symbols.COLLAPSED)
        first = x + width / 2 - 9 * (len(signs) - 1)
        return "".join(_sign(sign, first + 18 * n, y + height - 10, "bpmn-sign") for n, sign in enumerate(signs))

    def _data(self, shape: etree._Element, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        if local(element) == "dataObjectReference":
            fold = f"M{_n(x)} {_n(y)}H{_n(x + width - 10)}L{_n(x + width)} {_n(y + 10)}V{_n(y + height)}H{_n(x)}Z"
            body = f'<path d="{fold}"/>'
        elif local(element) == "dataStoreReference":
            body = f'<ellipse cx="{_n(x + width / 2)}" cy="{_n(y + 7)}" rx="{_n(width / 2)}" ry="7"/>'
            body += f'<path d="M{_n(x)} {_n(y + 7)}V{_n(y + height - 7)}A{_n(width / 2)} 7 0 0 0 {_n(x + width)} '
            body += f'{_n(y + height - 7)}V{_n(y + 7)}"/>'
        else:
            body = f"<rect {_rect(bounds, 4)}/>"
        self._layers.shapes.append(f'<g class="bpmn-data">{self._title(element)}{body}</g>')
        self._outer_label(shape, element, (x + width / 2, y + height + 4))

    def _annotation(self, element: etree._Element, bounds: Bounds) -> None:
        x, y, width, height = bounds
        bracket = f"M{_n(x + 10)} {_n(y)}H{_n(x)}V{_n(y + height)}H{_n(x + 10)}"
        self._layers.shapes.append(f'<path class="bpmn-annotation" d="{bracket}"/>')
        text = " ".join((element.findtext(f"{BPMN}text") or "").split())
        lines = lines_of(text, width - 10, 12, max(1, int(height / 15)))
        top = y + 8 + 7 * len(lines)
        self._layers.texts.append(_text(lines, x + 6, top, "bpmn-label bpmn-start", 12))

    def _put(
        self, element: etree._Element, classes: str, body: str, corner: tuple[float, float], *, opened: bool = False
    ) -> None:
        state = self._states.get(element.get("id", ""))
        badge = ""
        if state is not None:
            badge = f'<g class="bpmn-badge" transform="translate({_n(corner[0])} {_n(corner[1])})"><circle r="8"/>'
            badge += f'<path d="{symbols.BADGES[state]}"/></g>'
        group = f'<g class="{classes}">{self._title(element)}{body}{badge}</g>'
        # An open sub-process lies under the lines inside it.
        (self._layers.frames if opened else self._layers.shapes).append(group)

    def _outer_label(self, shape: etree._Element, element: etree._Element, below: tuple[float, float]) -> None:
        """The name beside the shape: in the box the diagram gives, else centred below; the note under it."""
        name = self._name(element)
        given = _bounds(shape.find(f"{BPMNDI}BPMNLabel"))
        bottom = below[1] - 4
        centre = below[0]
        if name:
            width = max(given[2] + 4 if given else 90, 62)
            lines = lines_of(name, width, 11, 4)
            if given is None:
                given = (below[0] - width / 2, below[1], width, 14.0 * len(lines))
            centre, middle = given[0] + given[2] / 2, given[1] + given[3] / 2
            if given[1] + given[3] <= below[1]:  # a label above grows upwards, one below downwards
                middle = given[1] + given[3] - 7 * len(lines)
            else:
                middle = given[1] + 7 * len(lines)
            bottom = max(bottom, middle + 7 * len(lines))
            self._layers.texts.append(_text(lines, centre, middle, "bpmn-label", 11, leading=14))
            half = max(text_width(line) for line in lines) / 2
            self._grow((centre - half, middle - 7 * len(lines)), (centre + half, middle + 7 * len(lines)))
        if note := self._notes.get(element.get("id", "")):
            self._note(lines_of(note, 120, 10, 2), below[0] if not name else centre, bottom + 8)

    def _note(self, lines: list[str], x: float, top: float) -> None:
        middle = top + 6.5 * (len(lines) - 1)
        self._layers.texts.append(_text(lines, x, middle, "bpmn-note", 10, leading=13))
        half = max((text_width(line, 10) for line in lines), default=0) / 2
        self._grow((x - half, top - 6), (x + half, top + 13 * len(lines)))

    # -- lines

    def add_edge(self, edge: etree._Element) -> None:
        """Draws one BPMNEdge with its arrow and name."""
        element = self._elements.get(_reference(edge, "bpmnElement"))
        points = _points(edge)
        if element is None or len(points) < 2:
            return
        self._grow(*points)
        kind = local(element)
        taken = kind == "sequenceFlow" and self._was_taken(element)
        classes = f"bpmn-line bpmn-{_slug(kind)}" + (" bpmn-taken" if taken else "")
        body = f'<path d="{_polyline(points)}"/>'
        if kind in ("sequenceFlow", "messageFlow") or kind.startswith("data"):
            body += f'<path class="bpmn-arrow" d="{_arrow(points[-2], points[-1])}"/>'
        if kind == "messageFlow":
            body += f'<circle class="bpmn-origin" cx="{_n(points[0][0])}" cy="{_n(points[0][1])}" r="3.5"/>'
        if kind == "sequenceFlow":
            body += self._flow_mark(element, points)
        layer = self._layers.taken if taken else self._layers.lines
        layer.append(f'<g class="{classes}">{body}</g>')
        self._line_label(edge, element, points, taken)

    def _flow_mark(self, flow: etree._Element, points: list[tuple[float, float]]) -> str:
        """The slash of a default flow; the diamond of a condition on an activity's flow."""
        source = self._elements.get(flow.get("sourceRef", ""))
        if source is None:
            return ""
        (x0, y0), (x1, y1) = points[0], points[1]
        length = max(abs(x1 - x0), abs(y1 - y0), 1)
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        if source.get("default") == flow.get("id"):
            x, y = x0 + 9 * dx, y0 + 9 * dy
            aside, along = 4 * (dx + dy), 4 * (dy + dx)
            return f'<path d="M{_n(x - aside)} {_n(y - along)}L{_n(x + aside)} {_n(y + along)}"/>'
        if local(source) in ACTIVITIES and flow.find(f"{BPMN}conditionExpression") is not None:
            steps = [
                (0.0, 0.0),
                (8 * dx - 5 * dy, 8 * dy + 5 * dx),
                (16 * dx, 16 * dy),
                (8 * dx + 5 * dy, 8 * dy - 5 * dx),
            ]
            return f'<path class="bpmn-origin" d="{_polyline([(x0 + x, y0 + y) for x, y in steps])}Z"/>'
        return ""

    def _was_taken(self, flow: etree._Element) -> bool:
        if self._flows_known:
            return self._states.get(flow.get("id", "")) in _REACHED
        source, target = self._states.get(flow.get("sourceRef", "")), self._states.get(flow.get("targetRef", ""))
        return source == "done" and target in _REACHED

    def _line_label(
        self, edge: etree._Element, element: etree._Element, points: list[tuple[float, float]], taken: bool
    ) -> None:
        name = self._name(element)
        if not name:
            return
        given = _bounds(edge.find(f"{BPMNDI}BPMNLabel"))
        width = max(given[2] + 4 if given else 90, 62)
        lines = lines_of(name, width, 11, 3)
        if given is None:
            (x0, y0), (x1, y1) = points[len(points) // 2 - 1], points[len(points) // 2]
            given = ((x0 + x1) / 2 - 20, (y0 + y1) / 2 - 16, 40, 14)
        wide = max(text_width(line) for line in lines)
        x = max(given[0] + given[2] / 2, given[0] + wide / 2)
        classes = "bpmn-label bpmn-flow-label" + (" bpmn-taken-label" if taken else "")
        self._layers.texts.append(_text(lines, x, given[1] + given[3] / 2, classes, 11, leading=14))
        self._grow((given[0], given[1]), (x + wide / 2, given[1] + given[3]))

    # -- the whole

    def finish(self, plane_of: str, token: str) -> str:
        """The SVG element around everything drawn."""
        if not self._box:
            return ""
        left, top = self._box[0] - _MARGIN, self._box[1] - _MARGIN
        width, height = self._box[2] - left + _MARGIN, self._box[3] - top + _MARGIN
        title, description = self._summary(plane_of)
        spoken = pick(("zh-CN", "en"), self._language)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bpmn" role="img" lang="{spoken}" '
            f'viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
            f'aria-labelledby="{token}-t {token}-d"><title id="{token}-t">{escape(title)}</title>'
            f'<desc id="{token}-d">{escape(description)}</desc>'
        )
        layers = self._layers
        # Presentation attributes are what a page without our style sheet falls back to.
        body = "".join(
            [
                '<g fill="none" stroke="currentColor">',
                *layers.frames, *layers.lines, *layers.taken, *layers.shapes,
                '</g><g font-size="12" text-anchor="middle" fill="currentColor">', *layers.texts, "</g>",
            ]
        )  # fmt: skip
        return f"{head}{body}</svg>"

    def _summary(self, plane_of: str) -> tuple[str, str]:
        drawn = self._elements.get(plane_of)
        processes = self._root.findall(f"{BPMN}process")
        if drawn is None or local(drawn) == "collaboration":
            drawn = processes[0] if processes else None
        name = self._name(drawn) if drawn is not None else ""
        language = self._language
        title = (
            pick(("流程图：", "Process diagram: "), language) + name
            if name
            else pick(("流程图", "Process diagram"), language)
        )
        order = [node for process in processes for node in in_flow_order(process)]
        sentences = []
        for state in ("active", "overdue", "hold"):
            here = [
                self._name(n) or kind_word(local(n), language)
                for n in order
                if self._states.get(n.get("id", "")) == state
            ]
            if here:
                listed = pick(("、", ", "), language).join(here)
                sentences.append(f"{state_word(state, language)}{pick(('：', ': '), language)}{listed}")
        done = sum(1 for n in order if self._states.get(n.get("id", "")) == "done" and local(n) in ACTIVITIES)
        sentences.append(pick((f"已完成 {done} 步", f"{done} steps done"), language))
        stop = pick(("。", ". "), language)
        return title, (stop.join(sentences) + stop).strip()


def _slug(kind: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in kind)


def _reference(element: etree._Element, attribute: str) -> str:
    """The id an attribute names, without the prefix of a qualified name."""
    return (element.get(attribute) or "").split(":")[-1]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < 1e7 else None


def _bounds(shape: etree._Element | None) -> Bounds | None:
    box = shape.find(f"{DC}Bounds") if shape is not None else None
    if box is None:
        return None
    values = [_number(box.get(name)) for name in ("x", "y", "width", "height")]
    x, y, width, height = values
    if x is None or y is None or width is None or height is None or width < 0 or height < 0:
        return None
    return (x, y, width, height)


def _points(edge: etree._Element) -> list[tuple[float, float]]:
    return [
        (x, y)
        for point in edge.iterfind(f"{DI}waypoint")
        if (x := _number(point.get("x"))) is not None and (y := _number(point.get("y"))) is not None
    ]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _rect(bounds: Bounds, radius: int = 0) -> str:
    x, y, width, height = bounds
    rounded = f' rx="{radius}"' if radius else ""
    return f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{rounded}'


def _sign(path: str, x: float, y: float, classes: str) -> str:
    return f'<path class="{classes}" transform="translate({_n(x)} {_n(y)})" d="{path}"/>'


def _polyline(points: list[tuple[float, float]]) -> str:
    """The path with softly rounded corners."""
    data = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for (x0, y0), (x, y), (x1, y1) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x - x0) + abs(y - y0), abs(x1 - x) + abs(y1 - y)
        if (x0 != x and y0 != y) or (x1 != x and y1 != y) or min(before, after) < 2:
            data += f"L{_n(x)} {_n(y)}"
            continue
        radius = min(6.0, before / 2, after / 2)
        entry = (x + radius * _sign_of(x0 - x), y + radius * _sign_of(y0 - y))
        leave = (x + radius * _sign_of(x1 - x), y + radius * _sign_of(y1 - y))
        data += f"L{_n(entry[0])} {_n(entry[1])}Q{_n(x)} {_n(y)} {_n(leave[0])} {_n(leave[1])}"
    return data + f"L{_n(points[-1][0])} {_n(points[-1][1])}"


def _sign_of(value: float) -> int:
    return (value > 0) - (value < 0)


def _arrow(before: tuple[float, float], tip: tuple[float, float]) -> str:
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length, dy / length
    back = (tip[0] - 9 * dx, tip[1] - 9 * dy)
    return (
        f"M{_n(tip[0])} {_n(tip[1])}L{_n(back[0] - 4 * dy)} {_n(back[1] + 4 * dx)}"
        f"L{_n(back[0] + 4 * dy)} {_n(back[1] - 4 * dx)}Z"
    )


def _text(
    lines: list[str], x: float, middle: float, classes: str, size: float, *, extra: str = "", leading: float = 15
) -> str:
    """Lines of text centred on `middle`; the class `bpmn-start` begins them at `x` instead."""
    if not any(lines):
        return ""
    anchor = ' text-anchor="start"' if "bpmn-start" in classes else ""
    first = middle - leading * (len(lines) - 1) / 2 + size * 0.36
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(first + leading * number)}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f'<text class="{classes}"{anchor}{extra}>{spans}</text>'
