"""`make bench`: measures the pipeline against its floors and prints a table an engine.

    python -m tests.benchmarks.bench [--events N] [--engine duckdb|postgres|both] [--no-doubling] [--models N]
        [--folder DIR]

One engine's run, in a FOOTFALL_HOME of its own:

1. builds over empty input, whose model times are the overhead that is not dbt work
2. 180 days are loaded and built: load, full refresh, its memory; then the floors over the same rows
3. a run with nothing new
4. day 181 is loaded and built; then the service is asked for its reports
5. the 180 days before arrive and all is rebuilt: the history has doubled
6. day 182, drawn like day 181, is loaded and built
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings
from orchestration.summary import print_table
from tests.benchmarks import floors
from tests.benchmarks.measure import Cost, Run, profile_up_to_date, run_footfall
from tests.benchmarks.service import WHOLE_DOCUMENT, Latencies, measure_answers
from tests.benchmarks.workload import HISTORY_DAYS, Workload, properties
from warehouse.embedded_postgres import EmbeddedPostgres

ENGINES = ("duckdb", "postgres")
SECRET = "a secret that only benchmarks use"
LARGE = 15_000_000
# Milliseconds of the slowest first answer at 15 million events, and those of an answer that is kept.
LATENCY_LIMITS = {"activity": 500, "features": 1000, "journeys": 2000, "retention": 1000}
LATENCY_AIM = 50
ANSWERS_ASKED = 1000
PARTS = {"base": (1, 180), "next day": (181, 181), "earlier": (1 - HISTORY_DAYS, 0), "day after": (182, 182)}


@dataclass(frozen=True)
class Figure:
    """A row of the table.

    Attributes:
        compared_with: what `ratio` is divided by, in words; empty: the row has no ratio.
        at_least, aim: the greatest value wanted of `measured`, which is the ratio, seconds or MB.
    """

    name: str
    cost: Cost
    events: int | None = None
    compared_with: str = ""
    floor_seconds: float | None = None
    at_least: float | None = None
    aim: float | None = None
    unit: str = "x"

    @property
    def ratio(self) -> float | None:
        return self.cost.seconds / self.floor_seconds if self.floor_seconds else None

    @property
    def measured(self) -> float | None:
        seconds = self.cost.seconds
        return {"x": self.ratio, "s": seconds, "ms": 1000 * seconds, "MB": self.cost.peak_mb}[self.unit]

    def row(self) -> tuple:
        """The cells of COLUMNS."""
        return (
            self.name,
            f"{self.cost.seconds:.3f}" if self.unit == "ms" else f"{self.cost.seconds:.2f}",
            int(self.events / self.cost.seconds) if self.events and self.cost.seconds else None,
            round(self.cost.peak_mb) or None,
            self.compared_with or None,
            f"{self.floor_seconds:.2f}" if self.floor_seconds else None,
            _shown(self.ratio, "x"),
            _shown(self.at_least, self.unit),
            _shown(self.aim, self.unit),
            _verdict(self.measured, self.at_least, self.aim),
        )


COLUMNS = (
    "figure", "seconds", "events/s", "peak MB", "compared with", "its seconds", "ratio", "at least", "aim", "reached",
)  # fmt: skip


@dataclass
class Measurements:
    """Everything measured on one engine."""

    workload: Workload
    engine: str
    empty_full: Run
    empty_day: Run
    full: Run
    day: Run
    up_to_date: Run
    named_shares: dict[str, float]
    load_floor: Cost
    sort_floor: Cost
    latencies: Latencies
    full_doubled: Run | None = None
    day_doubled: Run | None = None

    def figures(self) -> list[Figure]:
        """The rows of the engine's table."""
        is_large = self.workload.events >= LARGE
        is_duckdb = self.engine == "duckdb"
        full, day = self._work(self.full), self._work(self.day)
        full_peak = self.full.steps["dbt_models"].peak_mb
        daily = self.workload.events // HISTORY_DAYS
        figures = [
            Figure(
                "load NDJSON into raw",
                self.full.steps["landing_files"],
                self.workload.events,
                "read_ndjson" if is_duckdb else "COPY from CSV",
                self.load_floor.seconds,
                at_least=5,
                aim=2.5,
            ),
            Figure(
                "dbt work of a full refresh",
                Cost(full, full_peak),
                self.workload.events,
                "sorted copy of events",
                self.sort_floor.seconds,
                at_least=5 if is_duckdb else 8,
                aim=3 if is_duckdb else 4,
            ),
            Figure(
                "dbt work of one day's load",
                Cost(day, self.day.steps["dbt_models"].peak_mb),
                daily,
                "the full refresh",
                full,
                at_least=1 / 20 if is_large else 1 / 5,
                aim=1 / 40,
            ),
            Figure("run with nothing new", self.up_to_date.cost, at_least=12, aim=5, unit="s"),
            Figure("memory of a full refresh", Cost(full, full_peak), at_least=4000, aim=2000, unit="MB"),
            Figure("whole run: 180 days", self.full.cost, self.workload.events),
            Figure("whole run: one day", self.day.cost, daily),
            Figure("dbt build: 180 days, checks included", self.full.steps["dbt_models"], self.workload.events),
            Figure("dbt build: one day, checks included", self.day.steps["dbt_models"], daily),
        ]
        if self.full_doubled and self.day_doubled:
            figures += [
                Figure(
                    "dbt work of one day's load, history doubled",
                    Cost(self._work(self.day_doubled), self.day_doubled.steps["dbt_models"].peak_mb),
                    daily,
                    "before",
                    day,
                    at_least=1.3,
                    aim=1.0,
                ),
                Figure("whole run: rebuild of 361 days", self.full_doubled.cost, 2 * self.workload.events),
            ]
        return figures + self._latency_figures()

    def _latency_figures(self) -> list[Figure]:
        computed = self.latencies.computed
        figures = [
            _latency(f"first answer of the service: {part}", computed[part], at_least=LATENCY_LIMITS.get(part))
            for part in computed
            if part != WHOLE_DOCUMENT
        ]
        return [
            *figures,
            _latency("first answer of the service: whole document", computed[WHOLE_DOCUMENT], aim=LATENCY_AIM),
            _latency("95 of 100 kept answers of the service", self.latencies.cached, at_least=LATENCY_AIM),
        ]

    def _work(self, run: Run) -> float:
        """Summed execution time of the models, less that of the same models over empty input."""
        return sum(run.models.values()) - sum(self._empty_of(run).models.values())

    def _empty_of(self, run: Run) -> Run:
        return self.empty_full if run is self.full else self.empty_day

    def slowest_models(self, run: Run, count: int) -> list[tuple]:
        """(model, seconds, seconds over empty input), the slowest first."""
        empty = self._empty_of(run).models
        slowest = sorted(run.models.items(), key=lambda entry: -entry[1])[:count]
        return [(name, f"{seconds:.2f}", f"{empty[name]:.2f}") for name, seconds in slowest]


