"""The register of rules that comes with the installation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from lastmeter.deadlines.rules import Rule, rule_from


@lru_cache(maxsize=1)
def bundled_rules() -> Mapping[str, Rule]:
    """Every rule of register.json by its id, in the file's order."""
    rows = json.loads(files("lastmeter.deadlines").joinpath("register.json").read_text(encoding="utf-8"))["rules"]
    return MappingProxyType({row["id"]: rule_from(row) for row in rows})
