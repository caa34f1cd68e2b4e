"""Data stores: what one instance leaves there another finds; it stands with the step, or not at all."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session, sessionmaker
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter import audit, clock, connectors, db
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.embedded import testing
from lastmeter.errors import Forbidden, LastmeterError
from lastmeter.outbox import Job
from lastmeter.workflow import incidents, instances, live, stores, surgery, tasks
from lastmeter.workflow.models import DataStoreEntry, Incident, Instance
from lastmeter.workflow.spiff.surgery import Cut

OFFICER = 'camunda:candidateGroups="district_officer"'
LEDGER = '<dataStore id="ledger" name="台账"/>'
REFERENCE = '<dataStoreReference id="book" name="台账" dataStoreRef="ledger"/><property id="n" name="n"/>'
CROWD = 12


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step loads the instance anew."""
    monkeypatch.setattr(live, "take", lambda *_args: None)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, connectors.View]:
    """Views of this test alone."""
    views = dict(connectors.views())
    monkeypatch.setattr(connectors, "_views", views)
    return views


def reads(key: str = "") -> str:
    ends = "<sourceRef>book</sourceRef><targetRef>n</targetRef>"
    return f'<dataInputAssociation lm:key="{key}">{ends}</dataInputAssociation>'


def writes(value: str, key: str = "") -> str:
    inside = f"<targetRef>book</targetRef><transformation>{value}</transformation>"
    return f'<dataOutputAssociation lm:key="{key}">{inside}</dataOutputAssociation>'


def task(identity: str, inside: str) -> str:
    return f'<userTask id="{identity}" name="办" {OFFICER}>{inside}</userTask>'


def script(identity: str, text: str, inside: str) -> str:
    opening = f'<scriptTask id="{identity}" scriptFormat="feel" camunda:resultVariable="r">'
    return f"{opening}{inside}<script>{text}</script></scriptTask>"


def process(key: str, *elements: str, store: str = LEDGER) -> bytes:
    return diagram(store, sequence(key, *elements).replace("</process>", f"{REFERENCE}</process>"))


def entries(scene: Scene) -> dict[tuple[int | None, str], str]:
    query = select(DataStoreEntry).order_by(DataStoreEntry.id)
    return scene(lambda s: {(row.organisation_id, row.key): row.value for row in s.scalars(query)})


def test_another_instance_of_another_process_reads_what_one_wrote(scene: Scene) -> None:
    scene.publish(process("writer", task("a", writes("{day: date(due), sum: sum}", "=no"))))
    scene.publish(process("reader", script("x", "n", reads("=no")), task("wait", "")))
    one = scene.start("lixia.officer", "writer", data={"no": "A-1"})
    scene.do("lixia.officer", "a", {"due": "2026-04-01", "sum": 12.5})
    assert scene.instance(one).state == "completed"
    two = scene.start("lixia.officer", "reader", data={"no": "A-1"})
    assert scene.variables(two)["r"] == {"day": dt.date(2026, 4, 1), "sum": Decimal("12.5")}
    three = scene.start("lixia.officer", "reader", data={"no": "A-2"})
    assert scene.variables(three)["r"] is None

    (row,) = scene(lambda s: list(s.scalars(select(DataStoreEntry))))
    assert (row.store, row.key, row.version, row.instance_id, row.written_at) == ("台账", "A-1", 1, one, MONDAY)
    facts = scene(
        lambda s: s.scalars(select(audit.AuditEvent).where(audit.AuditEvent.action == "store.written")).one().facts
    )
    assert facts == {"store": "台账", "key": "A-1", "element": "a"}
    assert scene(lambda s: instances.verify_audit(s, one)) is None


def test_what_is_written_null_is_gone_and_a_number_is_one_key_however_it_is_written(scene: Scene) -> None:
    scene.publish(
        process("p", script("x", "1", writes("r", "=12.0")), task("a", ""), script("y", "null", writes("r", "12")))
    )
    scene.start("lixia.officer", "p")
    assert entries(scene) == {(None, "12"): '{"$":"decimal","v":"1"}'}
    scene.do("lixia.officer", "a")
    assert entries(scene) == {}


