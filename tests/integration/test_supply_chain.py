"""What is installed is what is locked, hashes and all; a run, the service and the dashboard call nobody."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path

import httpx
import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from orchestration.settings import PROJECT_ROOT
from serving.dashboard.launch import APP
from tests.pipeline import SECRET
from tests.unit.ingest.event_rows import event

FOOTFALL = Path(sys.executable).parent / "footfall"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>.*?))?(?: \\)?$")
# Not locked: the project itself, and what makes and fills an environment.
_NOT_LOCKED = {"footfall", "pip", "wheel"}
# Every process of the run notes whom it would call, and is refused.
_WATCH = """
import os, socket

def _refuse(where, original):
    def call(*arguments, **options):
        address = arguments[1] if where == "connect" else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        if where == "connect" and not isinstance(address, tuple):
            return original(*arguments, **options)
        if str(host) in ("127.0.0.1", "::1", "localhost", "None", "", socket.gethostname()):
            return original(*arguments, **options)
        with open(os.environ["CALLS"], "a") as calls:
            calls.write(f"{where} {address}\\n")
        raise OSError(f"the test lets nobody call {address}")
    return call

socket.getaddrinfo = _refuse("getaddrinfo", socket.getaddrinfo)
socket.socket.connect = _refuse("connect", socket.socket.connect)
open(os.environ["CALLS"] + f".{os.getpid()}", "w").close()
"""


def _requirements() -> list[tuple[str, str, bool, int]]:
    """(name, version, whether this machine wants it, number of hashes) of every line of the lock."""
    found = []
    for block in re.split(r"\n(?=\S)", (PROJECT_ROOT / "requirements.lock").read_text()):
        pin = _PIN.match(block.splitlines()[0])
        if pin:
            is_wanted = pin["marker"] is None or Marker(pin["marker"]).evaluate()
            found.append((canonicalize_name(pin["name"]), pin["version"], is_wanted, block.count("--hash=sha256:")))
    return found


def test_every_requirement_is_locked_with_its_hashes():
    requirements = _requirements()
    lines = [line for line in (PROJECT_ROOT / "requirements.lock").read_text().splitlines() if re.match(r"\w", line)]
    assert len(requirements) == len(lines) > 100
    assert [name for name, _, _, hashes in requirements if not hashes] == []


def test_what_is_installed_is_what_is_locked():
    locked = {name: version for name, version, is_wanted, _ in _requirements() if is_wanted}
    installed = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    assert {name: version for name, version in installed.items() if name not in _NOT_LOCKED} == locked


class Watched:
    """An installation that has published, of whose every process it is noted whom it would call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(_WATCH)
        landing = folder / "home/landing/events"
        landing.mkdir(parents=True)
        at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        (landing / "a.ndjson").write_text(json.dumps(event(created_at=at)) + "\n")
        foreign = ("FOOTFALL_", "DAGSTER_", "DBT_", "STREAMLIT_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "FOOTFALL_HOME": str(folder / "home"),
            "FOOTFALL_SECRET_KEY": SECRET,
            "PYTHONPATH": os.pathsep.join((str(folder / "site"), str(PROJECT_ROOT))),
            "CALLS": str(folder / "calls"),
        }

    @property
    def calls(self) -> str:
        """Whom the processes so far would have called."""
        calls = self._folder / "calls"
        return calls.read_text() if calls.exists() else ""

    @property
    def processes(self) -> int:
        """How many processes were watched so far."""
        return len(list(self._folder.glob("calls.*")))

    def run(self, program: Path, *arguments: str) -> None:
        finished = subprocess.run(
            [program, *arguments], cwd=PROJECT_ROOT, env=self.environment, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[None]:
        """A server of the command line, which ends with the block."""
        server = subprocess.Popen(
            [FOOTFALL, *arguments], cwd=PROJECT_ROOT, env=self.environment, stdout=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait()


def _answer(port: int, path: str) -> httpx.Response:
    deadline = time.monotonic() + 120
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the server never answered"
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    watched = Watched(tmp_path_factory.mktemp("watched"))
    watched.run(FOOTFALL, "run")
    return watched


def test_run_calls_nobody(watched: Watched):
    assert watched.calls == ""
    # The command line, the parse of the models and the build were all watched.
    assert watched.processes >= 3


def test_service_calls_nobody(watched: Watched):
    before, port = watched.processes, _free_port()
    with watched.serving("serve", "--port", str(port)):
        assert _answer(port, "/health").status_code == 200
    assert watched.processes > before
    assert watched.calls == ""


def test_dashboard_calls_nobody(watched: Watched):
    before, port = watched.processes, _free_port()
    with watched.serving("dashboard", "--no-browser", "--port", str(port)):
        assert _answer(port, "/_stcore/health").text == "ok"
        assert "<title>" in _answer(port, "/").text
    # What a page asks of the server, without a browser.
    shown = (
        "from streamlit.testing.v1 import AppTest; import sys;"
        " app = AppTest.from_file(sys.argv.pop(), default_timeout=120).run();"
        " assert not app.exception, app.exception; assert len(app.main) > 0"
    )
    watched.run(Path(sys.executable), "-c", shown, str(APP))
    assert watched.processes >= before + 2
    assert watched.calls == ""
