"""Landing rows dealt to loads: by chance for histories, on purpose for what chance would seldom bring about."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.oracle import Landing
from tests.property import edges
from tests.property.batches import workspace_of
from tests.property.histories import written
from tests.property.loads import Load

ENTITY_VERSIONS = ("2009-01-01T00:00:00Z", "2009-01-02T00:00:00Z")
DEFINITIONS = ("features", "goals", "segments", "funnels")
AHEAD = timedelta(hours=24)  # created_at may be that much later than the load it comes with


@dataclass(frozen=True)
class Arrival:
    """A landing row and the number of the load it comes with."""

    load: int
    entity: str
    row: dict

    @property
    def holds_everywhere(self) -> bool:
        """Whether it defines something for every workspace."""
        return self.entity in DEFINITIONS and "workspace_id" not in self.row

    def in_workspaces_of(self, number: int) -> "Arrival":
        """The same in workspaces of another history."""
        workspace_id = workspace_of(number, self.row.get("workspace_id"))
        return replace(self, row=self.row | {"workspace_id": workspace_id})


def dealt(landing: Landing, clocks: list[datetime], rng: random.Random) -> list[Arrival]:
    """The rows with the loads they come with, some twice.

    Those of a workspace come at random, oldest last, one user after the other, or each a while after it happened, and
    some workspaces begin late.
    """
    loads = len(clocks)
    orders: dict[str | None, Callable] = {}
    first_loads: dict[str | None, int] = {}
    arrivals = []
    for row in landing.events:
        workspace = row.get("workspace_id")
        order = orders.setdefault(workspace, rng.choice((at_random, oldest_last, user_by_user, after_a_while)))
        begins = first_loads.setdefault(workspace, rng.choice((0, 0, 0, rng.randrange(loads))))
        arrivals.append(Arrival(max(order(row, clocks, rng), begins), "events", row))
    for entity in ("users", "workspaces", *DEFINITIONS):
        arrivals += [Arrival(rng.randrange(loads), entity, row) for row in getattr(landing, entity)]
    return arrivals + [replace(copied, load=rng.randrange(loads)) for copied in arrivals if rng.random() < 0.1]


def let_in(arrivals: Iterable[Arrival], plan: Sequence[Load]) -> list[Arrival]:
    """The arrivals, each with the first load from its own on that takes such rows; left out where none does.

    Events, sign-ups and decisions too far ahead of a load would be refused.
    """
    found = []
    for arrival in arrivals:
        for number in range(arrival.load, len(plan)):
            load = plan[number]
            is_due = not {"created_at", "at"} & arrival.row.keys() or moment_of(arrival.row) <= load.clock + AHEAD
            if is_due and (load.only is None or arrival.entity in load.only):
                found.append(replace(arrival, load=number))
                break
    return found


def at_random(row: dict, clocks: list[datetime], rng: random.Random) -> int:
    return rng.randrange(len(clocks))


def oldest_last(row: dict, clocks: list[datetime], rng: random.Random) -> int:
    """The day of the month and the hour stand for age: what is old by them comes in a late load."""
    at = moment_of(row)
    return (len(clocks) - 1) - (at.day * 24 + at.hour) * len(clocks) // (32 * 24)


def user_by_user(row: dict, clocks: list[datetime], rng: random.Random) -> int:
    return sum(row["user_id"].encode()) % len(clocks)


def after_a_while(row: dict, clocks: list[datetime], rng: random.Random) -> int:
    """With the load that runs next after the event, or one or two later."""
    due = sum(clock < moment_of(row) for clock in clocks)
    return min(due + rng.choice((0, 0, 0, 1, 2)), len(clocks) - 1)


def moment_of(row: dict) -> datetime:
    at = row.get("created_at", row.get("at"))
    if isinstance(at, int):
        return datetime.fromtimestamp(at / 1000, UTC)
    return datetime.fromisoformat(at).astimezone(UTC)


def with_zone_changes(landing: Landing, rng: random.Random) -> Landing:
    """The landing, its workspaces/ rows dated, and every third workspace described once more, in another zone."""
    dated = [row | {"updated_at": ENTITY_VERSIONS[0]} for row in landing.workspaces]
    moved = [
        row | {"updated_at": ENTITY_VERSIONS[1], "timezone": rng.choice(edges.ZONES), "name": "Moved"}
        for row in dated
        if rng.random() < 1 / 3
    ]
    return replace(landing, workspaces=dated + moved)


def on_purpose(clocks: list[datetime]) -> list[Arrival]:
    """Arrivals that change what an earlier load made, each in a workspace of its own.

    clocks: of the loads.
    """
    loads, last, day = len(clocks), len(clocks) - 1, clocks[0].date() - timedelta(days=1)
    events: list[tuple[int, str, dict]] = [
        # An event that joins two sessions.
        (0, "bridge", event("a", day, 10, 0)),
        (0, "bridge", event("b", day, 10, 50)),
        (1, "bridge", event("c", day, 10, 25)),
        # A chain of three sessions joined one by one.
        (0, "chain", event("a", day, 10, 0)),
        (0, "chain", event("c", day, 11, 0)),
        (0, "chain", event("e", day, 12, 0)),
        (1, "chain", event("b", day, 10, 30)),
        (last, "chain", event("d", day, 11, 30)),
        # The copy that wins takes the event out of the middle of a session, which falls apart.
        (0, "split", event("a", day, 10, 0)),
        (0, "split", event("b", day, 10, 25)),
        (0, "split", event("c", day, 10, 50)),
        (last, "split", event("b", day, 1, 0)),
        # The copy that wins is another user's.
        (0, "handed over", event("a", day, 10, 0)),
        (0, "handed over", event("b", day, 10, 10)),
        (1, "handed over", event("b", day, 9, 50, user_id="v")),
        # The first event of a session comes last, and the first of the workspace.
        (0, "first last", event("b", day, 10, 10)),
        (0, "first last", event("c", day, 10, 20)),
        (1, "first last", event("a", day, 10, 0)),
        (last, "first last", event("z", day - timedelta(days=100), 10, 0)),
        # Around midnight: the session moves to the day before.
        (0, "midnight", event("b", day, 0, 10)),
        (1, "midnight", event("a", day - timedelta(days=1), 23, 50)),
        # A crawler under the same user: its session reaches over the edges of what a late human event touches.
        (0, "crawler before", event("k", day, 9, 40, user_agent=edges.CRAWLER)),
        (0, "crawler before", event("l", day, 10, 9, user_agent=edges.CRAWLER)),
        (0, "crawler before", event("a", day, 10, 0)),
        (0, "crawler before", event("b", day, 10, 29)),
        (0, "crawler before", event("c", day, 10, 50)),
        (1, "crawler before", event("d", day, 11, 0)),
        (0, "crawler after", event("a", day, 10, 0)),
        (0, "crawler after", event("b", day, 10, 29)),
        (0, "crawler after", event("c", day, 10, 50)),
        (0, "crawler after", event("k", day, 10, 40, user_agent=edges.CRAWLER)),
        (0, "crawler after", event("l", day, 11, 5, user_agent=edges.CRAWLER)),
        (1, "crawler after", event("y", day, 9, 45)),
        # Two client sessions at once: two sequences where sessions are kept apart by them, else one.
        (0, "clients", event("k", day, 9, 40, session_id="s1")),
        (0, "clients", event("l", day, 10, 9, session_id="s1")),
        (0, "clients", event("a", day, 10, 0, session_id="s2")),
        (0, "clients", event("b", day, 10, 29, session_id="s2")),
        (0, "clients", event("c", day, 10, 50, session_id="s2")),
        (1, "clients", event("d", day, 11, 0, session_id="s2")),
        (last, "clients", event("e", day, 8, 55)),
        # A session for each load that touches it, and that may be lost before; see `tests.property.replay`.
        *((0, f"touched by {load}", event("a", day, 10, 0)) for load in range(1, loads)),
        *((load, f"touched by {load}", event("b", day, 10, 10)) for load in range(1, loads)),
        # A zone that is told only later, when the sessions of the first and last days have long been made.
        (0, "zone", event("a", day, 23, 30)),
        (0, "zone", event("b", day - timedelta(days=30), 0, 30)),
    ]
    for load, clock in enumerate(clocks):
        for age in (timedelta(minutes=7), timedelta(days=31), timedelta(days=390)):
            moment = (clock - age).date(), (clock - age).hour, (clock - age).minute
            events.append((load, "every load", event(f"{load} {age}", *moment)))
    rows = [Arrival(load, "events", row | {"workspace_id": workspace}) for load, workspace, row in events]
    zones = [
        (1, {"workspace_id": "zone", "timezone": "Asia/Kathmandu", "updated_at": ENTITY_VERSIONS[1]}),
        (last, {"workspace_id": "zone", "timezone": "America/New_York", "updated_at": ENTITY_VERSIONS[0]}),
    ]
    # For every workspace first, then by one for itself, and a version that is older than the one that came before it.
    used = event("u", day, 12, 0, event_type="feature_use", event_name="report", page_path="/50%_!")
    rows += [Arrival(0, "events", used | {"workspace_id": "defined"})]
    older, newer = ({"updated_at": version} for version in ENTITY_VERSIONS)
    own = {"workspace_id": "defined"}
    goals = [
        (0, newer | {"goal_name": "sees an offer", "page_path": "/50%*"}),
        (1, newer | own | {"goal_name": "sees an offer", "page_path": "/50_*"}),
        (last, older | own | {"goal_name": "sees an offer", "page_path": "*!"}),
    ]
    features = [
        (0, newer | {"feature_name": "report", "category": "everywhere"}),
        (1, newer | own | {"feature_name": "report", "category": "own"}),
        (last, older | own | {"feature_name": "report", "category": "older"}),
    ]
    described = {"workspaces": zones, "goals": goals, "features": features}
    return rows + [Arrival(load, entity, row) for entity, found in described.items() for load, row in found]


def event(event_id: str, day: date, hour: int, minute: int, **given: str) -> dict:
    at = written(datetime.combine(day, time(hour, minute), UTC))
    return {"event_id": event_id, "user_id": "u", "event_type": "page_view", "created_at": at} | given


def write_load(arrivals: Iterable[Arrival], number: int, folder: Path, rng: random.Random) -> None:
    """The rows of one load as files of the landing folder, in random order; events as two files."""
    for entity in fields(Landing):
        rows = [arrival.row for arrival in arrivals if arrival.load == number and arrival.entity == entity.name]
        rng.shuffle(rows)
        files = 2 if entity.name == "events" else 1
        for part in range(files):
            path = folder / entity.name / f"load-{number}-{part}.ndjson"
            path.parent.mkdir(parents=True, exist_ok=True)
            if rows[part::files]:
                lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows[part::files]]
                path.write_text("".join(lines), encoding="utf-8")


def landed(arrivals: Iterable[Arrival], loads: int) -> Landing:
    """Everything that came with the first `loads` loads."""
    landing = Landing()
    for arrival in arrivals:
        if arrival.load < loads:
            getattr(landing, arrival.entity).append(arrival.row)
    return landing
