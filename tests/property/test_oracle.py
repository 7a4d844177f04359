"""Random histories: what the models publish against what the oracle computes from the contract alone.

FOOTFALL_TEST_HISTORIES=1000 pytest tests/property/test_oracle.py      more histories, in more builds
FOOTFALL_TEST_SHRINK=4 pytest tests/property/test_oracle.py -k smallest
    lets hypothesis look for the smallest failing history among those of batch 4, a build for each it tries (slow)
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests import oracle
from tests.oracle import Landing
from tests.pipeline import Pipeline
from tests.property import edges
from tests.property.batches import drawn, together
from tests.property.boundaries import boundaries
from tests.property.comparison import Difference, compare_tables, oracle_settings, summary
from tests.property.histories import landings, write_landing

HISTORIES_OF_A_BATCH = 40
BATCHES = -(-int(os.environ.get("FOOTFALL_TEST_HISTORIES", "200")) // HISTORIES_OF_A_BATCH)
HISTORIES_ON_POSTGRES = 20
SHRUNK_BATCH = os.environ.get("FOOTFALL_TEST_SHRINK")

# Last days of histories that stand in one warehouse: near each other, for every day from the first one is a row.
ENDS = (
    tuple(day for day in edges.ENDS if date(2024, 1, 1) <= day <= date(2024, 6, 30)),
    tuple(day for day in edges.ENDS if date(2024, 7, 1) <= day),
    tuple(day for day in edges.ENDS if date(2021, 1, 1) <= day <= date(2021, 1, 31)),
    tuple(day for day in edges.ENDS if day <= date(2012, 1, 1)),
)
# Hours from noon UTC of the last day to the run; days from the last one that can be shown back to --as-of; settings.
RUNS = (
    (36, None, {}),
    (0, None, {"session_key": "client"}),
    (12, 7, {"session_timeout_minutes": 10}),
    (24 * 40, 1, {}),
    (60, 30, {"session_key": "client"}),
    (1, None, {}),
    (25, 400, {}),
)


@dataclass(frozen=True)
class Batch:
    """Histories in one warehouse, and the run that they are published by."""

    number: int

    @property
    def histories(self) -> st.SearchStrategy[Landing]:
        ends = st.sampled_from(ENDS[self.number % len(ENDS)])
        return ends.flatmap(lambda end: landings(end, most_visits=9, most_events=7)).filter(lambda rows: rows.events)

    @property
    def last_day(self) -> date:
        return max(ENDS[self.number % len(ENDS)])

    @property
    def clock(self) -> datetime:
        return datetime.combine(self.last_day, time(12), UTC) + timedelta(hours=self._run[0])

    @property
    def as_of(self) -> date | None:
        latest = self.clock.date() - timedelta(days=2)  # no zone's local yesterday is earlier
        return None if self._run[1] is None else latest - timedelta(days=self._run[1])

    @property
    def settings(self) -> dict:
        return self._run[2]

    @property
    def _run(self) -> tuple:
        return RUNS[self.number % len(RUNS)]


def differences(pipeline: Pipeline, landing: Landing, batch: Batch, folder: Path) -> list[Difference]:
    """Publish the landing as the batch's run does, and compare every table."""
    write_landing(landing, folder, files=2, rng=random.Random(batch.number))
    pipeline.run(folder, clock=batch.clock, as_of=batch.as_of)
    expected = oracle.published_with_segments(landing, oracle_settings(pipeline, [folder], batch.clock, batch.as_of))
    return compare_tables(pipeline.marts(), pipeline.tables(), expected)


@pytest.mark.parametrize(("engine", "number"), [*(("duckdb", number) for number in range(BATCHES)), ("postgres", 0)])
def test_published_tables_are_those_of_the_oracle(
    engine: str, number: int, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    batch = Batch(number)
    wanted = HISTORIES_OF_A_BATCH if engine == "duckdb" else HISTORIES_ON_POSTGRES
    histories = drawn(batch.histories, wanted, random_seed=number)
    if number == 0:
        histories += boundaries(batch.last_day - timedelta(days=2))
    pipeline = make_pipeline(engine, **batch.settings)
    found = differences(pipeline, together(histories), batch, tmp_path / "together")
    if not found:
        return
    named = summary(found)
    first = found[0].history
    alone = differences(make_pipeline(engine, **batch.settings), histories[first], batch, tmp_path / "alone")
    replay = summary(alone) if alone else "no difference: it takes the other histories too"
    pytest.fail(
        f"batch {number} on {engine} (clock {batch.clock}, as_of {batch.as_of}, {batch.settings}): {named}\n\n"
        f"history {first} alone, landing in {tmp_path / 'alone'}: {replay}"
    )


# Collected on demand only: it builds once for each history that hypothesis tries.
if SHRUNK_BATCH is not None:

    def test_smallest_failing_history(make_pipeline: Callable[..., Pipeline], tmp_path_factory: object) -> None:
        batch = Batch(int(SHRUNK_BATCH))

        @seed(batch.number)
        @settings(
            max_examples=HISTORIES_OF_A_BATCH,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(batch.histories)
        def is_as_the_oracle_says(landing: Landing) -> None:
            found = differences(make_pipeline(**batch.settings), landing, batch, tmp_path_factory.mktemp("landing"))
            assert not found, f"{landing}\n{summary(found)}"

        is_as_the_oracle_says()
