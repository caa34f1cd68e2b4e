"""Item definitions: the types a model declares, with allowed values and constraints.

Source: DMN 1.5, 7.3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from lastmeter.decisions.documents import attribute, child, children, mistake, text_in
from lastmeter.feel.errors import FeelSyntaxError
from lastmeter.feel.expression import UnaryTests, compile_tests
from lastmeter.feel.parser import simple_type
from lastmeter.feel.runtime import Run
from lastmeter.feel.types import ANY, ContextType, FeelType, FunctionType, ListType, RestrictedType, UnknownType

_FOREIGN = {"integer": "number", "long": "number", "double": "number"}
_MAX_DEPTH = 32


class ItemDefinitions:
    """Resolves type names of one document; `imported` are those of its imports, by `prefix.name`."""

    def __init__(self, root: etree._Element, imported: Mapping[str, FeelType]) -> None:
        self.elements = {attribute(each, "name") or "": each for each in children(root, "itemDefinition")}
        self.imported = imported
        self.made: dict[str, FeelType] = {}
        self._making: list[str] = []

    def all(self) -> dict[str, FeelType]:
        """Every declared type by name, imported ones with their prefix."""
        for name in self.elements:
            self.named(name)
        return {**self.imported, **self.made}

    def named(self, name: str, at: etree._Element | None = None) -> FeelType:
        """The type of that name; whatever is unknown is Any."""
        bare = name.rpartition(":")[2]
        if bare in self.made:
            return self.made[bare]
        if bare in self.imported:
            return self.imported[bare]
        if bare not in self.elements:
            found = simple_type(_FOREIGN.get(bare, bare))
            return ANY if isinstance(found, UnknownType) else found
        element = self.elements[bare]
        if bare in self._making or len(self._making) > _MAX_DEPTH:
            raise mistake(
                at if at is not None else element, f"类型 {bare} 循环定义。", f"Type {bare} is defined by itself."
            )
        self._making.append(bare)
        self.made[bare] = self.definition(element)
        self._making.pop()
        return self.made[bare]

    def definition(self, element: etree._Element) -> FeelType:
        """The type of an item definition or a component of one."""
        base = self._base(element)
        base = self._restricted(element, "allowedValues", base)
        if (attribute(element, "isCollection") or "").lower() == "true":
            base = ListType(base)
        return self._restricted(element, "typeConstraint", base)

    def _base(self, element: etree._Element) -> FeelType:
        components = list(children(element, "itemComponent"))
        if components:
            entries = {attribute(each, "name") or "": self.definition(each) for each in components}
            return ContextType(entries)
        function = child(element, "functionItem")
        if function is not None:
            return self._function(function)
        reference = text_in(element, "typeRef") or attribute(element, "typeRef")
        return self.named(reference, element) if reference else ANY

    def _function(self, element: etree._Element) -> FeelType:
        parameters = tuple(self._reference(attribute(each, "typeRef")) for each in children(element, "parameters"))
        return FunctionType(parameters, self._reference(attribute(element, "outputTypeRef")))

    def _reference(self, name: str | None) -> FeelType:
        return self.named(name) if name else ANY

    def _restricted(self, element: etree._Element, tag: str, base: FeelType) -> FeelType:
        constraint = child(element, tag)
        text = text_in(constraint)
        if constraint is None or not text or text == "-":
            return base
        try:
            tests = compile_tests(text)
        except FeelSyntaxError as error:
            raise mistake(
                constraint,
                f"允许值有误：{error.facts['hint_zh']}",
                f"The allowed values are wrong: {error.facts['hint_en']}",
                text=text,
            ) from None
        return RestrictedType(base, _allows(tests), tests.literals or ())


def _allows(tests: UnaryTests) -> Callable[[object], bool]:
    return lambda value: tests.run(Run([]), value, {}) is True
