"""Children that never outlive us, and folders that only one of us uses."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lastmeter.errors import LastmeterError

GUARD = Path(__file__).with_name("guard.py")
# sun_path holds 108 bytes on Linux and 104 on macOS, with its closing zero; the file's own name needs the rest.
SOCKET_FOLDER_BYTES = 80


class FolderInUse(LastmeterError):
    """Another process runs on this data folder; facts: `folder`, `pid` of the holder."""

    code = "folder_in_use"
    kind = "conflict"


@dataclass(frozen=True)
class Account:
    """The user a server runs as."""

    uid: int
    gid: int


def own_account() -> Account:
    return Account(os.geteuid(), os.getegid())


def guarded(
    command: Sequence[str | os.PathLike[str]],
    *,
    when_parent_dies: signal.Signals,
    log: IO[bytes] | None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    inherit: Sequence[int] = (),
    with_offspring: bool = False,
) -> subprocess.Popen[bytes]:
    """A running child, in a session of its own, which gets `when_parent_dies` when this process is gone.

    Linux watches the *thread* that starts the child: call it from one that lives as long as the child should.
    Its own session keeps a Ctrl-C in the terminal from reaching it before we stop it in order. `inherit` are open
    file descriptors that it keeps, a listening socket for instance. `with_offspring` also ends what the child started
    and left behind, at the price of a small process that watches; signals to the result go to the child.
    """
    account = account or own_account()
    mode = "watch" if with_offspring else "become"
    guard = [sys.executable, "-I", str(GUARD), mode, str(os.getpid()), str(int(when_parent_dies))]
    return subprocess.Popen(
        [*guard, f"{account.uid}:{account.gid}", *(os.fspath(part) for part in command)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log is not None else None,
        env=environment,
        cwd=folder,
        start_new_session=True,
        pass_fds=inherit,
    )


def end(child: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """The child has ended: each signal in turn gets its seconds, SIGKILL comes last."""
    for number, seconds in signals:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return
    child.kill()
    child.wait()


class Lock:
    """An advisory lock on a file; the kernel drops it with its holder, so a killed holder locks nobody out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def hold(self) -> None:
        """We hold it. Raises FolderInUse at once when another process does."""
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise FolderInUse(folder=str(self.path.parent), pid=holder) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def socket_folder(beside: Path, account: Account) -> Path:
    """A private folder whose path is short enough for a Unix socket; the same one for the same `beside`."""
    folder = beside / "socket"
    if len(os.fsencode(folder)) > SOCKET_FOLDER_BYTES:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"lastmeter-{account.uid}-{name}"
    if len(os.fsencode(folder)) > SOCKET_FOLDER_BYTES:
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    # /tmp is everybody's: a folder or link that somebody else put there first is not ours to trust.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid):
        raise FolderInUse(folder=str(folder), pid="")
    if found.st_uid != account.uid:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return folder
