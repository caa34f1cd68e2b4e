"""Every refusal has its sentence, every text its English, every setting its line."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from string import Formatter

import pytest
from flask import Flask
from tests.architecture.conftest import ROOT, WEBAPP, modules

import lastmeter
from lastmeter.config import Settings
from lastmeter.errors import LastmeterError
from lastmeter_web.citations import LAWS, clause
from lastmeter_web.sentences import SENTENCES

CHINESE = re.compile(r"[\u3400-\u9fff]")
IN_TEMPLATE = re.compile(r"""(?<![\w.])n?_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
TRANSLATED = re.compile(IN_TEMPLATE.pattern + r"""|\bboth\(\s*"[^"]*",|\{#.*?#\}""", re.DOTALL)
SAME_FOR_ALL = re.compile("'中文'|\"最后一米\"")
CITED = re.compile(f"(?:{'|'.join(LAWS)}) ?[^，。：“”]{{0,40}}")
# What only a command says: an operator reads the code and its facts in English on the terminal, never a page.
COMMANDS_ONLY = {"test_cluster_failed"}


def _refusals() -> dict[str, type[LastmeterError]]:
    """Every refusal of the engine by its code."""
    for module in pkgutil.walk_packages(lastmeter.__path__, "lastmeter."):
        if not module.name.endswith((".migrations.env", ".__main__")) and ".versions." not in module.name:
            importlib.import_module(module.name)
    found: dict[str, type[LastmeterError]] = {}
    waiting = [LastmeterError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("lastmeter."):
            found[kind.code] = kind
    return found


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    missing = sorted(set(_refusals()) - set(SENTENCES) - COMMANDS_ONLY)
    assert missing == []


def test_sentences_are_chinese_and_english_and_name_the_same_facts() -> None:
    wrong = [
        code
        for code, (zh, en) in SENTENCES.items()
        if not CHINESE.search(zh) or CHINESE.search(en) or _named(zh) != _named(en)
    ]
    assert wrong == []


def _named(text: str) -> set[str]:
    """The facts that a sentence names; `other_zh` in one language is `other_en` in the other."""
    return {name.removesuffix("_zh").removesuffix("_en") for _, name, _, _ in Formatter().parse(text) if name}


def test_every_chinese_text_of_the_pages_has_its_english() -> None:
    known = _catalogue()
    wanted = {text for text in _texts() if CHINESE.search(text)}
    assert sorted(wanted - set(known)) == []
    assert sorted(text for text in wanted if CHINESE.search(known[text])) == []


def _texts() -> set[str]:
    """What pages and templates hand to the translation."""
    found: set[str] = set()
    for file in WEBAPP.rglob("*.html"):
        for double, single in IN_TEMPLATE.findall(file.read_text()):
            found.add((double or single).replace('\\"', '"').replace("\\'", "'"))
    for name, tree in modules().items():
        if name.startswith("webapp/"):
            found |= {
                node.args[0].value
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and ast.unparse(node.func).split(".")[-1] in ("_", "gettext", "lazy_gettext", "_l")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            }
    return found


def _catalogue() -> dict[str, str]:
    """English by Chinese, from every .po of the web application; what is fuzzy or empty does not count."""
    found: dict[str, str] = {}
    for file in sorted((WEBAPP / "translations").rglob("*.po")):
        for block in re.split(r"\n\s*\n", file.read_text()):
            if "#, fuzzy" in block:
                continue
            parts = dict.fromkeys(("msgid", "msgstr"), "")
            current = ""
            for line in block.splitlines():
                match = re.match(r'(msgid|msgstr)?\s*"((?:[^"\\]|\\.)*)"\s*$', line)
                if match is None:
                    continue
                current = match[1] or current
                parts[current] = parts.get(current, "") + match[2].replace('\\"', '"').replace("\\n", "\n")
            if parts["msgid"] and parts["msgstr"]:
                found[parts["msgid"]] = parts["msgstr"]
    return found


def test_every_setting_is_described() -> None:
    described = (ROOT / "docs" / "settings.md").read_text()
    assert [each.name for each in fields(Settings) if f"LASTMETER_{each.name.upper()}" not in described] == []


def test_no_chinese_sign_stands_in_a_template_beside_the_texts_that_are_translated() -> None:
    # Names of the languages and of the program itself are the same for every reader.
    found = []
    for file in sorted(WEBAPP.rglob("*.html")):
        text = SAME_FOR_ALL.sub("", TRANSLATED.sub("", file.read_text()))
        found += [(file.name, match[0]) for match in re.finditer(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+", text)]
    assert found == []


def test_every_clause_that_is_cited_to_people_is_cited_in_english_too() -> None:
    with english():
        unsaid = sorted(each for each in _citations() if CHINESE.search(clause(each)))
    assert unsaid == []


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        ("实施方案 四(四)、四(五)", "Jinan Plan, parts 4(4), 4(5)"),
        ("政府采购法 26–31", "Government Procurement Law, arts. 26–31"),
        (
            "政府采购法 52；条例 53",
            "Government Procurement Law, art. 52; Implementing Regulation of the Government Procurement Law, art. 53",
        ),
        ("财政部令第94号", "Ministry of Finance Order 94"),
        ("本系统规则 F04", "rule of this system F04"),
        ("某地办法 三(二)", "某地办法 三(二)"),
    ],
)  # fmt: skip
def test_a_clause_is_cited_in_the_readers_language(cited: str, said: str) -> None:
    assert clause(cited) == cited
    with english():
        assert clause(cited) == said


def _citations() -> set[str]:
    """The clauses of the processes and of their tables, and the texts of the rules that are nothing but a citation."""
    found = {
        str(source["clause"])
        for file in sorted((ROOT / "bpmn").glob("*/process.toml"))
        for source in tomllib.loads(file.read_text()).get("source", [])
    }
    for file in sorted((ROOT / "bpmn").glob("*/*.dmn")):
        found |= set(re.findall("【([^】]*)】", file.read_text()))
    for name, tree in modules().items():
        if name.startswith("engine/lastmeter/procurement/"):
            texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
            found |= {text for text in texts if isinstance(text, str) and CITED.fullmatch(text)}
    return found


@contextmanager
def english() -> Iterator[None]:
    app = Flask("english")
    app.config["SETTINGS"] = Settings(language="en")
    with app.test_request_context():
        yield
