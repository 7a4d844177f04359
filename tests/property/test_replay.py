"""Incremental builds: after every load the tables are those of a warehouse that had all rows at once.

Rows come in random order, late, twice, and some take back what an earlier load made. The oracle stands for the fresh
warehouse, at the price of one build instead of two; a real full refresh at the end must change nothing.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests import oracle
from tests.pipeline import Pipeline
from tests.property import edges
from tests.property.arrivals import Arrival, dealt, landed, moment_of, on_purpose, with_zone_changes, write_load
from tests.property.batches import drawn, together
from tests.property.comparison import compare_tables, oracle_settings, summary
from tests.property.histories import landings
from tests.property.restatements import Readers, in_order, published_restatements

LAST_DAY = date(2024, 3, 31)  # Berlin springs forward
FIRST_CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
BETWEEN_LOADS = timedelta(hours=9)
SPANS, EVENTS, SESSIONS = "int_touched_spans", "int_events", "int_sessions"


class Replay:
    """A warehouse that loads one share of the rows after the other."""

    def __init__(self, pipeline: Pipeline, folder: Path, arrivals: list[Arrival]) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.arrivals = arrivals
        self.rng = random.Random(len(arrivals))
        self.readers = Readers()

    def clock(self, number: int) -> datetime:
        return FIRST_CLOCK + number * BETWEEN_LOADS

    def load(self, number: int, as_of: date | None = None, interrupted_after: tuple[str, ...] | None = None) -> None:
        """Publish one more load and compare; `interrupted_after`: by the second of two attempts."""
        write_load(self.arrivals, number, self.folder, self.rng)
        if interrupted_after is not None:
            self.pipeline.interrupted_run(self.folder, built=interrupted_after, clock=self.clock(number))
        self.pipeline.run(self.folder, clock=self.clock(number), as_of=as_of)
        self.compare(number, as_of)
        built = self.pipeline.builds[-1]
        assert number == 0 or "everything" not in built, (
            f"load {number} was no incremental build but a full refresh ({built}): did somebody edit dbt_project/?"
        )

    def compare(self, number: int, as_of: date | None) -> None:
        settings = oracle_settings(self.pipeline, [self.folder], self.clock(number), as_of)
        expected = oracle.published_with_segments(landed(self.arrivals, number + 1), settings)
        found = compare_tables(self.pipeline.marts(), self.pipeline.tables(), expected)
        workspaces = dict(self.pipeline.fetch("select session_id, workspace_id from candidate.fct_sessions"))
        if found:
            named = summary(
                found,
                lambda difference: difference.workspace_id or workspaces.get(difference.key[0], difference.key[0]),
            )
            pytest.fail(f"after load {number} (landing in {self.folder}): {named}")
        self.compare_restatements(number, expected, settings)

    def compare_restatements(self, number: int, tables: oracle.Tables, settings: oracle.Settings) -> None:
        """What the publication says that it changed is what the oracle's tables before and after it differ in."""
        files = sorted((self.folder / "events").glob(f"load-{number}-*.ndjson"))
        lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
        self.readers.load(map(json.loads, lines), settings)
        rows = self.readers.read(number + 1, tables, landed(self.arrivals, number + 1), settings)
        assert in_order(published_restatements(self.pipeline, number + 1)) == in_order(rows)

    def full_refresh_changes_nothing(self) -> None:
        before, history = self.pipeline.tables(), self.history()
        last = max(arrival.load for arrival in self.arrivals)
        self.pipeline.run(self.folder, clock=self.clock(last), full_refresh=True)
        assert self.pipeline.builds[-1].get("everything"), "the last build was no full refresh"
        after = self.pipeline.tables()
        assert [name for name in before if before[name] != after[name]] == []
        assert before == after
        assert self.history() == history

    def history(self) -> dict[str, list[dict]]:
        return {mart.name: self.pipeline.rows(mart.name, mart.key) for mart in self.pipeline.history_marts()}


def arrivals_of(histories: int, loads: int, random_seed: int) -> list[Arrival]:
    """Random histories dealt to loads by chance, beside what arrives in an awkward order on purpose."""
    rng = random.Random(random_seed)
    strategy = landings(LAST_DAY, most_visits=9, most_events=7).filter(lambda rows: rows.events)
    landing = with_zone_changes(together(drawn(strategy, histories, random_seed)), rng)
    arrivals = on_purpose(LAST_DAY - timedelta(days=3), loads) + dealt(landing, loads, rng)
    return [arrival for arrival in arrivals if is_in_range(arrival)]


def is_in_range(arrival: Arrival) -> bool:
    """Whether the row is accepted by whichever load it comes with."""
    return arrival.entity != "events" or moment_of(arrival.row) <= FIRST_CLOCK + timedelta(hours=24)


def test_incremental_equals_full_refresh(make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> None:
    """Three builds are broken off half-way and done again: after the events, after the sessions, before publishing."""
    replay = Replay(make_pipeline(), tmp_path, arrivals_of(histories=40, loads=5, random_seed=1))
    replay.load(0)
    replay.load(1, interrupted_after=(SPANS, EVENTS))
    replay.load(2, as_of=LAST_DAY - timedelta(days=3))
    replay.load(3, interrupted_after=(SPANS, EVENTS, SESSIONS))
    replay.load(4, interrupted_after=())
    replay.full_refresh_changes_nothing()


def test_incremental_equals_full_refresh_by_client_session(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    replay = Replay(make_pipeline(session_key="client"), tmp_path, arrivals_of(histories=40, loads=2, random_seed=2))
    for number in range(2):
        replay.load(number)
    replay.full_refresh_changes_nothing()


def test_incremental_equals_full_refresh_on_postgres(make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> None:
    replay = Replay(make_pipeline("postgres"), tmp_path, arrivals_of(histories=8, loads=2, random_seed=3))
    for number in range(2):
        replay.load(number)
    replay.full_refresh_changes_nothing()


def test_warehouse_that_begins_without_events_and_goes_on_with_bots(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    at = "2024-03-28T10:00:00Z"
    crawl = {"event_id": "e", "user_id": "crawler", "event_type": "page_view", "created_at": at}
    arrivals = [
        Arrival(0, "users", {"user_id": "u", "created_at": at, "updated_at": at}),
        Arrival(0, "workspaces", {"workspace_id": "empty", "timezone": "Asia/Kathmandu", "updated_at": at}),
        Arrival(1, "events", crawl | {"user_agent": edges.CRAWLER}),
    ]
    replay = Replay(make_pipeline(), tmp_path, arrivals)
    replay.load(0)
    replay.load(1)
