"""Landing rows dealt to loads: by chance for histories, on purpose for what chance would seldom bring about."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.oracle import Landing
from tests.property import edges
from tests.property.histories import written

ENTITY_VERSIONS = ("2009-01-01T00:00:00Z", "2009-01-02T00:00:00Z")


@dataclass(frozen=True)
class Arrival:
    """A landing row and the number of the load it comes with."""

    load: int
    entity: str
    row: dict


def dealt(landing: Landing, loads: int, rng: random.Random) -> list[Arrival]:
    """The rows in random order, some twice; a workspace's at random, oldest last or one user after the other."""
    orders = {}
    arrivals = []
    for row in landing.events:
        place = orders.setdefault(row.get("workspace_id"), rng.choice((at_random, oldest_last, user_by_user)))
        arrivals.append(Arrival(place(row, loads, rng), "events", row))
    for entity in ("users", "workspaces", "segments"):
        arrivals += [Arrival(rng.randrange(loads), entity, row) for row in getattr(landing, entity)]
    again = [Arrival(rng.randrange(loads), copied.entity, copied.row) for copied in arrivals if rng.random() < 0.1]
    return arrivals + again


def at_random(row: dict, loads: int, rng: random.Random) -> int:
    return rng.randrange(loads)


def oldest_last(row: dict, loads: int, rng: random.Random) -> int:
    """The day of the month and the hour stand for age: what is old by them comes in a late load."""
    at = moment_of(row)
    return (loads - 1) - (at.day * 24 + at.hour) * loads // (32 * 24)


def user_by_user(row: dict, loads: int, rng: random.Random) -> int:
    return sum(row["user_id"].encode()) % loads


def moment_of(row: dict) -> datetime:
    at = row["created_at"]
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
    # Only rows that carry updated_at may arrive in any order.
    segments = [{"updated_at": ENTITY_VERSIONS[0]} | row for row in landing.segments]
    return Landing(events=landing.events, users=landing.users, workspaces=dated + moved, segments=segments)


def on_purpose(day: date, loads: int) -> list[Arrival]:
    """Arrivals that change what an earlier load made, each in a workspace of its own."""
    last = loads - 1
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
        # A zone that is told only later, when the sessions of the first and last days have long been made.
        (0, "zone", event("a", day, 23, 30)),
        (0, "zone", event("b", day - timedelta(days=30), 0, 30)),
    ]
    rows = [Arrival(load, "events", row | {"workspace_id": workspace}) for load, workspace, row in events]
    zone = {"workspace_id": "zone", "timezone": "Asia/Kathmandu", "updated_at": ENTITY_VERSIONS[1]}
    older = {"workspace_id": "zone", "timezone": "America/New_York", "updated_at": ENTITY_VERSIONS[0]}
    return [*rows, Arrival(1, "workspaces", zone), Arrival(last, "workspaces", older)]


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
