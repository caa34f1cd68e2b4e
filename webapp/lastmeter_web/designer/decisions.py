"""Trying a decision: of a package as it is published, or of a file that is published nowhere yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from lastmeter.deadlines import deadline_functions
from lastmeter.decisions import DecisionModelError, Model, load
from lastmeter.decisions.model import DecisionInfo
from lastmeter.definitions import publishing
from lastmeter.errors import InvalidInput, Missing
from lastmeter.forms.form import Form
from lastmeter_web import i18n
from lastmeter_web.designer import source
from lastmeter_web.designer.pages import asked_version, blueprint
from lastmeter_web.designer.trial import Trial
from lastmeter_web.designer.words import Words
from lastmeter_web.extensions import db
from lastmeter_web.security import allow
from lastmeter_web.sentences import sentence

# The file travels with every try, in a field of the form; Flask takes half a megabyte of those.
MAX_FILE = 400_000


@dataclass(frozen=True)
class Offer:
    """A decision that can be tried, and the model that answers it."""

    info: DecisionInfo
    model: Model
    words: Words

    @property
    def name(self) -> str:
        return self.words.name(self.info.name, self.info.label)


@blueprint.get("/designer/<key>/decisions")
@allow("definition.view")
def show_decisions(key: str) -> str:
    return _of_package(key)


@blueprint.post("/designer/<key>/decisions")
@allow("definition.view")
def try_decision(key: str) -> ResponseReturnValue:
    """What the decision answers; nothing is stored."""
    return _of_package(key)


def _of_package(key: str) -> str:
    session = db.session()
    version = asked_version()
    found = source.drawing(session, key, version)
    published = found.published
    offers = [] if published is None else _offers(publishing.load(session, published.id))
    title = i18n.both(published.title_zh, published.title_en) if published else key
    return _page(offers, title=title, key=key, version=version, published=published, text="")


def _offers(loaded: publishing.LoadedDefinition) -> list[Offer]:
    forms = [*loaded.forms.values(), *_forms_of_called(loaded)]
    return _offered(loaded.decisions, forms)


def _forms_of_called(loaded: publishing.LoadedDefinition) -> Iterable[Form]:
    """A table asks about what people chose in a process that its own process calls, as often as in its own forms."""
    session = db.session()
    for key in sorted({each.called for each in loaded.elements.values() if each.called}):
        called = publishing.latest(session, key)
        if called is not None:
            yield from publishing.load(session, called.id).forms.values()


def _offered(models: Iterable[Model], forms: Iterable[Form]) -> list[Offer]:
    known = list(forms)
    return [Offer(info, model, Words.of(model.words, known)) for model in models for info in model.decisions]


@blueprint.get("/decisions")
@allow("definition.view")
def show_file() -> str:
    return _page([], title="", text="")


@blueprint.post("/decisions")
@allow("definition.view")
def try_file() -> ResponseReturnValue:
    """A decision file from the reader's own modeller, tried before it is part of any package; nothing is stored."""
    given = request.files.get("file")
    if given is not None and given.filename:
        content = given.stream.read(MAX_FILE + 1)
    else:
        content = request.form.get("source", "").encode()
    try:
        if not content:
            raise InvalidInput(field=i18n._("决策文件"), reason=i18n._("请选择 .dmn 文件"))
        if len(content) > MAX_FILE:
            raise InvalidInput(field=i18n._("决策文件"), reason=i18n._("超过 400 KB"))
        text = content.decode()
        model = load(content)
    except UnicodeDecodeError:
        refusal = InvalidInput(field=i18n._("决策文件"), reason=i18n._("不是 UTF-8 文本；请从设计器重新导出"))
        return _page([], title="", text="", refused=_sentence(refusal)), 422
    except (DecisionModelError, InvalidInput) as error:
        return _page([], title="", text="", refused=_sentence(error)), 422
    return _page(_offered([model], []), title=model.name, text=text)


def _sentence(error: DecisionModelError | InvalidInput) -> str:
    return sentence(error.code, error.facts, i18n.language())


def _page(
    offers: list[Offer],
    *,
    title: str,
    text: str,
    key: str = "",
    version: int | None = None,
    published: object = None,
    refused: str = "",
) -> str:
    """The page of the chosen decision, else of the last one, which is where a graph of requirements leads."""
    chosen = _chosen(offers)
    trial = None
    if chosen is not None:
        trial = Trial.of(chosen.model, chosen.info.id, chosen.words, deadline_functions(db.session(), []))
        if request.form.get("example"):
            trial.run_example(request.form["example"])
        elif request.form.get("run"):
            trial.run(request.form)
        trial.lay_out()
    return render_template(
        "designer/decisions.html", offers=offers, chosen=chosen, trial=trial, title=title, key=key, version=version,
        published=published, source=text, refused=refused,
    )  # fmt: skip


def _chosen(offers: list[Offer]) -> Offer | None:
    wanted = request.values.get("decision")
    if wanted is None:
        return offers[-1] if offers else None
    for each in offers:
        if wanted in (each.info.id, each.info.name):
            return each
    if request.files or not offers:
        return offers[-1] if offers else None
    raise Missing(what="decision", name=wanted)
