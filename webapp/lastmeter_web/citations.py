"""Clauses of law and of the Plan, as the processes and rules cite them in Chinese, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from lastmeter_web import i18n

# In the order in which they are looked for: a name that begins like another stands before it.
LAWS: Mapping[str, str] = {
    "实施方案": "Jinan Plan",
    "政府采购法实施条例": "Implementing Regulation of the Government Procurement Law",
    "实施条例": "Implementing Regulation of the Government Procurement Law",
    "条例": "Implementing Regulation of the Government Procurement Law",
    "政府采购法": "Government Procurement Law",
    "财政部令第87号": "Ministry of Finance Order 87",
    "财政部令第94号": "Ministry of Finance Order 94",
    "财政部令第102号": "Ministry of Finance Order 102",
    "招标投标法": "Tendering and Bidding Law",
    "财库〔2014〕214号": "Ministry of Finance Circular 214 of 2014",
    "个人信息保护法": "Personal Information Protection Law",
    "未成年人保护法": "Law on the Protection of Minors",
    "反家庭暴力法": "Anti-Domestic Violence Law",
    "社会救助暂行办法": "Interim Measures for Social Assistance",
    "民法典": "Civil Code",
    "本系统规则": "rule of this system",
    "本系统参数": "parameter of this system",
    "个案服务参数": "parameter of casework",
    "走访频次参数": "parameter of visits",
}
_UNITS = {"实施方案": ("part", "parts"), "本系统规则": ("", "")}  # how its places are called, one and several
_ARTICLES = ("art.", "arts.")
_NUMERALS = {sign: str(number) for number, sign in enumerate("一二三四五六七八九", 1)}
_SIGNS = {**_NUMERALS, "、": ", ", "（": "(", "）": ")"}


def clause(citation: str) -> str:
    """`政府采购法 52；条例 53` in the reader's language; a law that is not known here stays as it is cited."""
    if i18n.language() != "en":
        return citation
    return "; ".join(_english(part.strip()) for part in citation.split("；"))


def _english(citation: str) -> str:
    law = next((name for name in LAWS if citation.startswith(name)), None)
    if law is None:
        return citation
    where = "".join(_SIGNS.get(sign, sign) for sign in citation.removeprefix(law).strip())
    if not where:
        return LAWS[law]
    one, several = _UNITS.get(law, _ARTICLES)
    unit = several if "–" in where or ", " in where else one
    return f"{LAWS[law]}, {unit} {where}" if unit else f"{LAWS[law]} {where}"


def install(app: Flask) -> None:
    app.jinja_env.filters["clause"] = clause
