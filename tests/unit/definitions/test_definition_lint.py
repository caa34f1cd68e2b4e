"""Every publishing check on a diagram that breaks it, and on the nearest one that does not."""

from __future__ import annotations

import random
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from bpmncraft import SAMPLE, bpmn, end, node, start, user

from lastmeter import paths, wiring
from lastmeter.definitions import lint, packages
from lastmeter.definitions.findings import Finding
from lastmeter.definitions.layout import layout
from lastmeter.definitions.lint import KnownNames
from lastmeter.definitions.packages import LaneRole, Package

FORM = {
    "schemaVersion": 19, "type": "default", "id": "apply",
    "components": [
        {"type": "checkbox", "id": "f1", "key": "approved", "label": "同意", "properties": {"lm.label_en": "Approved"}}
    ],
}  # fmt: skip
KNOWN = KnownNames(
    roles=frozenset({"district_officer"}),
    connectors={"mail.send": frozenset({"to"})},
    definitions=frozenset({"contract"}),
    connector_outputs={"mail.send": frozenset({"sent"})},
    views=frozenset({"stations.contract"}),
)
LANE = (
    '<bpmn:laneSet id="set"><bpmn:lane id="lane_officer" name="经办" lm:nameEn="Officer">{}</bpmn:lane></bpmn:laneSet>'
)


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    wiring.connect()


def lane(*names: str) -> str:
    return LANE.format("".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in names))


def form(*fields: tuple[str, str], classification: str = "internal") -> dict[str, object]:
    components = [
        {
            "type": kind, "id": f"field_{key}", "key": key, "label": key,
            "properties": {"lm.label_en": key, "lm.classification": classification},
        }
        for kind, key in fields
    ]  # fmt: skip
    return {"schemaVersion": 19, "type": "default", "id": "apply", "components": components}


