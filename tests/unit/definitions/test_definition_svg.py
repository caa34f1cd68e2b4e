from __future__ import annotations

import re

import pytest
from bpmncraft import SAMPLE, bpmn, node, start, user
from lxml import etree

from lastmeter.definitions.layout import layout
from lastmeter.definitions.source import SourceRejected, parse
from lastmeter.definitions.svg import ordered_steps, progress_svg

DRAWN = layout(SAMPLE)
STATES = {"start_plan": "done", "task_request": "done", "task_merge": "active", "task_finance": "overdue"}


def svg(xml: bytes = DRAWN, **options: object) -> etree._Element:
    text = progress_svg(xml, options.pop("states", STATES), **options)  # type: ignore[arg-type]
    return etree.fromstring(text)


def texts(picture: etree._Element) -> str:
    return "|".join("".join(t.itertext()) for t in picture.iter("{*}text"))


def test_it_is_one_accessible_image_that_says_what_it_shows() -> None:
    picture = svg()
    assert picture.get("role") == "img"
    named = (picture.get("aria-labelledby") or "").split()
    said = [e.text for e in picture.iter("{*}title", "{*}desc") if e.get("id") in named]
    assert said == ["流程图：采购", "办理中：归并各街道需求。已逾期：财政核准采购方式和预算。已完成 1 步。"]


def test_it_speaks_english_where_names_are_english() -> None:
    xml = layout(bpmn(start(), user("task", lm_nameEn="Approve the plan"), "start -> task"))
    picture = svg(xml, states={"task": "active"}, language="en")
    assert "Approve the plan" in "".join(picture.itertext()).replace("\n", " ")
    assert "in progress: Approve the plan" in (picture.findtext("{*}desc") or "")
    assert picture.get("lang") == "en"


def test_nothing_needs_inline_style_or_script() -> None:
    text = progress_svg(DRAWN, STATES)
    assert " style=" not in text
    assert "<style" not in text
    assert "<script" not in text
    assert not re.search(r"\son\w+=", text)
    assert "href" not in text


def test_no_raw_id_is_ever_shown() -> None:
    xml = layout(bpmn(start(), node("exclusiveGateway", "gw_secret"), node("userTask", "task_secret", name=" ")))
    text = progress_svg(xml, {"task_secret": "active"}, notes={"task_secret": "王敏"})
    assert "secret" not in text
    ids = [e.get("id", "") for e in parse(DRAWN).iter("{*}*") if e.get("id")]
    whole = progress_svg(DRAWN, STATES)
    assert [i for i in ids if len(i) > 5 and i in whole] == []


def test_states_are_told_by_class_badge_and_words() -> None:
    groups = {g.findtext("{*}title"): g for g in svg(notes={"task_merge": "王敏 · 剩 3 个工作日"}).iter("{*}g")}
    active = groups["归并各街道需求：办理中 · 王敏 · 剩 3 个工作日"]
    assert "bpmn-active" in (active.get("class") or "").split()
    assert any("bpmn-badge" in (g.get("class") or "") for g in active.iter("{*}g"))
    future = groups["确定中标人：尚未开始"]
    assert "bpmn-future" in (future.get("class") or "").split()
    assert not any("bpmn-badge" in (g.get("class") or "") for g in future.iter("{*}g"))


def test_a_note_stands_below_its_element() -> None:
    assert "王敏 · 10:02" in texts(svg(notes={"task_merge": "王敏 · 10:02"}))


def spans(picture: etree._Element, words: str) -> list[tuple[float, float]]:
    """Where those words begin or are centred, and their line."""
    return [(float(s.get("x", "")), float(s.get("y", ""))) for s in picture.iter("{*}tspan") if s.text == words]


def test_a_note_keeps_clear_of_an_event_on_the_edge_and_of_a_flow() -> None:
    timer = node("boundaryEvent", "late", "<bpmn:timerEventDefinition/>", attachedToRef="ask", name="超时")
    xml = layout(
        bpmn(start(), user("ask"), user("next"), user("after"), timer, "start -> ask", "ask -> next", "late -> after")
    )
    boxes = {s.get("bpmnElement"): s.find("{*}Bounds") for s in parse(xml).iter("{*}BPMNShape")}
    picture = svg(xml, states={}, notes={"ask": "王敏 · 3月2日", "next": "李娜 · 3月4日"})
    ask, following = boxes["ask"], boxes["next"]
    assert ask is not None
    assert following is not None
    assert spans(picture, "王敏 · 3月2日")[0][1] < float(ask.get("y", ""))
    assert spans(picture, "李娜 · 3月4日")[0][1] > float(following.get("y", "")) + float(following.get("height", ""))
    # A flow that leaves the lower edge in the middle has the note on its left.
    moved = re.sub(
        rb'(flow_ask__next_di".*?<di:waypoint x=")[^"]+(" y=")[^"]+', b"\\g<1>0\\g<2>0", xml, count=1, flags=re.S
    )
    middle = float(following.get("x", "")) + float(following.get("width", "")) / 2
    bottom = float(following.get("y", "")) + float(following.get("height", ""))
    below = moved.replace(b'x="0" y="0"', f'x="{middle:g}" y="{bottom:g}"'.encode())
    assert spans(picture, "李娜 · 3月4日")[0][0] == middle
    assert spans(svg(below, states={}, notes={"next": "李娜 · 3月4日"}), "李娜 · 3月4日")[0][0] < middle - 20


