"""Published definitions: a package or a bare file becomes an immutable version, and versions are loaded to be run."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.orm import Session, undefer

from lastmeter import audit, clock, outbox, paths
from lastmeter.actor import Actor
from lastmeter.decisions import Model, Outcome
from lastmeter.decisions import load as load_decisions
from lastmeter.definitions import compiler, lint
from lastmeter.definitions.findings import DefinitionRefused, Finding
from lastmeter.definitions.lint.call_graph import called_at_once
from lastmeter.definitions.models import Definition, DefinitionDecision, DefinitionForm, DefinitionStart
from lastmeter.definitions.packages import Package, bare_package, load_package, load_zip
from lastmeter.errors import Forbidden, Missing
from lastmeter.feel import FeelFunction
from lastmeter.forms import Form, load_form

CACHED = 128
_SECRET = frozenset({"case", "sealed"})


@dataclass(frozen=True)
class Element:
    """One drawn element, as far as running and showing it needs to know."""

    id: str
    type: str
    name: str
    name_en: str
    lane_id: str
    lane_name: str
    container: str
    ext: Mapping[str, Any]
    event_kind: str = ""
    event_name: str = ""
    topic: str = ""
    called: str = ""
    repeats: str = ""
    attached_to: str = ""
    names_read: frozenset[str] = frozenset()
    names_written: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LoadedDefinition:
    """One version, ready to run; shared by all that runs on it and never changed."""

    id: int
    key: str
    version: int
    title_zh: str
    title_en: str
    classification: str
    settings: Mapping[str, Any]
    spec: Any  # what `workflow.spiff` restored
    elements: Mapping[str, Element]
    names_read: frozenset[str]
    starts: tuple[Mapping[str, Any], ...]
    forms: Mapping[str, Form]
    decisions: tuple[Model, ...] = field(default=())

    @property
    def lanes(self) -> Mapping[str, Mapping[str, str]]:
        lanes: Mapping[str, Mapping[str, str]] = self.settings.get("lanes", {})
        return lanes

    @property
    def is_package(self) -> bool:
        """True if it came with a process.toml, whose rules then hold; a bare file has none."""
        return bool(self.settings)

    @property
    def start_form(self) -> Form | None:
        return self.forms.get(self.start_form_key or "")

    @property
    def start_form_key(self) -> str | None:
        key = self.settings.get("start", {}).get("form")
        return str(key) if key else None

    @property
    def plain_starts(self) -> tuple[str, ...]:
        """The start events by which a person starts it: of several, one is chosen."""
        return tuple(start["element_id"] for start in self.starts if start["kind"] == "none")

    @property
    def starts_by_hand(self) -> bool:
        """True if a none start event is drawn, or nothing is: then what has no incoming flow begins."""
        return not self.starts or bool(self.plain_starts)

    def model_of(self, reference: str) -> Model | None:
        """The version's decision model that has the decision, by its id or name."""
        return next((model for model in self.decisions if model.has(reference)), None)

    def decide(
        self, reference: str, variables: Mapping[str, object], functions: Mapping[str, FeelFunction]
    ) -> tuple[Model, Outcome]:
        """The decision's outcome and the model that gave it. Raises Missing if no table of the version has it."""
        model = self.model_of(reference)
        if model is None:
            raise Missing(what="decision", name=reference)
        return model, model.decide(reference, variables, functions=functions)


@dataclass(frozen=True)
class Published:
    """What was published, or was there already with the same content; and what was noted on the way."""

    definitions: list[Definition]
    findings: list[Finding]


# --- publishing ----------------------------------------------------------------------------------------------


class Content(Protocol):
    """What a package is made of, as far as publishing needs it."""

    @property
    def xml(self) -> bytes: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...  # process.toml
    @property
    def forms(self) -> Mapping[str, Mapping[str, Any]]: ...  # form-js schemas by form key
    @property
    def decisions(self) -> Mapping[str, bytes]: ...  # DMN files by their stem


def publish(
    session: Session,
    actor: Actor,
    what: Package | bytes,
    *,
    source: str = "upload",
    callable_keys: Iterable[str] = (),
) -> Published:
    """Every executable process of the package or file stands as a version; equal content makes no new one.

    `what` may be a diagram or a zip file of a package. `callable_keys` are processes that will be published with it.
    Raises DefinitionRefused with all findings if one of them is an error, Forbidden.
    """
    if not actor.may("designer.publish"):
        raise Forbidden(permission="designer.publish")
    package = package_of(what)
    findings = lint.check(package, known=known_names(session, callable_keys))
    refuse_errors(findings)
    made = publish_content(session, actor, package, source=source)
    return Published(made.definitions, [*findings, *(found for found in made.findings if found not in findings)])


def known_names(session: Session, callable_keys: Iterable[str] = ()) -> lint.KnownNames:
    """What a diagram may refer to: what the program brings, and every published process."""
    published = session.scalars(select(Definition.key).distinct())
    known = frozenset(published).union(callable_keys)
    return replace(
        lint.known_now(),
        definitions=known,
        calls=lambda key: _called_at_once(session, key),
        classified=lambda key: _knows_secrets(session, key),
        starts=lambda key: _starts_of(session, key),
    )