def test_a_store_of_a_party_is_that_organisations_alone(scene: Scene) -> None:
    store = LEDGER.replace("/>", ' lm:party="district"/>')
    scene.publish(
        process("p", script("x", "if n = null then 1 else n + 1", reads() + writes("r")), task("a", ""), store=store)
    )
    lixia, other = scene.organisation("历下区民政局"), scene.organisation("历城区民政局")
    for organisation in (lixia, lixia, other):
        scene.start("lixia.officer", "p", parties={"district": organisation})
    assert entries(scene) == {
        (lixia, ""): '{"$":"decimal","v":"2"}', (other, ""): '{"$":"decimal","v":"1"}',
    }  # fmt: skip
    without = scene.start("lixia.officer", "p")
    assert [(each.instance_id, each.code) for each in scene.incidents()] == [(without, "party_unknown")]


def test_a_refused_step_leaves_nothing_in_the_store(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = LastmeterError()

    def refuse(_step: connectors.Step) -> None:
        raise refusal

    known = connectors.Connector("test.refuse", refuse, "拒绝", "refuse")
    monkeypatch.setitem(connectors._registered, "test.refuse", known)
    service = '<serviceTask id="s" camunda:type="external" camunda:topic="test.refuse"/>'
    scene.publish(process("p", task("a", writes("1")), service))
    number = scene.start("lixia.officer", "p")
    with pytest.raises(LastmeterError) as met:
        scene.do("lixia.officer", "a")
    assert met.value is refusal
    assert entries(scene) == {}
    assert scene.trail(number) == ["p_begin"]


def test_a_store_holds_no_more_than_its_capacity_and_no_entry_without_end(scene: Scene) -> None:
    full = LEDGER.replace("/>", ' capacity="2"/>')
    scene.publish(process("p", script("x", "no", writes("r", "=no")), store=full))
    for key in ("a", "b", "a", "c"):
        scene.start("lixia.officer", "p", data={"no": key})
    assert list(entries(scene)) == [(None, "a"), (None, "b")]
    assert [each.code for each in scene.incidents()] == ["store_full"]
    scene.publish(
        process("q", script("y", "string join(for i in 1..7000 return &quot;0123456789&quot;)", writes("r", "z")))
    )
    scene.start("lixia.officer", "q")
    assert [each.code for each in scene.incidents()] == ["store_full", "store_value_too_large"]
    listed = process("l", script("v", "[1, 2, 3]", writes("r")), store=full.replace("台账", "清单"))
    scene.publish(listed)
    scene.start("lixia.officer", "l")
    assert [each.code for each in scene.incidents()][2:] == ["store_full"]


def test_an_entry_that_found_no_room_is_written_by_a_retry_when_there_is_some(scene: Scene) -> None:
    full = LEDGER.replace("/>", ' capacity="1"/>')
    scene.publish(process("p", script("x", "no", writes("if gone then null else r", "=no")), store=full))
    scene.start("lixia.officer", "p", data={"no": "a"})
    waiting = scene.start("lixia.officer", "p", data={"no": "b"})
    scene.start("lixia.officer", "p", data={"no": "a", "gone": True})
    (incident,) = scene.incidents()
    scene(lambda s: incidents.retry(s, SYSTEM, incident.id, reason="有了位置"))
    assert scene.instance(waiting).state == "completed"
    assert entries(scene) == {(None, "b"): '"b"'}


def test_a_process_that_knows_classified_content_writes_to_no_store(scene: Scene) -> None:
    secret = {"classification": "case", "key": "p", "start": {"roles": ["district_officer"]}}
    scene.publish(process("p", script("x", "1", writes("r"))), settings=secret)
    scene.start("lixia.officer", "p")
    assert entries(scene) == {}
    assert [each.code for each in scene.incidents()] == ["store_classified"]
    form = {
        "type": "default", "id": "f",
        "components": [{"type": "checkbox", "id": "c", "key": "risk", "label": "风险",
                        "properties": {"lm.label_en": "Risk", "lm.classification": "case"}}],
    }  # fmt: skip
    scene.publish(process("q", script("x", "1", writes("r"))), forms={"f": form})
    scene.start("lixia.officer", "q")
    assert entries(scene) == {}
    assert [each.code for each in scene.incidents()] == ["store_classified"] * 2


def test_a_process_that_calls_one_with_classified_content_is_not_published_with_a_store(scene: Scene) -> None:
    """A truth or choice that is handed to the caller would be told from nothing else there."""
    scene.publish(process("plain", task("a", "")))
    secret = {"classification": "case", "key": "help", "start": {"roles": ["district_officer"]}}
    scene.publish(process("help", task("b", "")), settings=secret)
    call = '<callActivity id="call" name="求助" calledElement="{0}"/>'
    publish = publishing.publish
    assert scene(lambda s: publish(s, SYSTEM, process("p", call.format("plain"), task("c", writes("1")))).definitions)
    with pytest.raises(DefinitionRefused) as refused:
        scene(lambda s: publish(s, SYSTEM, process("q", call.format("help"), task("c", writes("1")))))
    assert [each.rule for each in refused.value.findings if each.severity == "error"] == ["store-classified"]


def test_a_store_named_like_a_view_shows_the_domain_and_takes_nothing(
    scene: Scene, registered: dict[str, connectors.View]
) -> None:
    asked: list[tuple[int | None, str]] = []

    def read(_session: Session, organisation_id: int | None, key: str) -> dict[str, object] | None:
        asked.append((organisation_id, key))
        return {"number": key, "ends_on": dt.date(2029, 3, 1)} if key == "C-1" else None

    registered["test.contract"] = connectors.View("test.contract", read, "合同", "contract")
    view = LEDGER.replace("台账", "test.contract")
    scene.publish(process("p", script("x", "n.ends_on", reads("=no")), task("a", writes("1")), store=view))
    number = scene.start("lixia.officer", "p", data={"no": "C-1"})
    assert scene.variables(number)["r"] == dt.date(2029, 3, 1)
    assert asked == [(None, "C-1")]
    with pytest.raises(LastmeterError) as met:
        scene.do("lixia.officer", "a")
    assert met.value.code == "store_read_only"
    scene.publish(process("q", script("x", "n", reads()), store=LEDGER.replace("台账", "test.gone")))
    scene.start("lixia.officer", "q")
    assert [each.code for each in scene.incidents()] == ["store_unknown"]


def test_a_cut_that_is_rehearsed_writes_nothing_and_made_it_writes(scene: Scene) -> None:
    scene.publish(process("p", task("a", ""), script("x", "amount", writes("r")), task("b", "")))
    number = scene.start("lixia.officer", "p", data={"amount": 1})
    cut = Cut("skip", at="a")
    version = scene.instance(number).version
    rehearsed = scene(lambda s: surgery.rehearse(s, SYSTEM, number, cut))
    assert rehearsed.version == version
    assert entries(scene) == {}
    scene(lambda s: surgery.operate(s, SYSTEM, number, cut, reason="试", version=version))
    assert entries(scene) == {(None, ""): '{"$":"decimal","v":"1"}'}
    assert scene.open("b")


@pytest.fixture
def crowd(own_database: testing.Database) -> sessionmaker[Session]:
    """Sessions for many threads at once."""
    url = own_database.app_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine: Engine = create_engine(url, pool_size=CROWD, max_overflow=0)
    return db.session_factory(engine)


def test_of_many_instances_that_count_one_entry_up_none_is_lost(scene: Scene, crowd: sessionmaker[Session]) -> None:
    scene.publish(
        process("p", task("a", ""), script("x", "if n = null then 1 else n + 1", reads("=no") + writes("r", "=no")))
    )
    for _ in range(CROWD):
        scene.start("lixia.officer", "p", data={"no": "A"})
    waiting = scene.open("a")
    barrier = threading.Barrier(CROWD)

    def one(task_id: int) -> None:
        clock.set_virtual(MONDAY)
        with crowd() as session:
            actor = scene.actor(session, "lixia.officer")
            barrier.wait()
            with db.unit_of_work(session):
                tasks.complete(session, actor, task_id, {})

    with ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(one, waiting))
    crowd.kw["bind"].dispose()
    assert entries(scene) == {(None, "A"): f'{{"$":"decimal","v":"{CROWD}"}}'}
    assert scene(lambda s: s.scalars(select(DataStoreEntry.version)).one()) == CROWD
    assert scene(lambda s: s.scalars(select(Incident)).all()) == []


