"""The command itself on real input: `footfall run --landing …` on both engines gives the reference figures."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests import real_data
from tests.thorough import thorough

FOOTFALL = Path(sys.executable).parent / "footfall"
TOTALS = (
    "select count(*) as sessions, count(distinct user_key) as users, sum(events) as events,"
    " sum(case when is_bot then 1 else 0 end) as bot_sessions from fct_sessions"
)
COHORTS = (
    "select cohort_start, cohort_users, retained_users from fct_cohort_retention"
    " where grain = 'month' and period_number = 1 order by cohort_start"
)


@thorough
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_run_on_each_real_landing_folder_gives_the_reference_figures(engine, tmp_path, request):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
    environment = {
        **kept,
        "FOOTFALL_HOME": str(tmp_path),
        "FOOTFALL_TARGET": engine,
        "FOOTFALL_SECRET_KEY": "a secret of the tests, long enough",
    }
    if engine == "postgres":
        environment["FOOTFALL_POSTGRES_DSN"] = request.getfixturevalue("postgres_server").new_database()

    def footfall(*arguments: str) -> str:
        finished = subprocess.run(
            [FOOTFALL, *arguments], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def rows(sql: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(footfall("query", "--format", "csv", sql))))[1:]

    footfall("run", "--landing", str(real_data.landing_of("weblog")))
    [[sessions, users, events, bot_sessions]] = rows(TOTALS)
    assert (sessions, users, events) == ("3224", "1862", "10000")
    assert int(bot_sessions) > 0

    footfall("run", "--landing", str(real_data.landing_of("cdnow")))
    [[sessions, users, events, _]] = rows(TOTALS + " where workspace_id = 'cdnow'")
    assert (sessions, users, events) == ("67591", "23570", "69659")
    assert rows(COHORTS.replace("where", "where workspace_id = 'cdnow' and")) == [
        ["1997-01-01", "7846", "1157"],
        ["1997-02-01", "8476", "1312"],
        ["1997-03-01", "7248", "1032"],
    ]
