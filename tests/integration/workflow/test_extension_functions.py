"""Our own functions are the same in a gateway's condition, in a table's cell, in a script and in a form's condition."""

from __future__ import annotations

from html import escape

import pytest
from tests.integration.workflow.conftest import Scene, diagram

from lastmeter.feel import EXTENSION_NAMES
from lastmeter.forms import load_form
from lastmeter.forms.sources import scope_in

# By name: true of `day`, and the day that it is asked for.
CASES = {
    "add working days": ('add working days(date(day), 2) = date("2026-05-07")', "2026-04-30"),
    "is working day": ("not(is working day(date(day)))", "2026-05-01"),
    "add months": ('add months(date(day), 1) = date("2026-02-28")', "2026-01-31"),
    "deadline": ('deadline("D10", date(day)) = date("2026-05-06")', "2026-04-13"),
    "age on": ('age on(date(day), date("2026-03-01")) = 13', "2012-03-02"),
}
OTHER = "2026-01-05"
DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="way" name="way"><variable name="way"/><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression><text>day</text></inputExpression></input><output id="o" name="way"/>
<rule id="r1"><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>"yes"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>-</text></inputEntry><outputEntry><text>"no"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def _process(holds: str) -> bytes:
    """The condition decides at a gateway, in a table, and in a script."""
    condition = escape(holds)

    def script(name: str, text: str) -> str:
        head = f'<scriptTask id="{name}" scriptFormat="feel" camunda:resultVariable="{name}">'
        return f"{head}<script>{text}</script></scriptTask>"

    nodes = [
        '<startEvent id="s"/>', script("said", condition),
        '<businessRuleTask id="decide" camunda:decisionRef="way" camunda:resultVariable="way"/>',
        '<exclusiveGateway id="g" default="f_no"/>', script("yes", "true"), script("no", "true"), '<endEvent id="e"/>',
    ]  # fmt: skip
    flows = [("f1", "s", "said"), ("f2", "said", "decide"), ("f3", "decide", "g"), ("f_no", "g", "no"),
             ("f4", "yes", "e"), ("f5", "no", "e")]  # fmt: skip
    drawn = [f'<sequenceFlow id="{name}" sourceRef="{one}" targetRef="{other}"/>' for name, one, other in flows]
    drawn.append(
        '<sequenceFlow id="f_yes" sourceRef="g" targetRef="yes">'
        f"<conditionExpression>{condition}</conditionExpression></sequenceFlow>"
    )
    return diagram(f'<process id="p" isExecutable="true">{"".join(nodes + drawn)}</process>')


def test_every_extension_has_its_case() -> None:
    assert set(CASES) == EXTENSION_NAMES


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_extension_decides_at_a_gateway_in_a_table_and_in_a_script(scene: Scene, name: str) -> None:
    holds, day = CASES[name]
    cell = escape(holds.replace("date(day)", "date(?)"))
    scene.publish(_process(holds), decisions={"way": DMN.format(cell=cell).encode()})
    for given, branch in ((day, "yes"), (OTHER, "no")):
        number = scene.start("lixia.officer", "p", data={"day": given})
        known = scene.variables(number)
        assert known["said"] is (branch == "yes")
        assert known["way"] == branch
        assert known.get(branch) is True
        assert scene.incidents() == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_extension_hides_a_field_of_a_form(scene: Scene, name: str) -> None:
    holds, day = CASES[name]
    form = load_form(
        {
            "type": "default",
            "id": "f",
            "components": [
                {"type": "datetime", "id": "day", "key": "day", "label": "日", "subtype": "date",
                 "properties": {"lm.label_en": "Day"}},
                {"type": "textfield", "id": "x", "key": "x", "label": "说明", "properties": {"lm.label_en": "X"},
                 "conditional": {"hide": "=" + holds.replace("date(day)", "day")}},
            ],
        }
    )  # fmt: skip

    def kept(given: str) -> object:
        return scene(
            lambda session: form.load(
                {"day": given, "x": "a"}, scope=scope_in(session, scene.actor(session, "lixia.officer"))
            )["x"]
        )

    assert kept(day) is None
    assert kept(OTHER) == "a"
