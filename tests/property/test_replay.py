"""Any arrival: after every load the tables are those of a fresh warehouse that was given all rows at once.

Many histories share each build, which takes seconds whatever its size. `make replay HISTORIES=5000` replays more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from tests.pipeline import Pipeline
from tests.property.arrivals import Arrival, moment_of
from tests.property.comparison import summary
from tests.property.loads import EVENTS, SPANS, TROUBLE
from tests.property.replay import Batch, Replay, batch_of
from tests.property.shrinking import explanation

LAST_DAY = date(2024, 3, 31)  # Berlin springs forward


@cache
def forty_histories() -> Batch:
    """Eight loads that are published, and one whose audit fails."""
    return batch_of(40, 9, TROUBLE, last_day=LAST_DAY, random_seed=1)


def assert_every_load_equals_a_fresh_warehouse(pipeline: Pipeline, fresh: Pipeline, folder: Path, batch: Batch) -> None:
    replay = Replay(pipeline, fresh, folder, batch)
    for load, found in replay.differences():
        if found:
            pytest.fail(explanation(replay, load, found))
    found = replay.differences_from_oracle()
    assert not found, summary(found)


def test_every_load_equals_a_fresh_warehouse(make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> None:
    assert_every_load_equals_a_fresh_warehouse(make_pipeline(), make_pipeline(), tmp_path, forty_histories())


def test_client_sessions_of_a_warehouse_that_begins_without_events(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    """The first load describes users, workspaces, features and goals, the second brings a bot."""
    trouble = ({"only": ("users",)}, {"only": ("workspaces",)})
    batch = batch_of(20, 4, trouble, last_day=LAST_DAY, random_seed=2, loads_of_nobody=2)
    pipelines = [make_pipeline(session_key="client") for _ in range(2)]
    assert_every_load_equals_a_fresh_warehouse(*pipelines, tmp_path, batch)


def test_every_load_equals_a_fresh_warehouse_on_postgres(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    batch = batch_of(8, 3, ({"broken_off_after": (SPANS, EVENTS)},), last_day=LAST_DAY, random_seed=3)
    pipelines = [make_pipeline("postgres") for _ in range(2)]
    assert_every_load_equals_a_fresh_warehouse(*pipelines, tmp_path, batch)


def test_histories_meet_what_a_warehouse_meets() -> None:
    """Chance could leave out what the replay is there for."""
    batch = forty_histories()
    clocks = [load.clock for load in batch.plan]
    events = [arrival for arrival in batch.arrivals if arrival.entity == "events"]
    ages = [clocks[arrival.load] - moment_of(arrival.row) for arrival in events]
    assert max(ages) > timedelta(days=389)
    assert any(timedelta(0) < age < timedelta(hours=1) for age in ages)

    copies = defaultdict(list)
    for arrival in events:
        if event_id := arrival.row.get("event_id"):
            copies[arrival.row.get("workspace_id"), event_id].append(arrival)
    pairs = [pair for found in copies.values() for pair in combinations(sorted(found, key=lambda copy: copy.load), 2)]
    assert any(first == second for first, second in pairs), "twice in one load"
    assert any(first.row == second.row and first.load < second.load for first, second in pairs), "twice in two loads"
    assert any(first.row != second.row and first.load < second.load for first, second in pairs), "another payload"
    later_wins = [moment_of(second.row) < moment_of(first.row) for first, second in pairs if first.load < second.load]
    assert sum(later_wins) > 5

    first_seen: dict[tuple, datetime] = {}
    comes_before = 0
    for arrival in sorted(events, key=lambda arrival: arrival.load):
        user, at = (arrival.row.get("workspace_id"), arrival.row["user_id"]), moment_of(arrival.row)
        comes_before += at < first_seen.get(user, at)
        first_seen[user] = min(at, first_seen.get(user, at))
    assert comes_before > 100

    begins = {}
    for arrival in sorted(events, key=lambda arrival: -arrival.load):
        begins[arrival.row.get("workspace_id")] = arrival.load
    assert sum(load >= 3 for load in begins.values()) > 5, "new workspaces"
    for entity in ("users", "workspaces", "features", "goals", "segments", "funnels"):
        rows = [arrival for arrival in batch.arrivals if arrival.entity == entity]
        loads = [(arrival.load, begins.get(arrival.row.get("workspace_id"), 0)) for arrival in rows]
        assert any(load < begun for load, begun in loads), f"{entity} before events"
        assert any(load > begun for load, begun in loads), f"{entity} after events"
        assert any(later_version_comes_first(rows)), f"{entity} in another order than their versions"
    events_by_user = defaultdict(list)
    for arrival in events:
        events_by_user[arrival.row.get("workspace_id"), arrival.row["user_id"]].append(arrival)
    denials = [arrival for arrival in batch.arrivals if arrival.entity == "consents" and not arrival.row["granted"]]
    covered = [
        arrival
        for denial in denials
        for arrival in events_by_user[denial.row["workspace_id"], denial.row["user_id"]]
        if arrival.load < denial.load and moment_of(arrival.row) >= moment_of(denial.row)
    ]
    assert len(covered) > 100, "denied after they were loaded"
    assert any(arrival.holds_everywhere for arrival in batch.arrivals)


def later_version_comes_first(rows: list[Arrival]) -> Iterator[bool]:
    """Of each two versions of a row that come with two loads, whether the newer one comes first."""
    versions = defaultdict(list)
    for arrival in rows:
        names = ("workspace_id", "user_id", "feature_name", "goal_name", "segment_name", "funnel_name")
        versions[tuple(arrival.row.get(name) for name in names)].append(arrival)
    for found in versions.values():
        for one, other in combinations(sorted(found, key=lambda arrival: arrival.load), 2):
            yield one.load < other.load and one.row["updated_at"] > other.row["updated_at"]
