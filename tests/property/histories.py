"""Hypothesis strategies for small histories that reach the edges of the metric contract.

Every choice is a small integer into a table whose first entry is the plain one, so that a failing example shrinks to
plain events. Times come from a day some days before the history's end and a wall-clock moment in the workspace's zone,
followed by gaps: chance alone would never hit 30:00.000, local midnight or the hour that summer time skips.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.oracle import Landing
from tests.property import edges
from tests.property.landing_files import write_landing

__all__ = ["History", "histories", "landings", "write_landing"]


@dataclass(frozen=True)
class History:
    """Landing rows, and the clock and --as-of of a run over them."""

    landing: Landing
    now: datetime
    as_of: date | None


def one_of(table: tuple) -> st.SearchStrategy:
    """An entry of the table; shrinks to the first."""
    return st.integers(0, len(table) - 1).map(table.__getitem__)


def without_nulls(row: dict) -> dict:
    return {name: value for name, value in row.items() if value is not None}


def moment(end: date, days_before: int, clock: time, zone_name: str) -> datetime:
    """Aware UTC. A wall-clock time that summer time skips lands an hour on, as the zone's rules say."""
    local = datetime.combine(end - timedelta(days=days_before), clock, ZoneInfo(zone_name))
    return local.astimezone(UTC)


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@st.composite
def payloads(draw: Callable) -> dict:
    """What an event says besides who and when."""
    return without_nulls(
        {
            "event_type": draw(one_of(edges.EVENT_TYPES)),
            "event_name": draw(one_of(edges.NAMES)),
            "page_path": draw(one_of(edges.PAGES)),
            "metadata": draw(one_of(edges.METADATA)),
        }
    )


@st.composite
def visitors(draw: Callable, users: tuple[str, ...]) -> dict:
    """What all events of a visit share: who came, with what, from where."""
    is_crawler = draw(st.integers(0, 7)) == 7
    return without_nulls(
        {
            "user_id": draw(one_of(users)),
            "user_agent": edges.CRAWLER if is_crawler else draw(one_of(edges.USER_AGENTS)),
            "device_type": draw(one_of(edges.DEVICES)),
            "browser": draw(one_of(edges.BROWSERS)),
            "os": draw(one_of(edges.SYSTEMS)),
            "country_code": draw(one_of(edges.COUNTRIES)),
        }
    )


@st.composite
def scripts(draw: Callable, most_events: int) -> list[tuple[timedelta, dict]]:
    """What happens in a visit: gaps and payloads. Visits share scripts, so that paths and habits repeat."""
    count = draw(st.integers(1, most_events))
    return [(draw(one_of(edges.GAPS)), draw(payloads())) for _ in range(count)]


@st.composite
def visits(draw: Callable, end: date, zones: dict[str | None, str], users: tuple, plans: tuple) -> list[dict]:
    """One user follows one script in one workspace, at the same time on one to four days."""
    workspace_id, visitor, script = draw(one_of(tuple(zones))), draw(visitors(users)), draw(one_of(plans))
    clock, client_session = draw(one_of(edges.WALL_CLOCK)), draw(one_of(edges.CLIENT_SESSIONS))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        at = moment(end, draw(one_of(edges.DAYS_BEFORE_END)), clock, zones[workspace_id])
        for position, (gap, payload) in enumerate(script):
            at = at + gap if position else at
            when_and_where = {"workspace_id": workspace_id, "session_id": client_session, "created_at": written(at)}
            rows.append(without_nulls(when_and_where) | visitor | payload)
    return rows


def copy_of(row: dict, kind: int) -> dict:
    """A second delivery of an event: the same, another payload, or another payload and time."""
    if kind == 0:
        return dict(row)
    if kind == 1:
        return row | {"page_path": "/copy", "event_type": "page_view"}
    later = datetime.fromisoformat(row["created_at"]) + (timedelta(hours=2) if kind == 2 else -timedelta(hours=2))
    return row | {"created_at": written(later), "event_name": "copy"}


def respelled(row: dict, spelling: Callable[[str], object], id_field: str | None) -> dict:
    """The same event with its time written otherwise, and its id under another name or left out."""
    rest = {name: value for name, value in row.items() if name != "event_id"}
    return rest | {"created_at": spelling(row["created_at"])} | ({id_field: row["event_id"]} if id_field else {})


@st.composite
def conditions(draw: Callable) -> dict:
    """A condition over a column of dim_users or an attribute; one in sixteen is none that the contract accepts."""
    if draw(st.integers(0, 15)) == 15:
        return draw(one_of(edges.BAD_CONDITIONS))
    field, op = draw(one_of(tuple(edges.FIELDS))), draw(one_of(edges.OPERATORS))
    if op in ("is_null", "not_null"):
        return {"field": field, "op": op}
    value = one_of(edges.FIELDS[field])
    return edges.condition(
        field, op, draw(st.lists(value, min_size=1, max_size=3) if op in ("in", "not_in") else value)
    )


