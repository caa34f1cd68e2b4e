"""Taking files in and giving them back: bytes in the data folder, facts in the database.

Bytes that may be read by anybody with access are addressed by their content, so that the same file lies there once;
sealed ones lie under a random name, since even their equality tells something.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import audit, keys
from lastmeter.actor import Actor
from lastmeter.config import Settings
from lastmeter.documents.errors import DocumentDamaged, UploadRefused
from lastmeter.documents.models import Document
from lastmeter.documents.sniffing import display_name, kind_of
from lastmeter.errors import InvalidInput, Missing

CLASSIFICATIONS = ("public", "internal", "procurement", "case", "sealed")
SEALED = frozenset({"case", "sealed"})
_ORPHAN_SECONDS = 24 * 3600


def store(
    session: Session,
    actor: Actor,
    stream: BinaryIO,
    name: str,
    *,
    settings: Settings,
    classification: str = "internal",
    owner: str | None = None,
    key_class: str | None = None,
    accept: str | None = None,
    retention_until: dt.date | None = None,
) -> Document:
    """The file is kept, by default as this person's upload that nothing uses yet. Raises UploadRefused.

    `accept` narrows what is taken, as in a file field (`.pdf,.docx`). Files classified case or sealed are encrypted,
    under `key_class` (default: documents). Bytes are on disk before the row; a rollback leaves an orphan for `sweep`.
    """
    if classification not in CLASSIFICATIONS:
        raise InvalidInput(field="classification", reason="unknown", expected=CLASSIFICATIONS)
    data = _read(stream, settings.upload_limit_bytes)
    shown = display_name(name)
    kind = kind_of(data, shown)
    if accept and not _accepted(kind.extensions, kind.mime, accept):
        raise UploadRefused("allowed_kinds", accept=accept[:100])
    digest = hashlib.sha256(data).digest()
    if classification in SEALED:
        key_class = key_class or "documents"
        stored_as = f"sealed/{secrets.token_hex(20)}"
        _write(_path(settings, stored_as), keys.encrypt(session, key_class, data))
    else:
        key_class, stored_as = None, f"plain/{digest.hex()}"
        _write(_path(settings, stored_as), data)
    document = Document(
        owner=owner or uploads_of(actor),
        name=shown if key_class is None else None,
        sealed_name=None if key_class is None else keys.encrypt(session, key_class, shown),
        kind=kind.name,
        mime=kind.mime,
        size=len(data),
        sha256=digest,
        stored_as=stored_as,
        classification=classification,
        key_class=key_class,
        retention_until=retention_until,
        uploaded_by=actor.person_id,
    )
    session.add(document)
    session.flush()
    # The name stays out of the audit: it may name a client.
    facts = {"sha256": digest.hex(), "size": len(data), "kind": kind.name, "classification": classification}
    audit.record(session, actor, "document.stored", f"document/{document.id}", chain="documents", facts=facts)
    return document


def read(session: Session, document: Document, *, settings: Settings) -> bytes:
    """The bytes as they were handed in. Raises DocumentDamaged, KeyUnavailable. The caller has judged access."""
    try:
        data = _path(settings, document.stored_as).read_bytes()
    except FileNotFoundError:
        raise DocumentDamaged(document=document.id) from None
    if document.key_class is not None:
        data = keys.decrypt(session, document.key_class, data)
    if hashlib.sha256(data).digest() != document.sha256:
        raise DocumentDamaged(document=document.id)
    return data


def name_of(session: Session, document: Document) -> str:
    """The name as people may see it, opened if it was sealed. Raises KeyUnavailable. The caller has judged access."""
    if document.key_class is None or document.sealed_name is None:
        return document.name or ""
    return keys.decrypt_text(session, document.key_class, document.sealed_name)


def uploads_of(actor: Actor) -> str:
    """The owner of files that a person has uploaded and not yet handed in."""
    return f"upload/{actor.person_id or 0}"


def bind(session: Session, actor: Actor, ids: Iterable[int], owner: str) -> list[Document]:
    """The actor's own loose uploads now belong to `owner`; those that belong to it already stay. Raises Missing."""
    wanted = sorted(set(ids))
    rows = session.scalars(select(Document).where(Document.id.in_(wanted)).order_by(Document.id).with_for_update())
    documents = list(rows)
    if len(documents) != len(wanted) or any(d.owner not in (owner, uploads_of(actor)) for d in documents):
        raise Missing(what="document")
    for document in documents:
        document.owner = owner
    session.flush()
    return documents


def of_owner(session: Session, owner: str) -> Sequence[Document]:
    """The documents of one owner, oldest first."""
    return session.scalars(select(Document).where(Document.owner == owner).order_by(Document.id)).all()


def may_be_named(session: Session, actor: Actor, document_id: int, owner: str | None = None) -> bool:
    """The actor may hand the document in: it is an own loose upload, or belongs to `owner` already."""
    found = session.scalar(select(Document.owner).where(Document.id == document_id))
    return found is not None and found in (owner, uploads_of(actor))


def sweep(session: Session, *, settings: Settings, older_than: float = _ORPHAN_SECONDS) -> int:
    """Files that no row names are gone from the data folder; how many. Young ones may await their commit."""
    folder, before, gone = settings.data_dir / "files", time.time() - older_than, 0
    for path in sorted(folder.glob("*/*/*")):
        stored_as = f"{path.parent.parent.name}/{path.name}"
        if path.stat().st_mtime < before and not session.scalar(
            select(Document.id).where(Document.stored_as == stored_as).limit(1)
        ):
            path.unlink()
            gone += 1
    return gone


def _read(stream: BinaryIO, most: int) -> bytes:
    data = stream.read(most + 1)
    if len(data) > most:
        raise UploadRefused("too_large", most_mb=most // (1024 * 1024))
    return data


def _accepted(extensions: tuple[str, ...], mime: str, accept: str) -> bool:
    wanted = {each.strip().lower() for each in accept.split(",") if each.strip()}
    return mime in wanted or f"{mime.split('/')[0]}/*" in wanted or any(f".{each}" in wanted for each in extensions)


def _path(settings: Settings, stored_as: str) -> Path:
    folder, _, name = stored_as.partition("/")
    return settings.data_dir / "files" / folder / name[:2] / name


def _write(path: Path, data: bytes) -> None:
    """The whole file or none of it, on disk when we return."""
    if path.exists():
        os.utime(path)  # wanted again: not an orphan for a day
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        half.rename(path)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