def package(xml: bytes, **changes: object) -> Package:
    settings = {"key": "sample"}
    made = Package(
        key="sample", xml=xml, settings=settings, start_roles=("district_officer",),
        lanes={"lane_officer": LaneRole("district_officer", "district")},
        forms={"apply": form(("checkbox", "approved"))},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def found(xml: bytes, rule: str, *, strict: bool = True, **changes: object) -> list[Finding]:
    findings = lint.lint(xml, package(xml, **changes) if strict else None, known=KNOWN)
    return [finding for finding in findings if finding.rule == rule]


def apply(identifier: str = "apply", **attributes: str) -> str:
    return user(identifier, camunda_formKey="apply", lm_nameEn="Apply", **attributes)


def choice(identifier: str = "gw", **attributes: str) -> str:
    return node("exclusiveGateway", identifier, name="如何？", lm_nameEn="How?", **attributes)


SOUND = layout(
    bpmn(
        lane("start", "apply", "gw", "end", "refused"),
        start(), apply(), choice(default="flow_gw__refused"), end(), end("refused"),
        "start -> apply", "apply -> gw", "gw -> end ? approved", "gw -> refused",
    )
)  # fmt: skip


def test_a_sound_package_has_no_errors_and_no_warnings() -> None:
    findings = lint.check(package(SOUND), known=KNOWN)
    assert [finding for finding in findings if finding.severity != "note"] == []


@pytest.mark.parametrize(
    "folder", sorted(f for f in paths.bundled("bpmn").iterdir() if f.is_dir()), ids=lambda folder: folder.name
)
def test_our_own_packages_pass_every_check(folder: Path) -> None:
    keys = frozenset(each.name for each in paths.bundled("bpmn").iterdir())
    known = replace(lint.known_now(), definitions=keys)
    findings = lint.check(packages.load_package(folder), known=known)
    assert [finding for finding in findings if finding.severity != "note"] == []


def test_every_finding_says_what_and_what_to_do_in_both_languages() -> None:
    xml = bpmn(user("a"), choice(), "gw -> a ? x", "a -> gw", node("serviceTask", "s", camunda_topic="no.such"))
    findings = lint.lint(xml, package(xml, lanes={}), known=KNOWN)
    assert len(findings) > 5
    for finding in findings:
        assert finding.message_zh
        assert finding.message_en
        assert "{" not in finding.message_zh + finding.message_en + finding.fix_zh + finding.fix_en


def test_a_bare_file_is_only_warned_where_a_package_is_refused() -> None:
    xml = bpmn(start(), choice(), end("a"), end("b"), "start -> gw", "gw -> a ? x = 1", "gw -> b ? x = 2")
    assert [f.severity for f in found(xml, "no-default-flow", strict=True)] == ["error"]
    assert [f.severity for f in found(xml, "no-default-flow", strict=False)] == ["warning"]


def test_a_plain_file_from_elsewhere_has_no_errors() -> None:
    assert [f for f in lint.lint(bpmn(start(), user("task"), "start -> task")) if f.severity == "error"] == []


def test_findings_know_element_and_line() -> None:
    xml = bpmn(start(), node("serviceTask", "mail", camunda_topic="no.such"), "start -> mail")
    finding = found(xml, "unknown-connector", strict=False)[0]
    assert (finding.severity, finding.element_id) == ("error", "mail")
    assert xml.decode().splitlines()[finding.line - 1].count('id="mail"') == 1  # type: ignore[operator]


# --- data stores ------------------------------------------------------------------------------------------------


def stored(name: str, *, writes: bool) -> bytes:
    """A task that reads a data store into a property of the process, or writes it."""
    kind, ends = ("Output", "<bpmn:targetRef>book</bpmn:targetRef><bpmn:transformation>1</bpmn:transformation>")
    if not writes:
        kind, ends = "Input", "<bpmn:sourceRef>book</bpmn:sourceRef><bpmn:targetRef>held</bpmn:targetRef>"
    association = f"<bpmn:data{kind}Association>{ends}</bpmn:data{kind}Association>"
    reader = node("exclusiveGateway", "gw", name="如何？", lm_nameEn="How?", default="flow_gw__end")
    return bpmn(
        '<bpmn:dataStoreReference id="book" name="书" dataStoreRef="store"/><bpmn:property id="held" name="held"/>',
        start(), node("userTask", "apply", association, camunda_formKey="apply", lm_nameEn="Apply"), reader, end(),
        "start -> apply", "apply -> gw", "gw -> end",
        around=f'<bpmn:dataStore id="store" name="{name}"/>',
    )  # fmt: skip


def test_a_store_named_like_a_view_exists_and_is_only_read() -> None:
    assert not found(stored("stations.contract", writes=False), "store-unknown")
    assert found(stored("stations.contracts", writes=False), "store-unknown", strict=False)[0].severity == "error"
    assert found(stored("stations.contract", writes=True), "store-read-only", strict=False)[0].element_id == "apply"
    assert not found(stored("台账", writes=True), "store-read-only") + found(
        stored("台账", writes=True), "store-unknown"
    )


def test_nothing_classified_goes_into_a_store() -> None:
    writes, reads = stored("台账", writes=True), stored("台账", writes=False)
    assert found(writes, "store-classified", classification="case")[0].severity == "error"
    secret = {"apply": form(("checkbox", "approved"), classification="sealed")}
    assert found(writes, "store-classified", forms=secret)
    assert not found(writes, "store-classified") + found(reads, "store-classified", classification="case")
    calling = writes.replace(b"</bpmn:process>", b'<bpmn:callActivity id="call" calledElement="help"/></bpmn:process>')
    for secret_key, rules in (("help", {"store-classified"}), ("other", set())):
        known = replace(KNOWN, classified=secret_key.__eq__)
        assert {finding.rule for finding in lint.lint(calling, known=known)} & {"store-classified"} == rules


def test_what_a_store_gives_is_a_name_of_the_task_alone() -> None:
    def reading(where: str) -> list[Finding]:
        later = node(
            "scriptTask", "later", "<bpmn:script>1</bpmn:script>", scriptFormat="feel", camunda_resultVariable="r"
        )
        xml = (
            stored("台账", writes=False)
            .decode()
            .replace('sourceRef="apply" targetRef="gw"', 'sourceRef="apply" targetRef="later"')
        )
        xml = xml.replace(
            "</bpmn:process>", f'{later}<bpmn:sequenceFlow id="l" sourceRef="later" targetRef="gw"/></bpmn:process>'
        )
        read = (
            xml.replace("<bpmn:script>1<", "<bpmn:script>held<")
            if where == "later"
            else xml.replace('id="apply"', 'id="apply" camunda:assignee="=held"')
        )
        return found(read.encode(), "name-not-set")

    assert reading("apply") == []
    assert [finding.element_id for finding in reading("later")] == ["later"]


# --- connectors, called processes, decisions --------------------------------------------------------------------


def test_a_connector_must_be_registered_and_take_its_inputs() -> None:
    def mail(topic: str, field: str) -> bytes:
        inside = (
            "<bpmn:extensionElements><camunda:inputOutput>"
            f'<camunda:inputParameter name="{field}">x</camunda:inputParameter>'
            "</camunda:inputOutput></bpmn:extensionElements>"
        )
        return bpmn(node("serviceTask", "mail", inside, camunda_topic=topic))

    assert found(mail("mail.sent", "to"), "unknown-connector", strict=False)[0].severity == "error"
    assert found(mail("mail.send", "whom"), "connector-input")
    assert not found(mail("mail.send", "to"), "unknown-connector") + found(mail("mail.send", "to"), "connector-input")


def test_a_called_process_must_exist() -> None:
    assert found(bpmn(node("callActivity", "call", calledElement="contrat")), "called-process-unknown")
    assert not found(bpmn(node("callActivity", "call", calledElement="contract")), "called-process-unknown")
    assert not found(bpmn(node("callActivity", "call", calledElement="sample")), "called-process-unknown")


def test_a_call_begins_at_the_one_start_without_an_event() -> None:
    def calls(*starts: str) -> list[Finding]:
        called = f'<bpmn:process id="called">{"".join(starts)}{user("t")}</bpmn:process>'
        return found(bpmn(node("callActivity", "call", calledElement="called"), around=called), "called-process-start")

    message = node("startEvent", "m", "<bpmn:messageEventDefinition/>")
    assert not calls() + calls(start()) + calls(start(), message)
    assert [finding.severity for finding in calls(start(), start("other"))] == ["error"]
    assert calls(message)
    published = replace(KNOWN, starts=lambda key: {"contract": ["message"]}.get(key, []))
    xml = bpmn(node("callActivity", "call", calledElement="contract"))
    assert "called-process-start" in {finding.rule for finding in lint.lint(xml, known=published)}


def test_a_decision_must_be_in_the_package_and_readable() -> None:
    xml = bpmn(node("businessRuleTask", "rule", camunda_decisionRef="method", camunda_resultVariable="m"))
    assert found(xml, "decision-unknown")
    table = next(paths.bundled("bpmn").glob("*/*.dmn"))
    ours = bpmn(node("businessRuleTask", "rule", camunda_decisionRef=table.stem, camunda_resultVariable="m"))
    assert not found(ours, "decision-unknown", decisions={table.stem: table.read_bytes()})
    assert found(xml, "decision-broken", decisions={"method": b"<definitions/>"})[0].severity == "error"


def test_what_a_table_leaves_open_is_said_once_for_each_kind_with_an_example() -> None:
    rows = ("[0..10)", "[5..20]", "[6..7]", "> 30", "> 40")
    written = "".join(
        f"<rule><inputEntry><text>{escape(row)}</text></inputEntry><outputEntry><text>{number}</text></outputEntry></rule>"
        for number, row in enumerate(rows)
    )
    table = f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="t" name="t"><variable name="t"/><decisionTable id="dt" hitPolicy="UNIQUE"><input id="i">
<inputExpression typeRef="number"><text>x</text></inputExpression></input><output id="o" name="t"/>{written}
</decisionTable></decision></definitions>"""
    (gap,) = found(bpmn(start()), "decision-gap", decisions={"open": table.encode()})
    assert gap.severity == "note"
    assert "x = " in gap.message_zh
    (conflict,) = found(bpmn(start()), "decision-conflict", decisions={"open": table.encode()})
    assert conflict.severity == "warning"
    first = table.replace('hitPolicy="UNIQUE"', 'hitPolicy="FIRST"').encode()
    assert not found(bpmn(start()), "decision-conflict", decisions={"open": first})
    (hidden,) = found(bpmn(start()), "decision-unreachable", decisions={"open": first})
    assert "3" in hidden.message_en


def test_a_value_called_in_a_decision_or_a_form_is_a_warning_with_its_place() -> None:
    table = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="t" name="t"><variable name="t"/>
<literalExpression id="e"><text>[1 (2)]</text></literalExpression></decision></definitions>"""
    told = found(bpmn(start()), "decision-doubt", decisions={"odd": table})
    assert [each.severity for each in told] == ["warning"]
    assert "odd.dmn, line 3" in told[0].message_en
    assert "column 2: a value is called like a function" in told[0].message_en
    assert "第 1 行第 2 列：把一个值当作函数调用" in told[0].message_zh
    field = {"type": "number", "id": "sum_1", "key": "sum", "label": "合计", "properties": {"lm.computed": "=3 (n)"}}
    form = {**FORM, "components": [*FORM["components"], field]}
    told = found(bpmn(user("task", camunda_formKey="apply")), "form-doubt", forms={"apply": form})
    assert [each.severity for each in told] == ["warning"]
    assert "form apply, sum: the expression “3 (n)”, line 1, column 1" in told[0].message_en


# --- paths ------------------------------------------------------------------------------------------------------


def test_a_choice_needs_a_default_or_conditions_that_leave_nothing_out() -> None:
    def split(*conditions: str, default: str = "", kind: str = "exclusiveGateway") -> bytes:
        ends = [end(f"e{n}") for n in range(len(conditions))]
        flows = [f"gw -> e{n} ? {c}" if c else f"gw -> e{n}" for n, c in enumerate(conditions)]
        return bpmn(start(), node(kind, "gw", default=default), *ends, "start -> gw", *flows)

    rule = "no-default-flow"
    assert found(split("a = 1", "a = 2"), rule)
    assert found(split("a = 1", "a = 2", kind="inclusiveGateway"), rule)
    assert not found(split("a = 1", "", default="flow_gw__e1"), rule)
    assert not found(split("approved", "not(approved)"), rule)
    assert not found(split("= approved", "= not(approved)"), rule)
    assert not found(split("kind = &quot;a&quot;", "kind != &quot;a&quot;"), rule)
    assert not found(split("true", "a"), rule)


def test_an_island_is_never_reached_and_a_circle_without_exit_never_ends() -> None:
    island = bpmn(start(), end(), user("a"), user("b"), "start -> end", "a -> b", "b -> a")
    assert {f.element_id for f in found(island, "never-reached")} == {"a", "b"}
    circle = bpmn(start(), user("a"), user("b"), "start -> a", "a -> b", "b -> a")
    assert found(circle, "end-unreachable")
    loop = bpmn(start(), user("a"), choice(default="flow_gw__end"), end(), "start -> a", "a -> gw", "gw -> a ? x",
                "gw -> end")  # fmt: skip
    assert not found(loop, "end-unreachable") + found(loop, "never-reached")


def test_implicit_starts_boundary_events_and_event_sub_processes_are_reached() -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    inner = node("startEvent", "s", timer) + user("t") + '<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
    xml = bpmn(
        user("a"), node("boundaryEvent", "late", timer, attachedToRef="a"), user("b"), "late -> b",
        node("subProcess", "esp", inner, triggeredByEvent="true"),
    )  # fmt: skip
    assert not found(xml, "never-reached")
    with_start = bpmn(start(), user("a"), "start -> a", node("subProcess", "esp", inner, triggeredByEvent="true"))
    assert not found(with_start, "never-reached")


def test_a_parallel_join_behind_a_choice_waits_for_ever() -> None:
    def joined(split: str, join: str) -> bytes:
        default = "flow_split__a" if split == "exclusiveGateway" else ""
        condition = " ? x" if default else ""
        return bpmn(start(), node(split, "split", default=default), user("a"), user("b"), node(join, "join"), end(),
                    "start -> split", "split -> a", f"split -> b{condition}", "a -> join", "b -> join",
                    "join -> end")  # fmt: skip

    assert found(joined("exclusiveGateway", "parallelGateway"), "join-waits-forever")
    assert found(joined("parallelGateway", "exclusiveGateway"), "branches-run-on-twice")
    for kind in ("exclusiveGateway", "parallelGateway"):
        assert not found(joined(kind, kind), "join-waits-forever") + found(joined(kind, kind), "branches-run-on-twice")


def test_a_loop_into_a_parallel_branch_is_no_second_branch() -> None:
    xml = bpmn(start(), node("parallelGateway", "split"), user("a"), user("b"), choice(default="flow_gw__join"),
               node("parallelGateway", "join"), end(), "start -> split", "split -> a", "split -> b", "a -> gw",
               "gw -> a ? again", "gw -> join", "b -> join", "join -> end")  # fmt: skip
    assert not found(xml, "branches-run-on-twice") + found(xml, "join-waits-forever")


def test_a_process_has_at_most_five_hundred_elements() -> None:
    chain = [start(), *(user(f"n{i}") for i in range(500))]
    flows = ["start -> n0", *(f"n{i} -> n{i + 1}" for i in range(499))]
    assert found(bpmn(*chain, *flows), "too-many-nodes")
    assert not found(bpmn(*chain[:-1], *flows[:-1]), "too-many-nodes")


# --- people and forms -------------------------------------------------------------------------------------------


def test_a_finding_calls_a_step_by_its_name_in_the_language_of_the_reader() -> None:
    drawn = bpmn(user("task")).replace(b'id="task"', b'id="task" lm:nameEn="Check the papers"', 1)
    finding = found(drawn, "task-without-form")[0]
    assert "“Check the papers”" in finding.message_en
    assert "Check the papers" not in finding.message_zh


def test_a_task_of_a_package_has_a_form_that_exists() -> None:
    assert found(bpmn(user("task")), "task-without-form")[0].severity == "error"
    assert found(bpmn(user("task")), "task-without-form", strict=False)[0].severity == "warning"
    assert found(bpmn(user("task", camunda_formKey="aply")), "form-unknown")
    assert not found(bpmn(user("task", camunda_formKey="camunda-forms:bpmn:apply")), "form-unknown")
    assert found(bpmn(start()), "form-unknown", start_form="begin")


def test_a_form_outside_the_subset_is_refused_with_its_field() -> None:
    broken = {**FORM, "components": [{"type": "iframe", "id": "frame_1"}]}
    finding = found(bpmn(user("task", camunda_formKey="apply")), "form-broken", forms={"apply": broken})[0]
    assert "frame_1" in finding.message_en


def test_a_lane_maps_to_a_role_that_exists_and_is_drawn() -> None:
    xml = bpmn(lane("task"), apply("task"))
    assert not found(xml, "lane-without-role") + found(xml, "role-unknown") + found(xml, "task-without-role")
    assert found(xml, "lane-without-role", lanes={})
    assert found(xml, "role-unknown", lanes={"lane_officer": LaneRole("chef")})
    assert found(xml, "role-unknown", start_roles=("chef",))
    assert found(xml, "lane-not-drawn", lanes={"lane_officer": LaneRole("district_officer"), "lane_x": LaneRole("x")})


def test_a_task_outside_lanes_needs_a_group_or_an_assignee() -> None:
    assert found(bpmn(user("task")), "task-without-role")
    assert not found(bpmn(user("task", camunda_candidateGroups="district_officer")), "task-without-role")
    assert not found(bpmn(user("task", camunda_assignee="=starter")), "task-without-role")
    assert found(bpmn(user("task", camunda_candidateGroups="cooks")), "role-unknown")


# --- names ------------------------------------------------------------------------------------------------------


def decided(reads: str, *before: str) -> bytes:
    """A choice by `reads` behind a form that sets `approved`."""
    return bpmn(lane("apply"), start(), apply(), choice(default="flow_gw__end"), end(), end("other"), *before,
                "start -> apply", "apply -> gw", f"gw -> other ? {reads}", "gw -> end")  # fmt: skip


def test_a_name_must_be_set_on_every_path_before_it_is_read() -> None:
    assert not found(decided("approved"), "name-not-set")
    finding = found(decided("granted"), "name-not-set")[0]
    assert (finding.element_id, finding.severity) == ("gw", "error")
    assert "granted" in finding.message_zh


def test_a_name_set_on_one_branch_only_may_be_missing() -> None:
    def two_ways(merge: str) -> bytes:
        default = "flow_split__skip" if merge == "exclusiveGateway" else ""
        condition = " ? 1 = 1" if default else ""
        return bpmn(start(), node(merge, "split", default=default), apply(), node("manualTask", "skip"),
                    node(merge, "join"), choice(default="flow_gw__end"), end(), end("other"),
                    "start -> split", f"split -> apply{condition}", "split -> skip", "apply -> join", "skip -> join",
                    "join -> gw", "gw -> other ? approved", "gw -> end")  # fmt: skip

    # What runs side by side is all done at the join; of a choice only one way was taken.
    assert found(two_ways("exclusiveGateway").replace(b"manualTask", b"task"), "name-not-set")
    assert not found(two_ways("parallelGateway").replace(b"manualTask", b"task"), "name-not-set")


def test_scripts_decisions_mappings_items_and_start_forms_set_names() -> None:
    script = node("scriptTask", "calc", "<bpmn:script>approved</bpmn:script>", scriptFormat="feel",
                  camunda_resultVariable="total")  # fmt: skip
    xml = bpmn(start(), apply(), script, choice(default="flow_gw__end"), end(), end("other"), "start -> apply",
               "apply -> calc", "calc -> gw", "gw -> other ? total", "gw -> end")  # fmt: skip
    assert not found(xml, "name-not-set")
    direct = bpmn(start(), choice(default="flow_gw__end"), end(), end("other"), "start -> gw",
                  "gw -> other ? approved", "gw -> end")  # fmt: skip
    assert found(direct, "name-not-set")
    assert not found(direct, "name-not-set", start_form="apply")


def test_behind_a_connector_or_message_any_name_may_be_set_but_a_slip_is_still_seen() -> None:
    unknown = KnownNames(connectors={"mail.send": frozenset()})
    mail = node("serviceTask", "mail", camunda_topic="mail.send")

    def rules(reads: str) -> list[str]:
        xml = decided(reads, mail, "mail -> apply").replace(b'"start" targetRef="apply"', b'"start" targetRef="mail"')
        return [f.rule for f in lint.lint(xml, package(xml), known=unknown) if f.rule.startswith("name-")]

    assert rules("granted") == []
    assert rules("aproved") == ["name-perhaps-misspelt"]
    assert rules("approvde") == ["name-perhaps-misspelt"]


def test_a_connector_that_says_what_it_returns_sets_just_that() -> None:
    mail = node("serviceTask", "mail", camunda_topic="mail.send")

    def behind_mail(reads: str) -> bytes:
        return bpmn(start(), mail, choice(default="flow_gw__end"), end(), end("other"), "start -> mail", "mail -> gw",
                    f"gw -> other ? {reads}", "gw -> end")  # fmt: skip

    assert not found(behind_mail("sent"), "name-not-set")
    assert found(behind_mail("read"), "name-not-set")


def test_a_secret_text_is_never_read_by_an_expression_a_secret_choice_may_be() -> None:
    xml = decided('contains(note, "x")')
    assert found(xml, "classified-name-read", forms={"apply": form(("textfield", "note"), classification="case")})
    assert not found(xml, "classified-name-read", forms={"apply": form(("textfield", "note"))})
    open_choice = form(("checkbox", "approved"), classification="case")
    assert not found(decided("approved"), "classified-name-read", forms={"apply": open_choice})


def test_in_a_package_of_cases_every_text_is_secret() -> None:
    xml = decided('contains(note, "x")')
    forms = {"apply": form(("textfield", "note"))}
    assert found(xml, "classified-name-read", forms=forms, classification="case")


# --- files ------------------------------------------------------------------------------------------------------


def test_the_package_holds_the_process_of_its_key() -> None:
    assert found(bpmn(start(), key="other"), "process-key")
    assert found(bpmn(start()).replace(b'isExecutable="true"', b'isExecutable="false"'), "process-not-executable")


def test_what_is_executed_is_drawn_and_named() -> None:
    drawn = layout(bpmn(start(), user("task"), "start -> task"))
    assert not found(drawn, "not-drawn")
    hidden = drawn.replace(b'bpmnElement="task"', b'bpmnElement="gone"')
    assert found(hidden, "not-drawn")[0].element_id == "task"
    assert found(bpmn(start()), "no-diagram")[0].severity == "warning"
    assert found(bpmn(node("userTask", "task", name=" ")), "not-named")
    assert found(bpmn(user("Activity_15lzlxz")), "default-id")[0].severity == "note"


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"", "not-xml"),
        (b"\x00" * 99, "not-xml"),
        (b"<a/>", "not-bpmn"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "doctype"),
        (b"<a>" * 99, "not-xml"),
        (b"<a>" * 150 + b"</a>" * 150, "too-deep"),
        (b" " * 6_000_000, "not-xml"),
        (b"x" * 6_000_000, "too-large"),
        (bpmn(*(user(f"n{n}") for n in range(5_001))), "too-many-elements"),
        (bpmn("<bpmn:task " + " ".join(f'a{n}="1"' for n in range(501)) + "/>"), "too-many-attributes"),
    ],
)
def test_what_cannot_be_read_is_one_error(xml: bytes, rule: str) -> None:
    findings = lint.lint(xml)
    assert [(f.severity, f.rule) for f in findings] == [("error", rule)]