def test_a_step_that_reads_and_writes_one_entry_costs_four_statements_more(scene: Scene) -> None:
    """The lock, what is read, the row, and which conditions want to know; however often it is read and written."""
    scene.publish(process("plain", task("a", ""), script("x", "1", ""), task("b", "")))
    counted = script("x", "if n = null then 1 else n + 1", reads("A") + writes("r", "A"))
    again = counted.replace('id="x"', 'id="y"')
    scene.publish(process("storing", task("a", ""), counted, again, task("b", "")))

    def statements(key: str) -> int:
        scene.start("lixia.officer", key)
        (waiting,) = scene.open("a")
        with db.counting_statements(scene.factory.kw["bind"]) as seen:
            scene(lambda s: tasks.complete(s, SYSTEM, waiting, {}))
        return len(seen)

    plain = statements("plain")
    assert statements("storing") == plain + 4
    assert entries(scene) == {(None, "A"): '{"$":"decimal","v":"2"}'}


def test_operators_see_how_much_a_store_holds_and_never_what(scene: Scene) -> None:
    scene.publish(process("p", script("x", "no", writes("r", "=no"))))
    for key in ("甲", "乙"):
        scene.start("lixia.officer", "p", data={"no": key})
    told = scene(lambda s: stores.overview(s, scene.actor(s, "operator")))
    assert told == [{"store": "台账", "organisation_id": None, "entries": 2, "bytes": 10, "written_at": MONDAY}]
    with pytest.raises(Forbidden):
        scene(lambda s: stores.overview(s, scene.actor(s, "lixia.officer")))


