"""A backup is a folder: the database as pg_dump writes it, the files beside it, and a manifest that vouches for both.

The master key is not in it, on purpose: whoever finds the backup reads no secret, whoever restores it needs the key.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lastmeter import clock, migrations
from lastmeter.embedded import postgres
from lastmeter.errors import LastmeterError

DUMP, FILES, MANIFEST = "database.dump", "files", "manifest.json"
FORMAT = 1
Progress = Callable[..., Iterable[Any]]


class BackupRefused(LastmeterError):
    """The backup cannot be written or restored; facts: `reason`, `path` or `program` and its `message`."""

    code = "backup_refused"
    kind = "conflict"


def backup(url: str, data_dir: Path, target: Path, *, progress: Progress = iter) -> dict[str, Any]:
    """Database and files stand in the folder `target`, whole or not at all; its manifest. Raises BackupRefused.

    The database is dumped first: files never change, so what the dump names is there when the files are copied.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupRefused(reason="target_not_empty", path=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft / DUMP}")
        names = sorted(_names(data_dir / FILES))
        for name in progress(names):
            _copy(data_dir / FILES / name, draft / FILES / name)
        manifest = {
            "format": FORMAT, "made_at": clock.machine().isoformat(), "database_sha256": _digest(draft / DUMP),
            "files": {name: _digest(draft / FILES / name) for name in names},
        }  # fmt: skip
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if target.exists():
            target.rmdir()
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def restore(owner_url: str, data_dir: Path, source: Path, *, progress: Progress = iter) -> dict[str, Any]:
    """The empty database and data folder hold what the backup holds, at the newest revision; its manifest.

    Raises BackupRefused where something is there already, or the backup is not what its manifest says.
    """
    manifest = _checked(source)
    if _holds_tables(owner_url):
        raise BackupRefused(reason="database_not_empty")
    if _names(data_dir / FILES):
        raise BackupRefused(reason="files_not_empty", path=str(data_dir / FILES))
    # Files first: were the database there and a file not, somebody would meet the hole.
    for name in progress(sorted(manifest["files"])):
        _copy(source / FILES / name, data_dir / FILES / name)
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run("pg_restore", owner_url, *options, str(source / DUMP))
    migrations.upgrade(owner_url)
    return manifest


def _checked(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        known = manifest["format"] == FORMAT and isinstance(manifest["files"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise BackupRefused(reason="no_backup", path=str(source))
    promised = {DUMP: manifest["database_sha256"]}
    promised |= {f"{FILES}/{name}": digest for name, digest in manifest["files"].items()}
    for name, digest in promised.items():
        path = source / name
        inside = path.resolve().is_relative_to(source.resolve())
        if not inside or not path.is_file() or _digest(path) != digest:
            raise BackupRefused(reason="damaged", path=str(path))
    return manifest


def _holds_tables(url: str) -> bool:
    with psycopg.connect(_plain(url)) as connection:
        found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone()
    return found is not None


def _plain(url: str) -> str:
    """The address without SQLAlchemy's name of the driver."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(program: str, url: str, *options: str) -> None:
    """The program has done its work on the database. Its password is handed over out of sight of other users."""
    known = conninfo_to_dict(_plain(url))
    password = known.pop("password", None)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    address = make_conninfo("", **known)
    done = subprocess.run(
        [postgres.client_tool(program), f"--dbname={address}", *options],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BackupRefused(reason="program_failed", program=program, message=done.stderr.strip()[-500:])
