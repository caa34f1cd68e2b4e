"""DMN files written short: `definitions(table(...), ...)` gives the bytes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from lastmeter.decisions import Model, load

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def definitions(*parts: str, namespace: str = DMN_13, own: str = "urn:test") -> bytes:
    """A file with these elements."""
    inner = "\n".join(parts)
    return f'<definitions xmlns="{namespace}" id="d" name="test" namespace="{own}">\n{inner}\n</definitions>'.encode()


def model(*parts: str) -> Model:
    """A file with these elements, loaded."""
    return load(definitions(*parts))


def data(name: str, type_: str = "") -> str:
    """Input data."""
    return f'<inputData id="{_id(name)}" name={quoteattr(name)}>{variable(name, type_)}</inputData>'


def variable(name: str, type_: str = "") -> str:
    """The variable of an element."""
    reference = f" typeRef={quoteattr(type_)}" if type_ else ""
    return f"<variable name={quoteattr(name)}{reference}/>"


def _id(name: str) -> str:
    return "_" + "".join(f"{ord(character):x}" if not character.isalnum() else character for character in name)


def literal(text: str, type_: str = "") -> str:
    """A literal expression."""
    reference = f" typeRef={quoteattr(type_)}" if type_ else ""
    return f"<literalExpression{reference}><text>{escape(text)}</text></literalExpression>"


def decision(
    name: str,
    body: str,
    *,
    inputs: Sequence[str] = (),
    decisions: Sequence[str] = (),
    knowledge: Sequence[str] = (),
    type_: str = "",
) -> str:
    """A decision with its requirements by name, or by href when one contains '#'."""
    requirements = "".join(
        f'<informationRequirement><requiredInput href="{_href(each)}"/></informationRequirement>' for each in inputs
    )
    requirements += "".join(
        f'<informationRequirement><requiredDecision href="{_href(each)}"/></informationRequirement>'
        for each in decisions
    )
    requirements += _knowledge(knowledge)
    return f'<decision id="{_id(name)}" name={quoteattr(name)}>{variable(name, type_)}{requirements}{body}</decision>'


def _knowledge(names: Sequence[str]) -> str:
    return "".join(
        f'<knowledgeRequirement><requiredKnowledge href="{_href(each)}"/></knowledgeRequirement>' for each in names
    )


def _href(name: str) -> str:
    return name if "#" in name else f"#{_id(name)}"


def function(name: str, parameters: Sequence[tuple[str, str]], body: str, *, knowledge: Sequence[str] = ()) -> str:
    """A business knowledge model."""
    formal = "".join(
        f"<formalParameter name={quoteattr(each)} typeRef={quoteattr(type_)}/>" for each, type_ in parameters
    )
    return (
        f'<businessKnowledgeModel id="{_id(name)}" name={quoteattr(name)}>{variable(name)}'
        f"<encapsulatedLogic>{formal}{body}</encapsulatedLogic>{_knowledge(knowledge)}</businessKnowledgeModel>"
    )


def service(name: str, outputs: Sequence[str], *, given: Sequence[str] = (), inputs: Sequence[str] = ()) -> str:
    """A decision service."""
    parts = [("outputDecision", outputs), ("inputDecision", given), ("inputData", inputs)]
    inner = "".join(f'<{tag} href="{_href(each)}"/>' for tag, names in parts for each in names)
    return f'<decisionService id="{_id(name)}" name={quoteattr(name)}>{variable(name)}{inner}</decisionService>'


def table(
    inputs: Sequence[str],
    outputs: Sequence[str],
    rows: Sequence[str],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    allowed: dict[str, str] | None = None,
    defaults: dict[str, str] | None = None,
) -> str:
    """A decision table; a row is its cells with ` | ` between them, conclusions behind ` => `.

    `allowed` are allowed values by input expression or output name, `defaults` default outputs by name.
    """
    allowed, defaults = allowed or {}, defaults or {}
    columns = "".join(
        f"<input><inputExpression><text>{escape(each)}</text></inputExpression>"
        f"{_values('inputValues', allowed.get(each))}</input>"
        for each in inputs
    )
    columns += "".join(
        f"<output name={quoteattr(each)}>{_values('outputValues', allowed.get(each))}"
        f"{_values('defaultOutputEntry', defaults.get(each))}</output>"
        for each in outputs
    )
    aggregated = f' aggregation="{aggregation}"' if aggregation else ""
    rules = "\n".join(_rule(number, row) for number, row in enumerate(rows, 1))
    return f'<decisionTable id="table" hitPolicy="{policy}"{aggregated}>{columns}{rules}</decisionTable>'


def _values(tag: str, text: str | None) -> str:
    return "" if text is None else f"<{tag}><text>{escape(text)}</text></{tag}>"


def _rule(number: int, row: str) -> str:
    conditions, _, conclusions = row.partition(" => ")
    cells = "".join(f"<inputEntry><text>{escape(cell.strip())}</text></inputEntry>" for cell in conditions.split(" | "))
    cells += "".join(
        f"<outputEntry><text>{escape(cell.strip())}</text></outputEntry>" for cell in conclusions.split(" | ")
    )
    return f'<rule id="rule{number}">{cells}</rule>'
