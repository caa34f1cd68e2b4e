"""A decision model: its graph of decisions, the functions and services in it, and the answers it gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from lastmeter.decisions.boxes import Boxer, ModelFunction
from lastmeter.decisions.documents import (
    attribute,
    child,
    children,
    id_around,
    line_of,
    local_name,
    mistake,
    read,
    text_in,
    words_in,
)
from lastmeter.decisions.errors import DecisionMissing, DecisionModelError
from lastmeter.decisions.items import ItemDefinitions
from lastmeter.decisions.runtime import Box, ModelRun, Scope
from lastmeter.decisions.tables import Table
from lastmeter.decisions.trace import Outcome, TableTrace
from lastmeter.feel.errors import Doubt, NoValue
from lastmeter.feel.runtime import too_deep
from lastmeter.feel.types import ANY, FeelType, FunctionType, fit
from lastmeter.feel.values import FeelFunction, coerce, measured

MAX_DECISIONS_DEEP = 60


@dataclass(frozen=True, slots=True)
class Required:
    """An element that another one needs, under the import's name if it comes from an import."""

    key: str
    prefix: tuple[str, ...]


@dataclass(slots=True)
class Element:
    """An input, decision, function or service of the model. `key` is unique over all imports."""

    key: str
    id: str
    name: str
    kind: str
    type: FeelType
    xml: etree._Element
    prefix: tuple[str, ...] = ()
    required: tuple[Required, ...] = ()
    box: Box | None = None
    parameters: tuple[tuple[str, FeelType], ...] = ()
    tables: list[Table] = field(default_factory=list)
    # Of a service: what it gives, what it is given besides input data, and what it hides.
    outputs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    fed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionInfo:
    """What a caller may know of a decision: `inputs` names all input data it needs, through others too."""

    id: str
    name: str
    label: str
    inputs: tuple[str, ...]
    question: str = ""


@dataclass(frozen=True, slots=True)
class ModelDoubt:
    """An expression that runs though it can hardly be meant: in which element, on which line of the file, and why."""

    element_id: str | None
    line: int | None
    text: str
    doubt: Doubt


class Evaluation:
    """The answers found so far for one set of inputs."""

    __slots__ = ("deep", "inputs", "known", "model", "run")

    def __init__(self, model: Model, run: ModelRun, inputs: Mapping[str, object], known: dict[str, object]) -> None:
        self.model = model
        self.run = run
        self.inputs = inputs
        self.known = known
        self.deep = 0

    def value(self, key: str) -> object:
        """The value of an element, found once."""
        if key not in self.known:
            self.deep += 1
            if self.deep > MAX_DECISIONS_DEEP:
                raise too_deep()
            self.known[key] = self._found(self.model.elements[key])
            self.deep -= 1
        return self.known[key]

    def _found(self, element: Element) -> object:
        if element.kind == "input":
            return self._input(element)
        if element.kind == "decision":
            return self._decision(element)
        if element.kind == "function":
            return ModelFunction(element.name, element.parameters, element.box, self._lazy_scope(element), element.type)
        return self.model.service_function(element)

    def _input(self, element: Element) -> object:
        holder: object = self.inputs
        for part in element.prefix:
            holder = holder.get(part) if isinstance(holder, Mapping) and part in holder else self.inputs
        given = holder.get(element.name) if isinstance(holder, Mapping) else None
        value, fits = fit(given, element.type)
        if not fits:
            self.run.warn(f"input {element.name!r} has the wrong type or a value that is not allowed")
        return value

    def _decision(self, element: Element) -> object:
        if element.box is None:
            return None
        value, fits = fit(element.box(self.run, self.scope(element)), element.type)
        if not fits:
            self.run.warn(f"decision {element.name!r} gives a value of the wrong type")
        self.run.answers.append((element.name, value))
        return value

    def scope(self, element: Element) -> Scope:
        """The names that the element's logic reads: what it requires, and given values that nobody declares."""
        # Names that the model declares come in by requirements only; a table drawn without input data (as in
        # Camunda's modeller) reads whatever it is given.
        declared = self.model.declared
        scope: Scope = {name: value for name, value in self.inputs.items() if name not in declared}
        for required in element.required:
            target = self.model.elements[required.key]
            holder = scope
            for part in required.prefix:
                inner = holder.get(part)
                holder[part] = holder = dict(inner) if isinstance(inner, dict) else {}
            holder[target.name] = self.value(required.key)
        return scope

    def _lazy_scope(self, element: Element) -> Scope:
        """A function sees the functions it requires, and itself."""
        scope = self.scope(element)
        function = ModelFunction(element.name, element.parameters, element.box, scope, element.type)
        scope[element.name] = function
        return scope