def measure(engine: str, workload: Workload, parts: dict[str, Path], folder: Path) -> Measurements:
    """All runs of one engine, their homes under `folder`.

    Args:
        parts: landing folders of the parts of the workload, by the names of PARTS; without those of the doubled
            history, that is left out.
    """
    empty = _settings(folder / f"{engine}-empty", engine)
    settings = _settings(folder / engine, engine)
    servers = [EmbeddedPostgres(each.home) for each in (empty, settings)] if engine == "postgres" else []
    try:
        for server in servers:
            server.start()
        empty_full = _run(engine, "build over empty input", empty)
        _write_one_workspace(Path(empty.landing_root))
        empty_day = _run(engine, "increment over empty input", empty)

        _land(parts["base"], settings)
        full = _run(engine, "180 days", settings)
        _progress(engine, "floors")
        load_floor = floors.read_ndjson(settings, parts["base"]) if engine == "duckdb" else floors.copy_csv(settings)
        sort_floor = floors.sort_events(settings)
        up_to_date = _run(engine, "nothing new", settings)
        named_shares = profile_up_to_date(settings)
        _land(parts["next day"], settings)
        day = _run(engine, "one day more", settings)
        _progress(engine, "service")
        latencies = measure_answers(settings, ANSWERS_ASKED)
        measured = Measurements(
            *(workload, engine, empty_full, empty_day, full, day, up_to_date, named_shares),
            *(load_floor, sort_floor, latencies),
        )
        if "earlier" in parts:
            _land(parts["earlier"], settings)
            measured.full_doubled = _run(engine, "180 days before, everything rebuilt", settings, "--full-refresh")
            _land(parts["day after"], settings)
            measured.day_doubled = _run(engine, "one day more after the doubled history", settings)
    finally:
        for server in servers:
            server.stop()
    return measured


