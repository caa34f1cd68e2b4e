"""Small BPMN files for tests: nodes and flows in, a file out."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path(__file__).with_name("semantics_only.bpmn").read_bytes()

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:lm="http://lastmeter.org/schema/1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="defs" targetNamespace="https://example.org">\n'
)


def bpmn(*lines: str, key: str = "sample", around: str = "") -> bytes:
    """A file with one executable process; a line is XML, or `a -> b`, `a -> b ? condition` for a flow."""
    body = "\n".join(line if line.startswith("<") else _flow(line) for line in lines)
    process = f'<bpmn:process id="{key}" name="样例" isExecutable="true">{body}</bpmn:process>'
    return f"{_HEAD}{around}{process}</bpmn:definitions>".encode()


def node(kind: str, identifier: str, inside: str = "", **attributes: str) -> str:
    """One element; `camunda_formKey` becomes `camunda:formKey`, `name` defaults to something Chinese."""
    attributes.setdefault("name", "" if kind.endswith("Gateway") else f"步骤{identifier}")
    text = " ".join(f'{name.replace("_", ":")}="{value}"' for name, value in attributes.items() if value)
    return f'<bpmn:{kind} id="{identifier}" {text}>{inside}</bpmn:{kind}>'


def user(identifier: str, **attributes: str) -> str:
    return node("userTask", identifier, **attributes)


def start(identifier: str = "start") -> str:
    return node("startEvent", identifier)


def end(identifier: str = "end") -> str:
    return node("endEvent", identifier)


def _flow(line: str) -> str:
    path, _, condition = line.partition(" ? ")
    source, target = (part.strip() for part in path.split("->"))
    inside = ""
    if condition:
        inside = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<bpmn:sequenceFlow id="flow_{source}__{target}" {ends}>{inside}</bpmn:sequenceFlow>'
