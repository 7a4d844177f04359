"""What is installed is what is locked, hashes and all, and a run asks nobody on the network."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from orchestration.settings import PROJECT_ROOT
from tests.pipeline import SECRET
from tests.unit.ingest.event_rows import event

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


def test_run_calls_nobody(tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_WATCH)
    calls = tmp_path / "calls"
    (tmp_path / "home/landing/events").mkdir(parents=True)
    at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    (tmp_path / "home/landing/events/a.ndjson").write_text(json.dumps(event(created_at=at)) + "\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_", "DBT_"))}
    finished = subprocess.run(
        [Path(sys.executable).parent / "footfall", "run"],
        cwd=PROJECT_ROOT,
        env=kept
        | {
            "FOOTFALL_HOME": str(tmp_path / "home"),
            "FOOTFALL_SECRET_KEY": SECRET,
            "PYTHONPATH": str(tmp_path / "site"),
            "CALLS": str(calls),
        },
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert not calls.exists(), calls.read_text()
    # The command line, the parse of the models and the build were all watched.
    assert len(list(tmp_path.glob("calls.*"))) >= 3
