"""Why a table decided as it did: kept with the step, told in words, unchanged when the table is published anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import Missing
from lastmeter.workflow import decided, instances, tasks
from lastmeter.workflow.models import DecisionRecord, HumanTask, Instance

TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">
<inputData id="i" name="amount_fen" label="金额 · Amount">
<variable id="v" name="amount_fen" typeRef="number"/></inputData>
<inputData id="j" name="kind" label="类型 · Kind"><description>plain = 普通 · plain
CANARYKIND = 特殊 · special</description><variable id="w" name="kind" typeRef="string"/></inputData>
<decision id="route" name="route" label="去向 · Route"><variable id="x" name="route" typeRef="string"/>
<informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>
<informationRequirement id="s"><requiredInput href="#j"/></informationRequirement>
<decisionTable id="t" hitPolicy="FIRST">
<input id="c" label="金额 · Amount"><inputExpression id="e"><text>amount_fen</text></inputExpression></input>
<input id="d" label="类型 · Kind"><inputExpression id="f"><text>kind</text></inputExpression></input>
<output id="o" label="去向 · Route"><description>leader = 负责人 · leader
clerk = 经办 · clerk</description></output>
<rule id="large">
<description>达到限额，由负责人决定【示例办法 3】 · From the limit the leader decides (Rule 3)</description>
<inputEntry id="a"><text>&gt;= LIMIT</text></inputEntry><inputEntry id="b"><text>-</text></inputEntry>
<outputEntry id="g"><text>"leader"</text></outputEntry></rule>
<rule id="small"><description>其他由经办决定【示例办法 4】 · Otherwise the clerk decides (Rule 4)</description>
<inputEntry id="h"><text>-</text></inputEntry><inputEntry id="k"><text>-</text></inputEntry>
<outputEntry id="l"><text>"clerk"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
PROCESS = sequence(
    "routing",
    '<businessRuleTask id="decide" name="判定" camunda:decisionRef="route" camunda:resultVariable="to"/>',
    '<userTask id="look" name="查看"><extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="to">=to</camunda:inputParameter></camunda:inputOutput></extensionElements>'
    "</userTask>",
)


def publish(scene: Scene, limit: int, *, classification: str = "procurement", process: str = PROCESS) -> None:
    settings = {
        "key": "routing", "title_zh": "流转", "title_en": "Routing", "classification": classification, "listed": True,
        "start": {"roles": ["district_officer"], "party": "district"},
        "access": {"view": ["district_leader"]},
    }  # fmt: skip
    scene.publish(diagram(process), settings=settings, decisions={"m": TABLE.replace("LIMIT", str(limit)).encode()})


def start(scene: Scene, amount: int, kind: str = "plain") -> int:
    variables = {"amount_fen": amount, "kind": kind}
    return scene(
        lambda session: (
            instances.start(session, scene.actor(session, "lixia.officer"), "routing", variables=variables).id
        )
    )


def told(scene: Scene, instance: int, reader: str = "lixia.officer") -> list[decided.Why]:
    return scene(
        lambda session: decided.why(session, scene.actor(session, reader), session.get_one(Instance, instance))
    )


def test_the_rule_its_clause_and_what_it_looked_at_are_told(scene: Scene) -> None:
    publish(scene, 100_00)
    answers = told(scene, start(scene, 120_00))
    assert [each.element_id for each in answers] == ["decide"]
    (table,) = answers[0].told["tables"]
    (rule,) = table["rules"]
    assert (rule["rule"], rule["zh"], rule["basis"]) == ("large", "达到限额，由负责人决定", "示例办法 3")
    assert rule["en"] == "From the limit the leader decides (Rule 3)"
    amount = {"zh": "金额", "en": "Amount", "value_zh": "120.00元", "value_en": "CNY 120.00"}
    assert rule["inputs"] == [amount]  # the kind was not looked at
    assert answers[0].told["given"] == [
        amount, {"zh": "类型", "en": "Kind", "value_zh": "普通", "value_en": "plain"},
    ]  # fmt: skip
    assert answers[0].told["result"] == {"value_zh": "负责人", "value_en": "leader"}


def test_a_table_published_anew_does_not_change_what_stood(scene: Scene) -> None:
    publish(scene, 100_00)
    old = start(scene, 120_00)
    before = told(scene, old)
    publish(scene, 200_00)
    new = start(scene, 120_00)
    assert told(scene, old) == before
    assert [rule["rule"] for each in told(scene, new) for rule in each.told["tables"][0]["rules"]] == ["small"]
    asked = scene(lambda session: tables.of(session, "routing").value("route", {"amount_fen": 120_00}))
    assert asked == "clerk"  # who asks without an instance is answered by the newest version


def test_what_a_case_was_decided_by_is_sealed_and_told_to_nobody_else(scene: Scene) -> None:
    publish(scene, 100_00, classification="case")
    instance = start(scene, 120_00, "CANARYKIND")
    rows = scene(lambda session: session.scalars(select(DecisionRecord)).all())
    assert [(row.data, row.key_class is not None) for row in rows] == [(None, True)]
    assert b"CANARYKIND" not in (rows[0].sealed or b"")
    assert told(scene, instance, "lixia.leader") == []
    (answer,) = told(scene, instance, "huimin.worker1")
    assert answer.told["given"][1]["value_en"] == "special"


def test_the_task_page_has_the_last_answer_of_each_step(scene: Scene) -> None:
    publish(scene, 100_00)
    instance = start(scene, 50_00)
    view = scene(
        lambda session: tasks.get(
            session,
            scene.actor(session, "lixia.officer"),
            session.scalars(select(HumanTask.id).where(HumanTask.instance_id == instance)).one(),
        )
    )
    assert [rule["rule"] for each in view.decided for rule in each.told["tables"][0]["rules"]] == ["small"]


def test_a_connector_asks_the_table_of_its_own_version_and_the_reasons_are_kept(scene: Scene) -> None:
    @connector("test.ask", zh="询问", en="Ask")
    def ask(step: Step, **_inputs: Any) -> Mapping[str, Any]:
        with pytest.raises(Missing):
            step.decide("no_such_decision", {})
        return {"to": step.decide("route", {"amount_fen": 120_00})}

    asking = sequence(
        "routing",
        '<serviceTask id="ask" name="询问" camunda:type="external" camunda:topic="test.ask"/>',
        '<userTask id="look" name="查看"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="to">=to</camunda:inputParameter></camunda:inputOutput></extensionElements>'
        "</userTask>",
    )
    publish(scene, 100_00, process=asking)
    instance = start(scene, 0)
    (answer,) = told(scene, instance)
    assert (answer.element_id, answer.told["tables"][0]["rules"][0]["rule"]) == ("ask", "large")