def _knows_secrets(session: Session, key: str) -> bool:
    row = latest(session, key)
    if row is None:
        return False
    forms = load(session, row.id).forms.values()
    fields = (field.classification for form in forms for top in form.fields for field in top.walk())
    return not _SECRET.isdisjoint((row.classification, *(form.classification for form in forms), *fields))


def _starts_of(session: Session, key: str) -> list[str]:
    row = latest(session, key)
    return [] if row is None else [start["kind"] for start in row.outline["starts"]]


def _called_at_once(session: Session, key: str) -> list[str]:
    row = latest(session, key)
    if row is None:
        return []
    return list(called_at_once(key, [_Outlined(**_drawn(raw)) for raw in row.outline["elements"]]))


@dataclass(frozen=True)
class _Outlined:
    id: str
    type: str
    container: str
    event_kind: str
    called: str
    attached_to: str
    incoming: Sequence[str]
    outgoing: Sequence[str]


def _drawn(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name.name: raw[name.name] for name in fields(_Outlined)}


def package_of(what: Package | bytes) -> Package:
    """The package, whether it came as one, as a zip file of one, or as a bare diagram. Raises DefinitionRefused."""
    if isinstance(what, Package):
        return what
    return load_zip(what) if what.startswith(b"PK\x03\x04") else bare_package(what)


def publish_content(session: Session, actor: Actor, content: Content, *, source: str) -> Published:
    """As `publish`, for what was checked before: only what cannot be executed is refused. Raises DefinitionRefused."""
    parsed = compiler.installed().parse(content.xml)
    made = [_publish_process(session, actor, content, process, source) for process in parsed]
    return Published(made, list(parsed[0].findings))


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Nothing if no finding is an error. Raises DefinitionRefused."""
    if any(finding.severity == "error" for finding in findings):
        raise DefinitionRefused(findings)


def publish_bundled(session: Session, actor: Actor) -> list[Definition]:
    """The newest version of every process that comes with the program stands. Raises DefinitionRefused."""
    folders = [folder for folder in sorted(paths.bundled("bpmn").iterdir()) if (folder / "process.toml").is_file()]
    packages = [load_package(folder, paths.bundled("forms") / folder.name) for folder in folders]
    keys = [package.key for package in packages]
    return [
        made
        for package in packages
        for made in publish(session, actor, package, source="bundled", callable_keys=keys).definitions
    ]


def _publish_process(session: Session, actor: Actor, package: Content, process: Any, source: str) -> Definition:
    # Two who publish one key at once get two versions, one after the other.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 11))"), {"key": process.key})
    digest = _digest(package, process)
    newest = latest(session, process.key)
    if newest is not None and newest.digest == digest:
        return newest
    settings = dict(package.settings)
    own = process.key == settings.get("key", process.key)
    name = process.name or process.key
    made = Definition(
        key=process.key,
        version=(newest.version if newest else 0) + 1,
        title_zh=str(settings.get("title_zh", name) if own else name)[:200],
        title_en=str(settings.get("title_en", name) if own else name)[:200],
        summary_zh=str(settings.get("summary_zh", "")),
        summary_en=str(settings.get("summary_en", "")),
        classification=str(settings.get("classification", "internal")),
        listed=bool(settings.get("listed", not settings)) and own,
        settings=settings,
        outline=_outline(process),
        xml=package.xml,
        spec=process.spec_blob,
        digest=digest,
        published_at=clock.now(),
        published_by=actor.person_id,
        source=source,
    )
    session.add(made)
    session.flush()
    forms = [{"definition_id": made.id, "key": key, "schema": schema} for key, schema in package.forms.items()]
    if forms:
        session.execute(insert(DefinitionForm), forms)
    tables = [{"definition_id": made.id, "key": key, "xml": xml} for key, xml in package.decisions.items()]
    if tables:
        session.execute(insert(DefinitionDecision), tables)
    _replace_starts(session, made, process)
    facts = {"key": made.key, "version": made.version, "digest": digest.hex()}
    audit.record(session, actor, "definition.published", f"definition/{made.key}", facts=facts)
    return made


def _digest(package: Content, process: Any) -> bytes:
    """Over all that decides how the version behaves and looks."""
    parts = [
        process.key,
        hashlib.sha256(package.xml).hexdigest(),
        package.settings,
        package.forms,
        {key: hashlib.sha256(xml).hexdigest() for key, xml in package.decisions.items()},
    ]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def _outline(process: Any) -> dict[str, Any]:
    outline: dict[str, Any] = orjson.loads(
        orjson.dumps(
            {
                "elements": [asdict(element) for element in process.elements],
                "names_read": sorted(process.names_read),
                "called": sorted(process.called_keys),
                "decisions": sorted(process.decision_refs),
                "messages": sorted(process.message_names),
                "starts": [asdict(start) for start in process.start_events],
            },
            default=sorted,
        )
    )
    return outline


def _replace_starts(session: Session, made: Definition, process: Any) -> None:
    """Messages, signals, timers and conditions start the newest version only."""
    session.execute(delete(DefinitionStart).where(DefinitionStart.definition_key == made.key))
    outbox.withdraw_kind(session, "timer_start", f"start-{made.key}-")
    for start in process.start_events:
        if start.kind == "none":
            continue
        name = start.definition if start.kind in ("message", "signal") else ""
        session.add(
            DefinitionStart(
                definition_key=made.key, element_id=start.element_id, definition_id=made.id, kind=start.kind, name=name
            )
        )
        if start.kind == "condition":
            payload = {"definition": made.id, "element": start.element_id, "organisation": None}
            key = f"start-{made.key}-{start.element_id}-{made.version}"
            outbox.enqueue(session, "condition.first", key, payload=payload)
        if start.kind == "timer":
            payload = {"definition": made.id, "element": start.element_id}
            key = f"start-{made.key}-{start.element_id}-{made.version}-0"
            outbox.enqueue(session, "timer_start", key, payload=payload)
    session.flush()


# --- looking up ----------------------------------------------------------------------------------------------


def latest(session: Session, key: str, version: int | None = None) -> Definition | None:
    """The newest version of the key, or the one asked for."""
    query = select(Definition).where(Definition.key == key).order_by(Definition.version.desc()).limit(1)
    if version is not None:
        query = query.where(Definition.version == version)
    return session.scalar(query)


def newest(session: Session) -> list[Definition]:
    """The newest version of every key, by title."""
    best = select(Definition.key, func.max(Definition.version).label("version")).group_by(Definition.key).subquery()
    query = select(Definition).join(best, (best.c.key == Definition.key) & (best.c.version == Definition.version))
    return list(session.scalars(query.order_by(Definition.key)))


def listed(session: Session, actor: Actor) -> list[Definition]:
    """What the actor may start by hand, newest versions, by key."""
    return [definition for definition in newest(session) if definition.listed and may_start(actor, definition)]


def may_start(actor: Actor, definition: Definition) -> bool:
    """True if a person of the actor's roles starts it by hand; a bare file names no roles and is for everybody."""
    if not any(start["kind"] == "none" for start in definition.outline["starts"]) and definition.outline["starts"]:
        return False
    if actor.is_system:
        return True
    if not definition.settings:
        return True
    roles: Iterable[str] = definition.settings.get("start", {}).get("roles", ())
    return bool(actor.roles.intersection(roles))


