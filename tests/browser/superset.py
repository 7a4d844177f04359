"""A Superset of its own: a fresh metadata database, one import, a server on a free port of 127.0.0.1."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

USER = "admin"
COMMAND_SECONDS = 600
START_SECONDS = 180
STOP_SECONDS = 20


class Superset:
    """Commands of the Superset in a virtual environment.

    Args:
        folder: the environment's `bin`.
        home: an empty folder for the metadata database and the log.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self._executable = folder / "superset"
        self._home = home
        self.password = secrets.token_urlsafe(16)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "SUPERSET_HOME": str(home),
            "SUPERSET_SECRET_KEY": secrets.token_urlsafe(42),
            "FLASK_APP": "superset",
            "SCARF_ANALYTICS": "false",
        }

    def set_up(self) -> None:
        """An empty Superset, with one user who may do everything."""
        self.run("db", "upgrade")
        names = ("--firstname", "Ada", "--lastname", "Min", "--email", "admin@example.org")
        self.run("fab", "create-admin", "--username", USER, *names, "--password", self.password)
        self.run("init")

    def run(self, *arguments: str) -> None:
        """One command; an AssertionError with the end of its output when it fails."""
        finished = subprocess.run(
            [self._executable, *arguments],
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert finished.returncode == 0, f"superset {arguments[0]}:\n{finished.stdout[-2000:]}{finished.stderr[-4000:]}"

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The server's address, until the block ends."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        log = self._home / "server.log"
        with open(log, "w") as out:
            server = subprocess.Popen(
                [self._executable, "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"],
                cwd=self._home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_healthy(server, address, log)
            yield address
        finally:
            server.terminate()
            server.wait(STOP_SECONDS)


def _wait_until_healthy(server: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-4000:]
        try:
            with urlopen(f"{address}/health", timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(1)
    raise AssertionError(f"no answer in {START_SECONDS} s:\n{log.read_text()[-4000:]}")
