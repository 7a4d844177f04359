"""The code location says exactly what it holds, and the sensor turns a landed file into a published number."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.project import ensure_manifest
from orchestration.settings import PROJECT_ROOT, Settings
from warehouse.open import open_warehouse

BIN = Path(sys.executable).parent
SECRET = "a secret of the tests, long enough"
SECONDS_TO_PUBLISH = 90

BORDERS = {
    "loaded_files_as_expected",
    "loads_as_usual",
    "distinct_values_within_limits",
    "candidate_as_expected",
}
ENTITIES = ("consents", "erasures", "events", "features", "funnels", "goals", "segments", "users", "workspaces")
BOOKKEEPING = (
    "funnel_steps",
    "loads",
    "pending",
    "repeated_events",
    "segment_conditions",
    "time_zone_days",
    "user_attributes",
    "workspace_time_zones",
)
STAGING = (
    "built_in_segment_conditions",
    "built_in_segments",
    "stg_events",
    "stg_features",
    "stg_funnel_steps",
    "stg_funnels",
    "stg_goals",
    "stg_loads",
    "stg_pending",
    "stg_repeated_events",
    "stg_segment_conditions",
    "stg_segments",
    "stg_time_zone_days",
    "stg_user_attributes",
    "stg_users",
    "stg_workspace_time_zones",
    "stg_workspaces",
)
INTERMEDIATE = (
    "int_active_days",
    "int_leaving_cohorts",
    "int_leaving_periods",
    "int_leaving_windows",
    "int_as_of_dates",
    "int_calendar",
    "int_churn_probabilities",
    "int_common_paths",
    "int_conversion_spans",
    "int_conversions",
    "int_engagement_scores",
    "int_events",
    "int_feature_days",
    "int_features",
    "int_funnel_arrivals",
    "int_funnel_events",
    "int_funnel_steps",
    "int_goals",
    "int_period_users",
    "int_publication",
    "int_published_cells",
    "int_report_periods",
    "int_risk_snapshots",
    "int_risk_states",
    "int_safe_dates",
    "int_safe_reports",
    "int_segment_cohorts",
    "int_segment_conditions",
    "int_segment_members",
    "int_segment_sets",
    "int_segments",
    "int_session_paths",
    "int_session_steps",
    "int_sessions",
    "int_superseded_events",
    "int_timeframes",
    "int_touched_spans",
    "int_user_days",
    "int_user_devices",
    "int_user_facts",
    "int_user_hours",
    "int_user_periods",
    "int_user_segment_sets",
    "int_users",
)
MARTS = (
    "bridge_user_segments",
    "dim_features",
    "dim_segments",
    "dim_users",
    "dim_workspaces",
    "fct_activity_daily",
    "fct_activity_hourly",
    "fct_cohort_retention",
    "fct_feature_usage_daily",
    "fct_growth_periods",
    "fct_growth_rolling",
    "fct_restatement_lateness",
    "fct_restatement_sessions",
    "fct_restatements",
    "fct_session_goals",
    "fct_session_paths",
    "fct_session_steps",
    "fct_sessions",
    "fct_user_days",
    "fct_user_engagement",
    "fct_user_feature_days",
    "fct_user_hours",
    "rpt_activity",
    "rpt_activity_by_date",
    "rpt_activity_by_hour",
    "rpt_activity_by_weekday",
    "rpt_adoption_funnel",
    "rpt_churn",
    "rpt_churn_risk",
    "rpt_cohorts",
    "rpt_conversion_paths",
    "rpt_entry_pages",
    "rpt_exit_pages",
    "rpt_features",
    "rpt_funnels",
    "rpt_page_flows",
    "rpt_path_steps",
    "rpt_paths",
    "rpt_retention_brackets",
    "rpt_retention_curve",
    "rpt_session_breakdown",
    "rpt_sessions",
    "rpt_stickiness",
)
SAFE_MARTS = (
    "dim_features",
    "dim_segments",
    "dim_workspaces",
    "fct_activity_daily",
    "fct_cohort_retention",
    "fct_growth_periods",
    "fct_growth_rolling",
    "rpt_activity",
    "rpt_activity_by_date",
    "rpt_activity_by_hour",
    "rpt_activity_by_weekday",
    "rpt_adoption_funnel",
    "rpt_churn",
    "rpt_churn_risk",
    "rpt_conversion_paths",
    "rpt_entry_pages",
    "rpt_exit_pages",
    "rpt_features",
    "rpt_funnels",
    "rpt_retention_brackets",
    "rpt_session_breakdown",
    "rpt_sessions",
    "rpt_stickiness",
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """The environment of a fresh installation with a home of its own."""
    home = tmp_path_factory.mktemp("dagster-home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
    return {**kept, "FOOTFALL_HOME": str(home), "FOOTFALL_SECRET_KEY": SECRET, "FOOTFALL_SENSOR_SECONDS": "10"}


@pytest.fixture(scope="module")
def definitions(environment) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            if name.startswith("FOOTFALL_"):
                patch.setenv(name, value)
        from orchestration.definitions import defs

        yield defs()


def test_definitions_validate(environment):
    finished = subprocess.run(
        [BIN / "dagster", "definitions", "validate", "-m", "orchestration.definitions"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_asset_keys_are_exactly_these(definitions):
    expected = {
        *(("raw", name) for name in (*ENTITIES, *BOOKKEEPING)),
        *(("staging", name) for name in STAGING),
        *(("intermediate", name) for name in INTERMEDIATE),
        *(("candidate", name) for name in MARTS),
        *(("marts", name) for name in MARTS),
        *(("candidate_safe", f"safe_{name}") for name in SAFE_MARTS),
        *(("marts_safe", name) for name in SAFE_MARTS),
    }
    graph = definitions.resolve_asset_graph()
    assert {tuple(key.path) for key in graph.materializable_asset_keys} == expected


def test_every_mart_is_downstream_of_the_raw_events(definitions):
    graph = definitions.resolve_asset_graph()
    upstream = dg.AssetSelection.assets(*(["marts", name] for name in MARTS)).upstream().resolve(graph)
    assert dg.AssetKey(["raw", "events"]) in upstream
    assert dg.AssetKey(["candidate", "fct_sessions"]) in upstream


def test_checks_are_every_data_test_of_the_project_and_the_two_borders(definitions):
    graph = definitions.resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys}
    assert names >= BORDERS
    manifest = json.loads(ensure_manifest(Settings()).read_bytes())
    data_tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    assert names - BORDERS == data_tests


def test_border_checks_block_what_is_downstream(definitions):
    graph = definitions.resolve_asset_graph()
    for key in graph.asset_check_keys:
        if key.name in BORDERS:
            assert graph.get_check_spec(key).blocking, key


def test_whatever_a_person_starts_runs_in_one_process(definitions):
    repository = definitions.get_repository_def()
    for job in repository.get_all_jobs():
        assert job.executor_def.name == "in_process", job.name


def test_jobs_schedules_and_one_sensor(definitions):
    repository = definitions.get_repository_def()
    jobs = sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__"))
    assert jobs == ["backfill", "erase", "purge", "refresh", "reload", "watch"]
    schedule = repository.get_schedule_def("daily_refresh")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == ("0 6 * * *", "UTC", "refresh")
    sensor = repository.get_sensor_def("landing_folder")
    assert (sensor.job_name, sensor.minimum_interval_seconds) == ("refresh", 10)
    assert sorted(one.name for one in repository.schedule_defs) == ["daily_purge", "daily_refresh", "daily_watch"]
    assert [one.name for one in repository.sensor_defs] == ["landing_folder"]


@pytest.mark.parametrize(
    ("job", "shown"),
    [
        ("backfill", {"rebuild_from": None, "rebuild_to": None, "rebuild_workspace": None, "full_refresh": False}),
        ("reload", {"reload": [], "forget": False}),
        ("purge", {"purge": True}),
        ("erase", {"deletes_landing": False}),
    ],
)
def test_launchpad_shows_what_to_fill_in(definitions, job, shown):
    job = definitions.resolve_job_def(job)
    assert job.run_config == {"resources": {"refresh": {"config": shown}}}
    assert dg.validate_run_config(job, job.run_config)
    fields = job.resource_defs["refresh"].config_schema.config_type.fields
    assert all(fields[name].description for name in shown)


def test_request_of_the_command_line_reaches_the_run(definitions):
    from orchestration.defs.resources import RefreshResource
    from orchestration.rebuild import Scope
    from orchestration.run import Request, resource_config

    scope = Scope(date(2026, 1, 1), date(2026, 1, 31), "acme")
    request = Request("elsewhere", date(2026, 2, 1), True, scope, ("events/a.ndjson", "users"), True)
    assert RefreshResource(**resource_config(request)).request == vars(request)
    assert RefreshResource().request == vars(Request())


def test_landed_file_is_published_by_the_sensor_within_ninety_seconds(environment):
    home = Path(environment["FOOTFALL_HOME"])
    (home / "landing" / "events").mkdir(parents=True)
    daemon = subprocess.Popen(
        [BIN / "footfall", "dev", "--port", "0"],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=(home / "dagster.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait_until(lambda: "Serving dagster-webserver" in (home / "dagster.log").read_text(), 120, daemon)
        day = datetime.now(UTC) - timedelta(days=2)
        rows = [
            {
                "event_id": str(number),
                "user_id": f"u{number % 50}",
                "event_type": "page_view",
                "created_at": (day + timedelta(seconds=number)).isoformat(),
            }
            for number in range(1000)
        ]
        (home / "landing" / "events" / "new.ndjson").write_text("\n".join(map(json.dumps, rows)))
        landed = time.monotonic()
        _wait_until(lambda: _published_events(home) == 1000, SECONDS_TO_PUBLISH, daemon)
        print(f"published {time.monotonic() - landed:.0f} s after landing")
    finally:
        os.killpg(daemon.pid, signal.SIGINT)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def _published_events(home: Path) -> int | None:
    """Looked at in this process: a command every second would take a core of the two from the run."""
    warehouse = open_warehouse(Settings(home=home, target="duckdb"))
    if not warehouse.has_publication():
        return None
    return warehouse.read("select sum(events) as events from fct_activity_daily").rows[0][0]


def _wait_until(condition, seconds: float, daemon: subprocess.Popen) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert daemon.poll() is None, "Dagster ended by itself"
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(1)
