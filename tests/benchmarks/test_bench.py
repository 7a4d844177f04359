"""The benchmark measures what it says, on a workload small enough for every test run."""

from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.benchmarks import floors
from tests.benchmarks.bench import LARGE, Figure, Measurements, report
from tests.benchmarks.measure import Cost, Run, profile_up_to_date, run_footfall
from tests.benchmarks.service import Latencies, measure_answers
from tests.benchmarks.workload import HISTORY_DAYS, Properties, Workload, properties
from tests.pipeline import SECRET

EVENTS = 20_000


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 180 days of a small workload."""
    folder = tmp_path_factory.mktemp("workload")
    workload = Workload(EVENTS)
    workload.write(folder, 1, HISTORY_DAYS)
    workload.write_entities(folder)
    return folder


def test_workload_is_stationary_and_as_large_as_asked(landing: Path) -> None:
    made = properties(landing)
    made.check()
    assert 0.95 * EVENTS < made.events < 1.05 * EVENTS
    assert made.events / made.sessions == pytest.approx(8, abs=1)


def test_uneven_days_are_refused() -> None:
    with pytest.raises(ValueError, match="0.9"):
        Properties(100, 10, 10, day_shares=(0.5, 0.9), dau_shares=(6, 14)).check()
    with pytest.raises(ValueError, match="16"):
        Properties(100, 10, 10, day_shares=(0.5, 0.6), dau_shares=(6, 16)).check()


def test_a_day_is_the_same_whenever_it_is_written(landing: Path, tmp_path: Path) -> None:
    Workload(EVENTS).write(tmp_path, 7, 8)
    for file in tmp_path.glob("events/*/*/*"):
        assert file.read_bytes() == (landing / file.relative_to(tmp_path)).read_bytes()


def test_a_run_and_its_floors_are_measured(landing: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret_key=SECRET, landing=str(landing), settle_seconds=0)
    run = run_footfall(settings)
    assert {"landing_files", "dbt_models", "published_tables"} <= run.steps.keys()
    assert sum(step.seconds for step in run.steps.values()) < run.cost.seconds
    assert run.steps["dbt_models"].peak_mb > 50
    assert {"int_events", "rpt_activity", "dim_users"} <= run.models.keys()
    assert floors.read_ndjson(settings, landing).seconds > 0
    assert floors.sort_events(settings).seconds > 0
    shares = profile_up_to_date(settings)
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert shares["imports"] > shares["discovery"] > 0
    latencies = measure_answers(settings, requests=20)
    assert {"activity", "features", "journeys", "retention", "report"} <= latencies.computed.keys()
    assert latencies.computed["report"] > latencies.cached > 0


def test_figures_are_ratios_to_their_floors(capsys: pytest.CaptureFixture[str]) -> None:
    def run(model_seconds: float) -> Run:
        steps = {"landing_files": Cost(12, 800), "dbt_models": Cost(50, 900)}
        return Run(Cost(70, 1000), steps, {"int_events": model_seconds, "int_users": 1.0})

    measured = Measurements(
        Workload(LARGE),
        "duckdb",
        empty_full=run(0.5),
        empty_day=run(1.5),
        full=run(40.5),
        day=run(3.5),
        full_doubled=run(80.5),
        day_doubled=run(4.5),
        up_to_date=Run(Cost(6, 200)),
        named_shares={"imports": 0.5, "the rest": 0.5},
        load_floor=Cost(4, 300),
        sort_floor=Cost(10, 300),
        latencies=Latencies({"activity": 499, "journeys": 2001, "report": 51}, cached=50),
    )
    figures = {figure.name: figure for figure in measured.figures()}
    assert figures["load NDJSON into raw"].ratio == 3
    assert figures["dbt work of a full refresh"].ratio == 4
    assert figures["dbt work of one day's load"].ratio == 1 / 20
    assert figures["dbt work of one day's load, history doubled"].ratio == 1.5
    reached = {name: figure.row()[-1] for name, figure in figures.items()}
    assert reached["load NDJSON into raw"] == "at least"
    assert reached["dbt work of one day's load"] == "at least"
    assert reached["dbt work of one day's load, history doubled"] == "NO"
    assert reached["memory of a full refresh"] == "aim"
    assert reached["first answer of the service: activity"] == "at least"
    assert reached["first answer of the service: journeys"] == "NO"
    assert reached["first answer of the service: whole document"] == "NO"
    assert reached["95 of 100 kept answers of the service"] == "at least"
    report(measured, models=1)
    assert "imports 3.0 s" in capsys.readouterr().out


def test_a_figure_without_a_limit_has_no_verdict() -> None:
    assert Figure("whole run", Cost(10, 500), events=100).row()[-1] is None
