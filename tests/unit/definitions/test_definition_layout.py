from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path

import pytest
from bpmncraft import SAMPLE, bpmn, end, node, start, user
from lxml import etree

from lastmeter import paths
from lastmeter.definitions.layout import layout
from lastmeter.definitions.layout_check import problems
from lastmeter.definitions.source import parse

TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>P5D</bpmn:timeDuration></bpmn:timerEventDefinition>"


def shapes(xml: bytes) -> dict[str, tuple[int, int, int, int]]:
    found = {}
    for shape in parse(xml).iter("{*}BPMNShape"):
        bounds = shape.find("{*}Bounds")
        assert bounds is not None
        x, y, width, height = (int(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement", "")] = (x, y, x + width, y + height)
    return found


def path(xml: bytes, flow: str) -> list[tuple[int, int]]:
    edge = next(e for e in parse(xml).iter("{*}BPMNEdge") if e.get("bpmnElement") == flow)
    return [(int(p.get("x", "")), int(p.get("y", ""))) for p in edge.iterfind("{*}waypoint")]


def test_a_forty_element_tender_with_five_lanes_needs_no_mending() -> None:
    assert problems(layout(SAMPLE)) == []


def test_laying_out_twice_gives_the_same_file() -> None:
    once = layout(SAMPLE)
    assert layout(once) == once


def test_nothing_but_the_drawing_is_added() -> None:
    def meaning(xml: bytes) -> list[tuple[object, list[tuple[str, str]], str]]:
        found = []
        for element in parse(xml).iter("{*}*"):
            name = etree.QName(element)
            ours = name.namespace and name.namespace.endswith("/MODEL")
            if ours and name.localname not in ("incoming", "outgoing", "flowNodeRef"):
                found.append((name.localname, sorted(element.attrib.items()), (element.text or "").strip()))
        return sorted(found, key=str)

    assert meaning(layout(SAMPLE)) == meaning(SAMPLE)


def test_steps_run_from_left_to_right_and_a_straight_line_joins_neighbours() -> None:
    xml = layout(bpmn(start(), user("task"), end(), "start -> task", "task -> end"))
    found = shapes(xml)
    assert found["start"][2] < found["task"][0]
    assert found["task"][2] < found["end"][0]
    line = path(xml, "flow_task__end")
    assert len(line) == 2
    assert line[0][1] == line[1][1]


def test_lines_begin_and_end_on_the_border_of_their_shapes() -> None:
    xml = layout(SAMPLE)
    found = shapes(xml)
    for flow in parse(xml).iter("{*}sequenceFlow"):
        points = path(xml, flow.get("id", ""))
        for point, end_ in ((points[0], "sourceRef"), (points[-1], "targetRef")):
            left, top, right, bottom = found[flow.get(end_, "")]
            assert left <= point[0] <= right
            assert top <= point[1] <= bottom
            assert point[0] in (left, right) or point[1] in (top, bottom)


def test_a_loop_back_does_not_run_through_what_it_returns_over() -> None:
    lines = [start(), user("a"), user("b"), node("exclusiveGateway", "gw", default="flow_gw__end"), end()]
    xml = layout(bpmn(*lines, "start -> a", "a -> b", "b -> gw", "gw -> a ? again", "gw -> end"))
    assert problems(xml) == []


def test_boundary_events_sit_on_their_hosts_edge() -> None:
    events = [node("boundaryEvent", f"timer_{n}", TIMER, attachedToRef="task") for n in range(4)]
    xml = layout(bpmn(start(), user("task"), *events, end(), "start -> task", "task -> end", "timer_0 -> end"))
    found = shapes(xml)
    for n in range(4):
        middle = (found[f"timer_{n}"][1] + found[f"timer_{n}"][3]) // 2
        assert middle in (found["task"][1], found["task"][3])
    assert problems(xml) == []


def test_two_boundary_events_keep_their_names_apart() -> None:
    events = [
        node("boundaryEvent", "timer_five", TIMER, attachedToRef="task", name="五日未办"),
        node("boundaryEvent", "timer_ten", TIMER, attachedToRef="task", name="十日未办"),
    ]
    lines = [start(), user("task"), *events, user("remind"), user("report"), end()]
    flows = ["start -> task", "task -> end", "timer_five -> remind", "timer_ten -> report"]
    assert problems(layout(bpmn(*lines, *flows))) == []


def test_sub_processes_are_drawn_with_their_content_routed_inside() -> None:
    inside = "".join(
        [
            start("s"), node("exclusiveGateway", "g", default="f2"), user("a"), user("b"), end("e"),
            '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="g"/>',
            '<bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="a"/>',
            '<bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="b"/>',
            '<bpmn:sequenceFlow id="f4" sourceRef="a" targetRef="e"/>',
            '<bpmn:sequenceFlow id="f5" sourceRef="b" targetRef="e"/>',
        ]
    )  # fmt: skip
    plain = node("subProcess", "sub", inside)
    on_event = node("subProcess", "esp", inside.replace('"s"', '"s2"').replace('="', '="x_'), triggeredByEvent="true")
    xml = layout(bpmn(start(), plain, end(), on_event, "start -> sub", "sub -> end"))
    found = shapes(xml)
    for name in "sgabe":
        assert found["sub"][0] < found[name][0] < found[name][2] < found["sub"][2]
        assert found["sub"][1] < found[name][1] < found[name][3] < found["sub"][3]
    assert problems(xml) == []


def test_pools_lanes_and_messages() -> None:
    xml = layout(SAMPLE)
    found = shapes(xml)
    assert found["pool_suppliers"][3] < found["pool_tender"][1]
    for line in ("msgflow_notice", "msgflow_award"):
        assert path(xml, line)[-1][1] == found["pool_suppliers"][3]
    lanes = [found[lane] for lane in ("lane_street", "lane_district", "lane_finance", "lane_agent", "lane_committee")]
    assert all(upper[3] == lower[1] for upper, lower in itertools.pairwise(lanes))
    assert lanes[0][1] == found["pool_tender"][1]
    assert lanes[-1][3] == found["pool_tender"][3]


def test_a_message_to_an_element_inside_a_sub_process_is_drawn_to_it() -> None:
    xml = layout(SAMPLE)
    left, top, right, bottom = shapes(xml)["start_bid_arrives"]
    x, y = path(xml, "msgflow_bid")[-1]
    assert left <= x <= right
    assert y in (top, bottom)


def test_several_processes_stand_below_each_other() -> None:
    one = bpmn(start("s1"), end("e1"), "s1 -> e1", key="one").decode()
    second = bpmn(start("s2"), end("e2"), "s2 -> e2", key="two").decode()
    process = second[second.index("<bpmn:process") : second.index("</bpmn:definitions>")]
    xml = layout(one.replace("</bpmn:definitions>", process + "</bpmn:definitions>").encode())
    found = shapes(xml)
    assert found["s1"][3] < found["s2"][1]
    assert problems(xml) == []


def test_nested_lanes_stand_inside_their_parents() -> None:
    lanes = (
        '<bpmn:laneSet id="set"><bpmn:lane id="outer" name="外"><bpmn:childLaneSet id="inner_set">'
        '<bpmn:lane id="upper" name="上"><bpmn:flowNodeRef>start</bpmn:flowNodeRef></bpmn:lane>'
        '<bpmn:lane id="lower" name="下"><bpmn:flowNodeRef>end</bpmn:flowNodeRef></bpmn:lane>'
        "</bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>"
    )
    found = shapes(layout(bpmn(lanes, start(), end(), "start -> end")))
    assert found["outer"][0] < found["upper"][0]
    assert (found["outer"][1], found["outer"][3]) == (found["upper"][1], found["lower"][3])


def test_annotations_and_data_are_drawn_near_what_they_belong_to() -> None:
    note = '<bpmn:textAnnotation id="note"><bpmn:text>依据政府采购法第三十六条</bpmn:text></bpmn:textAnnotation>'
    tie = '<bpmn:association id="tie" sourceRef="task" targetRef="note"/>'
    data = '<bpmn:dataObjectReference id="plan" name="年度计划" dataObjectRef="object"/><bpmn:dataObject id="object"/>'
    xml = layout(bpmn(start(), user("task"), end(), "start -> task", "task -> end", note, tie, data))
    found = shapes(xml)
    assert abs(found["note"][0] - found["task"][0]) < 320
    assert {"note", "plan"} <= found.keys()
    assert len(path(xml, "tie")) >= 2


def test_references_that_lead_nowhere_are_left_out_of_the_drawing() -> None:
    xml = layout(bpmn(start(), "start -> nobody", node("boundaryEvent", "b", attachedToRef="nobody")))
    assert "start" in shapes(xml)


def test_a_file_without_process_gets_no_drawing() -> None:
    assert b"BPMNDiagram" not in layout(bpmn().replace(b"bpmn:process", b"bpmn:message"))


def random_process(seed: int) -> bytes:
    """A process of splits, joins, loops, lanes and timers as designers draw them, only wilder."""
    choose = random.Random(seed)
    names: list[str] = ["start"]
    lines = [start()]
    flows: list[str] = []
    tips = ["start"]
    for n in range(choose.randint(6, 28)):
        kind = choose.choice(["userTask"] * 5 + ["exclusiveGateway", "parallelGateway", "intermediateThrowEvent"])
        name = f"n{n}"
        lines.append(node(kind, name, name=choose.choice(["办理", "核准采购方式和预算", "是否核准？"])))
        source = choose.choice(tips[-3:])
        flows.append(f"{source} -> {name}")
        if choose.random() < 0.25 and n > 3:
            other = choose.choice(names[1:])
            if f"{name} -> {other}" not in flows:
                flows.append(f"{name} -> {other}")
        if kind == "userTask" and choose.random() < 0.2:
            lines.append(node("boundaryEvent", f"t{n}", TIMER, attachedToRef=name, name="超期"))
            tips.append(f"t{n}")
        names.append(name)
        tips.append(name)
    lines.append(end())
    flows.append(f"{names[-1]} -> end")
    lanes = [f"lane{n}" for n in range(choose.randint(1, 5))]
    members: dict[str, list[str]] = {lane: [] for lane in lanes}
    for name in [*names, "end"]:
        members[choose.choice(lanes)].append(name)
    text = "".join(
        f'<bpmn:lane id="{lane}" name="区县民政局">'
        + "".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in inside)
        + "</bpmn:lane>"
        for lane, inside in members.items()
    )
    return bpmn(f'<bpmn:laneSet id="set">{text}</bpmn:laneSet>', *lines, *dict.fromkeys(flows))


@pytest.mark.parametrize("seed", range(12))
def test_random_processes_have_no_overlaps_and_no_lines_through_elements(seed: int) -> None:
    found = problems(layout(random_process(seed)))
    # Crossings and crowded labels are the price of random tangles; these would be errors of the layouter.
    assert [text for text in found if "overlaps" in text or "runs through" in text or "not inside" in text] == []


@pytest.mark.parametrize("file", sorted(paths.bundled("bpmn").glob("*/*.bpmn")), ids=lambda file: file.stem)
def test_our_own_diagrams_need_no_mending(file: Path) -> None:
    assert problems(file.read_bytes()) == []


def test_it_runs_from_the_command_line(tmp_path: Path) -> None:
    source, target = tmp_path / "in.bpmn", tmp_path / "out.bpmn"
    source.write_bytes(SAMPLE)
    command = [sys.executable, "-m", "lastmeter.definitions.layout", str(source), str(target)]
    engine = str(Path(layout.__code__.co_filename).parents[3])
    subprocess.run(command, check=True, env={"PYTHONPATH": engine, "PATH": ""})
    assert target.read_bytes() == layout(SAMPLE)
