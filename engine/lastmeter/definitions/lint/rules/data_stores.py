"""A data store that shows the domain exists and is only read; what is classified goes into no data store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.source import BPMN, local

UNKNOWN = Rule(
    "store-unknown",
    "没有名为 {store} 的业务视图（名称含点的数据存储是业务视图）",
    "there is no view {store} (a data store whose name has a dot is a view of the domain)",
    "可用的视图：{views}",
    "there are: {views}",
    everywhere=True,
)
READ_ONLY = Rule(
    "store-read-only",
    "“{name}”要写入 {store}，那是只读的业务视图",
    "“{name}” writes to {store}, which shows the domain and is only read",
    "由服务任务的连接器写入",
    "let a connector of a service task write it",
    everywhere=True,
)
CLASSIFIED = Rule(
    "store-classified",
    "“{name}”写入数据存储 {store}，而流程或它调用的流程涉及保密内容",
    "“{name}” writes to the data store {store}, in a process that knows or calls what knows classified content",
    "由不涉密的流程写入，或由连接器写入业务表",
    "let another process write it, or a connector into the domain's own tables",
    everywhere=True,
)
_SECRET = ("case", "sealed")


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for associations with data stores."""
    by_id = {element.get("id", ""): element for element in subject.root.iter() if isinstance(element.tag, str)}
    classified = _knows_secrets(subject)
    for association in subject.every("dataInputAssociation", "dataOutputAssociation"):
        writes = local(association) == "dataOutputAssociation"
        store = _store(by_id, association.findtext(f"{BPMN}{'targetRef' if writes else 'sourceRef'}", "").strip())
        if not store:
            continue
        find = partial(subject.finding, element=association.getparent(), store=store)
        known = subject.known.views
        if "." in store and known is not None and store not in known:
            yield find(UNKNOWN, views=", ".join(sorted(known)))
        elif "." in store and writes:
            yield find(READ_ONLY)
        elif writes and classified:
            yield find(CLASSIFIED)


def _store(by_id: dict[str, etree._Element], reference: str) -> str:
    """The name of the data store at the association's end; empty for anything else."""
    end = by_id.get(reference.rpartition(":")[2])
    if end is None or local(end) not in ("dataStoreReference", "dataStore"):
        return ""
    declared = by_id.get(end.get("dataStoreRef", "").rpartition(":")[2], end)
    return (declared.get("name") or "").strip()


def _knows_secrets(subject: Subject) -> bool:
    if subject.package.classification in _SECRET:
        return True
    known = subject.known.classified
    called = {(call.get("calledElement") or "").rpartition(":")[2] for call in subject.every("callActivity")}
    if known is not None and any(known(key) for key in called if key and not key.startswith("=")):
        return True
    fields = (field for form in subject.forms.values() for top in form.fields for field in top.walk())
    return any(field.classification in _SECRET for field in fields)