# Ids are unique within a database, and an engine is one database's.
_loaded: WeakKeyDictionary[Engine, OrderedDict[int, LoadedDefinition]] = WeakKeyDictionary()
_lock = threading.Lock()


def load(session: Session, definition_id: int) -> LoadedDefinition:
    """The version ready to run, from this process's cache or from its rows. Raises Missing."""
    with _lock:
        cache = _loaded.setdefault(session.get_bind().engine, OrderedDict())
        known = cache.get(definition_id)
        if known is not None:
            cache.move_to_end(definition_id)
            return known
    made = _load(session, definition_id)
    with _lock:
        cache[definition_id] = made
        while len(cache) > CACHED:
            cache.popitem(last=False)
    return made


def _load(session: Session, definition_id: int) -> LoadedDefinition:
    query = select(Definition).where(Definition.id == definition_id).options(undefer(Definition.spec))
    row = session.scalar(query)
    if row is None:
        raise Missing(what="definition", id=definition_id)
    forms = session.execute(
        select(DefinitionForm.key, DefinitionForm.schema).where(DefinitionForm.definition_id == definition_id)
    )
    compiled = {key: load_form(schema) for key, schema in forms}
    tables = session.scalars(
        select(DefinitionDecision.xml)
        .where(DefinitionDecision.definition_id == definition_id)
        .order_by(DefinitionDecision.key)
    )
    models = tuple(load_decisions(xml) for xml in tables)
    elements = {raw["id"]: _element(raw) for raw in row.outline["elements"]}
    read = set(row.outline["names_read"]).union(*(form.variables_read for form in compiled.values()))
    read.update(name for model in models for decision in model.decisions for name in decision.inputs)
    return LoadedDefinition(
        id=row.id, key=row.key, version=row.version, title_zh=row.title_zh, title_en=row.title_en,
        classification=row.classification, settings=row.settings, elements=elements,
        spec=compiler.installed().restore(row.spec),
        names_read=frozenset(read),
        starts=tuple(row.outline["starts"]),
        forms=compiled,
        decisions=models,
    )  # fmt: skip


def _element(raw: Mapping[str, Any]) -> Element:
    name = raw["name"] or raw["id"]
    return Element(
        id=raw["id"], type=raw["type"], name=name, name_en=raw["ext"].get("lm:nameEn") or name,
        lane_id=raw["lane_id"], lane_name=raw["lane_name"], container=raw["container"], ext=raw["ext"],
        event_kind=raw["event_kind"], event_name=raw["event_name"], topic=raw["topic"], called=raw["called"],
        repeats=raw["repeats"], attached_to=raw["attached_to"],
        names_written=frozenset(raw["names_written"]), names_read=frozenset(raw["names_read"]),
    )  # fmt: skip
