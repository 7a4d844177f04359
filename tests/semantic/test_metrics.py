"""The semantic model answers with the marts' numbers: MetricFlow counts rows of facts, the marts are counted."""

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from ingest.demo import write_demo
from orchestration.project import PROFILES_DIR, PROJECT_DIR
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse

ENVIRONMENT = os.environ.get("FOOTFALL_TEST_SEMANTIC")
pytestmark = pytest.mark.skipif(
    ENVIRONMENT is None, reason="MetricFlow needs an environment of its own, which `make semantic` sets up"
)
LAST_DAY = date(2026, 1, 31)
CLOCK = datetime(2026, 2, 1, 12, tzinfo=UTC)
SECONDS = 300

# Metrics, what they are grouped by, and the same of the marts, in the order of both.
QUERIES = {
    "active users": (
        ("dau", "wau", "mau"),
        ("metric_time__day", "workspace"),
        "select activity_date, workspace_id, dau, wau, mau from fct_activity_daily",
    ),
    "sessions and events": (
        ("sessions", "events"),
        ("metric_time__day", "workspace"),
        "select activity_date, workspace_id, sessions, events from fct_activity_daily",
    ),
    "new users": (
        ("new_users",),
        ("metric_time__day", "workspace"),
        "select activity_date, workspace_id, new_users from fct_growth_rolling where window_days = 1",
    ),
    "bounce rate": (
        ("bounce_rate", "visiting_sessions"),
        ("workspace",),
        # The longest timeframe holds all of the demo.
        "select workspace_id, bounce_rate, bounce_rate_denominator from rpt_activity"
        " where segment_id = 'all' and timeframe = '365d'",
    ),
    "session lengths": (
        ("sessions",),
        ("workspace", "session__length_bucket"),
        "select workspace_id, value, sessions from rpt_session_breakdown"
        " where segment_id = 'all' and timeframe = '365d' and dimension = 'length_bucket'",
    ),
    "feature uses": (
        ("feature_uses",),
        ("workspace", "feature_day__feature_name"),
        "select workspace_id, feature_name, usage_count from rpt_features"
        " where segment_id = 'all' and timeframe = '365d' and usage_count > 0",
    ),
    "monthly retention": (
        ("retained_users", "retention_rate"),
        ("metric_time__day", "workspace", "cohort__period_number"),
        "select cohort_start, workspace_id, period_number, retained_users, retention_rate from fct_cohort_retention"
        " where grain = 'month' and is_mature",
    ),
}


@pytest.fixture(scope="module")
def demo(make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    landing = tmp_path_factory.mktemp("semantic-demo")
    write_demo(landing, LAST_DAY)
    pipeline = make_pipeline("duckdb")
    pipeline.run(landing, clock=CLOCK)
    return pipeline


@pytest.fixture(scope="module")
def run(demo: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """run("mf", …): a command of the environment, in a parsed copy of the project; `mf` looks for target/ beside it."""
    project = tmp_path_factory.mktemp("semantic") / "dbt_project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    folder = Path(ENVIRONMENT).absolute()
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(project.parent),
        "DBT_PROFILES_DIR": str(PROFILES_DIR),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "FOOTFALL_TARGET": "duckdb",
        **open_warehouse(demo.settings).dbt_environment(),
    }

    def command(name: str, *arguments: str) -> None:
        finished = subprocess.run(
            [folder / name, *arguments],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert finished.returncode == 0, f"{finished.stdout[-3000:]}{finished.stderr[-3000:]}"

    command("dbt", "parse")
    return command


@pytest.mark.parametrize("name", QUERIES)
def test_metrics_are_the_numbers_of_the_marts(
    name: str, demo: Pipeline, run: Callable[..., None], tmp_path: Path
) -> None:
    metrics, groups, sql = QUERIES[name]
    answer = tmp_path / "answer.csv"
    asked = ("--metrics", ",".join(metrics), "--group-by", ",".join(groups), "--end-time", LAST_DAY.isoformat())
    run("mf", "query", *asked, "--csv", str(answer))
    with open(answer, newline="", encoding="utf-8") as file:
        found = {tuple(key_of(row[: len(groups)])): row[len(groups) :] for row in list(csv.reader(file))[1:]}
    expected = {
        tuple(str(value) for value in row[: len(groups)]): row[len(groups) :]
        for row in open_warehouse(demo.settings).read(sql).rows
    }
    assert expected
    wrong = {
        key: (found.get(key), values)
        for key, values in expected.items()
        if [number(text, value) for text, value in zip(found.get(key, [""] * len(values)), values, strict=True)]
        != [value or 0 for value in values]
    }
    assert not wrong, f"{len(wrong)} of {len(expected)} differ, such as {next(iter(wrong.items()))}"
    # What only one side has is what the marts leave out as empty.
    assert all(not any(map(float, filter(None, found[key]))) for key in found.keys() - expected.keys())


def key_of(cells: list[str]) -> list[str]:
    """Days without their midnight."""
    return [cell.removesuffix(" 00:00:00") for cell in cells]


def number(text: str, like: object) -> Decimal | int:
    """A cell as the marts round it; nothing to count is 0."""
    value = Decimal(text or "0")
    if isinstance(like, Decimal):
        return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return int(value)
