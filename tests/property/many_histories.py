"""Replays thousands of random histories, a batch to a warehouse; ends with 1 when any load differs.

make replay HISTORIES=5000
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from orchestration.project import ensure_manifest
from orchestration.settings import Settings
from tests.pipeline import Pipeline
from tests.property import edges
from tests.property.comparison import summary
from tests.property.loads import TROUBLE
from tests.property.replay import Replay, batch_of
from tests.property.shrinking import explanation

# Of the warehouses in turn.
SETTINGS = ({}, {"session_key": "client"}, {"session_timeout_minutes": 10}, {})
PUBLISHED_LOADS = 8


@dataclass(frozen=True)
class Outcome:
    """What came of one batch. problem: words on the first difference; None: every load was equal."""

    random_seed: int
    histories: int
    rows: int
    loads: int
    seconds: float
    problem: str | None


def replayed(random_seed: int, histories: int, parsed_project: Path, shrink_seconds: float) -> Outcome:
    """Replay one batch in folders of its own, which go afterwards."""
    started = time.monotonic()
    last_day = edges.ENDS[random_seed % len(edges.ENDS)]
    trouble_loads = sum("audit_fails" in trouble for trouble in TROUBLE)
    batch = batch_of(histories, PUBLISHED_LOADS + trouble_loads, TROUBLE, last_day=last_day, random_seed=random_seed)
    settings = SETTINGS[random_seed % len(SETTINGS)]
    with tempfile.TemporaryDirectory(prefix="footfall-replay-", ignore_cleanup_errors=True) as folder:
        homes = [Path(folder) / name for name in ("incremental", "fresh")]
        pipelines = [Pipeline(home, parsed_project=parsed_project, **settings) for home in homes]
        replay = Replay(*pipelines, Path(folder), batch)
        loads, problem = first_problem(replay, shrink_seconds)
    seconds = time.monotonic() - started
    return Outcome(random_seed, histories, len(batch.arrivals), loads, seconds, problem)


def first_problem(replay: Replay, shrink_seconds: float) -> tuple[int, str | None]:
    """How many loads were compared, and words on the first difference."""
    loads = 0
    for load, found in replay.differences():
        loads += 1
        if found:
            return loads, explanation(replay, load, found, shrink_seconds)
    found = replay.differences_from_oracle()
    return loads, f"the oracle says otherwise after the last load: {summary(found)}" if found else None


def batches(histories: int, of_a_batch: int) -> Iterator[int]:
    """The sizes of the batches."""
    while histories > 0:
        yield min(histories, of_a_batch)
        histories -= of_a_batch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=250, help="histories of a warehouse")
    parser.add_argument("--seed", type=int, default=0, help="of the first batch; the next ones count on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="batches at a time")
    parser.add_argument("--shrink", type=float, default=1800, help="seconds to look for the fewest failing rows")
    asked = parser.parse_args()
    started = time.monotonic()
    sizes = list(batches(asked.histories, asked.batch))
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="footfall-replay-") as folder, ProcessPoolExecutor(asked.jobs) as pool:
        parsed_project = ensure_manifest(Settings(home=Path(folder), target="duckdb")).parent
        running = [
            pool.submit(replayed, seed, size, parsed_project, asked.shrink)
            for seed, size in enumerate(sizes, start=asked.seed)
        ]
        for future in as_completed(running):
            outcome = future.result()
            outcomes.append(outcome)
            print(
                f"{len(outcomes)}/{len(sizes)}: seed {outcome.random_seed}, {outcome.histories} histories, "
                f"{outcome.rows:,} rows, {outcome.loads} loads, {outcome.seconds:.0f} s: "
                f"{outcome.problem or 'every load equal'}",
                flush=True,
            )
    failed = [outcome.random_seed for outcome in outcomes if outcome.problem]
    print(
        f"{sum(outcome.histories for outcome in outcomes):,} histories in {len(outcomes)} warehouses, "
        f"{sum(outcome.rows for outcome in outcomes):,} rows, {time.monotonic() - started:.0f} s: "
        + (f"DIFFERENT in the batches of seed {', '.join(map(str, sorted(failed)))}" if failed else "every load equal")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
