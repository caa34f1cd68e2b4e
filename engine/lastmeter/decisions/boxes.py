"""Boxed expressions turned into functions of a scope.

Source: DMN 1.5, 10.2 (boxed FEEL) and chapter 8 (tables).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from lastmeter.decisions.documents import attribute, child, children, local_name, mistake, text_in
from lastmeter.decisions.runtime import Box, ModelRun, Scope
from lastmeter.decisions.tables import AGGREGATIONS, HIT_POLICIES, Input, Output, Rule, Table
from lastmeter.feel.errors import Doubt, FeelSyntaxError, NoValue
from lastmeter.feel.expression import Expression, UnaryTests, compile_expression, compile_tests
from lastmeter.feel.parser import simple_type
from lastmeter.feel.steps import at_position, range_values
from lastmeter.feel.types import ANY, FeelType, FunctionType, UnknownType, fit
from lastmeter.feel.values import Invocable, Range, arrange, kind_of

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

MAX_DEPTH = 40

# What Camunda's modeller writes for the types of other languages.
_FOREIGN_TYPES = {"integer": "number", "long": "number", "double": "number", "dateTime": "date and time"}


class ModelFunction(Invocable):
    """A function of a model: a business knowledge model, a boxed function, or a decision service."""

    def __init__(
        self,
        name: str,
        parameters: tuple[tuple[str, FeelType], ...],
        body: Callable[[ModelRun, Scope], object] | None,
        captured: Scope,
        result: FeelType = ANY,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.body = body
        self.captured = captured
        self.result = result
        self.signature = FunctionType(tuple(type_ for _, type_ in parameters), result)

    def invoke(self, run: Run, arguments: list[object]) -> object:
        if self.body is None:
            raise NoValue(f"{self.name} is written in another language, which is not run")
        if len(arguments) != len(self.parameters):
            raise NoValue(f"{self.name} takes {len(self.parameters)} arguments, got {len(arguments)}")
        scope = dict(self.captured)
        for (name, type_), value in zip(self.parameters, arguments, strict=True):
            scope[name], fits = fit(value, type_)
            if not fits:
                run.warn(f"{self.name}: argument {name!r} has the wrong type and counts as null")
        assert isinstance(run, ModelRun)
        run.charge(1)
        run.enter()
        try:
            value, fits = fit(self.body(run, scope), self.result)
        finally:
            run.depth -= 1
        if not fits:
            raise NoValue(f"{self.name}: the result has the wrong type")
        return value

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        values = arrange(self.name, [name for name, _ in self.parameters], named)
        return values + [None] * (len(self.parameters) - len(values))


class Boxer:
    """Makes boxes of one document's elements: `names` and `types` are those that its expressions may mention."""

    def __init__(self, names: Collection[str], types: Mapping[str, FeelType]) -> None:
        self.names = frozenset(names)
        self.types = types
        self.decision = ""
        self.tables: list[Table] = []
        self.doubts: list[tuple[etree._Element, str, Doubt]] = []
        self._depth = 0
        # A large table repeats its cells; compiled ones hold no state and are shared.
        self._expressions: dict[str, Expression] = {}
        self._tests: dict[str, UnaryTests] = {}

    # --- text --------------------------------------------------------------------------------------------------------

    def expression(self, element: etree._Element, text: str) -> Expression:
        """The compiled text of an element. Raises DecisionModelError with its id and line."""
        self._language(element)
        compiled = self._expressions.get(text)
        if compiled is None:
            try:
                compiled = self._expressions[text] = compile_expression(text, names=self.names, types=self.types)
            except FeelSyntaxError as error:
                raise _syntax(element, error) from None
        self.doubts.extend((element, text, doubt) for doubt in compiled.doubts)
        return compiled

    def tests(self, element: etree._Element, text: str) -> UnaryTests | None:
        """The compiled tests of a cell; None for an empty one or a dash."""
        if text in ("", "-"):
            return None
        self._language(element)
        compiled = self._tests.get(text)
        if compiled is None:
            try:
                compiled = self._tests[text] = compile_tests(text, names=self.names, types=self.types)
            except FeelSyntaxError as error:
                raise _syntax(element, error) from None
        self.doubts.extend((element, text, doubt) for doubt in compiled.doubts)
        return compiled

    def _language(self, element: etree._Element) -> None:
        language = attribute(element, "expressionLanguage")
        if language and "feel" not in language.lower():
            raise mistake(element, f"只支持 FEEL，不支持 {language}。", f"Only FEEL is understood, not {language}.")

    def type(self, name: str | None) -> FeelType:
        """The type that a `typeRef` names."""
        if not name:
            return ANY
        if name in self.types:
            return self.types[name]
        bare = name.rpartition(":")[2]
        if bare in self.types:
            return self.types[bare]
        found = simple_type(_FOREIGN_TYPES.get(bare, bare))
        return ANY if isinstance(found, UnknownType) else found

    # --- boxes -------------------------------------------------------------------------------------------------------

    def box_in(self, element: etree._Element) -> Box | None:
        """The box of the element's one boxed expression, if it has one."""
        for each in children(element):
            if local_name(each) in _BOXES:
                return self.box(each)
        return None

    def box(self, element: etree._Element) -> Box:
        """The box of a boxed expression, checked against its `typeRef`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise mistake(element, "表达式嵌套过深。", "The expressions are nested too deeply.")
        try:
            made = _BOXES[local_name(element)](self, element)
        finally:
            self._depth -= 1
        type_ = self.type(attribute(element, "typeRef"))
        if type_ is ANY or local_name(element) in ("functionDefinition", "relation"):
            return made
        return _checked(made, type_, attribute(element, "id") or local_name(element))

    def literal(self, element: etree._Element) -> Box:
        """A literal expression."""
        text = text_in(element)
        if child(element, "importedValues") is not None:
            raise mistake(element, "不支持引入外部值。", "Imported values are not supported.")
        if not text:
            return lambda run, scope: None
        return self.expression(element, text).run

    def context(self, element: etree._Element) -> Box:
        """Entries in order, each seeing the earlier ones; a last one without a name is the value."""
        entries: list[tuple[str | None, Box, FeelType]] = []
        for entry in children(element, "contextEntry"):
            variable = child(entry, "variable")
            box = self.box_in(entry) or _null
            name = None if variable is None else attribute(variable, "name")
            type_ = ANY if variable is None else self.type(attribute(variable, "typeRef"))
            entries.append((name, box, type_))
        return _context(entries)

    def listing(self, element: etree._Element) -> Box:
        """A list of boxed expressions."""
        boxes = [self.box(each) for each in children(element) if local_name(each) in _BOXES]
        return lambda run, scope: [box(run, scope) for box in boxes]

    def relation(self, element: etree._Element) -> Box:
        """A list of contexts, one a row."""
        names = [attribute(column, "name") or "" for column in children(element, "column")]
        rows = [
            [self.box(each) for each in children(row) if local_name(each) in _BOXES] for row in children(element, "row")
        ]

        def evaluate(run: ModelRun, scope: Scope) -> object:
            return [{name: box(run, scope) for name, box in zip(names, row, strict=False)} for row in rows]

        return evaluate

    def invocation(self, element: etree._Element) -> Box:
        """A function called with named arguments."""
        callee = self.box_in(element) or _null
        bindings: list[tuple[str, Box]] = []
        for binding in children(element, "binding"):
            parameter = child(binding, "parameter")
            name = None if parameter is None else attribute(parameter, "name")
            if name is None:
                raise mistake(binding, "绑定缺少参数名称。", "The binding lacks a parameter's name.")
            bindings.append((name, self.box_in(binding) or _null))
        return _invocation(callee, bindings)

    def function(self, element: etree._Element) -> Box:
        """A function definition; those in Java or PMML have no body for us."""
        parameters = tuple(
            (attribute(each, "name") or "", self.type(attribute(each, "typeRef")))
            for each in children(element, "formalParameter")
        )
        foreign = (attribute(element, "kind") or "FEEL").upper() not in ("FEEL", "F")
        body = None if foreign else (self.box_in(element) or _null)
        name = attribute(element, "label") or "function"
        return lambda run, scope: ModelFunction(name, parameters, body, scope)

    def conditional(self, element: etree._Element) -> Box:
        """Boxed if, then, else."""
        condition, then, otherwise = (self._part(element, name) for name in ("if", "then", "else"))

        def evaluate(run: ModelRun, scope: Scope) -> object:
            found = condition(run, scope)
            if found is not None and not isinstance(found, bool):
                run.warn("the condition is neither true nor false")
                return None
            return then(run, scope) if found is True else otherwise(run, scope)

        return evaluate

    def filter(self, element: etree._Element) -> Box:
        """Boxed filter: `item` and the item's entries stand in the condition's scope."""
        source, match = self._part(element, "in"), self._part(element, "match")

        def evaluate(run: ModelRun, scope: Scope) -> object:
            value = source(run, scope)
            if value is None:
                return None
            items = value if isinstance(value, list) else [value]
            kept = []
            for item in items:
                run.charge(1)
                found = match(run, {**scope, "item": item, **(item if isinstance(item, dict) else {})})
                if isinstance(found, Decimal):
                    return at_position(run, items, found)
                if found is not None and not isinstance(found, bool):
                    run.warn("the filter's condition is neither true nor false")
                    return None
                if found is True:
                    kept.append(item)
            return kept

        return evaluate

    def iterator(self, element: etree._Element) -> Box:
        """Boxed for."""
        variable = attribute(element, "iteratorVariable") or "item"
        source, body = self._part(element, "in"), self._part(element, "return")

        def evaluate(run: ModelRun, scope: Scope) -> object:
            items = _items(run, source(run, scope))
            if items is None:
                return None
            results: list[object] = []
            for item in items:
                run.charge(1)
                results.append(body(run, {**scope, variable: item, "partial": results[:]}))
            return results

        return evaluate

    def quantified(self, element: etree._Element) -> Box:
        """Boxed some and every."""
        variable = attribute(element, "iteratorVariable") or "item"
        source, condition = self._part(element, "in"), self._part(element, "satisfies")
        decisive = local_name(element) == "some"

        def evaluate(run: ModelRun, scope: Scope) -> object:
            items = _items(run, source(run, scope))
            if items is None:
                return None
            certain = True
            for item in items:
                run.charge(1)
                found = condition(run, {**scope, variable: item})
                if found is decisive:
                    return decisive
                if found is not None and not isinstance(found, bool):
                    run.warn("the condition is neither true nor false")
                    return None
                certain = certain and found is not None
            return (not decisive) if certain else None

        return evaluate

    def _part(self, element: etree._Element, name: str) -> Box:
        part = child(element, name)
        if part is None:
            raise mistake(element, f"缺少 {name} 部分。", f"The part {name!r} is missing.")
        return self.box_in(part) or _null

    # --- tables ------------------------------------------------------------------------------------------------------

    def table(self, element: etree._Element) -> Box:
        """A decision table."""
        letter, aggregation = _policy(element)
        inputs = tuple(self._input(each) for each in children(element, "input"))
        outputs = self._outputs(element)
        remarks = [attribute(each, "name") or "" for each in children(element, "annotation")]
        made = Table(
            decision=self.decision,
            table_id=attribute(element, "id") or "",
            hit_policy=letter,
            aggregation=aggregation,
            inputs=inputs,
            outputs=outputs,
            rules=tuple(
                self._rule(each, number, len(inputs), len(outputs), remarks)
                for number, each in enumerate(children(element, "rule"), 1)
            ),
        )
        self.tables.append(made)
        return made

    def _input(self, element: etree._Element) -> Input:
        clause = child(element, "inputExpression")
        text = text_in(clause)
        if clause is None or not text:
            raise mistake(element, "输入列缺少表达式。", "The input column has no expression.")
        values = child(element, "inputValues")
        return Input(
            label=attribute(element, "label") or text,
            expression=self.expression(clause, text),
            type=self.type(attribute(clause, "typeRef")),
            allowed=None if values is None else self.tests(values, text_in(values)),
        )

    def _outputs(self, table: etree._Element) -> tuple[Output, ...]:
        elements = list(children(table, "output"))
        if not elements:
            raise mistake(table, "决策表没有输出列。", "The table has no output column.")
        outputs = tuple(self._output(each) for each in elements)
        names = [output.name for output in outputs]
        if len(names) > 1 and (len(set(names)) != len(names) or not all(names)):
            raise mistake(table, "多个输出列必须各有不同的名称。", "Several outputs need names of their own.")
        return outputs

    def _output(self, element: etree._Element) -> Output:
        values = child(element, "outputValues")
        allowed = None if values is None else self.tests(values, text_in(values))
        default = child(element, "defaultOutputEntry")
        default_text = text_in(default)
        return Output(
            name=attribute(element, "name") or "",
            label=attribute(element, "label") or "",
            type=self.type(attribute(element, "typeRef")),
            priorities=(allowed.literals or ()) if allowed is not None else (),
            allowed=allowed,
            default=self.expression(default, default_text) if default is not None and default_text else None,
        )

    def _rule(self, element: etree._Element, number: int, inputs: int, outputs: int, remarks: list[str]) -> Rule:
        tests = tuple(self.tests(each, text_in(each)) for each in children(element, "inputEntry"))
        entries = tuple(self._entry(each) for each in children(element, "outputEntry"))
        if len(tests) != inputs or len(entries) != outputs:
            raise mistake(
                element,
                f"第 {number} 行的单元格数与列数不符。",
                f"Row {number} has not as many cells as the table has columns.",
            )
        notes = [text_in(each) for each in children(element, "annotationEntry")]
        described = text_in(element, "description")
        annotations = {name: note for name, note in zip(remarks, notes, strict=False) if note}
        if described:
            annotations.setdefault("description", described)
        return Rule(attribute(element, "id") or f"row {number}", tests, entries, annotations)

    def _entry(self, element: etree._Element) -> Expression | None:
        text = text_in(element)
        return None if text in ("", "-") else self.expression(element, text)


_BOXES: dict[str, Callable[[Boxer, etree._Element], Box]] = {
    "literalExpression": Boxer.literal,
    "decisionTable": Boxer.table,
    "context": Boxer.context,
    "list": Boxer.listing,
    "relation": Boxer.relation,
    "invocation": Boxer.invocation,
    "functionDefinition": Boxer.function,
    "conditional": Boxer.conditional,
    "filter": Boxer.filter,
    "for": Boxer.iterator,
    "some": Boxer.quantified,
    "every": Boxer.quantified,
}


def _null(run: ModelRun, scope: Scope) -> object:
    return None


def _syntax(element: etree._Element, error: FeelSyntaxError) -> Exception:
    facts = error.facts
    return mistake(
        element,
        f"表达式有误：{facts['hint_zh']}",
        f"The expression is wrong: {facts['hint_en']}",
        text=facts["text"],
        position=facts["position"],
    )


def _policy(element: etree._Element) -> tuple[str, str | None]:
    name = (attribute(element, "hitPolicy") or "UNIQUE").upper().replace("_", " ")
    letters = {policy: letter for letter, policy in HIT_POLICIES.items()}
    aggregation = attribute(element, "aggregation")
    letter = name if name in HIT_POLICIES else letters.get(name)
    if letter is None or (aggregation is not None and aggregation.upper() not in AGGREGATIONS):
        raise mistake(element, f"未知的命中策略 {name}。", f"Unknown hit policy {name}.", aggregation=aggregation)
    return letter, aggregation.upper() if aggregation and letter == "C" else None


def _checked(box: Box, type_: FeelType, what: str) -> Box:
    def evaluate(run: ModelRun, scope: Scope) -> object:
        value, fits = fit(box(run, scope), type_)
        if not fits:
            run.warn(f"{what}: the value has the wrong type")
        return value

    return evaluate


def _context(entries: list[tuple[str | None, Box, FeelType]]) -> Box:
    def evaluate(run: ModelRun, scope: Scope) -> object:
        inner = dict(scope)
        result: dict[str, object] = {}
        for name, box, type_ in entries:
            value, fits = fit(box(run, inner), type_)
            if not fits:
                run.warn(f"entry {name!r} has the wrong type")
            if name is None:
                return value
            inner[name] = result[name] = value
            if isinstance(value, ModelFunction) and value.captured is inner:
                value.name = name
        return result

    return evaluate


def _invocation(callee: Box, bindings: list[tuple[str, Box]]) -> Box:
    def evaluate(run: ModelRun, scope: Scope) -> object:
        function = callee(run, scope)
        if not isinstance(function, Invocable):
            run.warn(f"{kind_of(function)} cannot be called")
            return None
        named = {name: box(run, scope) for name, box in bindings}
        try:
            return function.invoke(run, function.arrange(named))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return evaluate


def _items(run: ModelRun, value: object) -> list[object] | None:
    if value is None:
        run.warn("null cannot be iterated over")
        return None
    if isinstance(value, Range):
        try:
            items = []
            for item in range_values(value):
                run.charge(1)
                items.append(item)
            return items
        except NoValue as reason:
            run.warn(str(reason))
            return None
    return value if isinstance(value, list) else [value]
