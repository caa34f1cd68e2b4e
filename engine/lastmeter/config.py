"""Every setting, in one typed list; read once from the environment at the entry points."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from lastmeter.errors import LastmeterError


class SettingRefused(LastmeterError):
    """An environment variable holds a value that its setting cannot take."""

    code = "setting_refused"


@dataclass(frozen=True)
class Settings:
    """One field per setting, named LASTMETER_<FIELD> in the environment; docs/settings.md lists them."""

    database_url: str = ""  # the application's role; empty: the embedded PostgreSQL of `data_dir`
    owner_url: str = ""  # the owner's role, for migrations only; empty: as database_url
    redis_url: str = ""  # wakes workers; empty: workers poll the database
    data_dir: Path = field(default_factory=lambda: Path("var"))  # embedded cluster, files, demo keys
    master_key: str = ""  # base64 of 32 bytes; empty: read from master_key_file
    master_key_file: str = ""  # empty: <data_dir>/master.key
    demo: bool = False  # clock bar, virtual legal clock; never in production
    secure_cookies: bool = True  # off only where the address is plain http on loopback
    language: str = "zh"  # default of pages: zh or en
    log_level: str = "INFO"
    session_hours: int = 12  # a login lasts this long, 8 h idle at most
    session_idle_minutes: int = 480
    upload_limit_bytes: int = 50 * 1024 * 1024  # one file
    body_limit_bytes: int = 1024 * 1024  # one request without files
    worker_poll_seconds: float = 2.0  # between two looks at the job table when nothing wakes us
    pool_size: int = 5  # connections per process
    ocid_prefix: str = "ocds-xxxxxx"  # of open contracting data; the publisher registers its own
    strict_min_days: bool = False  # count the closing day of a "no fewer than" period as incomplete

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process. Raises SettingRefused naming the variable."""
        environment = os.environ if environment is None else environment
        given: dict[str, object] = {}
        for item in fields(cls):
            name = f"LASTMETER_{item.name.upper()}"
            if name in environment:
                given[item.name] = _read(name, environment[name], str(item.type))
        return cls(**given)  # type: ignore[arg-type]  # each value was read by its field's type


def _read(name: str, text: str, kind: str) -> object:
    try:
        if kind == "bool":
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[
                text.strip().lower()
            ]
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except (KeyError, ValueError):
        raise SettingRefused(setting=name, value=text, expected=kind) from None
    return Path(text) if kind == "Path" else text