# --- conditions that start a process -------------------------------------------------------------------------


def asking(key: str, condition: str, store: str = LEDGER, fixed: str = "") -> bytes:
    """A process that begins when the condition about the store `book` becomes true."""
    begins = (
        f'<startEvent id="when"><conditionalEventDefinition><condition>{condition}</condition>'
        "</conditionalEventDefinition></startEvent>"
        '<userTask id="look" name="看"/><sequenceFlow id="w" sourceRef="when" targetRef="look"/>'
    )
    book = f'<dataStoreReference id="book" name="book" dataStoreRef="ledger" lm:key="{fixed}"/>'
    return diagram(store, f'<process id="{key}" isExecutable="true">{book}{begins}</process>')


def write(scene: Scene, value: int, **options: object) -> None:
    scene.start("lixia.officer", "writer", data={"no": "A", "value": value}, **options)
    scene.drain()


def test_a_process_begins_each_time_its_condition_becomes_true(scene: Scene) -> None:
    scene.publish(process("writer", script("x", "value", writes("r", "=no"))))
    scene.publish(asking("watch", "book &gt; 2", fixed="A"))
    scene.drain()
    for value, begun in ((1, 0), (3, 1), (4, 1), (2, 1), (5, 2), (5, 2)):
        write(scene, value)
        assert len(scene.open("look")) == begun, value
    scene.publish(asking("watch", "book &gt; 1", fixed="A"))
    scene.drain()
    write(scene, 6)
    assert len(scene.open("look")) == 2  # what holds when it is published has not become true
    write(scene, 0)
    write(scene, 6)
    assert len(scene.open("look")) == 3


def test_what_another_entry_or_another_store_becomes_asks_nothing_else(scene: Scene) -> None:
    scene.publish(process("writer", script("x", "value", writes("r", "=no"))))
    scene.publish(asking("watch", "book &gt; 2", fixed="B"))
    scene.publish(asking("other", "book &gt; 2", store=LEDGER.replace("台账", "清单"), fixed="A"))
    scene.drain()
    write(scene, 9)
    assert scene.open("look") == []


def test_a_condition_about_a_party_s_store_begins_with_that_party(scene: Scene) -> None:
    store = LEDGER.replace("/>", ' lm:party="district"/>')
    scene.publish(process("writer", script("x", "value", writes("r", "=no")), store=store))
    scene.publish(asking("watch", "book &gt; 2", store=store, fixed="A"))
    scene.drain()
    lixia, other = scene.organisation("历下区民政局"), scene.organisation("历城区民政局")
    for organisation in (lixia, other, other):
        write(scene, 3, parties={"district": organisation})
    found = scene(lambda s: list(s.scalars(select(Instance.id).where(Instance.definition_key == "watch"))))
    assert scene(lambda s: [instances.parties(s, each)["district"] for each in found]) == [lixia, other]


def test_a_condition_that_is_no_boolean_is_an_incident_for_operators(scene: Scene) -> None:
    scene.publish(process("writer", script("x", "value", writes("r", "=no"))))
    scene.publish(asking("watch", "book", fixed="A"))
    scene.drain()
    scene.start("lixia.officer", "writer", data={"no": "A", "value": 3})
    for _ in range(3):
        scene.drain()
        scene(lambda s: [setattr(job, "lease_until", None) for job in s.scalars(select(Job))])
    assert scene.open("look") == []
    assert [each.code for each in scene.incidents()] == ["condition_not_boolean"]
