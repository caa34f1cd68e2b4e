"""What people hand in: kept as rows, sealed where it is classified; and which parts of it the process may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, keys
from lastmeter.actor import Actor
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.forms import Form
from lastmeter.workflow import hooks
from lastmeter.workflow.models import Instance, Submission

LEVELS = ("public", "internal", "procurement", "case", "sealed")
SECRET = frozenset({"case", "sealed"})


def highest(*classifications: str) -> str:
    """The strictest of them."""
    return max(classifications, key=LEVELS.index)


def classification_of(loaded: LoadedDefinition, form: Form | None) -> str:
    """What a submission of the form is: never less than its process, its form, or one of its fields."""
    if form is None:
        return loaded.classification
    fields = (field.classification for top in form.fields for field in top.walk())
    return highest(loaded.classification, form.classification, *fields)


def seal(session: Session, instance_id: int, classification: str, data: Mapping[str, Any]) -> tuple[bytes, str]:
    """The data as ciphertext, and the key class it was sealed under."""
    key_class = hooks.key_class(session, instance_id, classification)
    return keys.encrypt(session, key_class, orjson.dumps(data)), key_class


def store(
    session: Session,
    actor: Actor,
    instance: Instance,
    loaded: LoadedDefinition,
    element_id: str,
    form: Form | None,
    form_key: str | None,
    values: Mapping[str, object],
    *,
    task_id: int | None = None,
) -> Submission:
    """The submission stands with the transaction; `values` as the form has loaded them."""
    classification = classification_of(loaded, form)
    data = as_json(form, values)
    row = Submission(
        instance_id=instance.id, element_id=element_id, task_id=task_id, definition_id=loaded.id, form_key=form_key,
        classification=classification, person_id=actor.person_id, at=clock.now(),
    )  # fmt: skip
    if classification in SECRET:
        row.sealed, row.key_class = seal(session, instance.id, classification, data)
    else:
        row.data = data
    session.add(row)
    return row


def as_json(form: Form | None, values: Mapping[str, object]) -> dict[str, Any]:
    """The values as JSON keeps them."""
    kept = form.to_json(values) if form is not None else values
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(kept), default=str))
    return plain


def content(session: Session, row: Submission) -> dict[str, Any]:
    """The submission as JSON, opened if it was sealed. Raises KeyUnavailable."""
    if row.data is not None:
        return row.data
    assert row.sealed is not None
    assert row.key_class is not None
    opened: dict[str, Any] = orjson.loads(keys.decrypt(session, row.key_class, row.sealed))
    return opened


def of_element(session: Session, instance_id: int, element_id: str) -> list[Submission]:
    """All that was handed in at the element, oldest first."""
    query = select(Submission).where(Submission.instance_id == instance_id, Submission.element_id == element_id)
    return list(session.scalars(query.order_by(Submission.id)))


def variables(
    loaded: LoadedDefinition, form: Form | None, values: Mapping[str, object], wanted: Iterable[str] = ()
) -> dict[str, object]:
    """The values that the process reads and may: names of its expressions, nothing secret but truths and choices."""
    read = loaded.names_read.union(wanted)
    if form is None:
        secret = loaded.classification in SECRET
        return {name: value for name, value in values.items() if name in read and not secret}
    allowed = {
        field.key for top in form.fields for field in _outer(top)
        if field.key is not None and _may_leave(field, loaded.classification)
    }  # fmt: skip
    return {name: value for name, value in values.items() if name in read and name in allowed}


def _outer(field: Any) -> list[Any]:
    """The fields whose keys stand at the top of the submission: a group without a key only gathers its fields."""
    if field.key is None and field.children:
        return [inner for child in field.children for inner in _outer(child)]
    return [field]


def _may_leave(field: Any, least: str) -> bool:
    """True if neither the field nor anything below it is a secret text, number or date."""
    for part in field.walk():
        secret = highest(part.classification, least) in SECRET
        if secret and not (part.type is not None and part.type.is_enumerable) and (part.is_input or part.is_list):
            return False
    return True


def secret_names(loaded: LoadedDefinition) -> frozenset[str]:
    """The names under which a variable holds something classified: shown to nobody without `case.read`."""
    return frozenset(
        field.key
        for form in loaded.forms.values()
        for top in form.fields
        for field in top.walk()
        if field.key is not None and highest(field.classification, loaded.classification) in SECRET
    )