def taken(picture: etree._Element) -> int:
    return sum("bpmn-taken" in (g.get("class") or "").split() for g in picture.iter("{*}g"))


def test_the_path_taken_leads_from_what_is_done_to_what_is_reached() -> None:
    assert taken(svg()) == 2


def test_flows_that_are_named_are_exactly_the_path_taken() -> None:
    assert taken(svg(states={**STATES, "flow_start_plan__task_request": "done"})) == 1


def test_names_that_look_like_markup_are_text() -> None:
    xml = layout(bpmn(start(), user("task", name="&lt;b&gt;甲&amp;乙"), "start -> task"))
    assert "<b>甲&乙" in texts(svg(xml, states={}))


def test_long_names_are_wrapped_within_their_task() -> None:
    xml = layout(bpmn(user("task", name="一二三四五六七八九十" * 6)))
    label = next(t for t in svg(xml, states={}).iter("{*}text") if "一" in "".join(t.itertext()))
    spans = ["".join(s.itertext()) for s in label]
    assert len(spans) <= 5
    assert max(len(s) for s in spans) <= 8
    assert spans[-1].endswith("…")


def test_a_file_without_drawing_gives_no_picture() -> None:
    assert progress_svg(SAMPLE, {}) == ""


def test_a_damaged_drawing_is_drawn_as_far_as_it_goes() -> None:
    broken = DRAWN.replace(b'<dc:Bounds x="', b'<dc:Bounds x="wide', 3).replace(b'waypoint x="', b'waypoint x="NaN', 3)
    assert "确定中标人" in texts(svg(broken))


def test_what_is_no_bpmn_is_refused() -> None:
    with pytest.raises(SourceRejected):
        progress_svg(b"<svg/>", {})


def test_two_pictures_on_one_page_have_ids_of_their_own() -> None:
    one, other = progress_svg(DRAWN, {}), progress_svg(layout(bpmn(start())), {})
    assert re.findall(r' id="([^"]+)"', one)[0] not in other


def test_steps_are_listed_in_the_order_a_case_passes_them() -> None:
    steps = [step.element_id for step in ordered_steps(DRAWN)]
    for earlier, later in (
        ("start_plan", "task_request"),
        ("task_merge", "task_demand"),
        ("task_finance", "task_remind"),
        ("task_formal", "task_report"),
        ("task_score", "task_report"),
        ("send_award", "end_signed"),
        ("end_signed", "esp_challenge"),
        ("esp_challenge", "task_answer"),
    ):
        assert steps.index(earlier) < steps.index(later)


def test_a_loop_is_told_from_where_a_case_comes_into_it() -> None:
    # The last task leads back to the first: begun at the wrong one, the list told the end before the beginning.
    tasks = [node("userTask", identifier) for identifier in ("draft", "review", "file")]
    flows = ["start -> draft", "draft -> review", "review -> file", "file -> draft", "review -> draft"]
    drawn = bpmn(node("startEvent", "start"), *tasks, *flows)
    assert [step.element_id for step in ordered_steps(drawn)] == ["start", "draft", "review", "file"]


def test_steps_say_lane_and_depth_and_never_an_id() -> None:
    steps = {step.element_id: step for step in ordered_steps(DRAWN)}
    assert steps["task_finance"].lane == "财政局"
    assert (steps["task_answer"].depth, steps["task_answer"].lane) == (1, "区县民政局")
    assert "gw_split" not in steps
    assert [s for s in ordered_steps(bpmn(node("userTask", "task_7", name=" "))) if "task_7" in s.name] == []


def test_every_step_of_the_picture_is_in_the_list() -> None:
    drawn = {g.findtext("{*}title", "").split("：")[0] for g in svg().iter("{*}g") if g.find("{*}title") is not None}
    listed = {step.name for step in ordered_steps(DRAWN)}
    # Gateways without a name say their kind in the picture; the list tells the order without them.
    assert drawn - listed == {"并行"}
