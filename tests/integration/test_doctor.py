"""What `footfall doctor` says of each fault that it can see: the cause, and what to do."""

import os
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta

import psycopg2
import pytest

from orchestration import doctor
from orchestration.doctor import Finding, examine
from orchestration.settings import Settings
from tests.integration.conftest import ENGINES
from tests.pipeline import SECRET, Pipeline
from warehouse.open import open_warehouse
from warehouse.postgres import RUN_LOCK


def _finding(settings: Settings, subject: str) -> Finding:
    (found,) = [finding for finding in examine(settings) if finding.subject == subject]
    return found


@pytest.fixture(params=ENGINES)
def prepared(request, make_pipeline) -> Pipeline:
    pipeline = make_pipeline(request.param)
    with open_warehouse(pipeline.settings).lock(0):
        pass
    return pipeline


def test_disk_that_is_nearly_full_is_named(make_pipeline, monkeypatch):
    settings = make_pipeline().settings
    assert _finding(settings, "disk").is_well
    monkeypatch.setattr(doctor, "FREE_BYTES_WANTED", 1 << 60)
    found = _finding(settings, "disk")
    assert not found.is_well
    assert f"free under {settings.home}: a run may find no space; make room" in found.words


def test_landing_folder_that_is_missing_is_named(make_pipeline, tmp_path):
    found = _finding(make_pipeline(landing=str(tmp_path / "gone")).settings, "landing")
    assert not found.is_well
    assert found.words == (
        f"the landing root {tmp_path / 'gone'} is not a folder. Create it, or set FOOTFALL_LANDING to the right one."
    )


def test_clock_behind_the_last_run_is_named(prepared):
    assert _finding(prepared.settings, "clock").is_well
    tomorrow = datetime.now() + timedelta(days=1)
    with open_warehouse(prepared.settings).transaction() as tx:
        tx.execute("insert into ops.publications (publication_id, published_at) values (1, $1)", (tomorrow,))
    found = _finding(prepared.settings, "clock")
    assert not found.is_well
    assert f"but the last run was at {tomorrow:%Y-%m-%d}" in found.words
    assert "timedatectl set-ntp true" in found.words


def test_run_in_progress_is_named(prepared):
    assert _finding(prepared.settings, "lock").words == "free"
    with open_warehouse(prepared.settings).lock(0):
        found = _finding(prepared.settings, "lock")
    assert f"a run is in progress (process {os.getpid()}" in found.words
    assert _finding(prepared.settings, "lock").words == "free"


DIES_WITH_THE_LOCK = """
import os, signal, sys
from pathlib import Path
from warehouse.duckdb import DuckDBWarehouse
with DuckDBWarehouse(Path(sys.argv[1])).lock(0):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_run_that_died_with_the_lock_is_named_on_duckdb(make_pipeline):
    settings = make_pipeline().settings
    died = subprocess.Popen([sys.executable, "-c", DIES_WITH_THE_LOCK, settings.home])
    assert died.wait() == -signal.SIGKILL
    found = _finding(settings, "lock")
    assert found.words == f"free; process {died.pid} died during its run: `footfall run` takes up what it left"


def test_lock_of_a_process_that_died_is_named_on_postgres(make_pipeline):
    settings = make_pipeline("postgres").settings
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    name = f"footfall run {died.pid}@{socket.gethostname()[:30]}"
    connection = psycopg2.connect(settings.postgres_dsn.get_secret_value(), application_name=name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s), pg_backend_pid()", (RUN_LOCK,))
            backend = cursor.fetchone()[1]
        found = _finding(settings, "lock")
    finally:
        connection.close()
    assert f"process {died.pid}@" in found.words
    assert found.words.endswith(f"which died: free it with `select pg_terminate_backend({backend})`")


def test_database_that_does_not_answer_is_named_without_its_password(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dsn = f"postgresql://someone:a-password-of-the-tests@127.0.0.1:{port}/shop"
    found = _finding(Settings(home=tmp_path, target="postgres", postgres_dsn=dsn, secret_key=SECRET), "warehouse")
    assert found.is_fatal
    assert f"127.0.0.1:{port}/shop" in found.words
    assert "See that the server is up and reachable" in found.words
    assert "a-password-of-the-tests" not in found.words
