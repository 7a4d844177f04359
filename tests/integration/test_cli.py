"""The `footfall` command as a person runs it: exit codes, words, and what readers see afterwards."""

import gzip
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.thorough import thorough

FOOTFALL = Path(sys.executable).parent / "footfall"
SECRET = "a secret of the tests, long enough"
LOAD_CHECKS = ["distinct_values_within_limits", "loaded_files_as_expected", "loads_as_usual"]
STEPS = ["landing_files", *LOAD_CHECKS, "dbt_models", "candidate_as_expected", "published_tables"]
DAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=3)


class Installation:
    """A home of its own, and the command run in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.landing = home / "landing"
        self.variables = {"FOOTFALL_HOME": str(home), "FOOTFALL_SECRET_KEY": SECRET, "FOOTFALL_SETTLE_SECONDS": "0"}

    def footfall(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
        return subprocess.run(
            [FOOTFALL, *arguments],
            cwd=PROJECT_ROOT,
            env={**kept, **self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def rows(self, sql: str) -> list[dict]:
        finished = self.footfall("query", "--format", "json", sql)
        assert finished.returncode == 0, finished.stderr
        return [json.loads(line) for line in finished.stdout.splitlines()]

    def working(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.home / "duckdb" / "warehouse.duckdb") as connection:
            return connection.execute(sql).fetchall()

    @property
    def dbt(self) -> Path:
        """Where dbt leaves what it writes."""
        return self.home / "dbt" / "duckdb"

    def build_log_levels(self) -> set[str]:
        """Of what builds logged; parsing the project logs plain text."""
        lines = (self.dbt / "dbt.log").read_text().splitlines()
        return {json.loads(line)["info"]["level"] for line in lines if line.startswith("{")}

    def land(self, name: str, content: bytes) -> None:
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def ndjson(*rows: dict) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def view(number: int, user: str = "u1", **fields) -> dict:
    moment = (DAY + timedelta(minutes=number)).isoformat()
    return {"event_id": f"e{number}", "user_id": user, "event_type": "page_view", "created_at": moment, **fields}


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Installation:
    """An installation that has loaded good and bad rows and published once."""
    installation = Installation(tmp_path_factory.mktemp("cli-home"))
    installation.land("events/good.ndjson", ndjson(*(view(number, f"u{number % 3}") for number in range(30))))
    bad = [
        b'{"event_id": "broken", ',
        json.dumps(view(100, event_type="teleport")).encode(),
        json.dumps(view(101, created_at="yesterday-ish")).encode(),
        b'{"event_id": "latin", "user_id": "\xff\xfe", "event_type": "login", "created_at": "2026-01-01"}',
        json.dumps(view(102, metadata=[1])).encode(),
        json.dumps(view(103, page_path="x" * 10_000_000)).encode(),
        json.dumps({**view(104), "user_id": None}).encode(),
        json.dumps(view(105, user="u9")).encode(),
    ]
    installation.land("events/bad.ndjson", b"\n".join(bad) + b"\n")
    archive = gzip.compress(ndjson(*(view(number) for number in range(200, 3000))))
    installation.land("events/truncated.ndjson.gz", archive[: len(archive) // 2])
    installation.first_run = installation.footfall("--log-format", "json", "run")
    return installation


def test_good_rows_are_published_and_bad_ones_reported(shop):
    assert shop.first_run.returncode == 0, shop.first_run.stderr
    assert shop.rows("select sum(events) as events, sum(dau) as users from fct_activity_daily") == [
        {"events": 31, "users": 4}
    ]
    kept = shop.working("select line, reason, field from raw.rejected where path = 'events/bad.ndjson' order by line")
    assert [(line, reason) for line, reason, _ in kept] == [
        (1, "invalid_json"),
        (2, "unknown_event_type"),
        (3, "invalid_timestamp"),
        (4, "invalid_utf8"),
        (5, "invalid_metadata"),
        (6, "row_too_large"),
        (7, "missing_field"),
    ]
    assert "7" in shop.first_run.stdout and "unknown_event_type" in shop.first_run.stdout


def test_corrupt_archive_refuses_the_file_and_the_run_goes_on(shop):
    assert "truncated.ndjson.gz" in shop.first_run.stderr
    assert shop.working(
        "select status, rows_read, loaded from raw.loads where path = 'events/truncated.ndjson.gz'"
    ) == [("rejected", 0, 0)]


def test_every_line_of_a_run_is_json_when_asked_for(shop):
    lines = [json.loads(line) for line in shop.first_run.stderr.splitlines()]
    assert {"time", "level", "message", "run_id", "step"} <= set.intersection(*(set(line) for line in lines))
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)
    assert len({line["run_id"] for line in lines}) == 1
    ended = [(line["step"], line["rows"]) for line in lines if "seconds" in line]
    assert sorted(step for step, _ in ended) == sorted(STEPS)
    assert dict(ended)["landing_files"] == 31
    assert {line["step"] for line in lines if "truncated.ndjson.gz" in line["message"]} == {"landing_files"}


def test_history_of_a_run_tells_its_steps_and_checks(shop):
    (run,) = [json.loads(line) for line in shop.footfall("runs", "--json").stdout.splitlines()]
    assert (run["kind"], run["outcome"], run["message"]) == ("run", "published", None)
    assert (run["rows_read"], run["rows_loaded"], run["publication_id"]) == (38, 31, 1)
    steps = [step["step"] for step in run["steps"]]
    assert steps[:1] + sorted(steps[1:4]) + steps[4:] == STEPS, "the checks of loads are of no order"
    assert not any(step["has_failed"] for step in run["steps"])
    assert 0 < sum(step["seconds"] for step in run["steps"]) <= run["seconds"]
    assert {check["name"]: check["passed"] for check in run["checks"]} == dict.fromkeys(
        (*LOAD_CHECKS, "candidate_as_expected"), True
    )
    shown = shop.footfall("runs", run["run_id"][:8]).stdout
    assert run["run_id"] in shown and all(step in shown for step in STEPS)
    assert shop.footfall("runs", "no such run").returncode == 1


def test_build_writes_down_neither_debug_events_nor_the_parsed_project_again(shop):
    assert shop.build_log_levels() == {"info"}
    assert (shop.dbt / "manifest.json").read_bytes() == (shop.dbt / "parsed" / "manifest.json").read_bytes()


def test_nothing_personal_is_in_the_warehouse_file(shop):
    content = (shop.home / "duckdb" / "warehouse.duckdb").read_bytes()
    assert b"teleport" not in content
    keys = {key for (key,) in shop.working("select distinct user_key from raw.events")}
    assert all(len(key) == 32 for key in keys) and not keys & {"u0", "u1", "u2", "u9"}


def test_second_run_has_nothing_to_do_and_does_not_start_dagster(shop):
    again = shop.footfall("run")
    assert (again.returncode, "Dagster" in again.stderr) == (0, False), again.stderr
    assert "Nothing new" in again.stdout
    assert shop.working("select outcome from ops.runs order by started_at") == [("published",), ("nothing new",)]


def test_new_file_is_published_by_an_incremental_build(shop):
    shop.land("events/more.ndjson", ndjson(view(31, "u0"), view(32, "late")))
    finished = shop.footfall("run", DBT_LOG_LEVEL_FILE="debug")
    assert finished.returncode == 0, finished.stderr
    assert "building: 1 load\n" in finished.stderr
    assert shop.build_log_levels() == {"debug", "info"}
    assert shop.rows("select sum(events) as events, sum(dau) as users from fct_activity_daily") == [
        {"events": 33, "users": 5}
    ]


def test_planted_wrong_number_fails_the_audit_and_readers_see_the_old_marts(shop):
    before = shop.rows("select * from fct_user_days order by user_key")
    shop.working(
        "update intermediate.int_user_days set events = events + 7 "
        "where user_key = (select min(user_key) from intermediate.int_user_days)"
    )
    shop.land("events/after.ndjson", ndjson(view(5000, "somebody new")))
    finished = shop.footfall("run")
    assert finished.returncode == 1
    assert "failed: test " in finished.stderr
    assert "Nothing was published" in finished.stderr
    assert re.search(r"failed: test \w*events\w*\n    default, ", finished.stderr), "the offending rows are shown"
    assert shop.rows("select * from fct_user_days order by user_key") == before
    ((outcome, message, failed),) = shop.working(
        "select outcome, message, (select step from ops.steps where has_failed and steps.run_id = runs.run_id)"
        " from ops.runs order by started_at desc limit 1"
    )
    assert (outcome, failed) == ("failed", "dbt_models")
    assert re.fullmatch(r"(test \w+: \d+ rows(; )?)+", message), "the tests are named, rows are not"

    day = DAY.date().isoformat()
    repaired = shop.footfall("backfill", "--from", day, "--to", day)
    assert repaired.returncode == 0, repaired.stderr
    assert f"rebuilding {day} to {day} of every workspace: 5 users" in repaired.stderr
    assert len(shop.rows("select * from fct_user_days")) == len(before) + 1


@thorough
def test_reload_replaces_the_rows_of_a_mended_file_and_no_run_loads_it_again(shop):
    before = shop.rows("select sum(events) as events from fct_activity_daily")[0]["events"]
    shop.land("events/bad.ndjson", ndjson(*(view(number, user="u9") for number in range(100, 107))))
    finished = shop.footfall("reload", "events/bad.ndjson")
    assert finished.returncode == 0, finished.stderr
    assert "reloaded 1 files: 1 rows of 1 earlier loads replaced by 7" in finished.stderr
    assert shop.rows("select sum(events) as events from fct_activity_daily") == [{"events": before + 6}]
    assert shop.working("select count(*) from raw.rejected where path = 'events/bad.ndjson'") == [(0,)]
    assert "Nothing new" in shop.footfall("run").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reload"], "Missing argument 'FILE...'"),
        (["reload", "events/nowhere.ndjson"], "events/nowhere.ndjson: no such file under "),
        (["reload", "--forget", "events/good.ndjson"], "still in the landing folder"),
        (["backfill"], "say what to rebuild"),
        (["backfill", "--everything", "--workspace", "default"], "say what to rebuild"),
        (["backfill", "--from", "2026-02-01", "--to", "2026-01-01"], "the first is the later one"),
        (["backfill", "--from", "last week"], "does not match the format"),
        (["backfill", "--workspace", "nobody"], "no workspace 'nobody'"),
    ],
)
def test_wrong_usage_changes_nothing(shop, arguments, words):
    finished = shop.footfall(*arguments)
    assert (finished.returncode, words in finished.stderr) == (2, True), finished.stderr
    assert shop.working("select count(*) from raw.pending") == [(0,)]


@thorough
def test_as_of_hides_later_days_everywhere_and_a_plain_run_shows_them_again(shop):
    day_before = (DAY - timedelta(days=1)).date().isoformat()
    users = shop.rows("select * from dim_users order by user_key")
    assert users
    hidden = shop.footfall("run", "--as-of", day_before)
    assert hidden.returncode == 0, hidden.stderr
    assert shop.rows("select as_of_date from dim_workspaces") == [{"as_of_date": day_before}]
    for table in ("fct_sessions", "fct_user_days", "fct_activity_daily", "fct_growth_rolling", "dim_users"):
        assert shop.rows(f"select * from {table}") == [], table
    shown = shop.footfall("run")
    assert shown.returncode == 0, shown.stderr
    assert shop.rows("select * from dim_users order by user_key") == users


def test_another_secret_key_is_refused(shop):
    finished = shop.footfall("run", FOOTFALL_SECRET_KEY="quite another secret of the tests")
    assert finished.returncode == 2
    assert "not the key this warehouse was built with" in finished.stderr


def test_missing_secret_key_is_refused(tmp_path):
    finished = Installation(tmp_path).footfall("run", FOOTFALL_SECRET_KEY="")
    assert finished.returncode == 2
    assert "FOOTFALL_SECRET_KEY is not set" in finished.stderr


def test_secret_key_is_nowhere_under_the_home(shop):
    for path in shop.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_missing_landing_folder_is_wrong_usage(tmp_path):
    finished = Installation(tmp_path).footfall("run", "--landing", str(tmp_path / "nowhere"))
    assert finished.returncode == 2
    assert "nowhere" in finished.stderr


def test_an_error_that_ends_the_command_is_json_too(tmp_path):
    finished = Installation(tmp_path).footfall("run", "--landing", "nowhere", FOOTFALL_LOG_FORMAT="json")
    (line,) = [json.loads(line) for line in finished.stderr.splitlines()]
    assert (finished.returncode, line["level"], "nowhere" in line["message"]) == (2, "error", True)


def test_future_as_of_is_wrong_usage(tmp_path):
    finished = Installation(tmp_path).footfall("run", "--as-of", "2999-01-01")
    assert (finished.returncode, "not over yet" in finished.stderr) == (2, True)


def test_query_before_anything_is_published_says_what_to_do(tmp_path):
    finished = Installation(tmp_path).footfall("query", "select 1")
    assert (finished.returncode, "run `footfall run` first" in finished.stderr) == (1, True)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("csv", "workspace_id,timezone\ndefault,UTC\n"),
        ("json", '{"workspace_id": "default", "timezone": "UTC"}\n'),
    ],
)
def test_query_formats(shop, style, expected):
    finished = shop.footfall("query", "--format", style, "select workspace_id, timezone from dim_workspaces")
    assert finished.stdout == expected


@pytest.mark.parametrize(
    "sql",
    ["create table t (a integer)", "select * from read_text('/etc/hostname')", "delete from dim_users", "nonsense"],
)
def test_query_refuses_writes_files_and_nonsense(shop, sql):
    finished = shop.footfall("query", sql)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Error: ")


def test_doctor_is_well_after_a_run_and_shows_no_secret(shop):
    finished = shop.footfall("doctor")
    assert finished.returncode == 0, finished.stdout
    assert "nothing: all that was loaded is published" in finished.stdout
    assert SECRET not in finished.stdout


def test_doctor_names_a_setting_that_is_wrong(tmp_path):
    finished = Installation(tmp_path).footfall("doctor", FOOTFALL_SESSION_TIMEOUT_MINUTES="soon")
    assert finished.returncode == 2
    assert "FOOTFALL_SESSION_TIMEOUT_MINUTES" in finished.stderr


@pytest.mark.parametrize(
    "command",
    [
        *(
            "run",
            "runs",
            "accept",
            "backup",
            "restore",
            "backfill",
            "reload",
            "purge",
            "query",
            "doctor",
            "demo",
            "dev",
            "docs",
            "serve",
            "token",
        ),
        "stop",
    ],
)
def test_every_command_has_help(command, tmp_path):
    finished = Installation(tmp_path).footfall(command, "--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith("Usage: footfall")
