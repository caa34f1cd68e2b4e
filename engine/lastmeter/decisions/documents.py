"""DMN XML read safely, of any version from 1.1 to 1.5."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from lxml import etree

from lastmeter.decisions.errors import DecisionModelError

# A table of ten thousand rows and five columns is some ten megabytes.
MAX_BYTES = 32_000_000

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
        "https://www.omg.org/spec/DMN/20240513/MODEL/",
    }
)


def read(xml: bytes) -> etree._Element:
    """The `definitions` element. Raises DecisionModelError; entities, DTDs and the network are out of reach."""
    if len(xml) > MAX_BYTES:
        raise DecisionModelError("文件过大。", "The file is too large.", limit=MAX_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise DecisionModelError("不是合法的 XML。", f"This is no XML: {error.msg}", line=error.lineno) from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise DecisionModelError("不允许 DOCTYPE。", "A DOCTYPE is not allowed.", line=1)
    if local_name(root) != "definitions" or etree.QName(root).namespace not in NAMESPACES:
        raise DecisionModelError(
            "不是 DMN 1.1 至 1.5 的文件。", "This is no DMN file of version 1.1 to 1.5.", line=line_of(root)
        )
    return root


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; comments have none."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def line_of(element: etree._Element) -> int | None:
    """The line of the file it begins on."""
    return cast("int | None", element.sourceline)


def children(element: etree._Element, name: str | None = None) -> Iterator[etree._Element]:
    """The DMN child elements, of one tag if named; extensions and drawings are passed over."""
    own = str(element.tag).rpartition("}")[0] + "}"
    # A table of ten thousand rows asks this a quarter of a million times.
    return element.iterchildren(own + (name or "*"))


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that tag."""
    return next(children(element, name), None)


def text_in(element: etree._Element | None, name: str = "text") -> str:
    """The text of a child such as `text`, empty when there is none."""
    inner = None if element is None else child(element, name)
    return "" if inner is None else "".join(str(part) for part in inner.itertext()).strip()


def attribute(element: etree._Element, name: str) -> str | None:
    """An attribute as plain text."""
    value = element.get(name)
    return None if value is None else str(value)


def words_in(root: etree._Element) -> dict[tuple[str, str], tuple[str, str]]:
    """What descriptions call values, (zh, en) by the name of the variable and the value: lines `code = 中文 · English`.

    An output without a name has its decision's. Under the name "" stands what the first description says of a code.
    """
    words: dict[tuple[str, str], tuple[str, str]] = {}
    for element in root.iter(*_DESCRIBED):
        for line in text_in(element, "description").splitlines():
            if found := _WORD.fullmatch(line.strip()):
                words.setdefault((_described(element), found[1]), (found[2], found[3]))
                words.setdefault(("", found[1]), (found[2], found[3]))
    return words


_DESCRIBED = ("{*}inputData", "{*}input", "{*}output", "{*}decision", "{*}itemDefinition", "{*}itemComponent")
_WORD = re.compile(r"(\S+) = (.+?) · (.+)")


def _described(element: etree._Element) -> str:
    """The name of the variable whose values a description explains."""
    if local_name(element) == "input":
        return text_in(child(element, "inputExpression"))
    holder: etree._Element | None = element
    name = _variable(element)
    while not name and holder is not None:
        holder = holder.getparent()
        name = None if holder is None else _variable(holder)
    return name or ""


def _variable(element: etree._Element) -> str | None:
    """What expressions call the element: the name of its variable, else its own."""
    variable = child(element, "variable")
    return (None if variable is None else attribute(variable, "name")) or attribute(element, "name")


def mistake(element: etree._Element, problem_zh: str, problem_en: str, **facts: object) -> DecisionModelError:
    """The error that points at an element, or the nearest one around it that has an id."""
    return DecisionModelError(problem_zh, problem_en, element_id=id_around(element), line=line_of(element), **facts)


def id_around(element: etree._Element) -> str | None:
    """The id of the element, or of the nearest one around it that has one."""
    holder: etree._Element | None = element
    while holder is not None and holder.get("id") is None:
        holder = holder.getparent()
    return None if holder is None else attribute(holder, "id")
