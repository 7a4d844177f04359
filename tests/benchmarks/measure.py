"""Runs of the `footfall` command and what they cost: seconds a step and a model, memory of all processes involved."""

import json
import os
import pstats
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import psutil

from orchestration.dagster_home import prepare_dagster_home
from orchestration.settings import Settings
from warehouse.open import open_warehouse

FOOTFALL = Path(sys.executable).parent / "footfall"
SAMPLE_SECONDS = 0.25  # at a tenth of a second the watching itself took a tenth of the machine

# What a run with nothing new spends its time on, by the function that stands for it in a profile.
NAMED_FUNCTIONS = {
    "imports": "_find_and_load",
    "settings": "_settings",
    "opening the warehouse": "connect",
    "discovery": "discover",
    "known files": "known_files",
    "fingerprint": "build_fingerprint",
    "summary": "print_summary",
}


@dataclass(frozen=True)
class Cost:
    """Wall seconds, and the greatest memory at one moment in MB (shared pages counted once)."""

    seconds: float
    peak_mb: float


class Memory:
    """Memory of some processes over time; `peak` may be asked for a part of it."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []

    def peak(self, since: float = 0, until: float = float("inf")) -> float:
        """The greatest number of MB between two moments (Unix time)."""
        return max((megabytes for moment, megabytes in self.samples if since <= moment <= until), default=0.0)


@dataclass
class Run:
    """One `footfall run`.

    Attributes:
        cost: of the whole run.
        steps: cost of each Dagster step, by its name.
        models: seconds dbt measured for each model it built, by its name.
    """

    cost: Cost
    steps: dict[str, Cost] = field(default_factory=dict)
    models: dict[str, float] = field(default_factory=dict)


def run_footfall(settings: Settings, *arguments: str) -> Run:
    """`footfall run` in a process of its own.

    Raises:
        RuntimeError: it did not exit with 0.
    """
    results = settings.dbt_target_path / "run_results.json"
    results.unlink(missing_ok=True)
    started = time.time()
    process = subprocess.Popen(
        [FOOTFALL, "run", *arguments], env=environment_of(settings), stdout=subprocess.DEVNULL, stderr=sys.stderr
    )
    with watched(process.pid, settings) as memory:
        process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"footfall run {' '.join(arguments)} exited with {process.returncode}; its words are above")
    run = Run(Cost(time.time() - started, memory.peak()))
    if results.exists():
        run.models = _model_seconds(results)
        run.steps = _step_costs(settings, memory)
    return run


def profile_up_to_date(settings: Settings) -> dict[str, float]:
    """Where a `footfall run` with nothing new spends its time: shares of the whole, by name, the rest included."""
    profile = settings.home / "profile"
    subprocess.run(
        [sys.executable, "-m", "cProfile", "-o", profile, FOOTFALL, "run"],
        env=environment_of(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    stats = pstats.Stats(str(profile))
    seconds = dict.fromkeys(NAMED_FUNCTIONS, 0.0)
    for (_, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        for name, wanted in NAMED_FUNCTIONS.items():
            if function.strip("<>").split()[-1].rpartition(".")[2].rstrip(">") == wanted:
                seconds[name] = max(seconds[name], cumulative)
    # An import inside a named function counts for both, so that the parts can be more than the whole.
    whole = max(stats.total_tt, sum(seconds.values()))
    seconds["the rest"] = whole - sum(seconds.values())
    return {name: spent / whole for name, spent in seconds.items()}


@contextmanager
def watched(process_id: int, settings: Settings) -> Iterator[Memory]:
    """The memory of this process, of all below it and, for Postgres, of the server, while the block runs."""
    memory = Memory()
    roots = [process_id, *_server_process(settings)]
    is_over = threading.Event()

    def sample() -> None:
        while not is_over.wait(SAMPLE_SECONDS):
            memory.samples.append((time.time(), sum(map(_tree_megabytes, roots))))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield memory
    finally:
        is_over.set()
        thread.join()


def _tree_megabytes(process_id: int) -> float:
    try:
        root = psutil.Process(process_id)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for process in tree:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 1e6


def _server_process(settings: Settings) -> list[int]:
    """The id of the Postgres server, which is the parent of any of its sessions."""
    if settings.target != "postgres":
        return []
    with open_warehouse(settings).transaction() as tx:
        return [psutil.Process(tx.fetch("select pg_backend_pid()")[0][0]).ppid()]


def environment_of(settings: Settings) -> dict[str, str]:
    """The caller's environment without its own Footfall settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    return {
        **inherited,
        "FOOTFALL_HOME": str(settings.home),
        "FOOTFALL_TARGET": settings.target,
        "FOOTFALL_LANDING": settings.landing_root,
        "FOOTFALL_SECRET_KEY": settings.required_secret(),
        "FOOTFALL_SETTLE_SECONDS": str(settings.settle_seconds),
        "FOOTFALL_DUCKDB_MEMORY_LIMIT": settings.duckdb_memory_limit,
        **({"FOOTFALL_DBT_THREADS": str(settings.dbt_threads)} if settings.dbt_threads else {}),
        "COLUMNS": "200",
    }


def _model_seconds(run_results: Path) -> dict[str, float]:
    results = json.loads(run_results.read_bytes())["results"]
    names = ((result["unique_id"].split("."), result["execution_time"]) for result in results)
    return {parts[2]: seconds for parts, seconds in names if parts[0] == "model"}


def _step_costs(settings: Settings, memory: Memory) -> dict[str, Cost]:
    """The steps of the newest Dagster run."""
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings))) as instance:
        newest = instance.get_runs(limit=1)[0]
        steps = instance.get_run_step_stats(newest.run_id)
    return {
        step.step_key: Cost(step.end_time - step.start_time, memory.peak(step.start_time, step.end_time))
        for step in steps
        if step.start_time and step.end_time
    }