@st.composite
def segment_rows(draw: Callable, zones: dict[str | None, str], versions: st.SearchStrategy) -> dict:
    """A segment of one workspace or of every one; the criteria as an object or as text."""
    criteria = {draw(one_of(("all", "any"))): draw(st.lists(conditions(), min_size=1, max_size=3))}
    return {
        "segment_name": draw(one_of(edges.SEGMENT_NAMES)),
        "segment_type": draw(one_of((None, "demographic", "behavioral", "technographic"))),
        "criteria": json.dumps(criteria) if draw(st.booleans()) else criteria,
        "workspace_id": draw(one_of((None, *zones))),
        "updated_at": draw(versions),
    }


@st.composite
def entity_rows(draw: Callable, end: date, zones: dict[str | None, str]) -> dict[str, list[dict]]:
    """users/ and what is defined. Rows of one key differ in updated_at: their order decides nothing."""
    owners = {
        "workspace_id": st.sampled_from(tuple(zones)),
        "updated_at": st.integers(1, 3).map(lambda n: f"2009-01-0{n}T00:00:00Z"),
    }
    signups = st.builds(
        moment, st.just(end), one_of(edges.DAYS_BEFORE_END), one_of(edges.WALL_CLOCK), one_of(edges.ZONES)
    )
    created = st.one_of(st.none(), signups.map(written)).map(lambda text: {"created_at": text})
    users = st.builds(dict.__or__, created, one_of(edges.ATTRIBUTES))
    features = st.fixed_dictionaries(
        {"feature_name": one_of(("export", "unused")), "category": one_of(edges.CATEGORIES)} | owners
    )
    described = {
        "users": st.builds(
            dict.__or__, users, st.fixed_dictionaries({"user_id": one_of((*edges.USERS, "silent"))} | owners)
        ),
        "features": features,
        "goals": st.builds(dict.__or__, one_of(edges.GOALS), st.fixed_dictionaries(owners)),
        "segments": segment_rows(zones, owners["updated_at"]),
        "funnels": st.builds(dict.__or__, one_of(edges.FUNNELS), st.fixed_dictionaries(owners)),
    }
    return {name: unique(draw(st.lists(rows, max_size=5))) for name, rows in described.items()}


def unique(rows: list[dict]) -> list[dict]:
    """One row a key and version, or neither order of the two would be the right one without the content hash."""
    by_key = {}
    for row in rows:
        names = ("user_id", "feature_name", "goal_name", "segment_name", "funnel_name", "workspace_id", "updated_at")
        by_key.setdefault(tuple(row.get(name) for name in names), without_nulls(row))
    return list(by_key.values())


@st.composite
def landings(draw: Callable, end: date, *, most_visits: int = 6, most_events: int = 5) -> Landing:
    """Landing rows whose newest local days lie around `end`. None among the workspace ids stands for `default`."""
    names = ("w1", "w2", None)[: draw(st.integers(1, 3))]
    zones = {name: draw(one_of(edges.ZONES)) for name in names}
    zones[None] = zones.get(None, "UTC")
    described = [{"workspace_id": name, "timezone": zones[name], "name": f"Team {name}"} for name in names if name]
    if None in names and draw(st.booleans()):
        described.append({"workspace_id": "default", "timezone": zones[None]})
    if draw(st.booleans()):
        described.append({"workspace_id": "silent", "timezone": draw(one_of(edges.ZONES))})
    with_events = {name: zones[name] for name in names}
    users = edges.USERS[: draw(st.integers(1, len(edges.USERS)))]
    plans = tuple(draw(scripts(most_events)) for _ in range(draw(st.integers(1, 3))))
    count = draw(st.integers(0, most_visits))
    events = [row for _ in range(count) for row in draw(visits(end, with_events, users, plans))]
    reverse_ids = draw(st.booleans())
    for n, row in enumerate(events):
        row["event_id"] = f"e{len(events) - n if reverse_ids else n:03d}"
    if events:
        copies = draw(st.lists(st.tuples(st.integers(0, len(events) - 1), st.integers(0, 3)), max_size=3))
        events += [copy_of(events[n], kind) for n, kind in copies]
    spelling, id_fields = draw(one_of(edges.SPELLINGS)), draw(one_of(edges.ID_FIELDS))
    events = [respelled(row, spelling, id_fields[n % len(id_fields)]) for n, row in enumerate(events)]
    return Landing(events=events, workspaces=described, **draw(entity_rows(end, with_events)))


@st.composite
def histories(draw: Callable, *, most_visits: int = 6, most_events: int = 5) -> History:
    """A landing with the clock of a run, a day or more after its end or in the midst of its last day, and --as-of."""
    end = draw(one_of(edges.ENDS))
    landing = draw(landings(end, most_visits=most_visits, most_events=most_events))
    now = datetime.combine(end, time(12), UTC) + timedelta(hours=draw(one_of(edges.CLOCK_AFTER_END)))
    latest_as_of = now.date() - timedelta(days=2)  # no zone's local yesterday is earlier
    days_back = draw(one_of((None, None, 0, 1, 7, 30, 400)))
    return History(landing, now, None if days_back is None else latest_as_of - timedelta(days=days_back))
