"""`footfall erase` while another run works, and the Dagster job: applied whole, after the other, or not at all."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pipeline import SECRET, Pipeline
from tests.thorough import DUCKDB_OR_BOTH

BIN = Path(sys.executable).parent
SECONDS = 300


def _write(file: Path, users: Sequence[str], day: int) -> None:
    """Two page views of each on a day of March 2026."""
    rows = [
        {
            "event_id": f"{user}-{day}-{hour}",
            "user_id": user,
            "event_type": "page_view",
            "page_path": "/",
            "created_at": f"2026-03-{day:02}T{hour:02}:00:00Z",
        }
        for user in users
        for hour in (9, 17)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _environment(pipeline: Pipeline, landing: Path) -> dict[str, str]:
    settings = pipeline.settings
    dsn = {"FOOTFALL_POSTGRES_DSN": settings.postgres_dsn.get_secret_value()} if settings.postgres_dsn else {}
    return {
        **os.environ,
        **dsn,
        "FOOTFALL_HOME": str(settings.home),
        "FOOTFALL_LANDING": str(landing),
        "FOOTFALL_SECRET_KEY": SECRET,
        "FOOTFALL_SETTLE_SECONDS": "0",
        "FOOTFALL_TARGET": settings.target,
    }


def _users(pipeline: Pipeline) -> int:
    return len(pipeline.rows("dim_users"))


@pytest.mark.parametrize("engine", DUCKDB_OR_BOTH)
def test_erasure_beside_a_run_waits_for_it_and_is_applied_whole(
    engine: str, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    pipeline, alone = make_pipeline(engine), make_pipeline(engine)
    landing, without = tmp_path / "landing", tmp_path / "without"
    for folder, users in ((landing, ["ada", "bob"]), (without, ["bob"])):
        _write(folder / "events/first.ndjson", users, 2)
    pipeline.run(landing)
    for folder, users in ((landing, ["ada", "bob"]), (without, ["bob"])):
        _write(folder / "events/second.ndjson", users, 3)
    said = tmp_path / "erase.err"
    with pipeline.loaded(landing, clock=None) as (refresh, _):
        with said.open("w") as errors:
            erasing = subprocess.Popen(
                [BIN / "footfall", "erase", "--user", "ada"],
                cwd=PROJECT_ROOT,
                env=_environment(pipeline, landing),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            # It has time to reach the lock, which the run here holds until its build is published.
            pipeline.build(refresh)
            refresh.publish()
            assert _users(pipeline) == 2
            assert pipeline.fetch("select count(*) from raw.events") == [(8,)]
            while "waiting for another run" not in said.read_text():
                assert erasing.poll() is None, said.read_text()
                time.sleep(0.1)
        except BaseException:
            erasing.kill()
            raise
    proof, _ = erasing.communicate(timeout=SECONDS)
    assert erasing.returncode == 0, said.read_text()
    assert json.loads(proof)["search"]["rows_left"] == 0
    assert pipeline.fetch("select kind, outcome from ops.runs") == [("erase", "published")]
    alone.run(without)
    assert pipeline.tables() == alone.tables()


def test_erase_job_of_dagster_carries_out_request_files(make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> None:
    pipeline, landing = make_pipeline("duckdb"), tmp_path / "landing"
    _write(landing / "events/first.ndjson", ["ada", "bob"], 2)
    pipeline.run(landing)
    assert _users(pipeline) == 2
    (landing / "erasures").mkdir()
    (landing / "erasures/requests.csv").write_text("user_id,workspace_id\nada,default\n")
    dagster_home = tmp_path / "dagster"
    dagster_home.mkdir()
    finished = subprocess.run(
        [BIN / "dagster", "job", "execute", "--module-name", "orchestration.definitions", "--job", "erase"],
        cwd=PROJECT_ROOT,
        env=_environment(pipeline, landing) | {"DAGSTER_HOME": str(dagster_home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert _users(pipeline) == 1
    assert pipeline.fetch("select count(*), max(completed_at) is not null from ops.erasures") == [(1, True)]