def report(measured: Measurements, models: int) -> None:
    """Print the engine's tables."""
    print_table(
        COLUMNS,
        [figure.row() for figure in measured.figures()],
        title=f"{measured.engine}, {measured.workload.events:,} events",
    )
    seconds = measured.up_to_date.cost.seconds
    named = ", ".join(f"{name} {share * seconds:.1f} s" for name, share in measured.named_shares.items())
    print(f"run with nothing new, {seconds:.1f} s: {named}\n")
    for name, run in (("full refresh", measured.full), ("one day's load", measured.day)):
        steps = ", ".join(f"{step} {cost.seconds:.1f} s" for step, cost in run.steps.items())
        print(f"steps of the {name}: {steps}")
        print_table(
            ("model", "seconds", "over empty input"),
            measured.slowest_models(run, models),
            title=f"slowest models of the {name}, {sum(run.models.values()):.1f} s in all",
        )


def write_parts(workload: Workload, folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Parts of the workload, each as a landing folder of its own; the base has the other entities too."""
    parts = {}
    for name in names:
        parts[name] = folder / name.replace(" ", "-")
        workload.write(parts[name], *PARTS[name])
    workload.write_entities(parts["base"])
    return parts


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the pipeline against its floors.")
    parser.add_argument("--events", type=int, default=1_500_000, help="events of the 180 days")
    parser.add_argument("--engine", choices=[*ENGINES, "both"], default="both")
    parser.add_argument("--no-doubling", action="store_true", help="leave the doubled history out")
    parser.add_argument("--models", type=int, default=10, help="how many of the slowest models are listed")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the files go meanwhile")
    options = parser.parse_args(arguments)
    workload = Workload(options.events)
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-", dir=options.folder))
    # As root the Postgres server is another user, who has to reach its data.
    folder.chmod(0o755)
    try:
        names = [name for name in PARTS if not options.no_doubling or name in ("base", "next day")]
        _progress("workload", f"writing {', '.join(names)}; the base has about {options.events:,} events")
        parts = write_parts(workload, folder / "workload", names)
        made = properties(parts["base"])
        print(made)
        made.check()
        for engine in ENGINES if options.engine == "both" else (options.engine,):
            report(measure(engine, workload, parts, folder), options.models)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(home: Path, engine: str) -> Settings:
    """One model at a time, as a floor is one statement: two at once would count each other's time."""
    home.mkdir(parents=True)
    (home / "landing").mkdir()
    return Settings(
        home=home,
        target=engine,
        secret_key=SECRET,
        landing=None,
        postgres_dsn=None,
        settle_seconds=0,
        dbt_threads=1,
    )


def _land(part: Path, settings: Settings) -> None:
    shutil.copytree(part, settings.landing_root, dirs_exist_ok=True, copy_function=os.link)


def _write_one_workspace(landing: Path) -> None:
    (landing / "workspaces").mkdir()
    (landing / "workspaces" / "one.ndjson").write_text('{"workspace_id": "one", "timezone": "Europe/Berlin"}\n')


def _run(engine: str, words: str, settings: Settings, *arguments: str) -> Run:
    _progress(engine, words)
    run = run_footfall(settings, *arguments)
    _progress(engine, f"{words}: {run.cost.seconds:.1f} s, of which models {sum(run.models.values()):.1f} s")
    return run


def _progress(subject: str, words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {subject}: {words}", file=sys.stderr, flush=True)


def _latency(name: str, milliseconds: float, *, at_least: float | None = None, aim: float | None = None) -> Figure:
    return Figure(name, Cost(milliseconds / 1000, 0), at_least=at_least, aim=aim, unit="ms")


def _shown(value: float | None, unit: str) -> str | None:
    if value is None:
        return None
    if unit != "x":
        return f"{value:,.0f} {unit}"
    return f"{value:.2f}" if value >= 0.5 else f"1/{1 / value:.1f}" if value > 0 else "0"


def _verdict(measured: float | None, at_least: float | None, aim: float | None) -> str | None:
    if measured is None or (at_least is None and aim is None):
        return None
    if aim is not None and measured <= aim:
        return "aim"
    return "at least" if at_least is not None and measured <= at_least else "NO"


if __name__ == "__main__":
    main()
