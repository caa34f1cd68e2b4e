"""One master key outside the database wraps a data key per class of secret.

Classes: identifiers, case_notes, documents, hmac, audit_root, and one `bid/<tender id>` per tender.
A ciphertext is `version byte + 12-byte nonce + AES-256-GCM`; the class name is authenticated with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac as hmac_module
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from lastmeter.config import Settings
from lastmeter.db import Base
from lastmeter.errors import LastmeterError


class KeyUnavailable(LastmeterError):
    """The master key is missing or does not open this database's data keys; docs/operations.md tells what to do."""

    code = "key_unavailable"
    kind = "unavailable"


class DataKey(Base):
    """A data key, wrapped by the master key; `retired` keys only decrypt."""

    __tablename__ = "data_key"
    key_class: Mapped[str] = mapped_column(String(80), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


_master: bytes | None = None
_opened: dict[tuple[str, int], bytes] = {}


def configure(settings: Settings, *, create: bool = False) -> None:
    """Read the master key of this process; `create` makes the file (mode 0600) where none is. Raises KeyUnavailable."""
    if settings.master_key:
        install(_decode(settings.master_key))
        return
    file = Path(settings.master_key_file) if settings.master_key_file else settings.data_dir / "master.key"
    if create and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(base64.b64encode(os.urandom(32)))
    try:
        install(_decode(file.read_text()))
    except FileNotFoundError:
        raise KeyUnavailable(reason="no master key", file=str(file)) from None


def install(master: bytes) -> None:
    """Use these 32 bytes as the master key from now on."""
    global _master
    _master = master
    _opened.clear()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text.strip())
    if len(raw) != 32:
        raise KeyUnavailable(reason="the master key must be 32 bytes in base64")
    return raw


def _master_key() -> bytes:
    if _master is None:
        raise KeyUnavailable(reason="no master key was configured")
    return _master


def _wrap(plain: bytes, key: bytes, label: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, label.encode())


def _unwrap(sealed: bytes, key: bytes, label: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], label.encode())
    except InvalidTag:
        raise KeyUnavailable(reason="the key does not fit", key_class=label) from None


def _data_key(session: Session, key_class: str, version: int | None, *, create: bool) -> tuple[int, bytes]:
    if version is not None and (key_class, version) in _opened:
        return version, _opened[key_class, version]
    query = select(DataKey).where(DataKey.key_class == key_class).order_by(DataKey.version.desc()).limit(1)
    if version is not None:
        query = query.where(DataKey.version == version)
    row = session.scalar(query)
    if row is None and create:
        session.execute(
            insert(DataKey)
            .values(key_class=key_class, version=1, wrapped=_wrap(os.urandom(32), _master_key(), key_class))
            .on_conflict_do_nothing()
        )
        row = session.scalar(query)
    if row is None:
        raise KeyUnavailable(reason="no such data key", key_class=key_class)
    plain = _unwrap(row.wrapped, _master_key(), key_class)
    if len(_opened) < 1000:
        _opened[key_class, row.version] = plain
    return row.version, plain


def encrypt(session: Session, key_class: str, plain: str | bytes) -> bytes:
    """The ciphertext of `plain` under the class's newest data key, which is made on first use."""
    version, key = _data_key(session, key_class, None, create=True)
    data = plain.encode() if isinstance(plain, str) else plain
    return bytes([version]) + _wrap(data, key, key_class)


def decrypt(session: Session, key_class: str, sealed: bytes) -> bytes:
    """What `encrypt` was given. Raises KeyUnavailable."""
    _, key = _data_key(session, key_class, sealed[0], create=False)
    return _unwrap(sealed[1:], key, key_class)


def decrypt_text(session: Session, key_class: str, sealed: bytes) -> str:
    return decrypt(session, key_class, sealed).decode()


def fingerprint(session: Session, value: str) -> bytes:
    """An HMAC by which equal values are found without being readable (32 bytes)."""
    _, key = _data_key(session, "hmac", 1, create=True)
    return hmac_module.new(key, value.encode(), hashlib.sha256).digest()


def derived(purpose: str) -> bytes:
    """32 bytes that every process under this master key agrees on, another for each purpose. Raises KeyUnavailable."""
    return hmac_module.new(_master_key(), f"derived/{purpose}".encode(), hashlib.sha256).digest()


def forget(session: Session, key_class: str) -> None:
    """Destroy the class's data keys: what was sealed under them is lost for good."""
    for row in session.scalars(select(DataKey).where(DataKey.key_class == key_class)):
        _opened.pop((key_class, row.version), None)
        session.delete(row)


def rotate(session: Session, new_master: bytes) -> int:
    """Every data key wrapped anew under `new_master`; how many there were. Data stays as it is."""
    rows = list(session.scalars(select(DataKey)))
    for row in rows:
        row.wrapped = _wrap(_unwrap(row.wrapped, _master_key(), row.key_class), new_master, row.key_class)
    session.flush()
    return len(rows)
