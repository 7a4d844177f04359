"""Dagster's history: written without waiting for the disk, with few connections, and readable by Dagster itself."""

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.dagster_home import leave_flushing_to_the_system, prepare_dagster_home
from orchestration.event_log import KeptEngineEventLogStorage
from orchestration.settings import Settings


def test_history_is_written_without_waiting_for_the_disk(tmp_path):
    leave_flushing_to_the_system()
    leave_flushing_to_the_system()
    engine = sa.create_engine(f"sqlite:///{tmp_path}/index.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 0
    engine.dispose()


@dg.asset
def numbers() -> None: ...


@dg.asset_check(asset=numbers)
def numbers_are_well() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def run(instance: dg.DagsterInstance) -> str:
    result = dg.materialize([numbers, numbers_are_well], instance=instance)
    assert result.success
    return result.run_id


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")  # put back afterwards
    return prepare_dagster_home(Settings(home=tmp_path))


def test_dagster_itself_reads_the_events_that_footfall_kept(home):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance.event_log_storage, KeptEngineEventLogStorage)
        run_id = run(instance)
        kept = [entry.dagster_event_type for entry in instance.all_logs(run_id) if entry.is_dagster_event]
        assert {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "RUN_SUCCESS"} <= {each.name for each in kept}
    own = SqliteEventLogStorage(str(home / "history" / "runs"))
    assert [entry.dagster_event_type for entry in own.get_logs_for_run(run_id) if entry.is_dagster_event] == kept
    assert own.has_asset_key(numbers.key)
    own.dispose()


def test_a_file_of_events_is_opened_once_and_few_stay_open(home):
    opened = []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage = instance.event_log_storage
        run(instance)

        def note(connection: object, _record: object) -> None:
            opened.append(connection)

        sa.event.listen(storage._engine("index"), "connect", note)
        for _ in range(6):
            run(instance)
        assert len(opened) <= 2, "statements of one transaction, and a look for a table in the middle of it"
        assert len(storage._engines) == 4