class Model:
    """A loaded DMN file with its imports; safe to share between threads.

    `warnings` and `trace` tell of this thread's last evaluation; `decide` hands both out with the value.
    """

    def __init__(
        self,
        name: str,
        elements: dict[str, Element],
        main: Sequence[str],
        words: Mapping[tuple[str, str], tuple[str, str]],
        doubts: Sequence[ModelDoubt] = (),
    ) -> None:
        self.name = name
        self.doubts = tuple(doubts)
        # What values are called, (zh, en) by variable and value; see `documents.words_in`.
        self.words = words
        self.elements = elements
        self.declared = frozenset(
            element.prefix[0] if element.prefix else element.name
            for element in elements.values()
            if element.kind != "function"
        )
        self._main = tuple(main)
        self._last = threading.local()
        self._find_cycles()

    # --- asking ------------------------------------------------------------------------------------------------------

    def evaluate(
        self, decision: str, inputs: Mapping[str, object], *, functions: Mapping[str, FeelFunction] | None = None
    ) -> object:
        """The value of a decision, by name or id. Raises DecisionMissing, FeelBudgetExceeded."""
        return self.decide(decision, inputs, functions=functions).value

    def decide(
        self, decision: str, inputs: Mapping[str, object], *, functions: Mapping[str, FeelFunction] | None = None
    ) -> Outcome:
        """The value of a decision with its warnings and the trace of its tables."""
        element = self.element(decision, "decision")
        return self._answered(functions, lambda run: Evaluation(self, run, coerced(inputs), {}).value(element.key))

    def evaluate_service(
        self, service: str, inputs: Mapping[str, object], *, functions: Mapping[str, FeelFunction] | None = None
    ) -> dict[str, object]:
        """The output decisions of a service by name. Raises DecisionMissing, FeelBudgetExceeded."""
        element = self.element(service, "service")

        def work(run: ModelRun) -> object:
            given = coerced(inputs)
            known = {key: _fitted(run, self.elements[key], given.get(self.elements[key].name)) for key in element.given}
            return self._service(element, Evaluation(self, run, given, known))

        outcome = self._answered(functions, work)
        assert isinstance(outcome.value, dict)
        return outcome.value

    def evaluate_function(
        self, function: str, arguments: Mapping[str, object], *, functions: Mapping[str, FeelFunction] | None = None
    ) -> object:
        """The value of a business knowledge model for named arguments. Raises DecisionMissing, FeelBudgetExceeded."""
        element = self.element(function, "function")

        def work(run: ModelRun) -> object:
            made = Evaluation(self, run, {}, {}).value(element.key)
            assert isinstance(made, ModelFunction)
            try:
                return made.invoke(run, made.arrange(coerced(arguments)))
            except NoValue as reason:
                run.warn(str(reason))
                return None

        return self._answered(functions, work).value

    def _answered(self, functions: Mapping[str, FeelFunction] | None, work: Callable[[ModelRun], object]) -> Outcome:
        run = ModelRun(functions)
        try:
            value = measured(work(run))
        except RecursionError:
            raise too_deep() from None
        finally:
            self._last.outcome = Outcome(None, tuple(run.warnings), tuple(run.trace), tuple(run.answers))
        return Outcome(value, tuple(run.warnings), tuple(run.trace), tuple(run.answers))

    @property
    def warnings(self) -> list[str]:
        """Of this thread's last evaluation, in order."""
        outcome = getattr(self._last, "outcome", None)
        return list(outcome.warnings) if isinstance(outcome, Outcome) else []

    @property
    def trace(self) -> tuple[TableTrace, ...]:
        """The tables asked in this thread's last evaluation: inputs, rules that matched, value."""
        outcome = getattr(self._last, "outcome", None)
        return outcome.trace if isinstance(outcome, Outcome) else ()

    # --- services ----------------------------------------------------------------------------------------------------

    def _service(self, element: Element, evaluation: Evaluation) -> dict[str, object]:
        values = {self.elements[key].name: evaluation.value(key) for key in element.outputs}
        if len(values) == 1:
            # The type of a service with one output is that of the output.
            return {name: _fitted(evaluation.run, element, value) for name, value in values.items()}
        return values

    def service_function(self, element: Element) -> ModelFunction:
        """The service as a function of its input data and input decisions, in this order."""
        parameters = tuple((self.elements[key].name, self.elements[key].type) for key in (*element.fed, *element.given))

        def body(run: ModelRun, scope: Scope) -> object:
            known = {key: scope.get(self.elements[key].name) for key in (*element.given, *element.fed)}
            values = self._service(element, Evaluation(self, run, {}, known))
            return next(iter(values.values())) if len(values) == 1 else values

        return ModelFunction(element.name, parameters, body, {}, element.type)

    def has(self, decision: str) -> bool:
        """True if the file itself has the decision, by id or name."""
        return any(decision in (known.id, known.name) for known in self.decisions)

    # --- knowing -----------------------------------------------------------------------------------------------------

    @cached_property
    def decisions(self) -> tuple[DecisionInfo, ...]:
        """The decisions of the file itself, in its order."""
        return tuple(self._info(self.elements[key]) for key in self._main if self.elements[key].kind == "decision")

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every decision table of the file itself."""
        return tuple(table for key in self._main for table in self.elements[key].tables)

    def _info(self, element: Element) -> DecisionInfo:
        names: dict[str, None] = {}
        self._collect_inputs(element, names, set())
        return DecisionInfo(
            element.id,
            element.name,
            attribute(element.xml, "label") or element.name,
            tuple(names),
            text_in(element.xml, "question"),
        )

    def _collect_inputs(self, element: Element, names: dict[str, None], seen: set[str]) -> None:
        for required in element.required:
            target = self.elements[required.key]
            if target.key in seen:
                continue
            seen.add(target.key)
            if target.kind == "input":
                names.setdefault(".".join((*target.prefix, target.name)))
            self._collect_inputs(target, names, seen)
        for table in element.tables:
            for name in table.names_read:
                if name not in self.declared and not any(
                    name == self.elements[each.key].name for each in element.required
                ):
                    names.setdefault(name)

    def element(self, name: str, kind: str = "decision") -> Element:
        """The element of that name or id. Raises DecisionMissing."""
        candidates = [element for element in self.elements.values() if element.kind == kind]
        for matches in (
            lambda each: not each.prefix and each.name == name,
            lambda each: not each.prefix and each.id == name,
            lambda each: ".".join((*each.prefix, each.name)) == name,
        ):
            found = next((each for each in candidates if matches(each)), None)
            if found is not None:
                return found
        raise DecisionMissing(name=name, known=sorted(each.name for each in candidates if not each.prefix))

    def _find_cycles(self) -> None:
        done: set[str] = set()
        for key in self.elements:
            self._walk(key, [], done)

    def _walk(self, key: str, path: list[str], done: set[str]) -> None:
        if key in done:
            return
        element = self.elements[key]
        if key in path or len(path) > MAX_DECISIONS_DEEP:
            if element.kind == "function" and key in path:
                return
            raise mistake(element.xml, f"{element.name} 依赖自身。", f"{element.name} depends on itself.")
        path.append(key)
        for required in element.required:
            self._walk(required.key, path, done)
        path.pop()
        done.add(key)


def coerced(inputs: Mapping[str, object]) -> dict[str, object]:
    """The inputs as FEEL values."""
    value = coerce(dict(inputs))
    assert isinstance(value, dict)
    return value


def _fitted(run: ModelRun, element: Element, value: object) -> object:
    fitted, fits = fit(value, element.type)
    if not fits:
        run.warn(f"{element.name!r} was given a value of the wrong type")
    return fitted


# --- loading ---------------------------------------------------------------------------------------------------------

_KINDS = {
    "inputData": "input",
    "decision": "decision",
    "businessKnowledgeModel": "function",
    "decisionService": "service",
}


class _Document:
    """One file of a model while it is loaded."""

    def __init__(self, root: etree._Element, documents: Mapping[str, etree._Element], prefix: tuple[str, ...]) -> None:
        self.root = root
        self.prefix = prefix
        self.namespace = attribute(root, "namespace") or ""
        self.imports: dict[str, _Document] = {}
        self.types: dict[str, FeelType] = {}
        for each in children(root, "import"):
            self._import(each, documents)
        own = ItemDefinitions(root, dict(self.types))
        self.types = own.all()

    def _import(self, element: etree._Element, documents: Mapping[str, etree._Element]) -> None:
        namespace, name = attribute(element, "namespace") or "", attribute(element, "name") or ""
        kind = (attribute(element, "importType") or "").lower()
        if "dmn" not in kind and namespace not in documents:
            return
        if namespace not in documents:
            raise mistake(element, f"缺少引入的模型 {namespace}。", f"The imported model {namespace} is missing.")
        if len(self.prefix) > 8:
            raise mistake(element, "模型相互引入。", "Models import each other.")
        inner = _Document(documents[namespace], documents, (*self.prefix, name) if name else self.prefix)
        self.imports[namespace] = inner
        for type_name, type_ in inner.types.items():
            self.types[f"{name}.{type_name}" if name else type_name] = type_

    def key(self, element_id: str) -> str:
        """The unique key of an element of this document."""
        return ".".join((*self.prefix, "")) + element_id if self.prefix else element_id

    def target(self, href: str) -> tuple[str, tuple[str, ...]]:
        """The key an `href` points to, and the import's name in front of it."""
        namespace, _, element_id = href.rpartition("#")
        if namespace and namespace != self.namespace and namespace in self.imports:
            inner = self.imports[namespace]
            return inner.key(element_id), inner.prefix[len(self.prefix) :]
        return self.key(element_id), ()