def test_the_parsers_refusals_are_among_the_findings() -> None:
    twice = bpmn(start("same"), end("same"))
    assert any(f.rule == "duplicate-id" and f.severity == "error" for f in lint.lint(twice))
    nowhere = bpmn(start(), "start -> nobody")
    assert any(f.rule == "unresolved-reference" and f.severity == "error" for f in lint.lint(nowhere))
    foreign = bpmn(start(), node("scriptTask", "s", "<bpmn:script>x</bpmn:script>", scriptFormat="groovy"))
    assert any(f.rule == "foreign-script" and f.severity == "error" for f in lint.lint(foreign))


def test_damaged_files_never_raise() -> None:
    choose = random.Random(20260302)
    sources = [SAMPLE, SOUND, *(path.read_bytes() for path in sorted(paths.bundled("bpmn").glob("*/*.bpmn"))[:4])]
    for _ in range(150):
        damaged = bytearray(choose.choice(sources))
        for _ in range(choose.randint(1, 6)):
            at = choose.randrange(len(damaged))
            match choose.randrange(4):
                case 0:
                    damaged[at] = choose.randrange(256)
                case 1:
                    del damaged[at : at + choose.randint(1, 400)]
                case 2:
                    piece = bytes(damaged[at : at + choose.randint(1, 300)])
                    damaged[at:at] = piece
                case _:
                    damaged = bytearray(bytes(damaged).replace(b'Ref="', b'Ref="x', choose.randint(1, 3)))
        xml = bytes(damaged)
        lint.lint(xml, package(xml), known=KNOWN)
