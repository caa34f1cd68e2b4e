"""What the standard asks of a release package, and what merging releases gives, without a network."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ocds"
RELEASE: dict[str, Any] = json.loads((FIXTURES / "release-schema.json").read_text())
PACKAGE: dict[str, Any] = json.loads((FIXTURES / "release-package-schema.json").read_text())
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).tzinfo is not None


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or value.startswith(("http://", "https://", "urn:"))


def faults(package: Mapping[str, Any]) -> list[str]:
    """Everything that the schema, its closed and open code lists, or its list of known fields have against it."""
    registry: Registry[Any] = Registry().with_resource(RELEASE["id"], Resource(RELEASE, DRAFT4))
    validator = Draft4Validator(PACKAGE, registry=registry, format_checker=_FORMATS)
    errors = validator.iter_errors(package)
    found = [f"{'/'.join(map(str, each.absolute_path))}: {each.message[:120]}" for each in errors]
    found += [f"unknown field {name}" for name in package if name not in PACKAGE["properties"]]
    found += ["extensions make readers fetch from the network"] if "extensions" in package else []
    for number, release in enumerate(package["releases"]):
        found += _unknown(release, RELEASE, f"releases/{number}")
    return found


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return RELEASE["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _unknown(value: object, given: dict[str, Any], path: str) -> Iterator[str]:
    """Names that the schema does not have, and words that its code lists do not have."""
    schema = _resolved(given)
    if "codelist" in schema:
        words = value if isinstance(value, list) else [value]
        yield from (f"{path}: {word} is not in {schema['codelist']}" for word in words if word not in _words(schema))
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _unknown(each, schema.get("items", {}), f"{path}/{number}")
    elif isinstance(value, dict) and "properties" in schema:
        for name, each in value.items():
            if name in schema["properties"]:
                yield from _unknown(each, schema["properties"][name], f"{path}/{name}")
            else:
                yield f"unknown field {path}/{name}"


def _words(schema: dict[str, Any]) -> set[str]:
    with (FIXTURES / "codelists" / schema["codelist"]).open(encoding="utf-8") as file:
        return {row["Code"] for row in csv.DictReader(file)}


def merged(releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The state after the releases, in order of their dates: later values replace, lists join by id, null removes."""
    state: dict[str, Any] = {}
    for release in sorted(releases, key=lambda each: each["date"]):
        _merge(state, {name: value for name, value in release.items() if name not in ("id", "date", "tag")})
    return state


def _merge(state: dict[str, Any], change: Mapping[str, Any]) -> None:
    for name, value in change.items():
        if value is None:
            state.pop(name, None)
        elif isinstance(value, dict):
            _merge(state.setdefault(name, {}), value)
        elif isinstance(value, list) and all(isinstance(each, dict) and "id" in each for each in value):
            known = state.setdefault(name, [])
            for each in value:
                same = next((old for old in known if old["id"] == each["id"]), None)
                if same is None:
                    known.append(same := {})
                _merge(same, each)
        else:
            state[name] = value