def _names(root: etree._Element) -> set[str]:
    """Every name the document declares: what its expressions may mention."""
    return {name for name in (attribute(each, "name") for each in root.iter() if isinstance(each.tag, str)) if name}


def _elements(document: _Document, names: set[str], found: dict[str, Element], doubts: list[ModelDoubt]) -> list[str]:
    boxer = Boxer(names, document.types)
    own = []
    for xml in children(document.root):
        kind = _KINDS.get(local_name(xml))
        if kind is None:
            continue
        element = _element(document, boxer, xml, kind)
        if element.key in found:
            raise mistake(xml, f"编号 {element.id} 重复。", f"The id {element.id} is used twice.")
        found[element.key] = element
        own.append(element.key)
    # An imported model's doubts are told where that model is looked at.
    if not document.prefix:
        doubts.extend(ModelDoubt(id_around(xml), line_of(xml), text, doubt) for xml, text, doubt in boxer.doubts)
    for inner in document.imports.values():
        _elements(inner, names, found, doubts)
    return own


def _element(document: _Document, boxer: Boxer, xml: etree._Element, kind: str) -> Element:
    variable = child(xml, "variable")
    name = (None if variable is None else attribute(variable, "name")) or attribute(xml, "name") or ""
    element_id = attribute(xml, "id") or name
    if not element_id or not name:
        raise mistake(xml, "元素缺少 id 或名称。", "The element lacks an id or a name.")
    reference = attribute(xml, "typeRef") or (None if variable is None else attribute(variable, "typeRef"))
    element = Element(
        document.key(element_id), element_id, attribute(xml, "name") or name, kind, ANY, xml, document.prefix
    )
    element.name = name
    boxer.decision, boxer.tables = element.name, element.tables
    if kind == "service":
        element.outputs = _references(document, xml, "outputDecision")
        element.given = _references(document, xml, "inputDecision")
        element.fed = _references(document, xml, "inputData")
        element.type = _result(boxer.type(reference))
        return element
    element.type = boxer.type(reference)
    element.required = _required(document, xml)
    if kind == "decision":
        element.box = boxer.box_in(xml)
    if kind == "function":
        _function(boxer, xml, element)
    return element


def _function(boxer: Boxer, xml: etree._Element, element: Element) -> None:
    logic = child(xml, "encapsulatedLogic")
    if logic is None:
        return
    element.type = _result(element.type)
    element.parameters = tuple(
        (attribute(each, "name") or "", boxer.type(attribute(each, "typeRef")))
        for each in children(logic, "formalParameter")
    )
    if (attribute(logic, "kind") or "FEEL").upper() == "FEEL":
        element.box = boxer.box_in(logic) or _nothing


def _result(type_: FeelType) -> FeelType:
    """The type of what a function gives: its variable may carry the function's own type."""
    return type_.result if isinstance(type_, FunctionType) else type_


def _nothing(run: ModelRun, scope: Scope) -> object:
    return None


def _references(document: _Document, xml: etree._Element, tag: str) -> tuple[str, ...]:
    return tuple(document.target(attribute(each, "href") or "")[0] for each in children(xml, tag))


def _required(document: _Document, xml: etree._Element) -> tuple[Required, ...]:
    found = []
    for requirement in children(xml):
        if local_name(requirement) not in ("informationRequirement", "knowledgeRequirement"):
            continue
        for reference in children(requirement):
            href = attribute(reference, "href")
            if href:
                found.append(Required(*document.target(href)))
    return tuple(found)


def load(xml: bytes, imports: Sequence[bytes] = ()) -> Model:
    """The model of a DMN file and the files it imports. Raises DecisionModelError with element id and line."""
    root = read(xml)
    others = [read(each) for each in imports]
    documents = {attribute(each, "namespace") or "": each for each in others}
    document = _Document(root, documents, ())
    names = _names(root).union(*(_names(each) for each in others))
    elements: dict[str, Element] = {}
    doubts: list[ModelDoubt] = []
    try:
        main = _elements(document, names, elements, doubts)
    except RecursionError:
        raise DecisionModelError("模型嵌套过深。", "The model is nested too deeply.") from None
    _check_references(elements)
    return Model(attribute(root, "name") or "", elements, main, words_in(root), doubts)


def _check_references(elements: Mapping[str, Element]) -> None:
    for element in elements.values():
        for key in (*(each.key for each in element.required), *element.outputs, *element.given, *element.fed):
            if key not in elements:
                raise mistake(
                    element.xml,
                    f"{element.name} 引用了不存在的 {key}。",
                    f"{element.name} refers to {key}, which is not there.",
                )
