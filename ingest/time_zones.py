"""The one source of local time: a table of UTC offsets by zone and day, made from the pinned tzdata package.

DuckDB, Postgres and the JVM each ship their own copy of the time zone database; a local date must not depend on which
of them computes it. A row per zone and UTC day makes local time an equi-join and an addition on every engine.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa
import tzdata

if TYPE_CHECKING:
    from warehouse.base import Transaction, Warehouse

FIRST_DATE = date(1990, 1, 1)  # no earlier event is accepted
DEFAULT_ZONE = "UTC"
_DAY = timedelta(days=1)


@cache
def zone_names() -> frozenset[str]:
    """Every name the tzdata package knows, links such as `US/Eastern` included."""
    return frozenset(resources.files(tzdata).joinpath("zones").read_text(encoding="utf-8").split())


@cache
def load_zone(name: str) -> ZoneInfo:
    """The zone from the tzdata package, never from the machine's own files.

    Raises:
        KeyError: the package does not know the name.
    """
    if name not in zone_names():
        raise KeyError(f"unknown time zone {name!r}")
    path = resources.files(tzdata).joinpath("zoneinfo", *name.split("/"))
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def zone_days(name: str, last_date: date) -> pa.Table:
    """The offsets of one zone, a row per UTC day from 1990-01-01 to `last_date`.

    Returns:
        Columns timezone, utc_date, offset_seconds (east of UTC, at the day's start), changes_at (UTC moment of that
        day's change, else null), offset_seconds_after (from that moment on; the same when nothing changes).

    Raises:
        ValueError: the offset changes twice in one UTC day, which this table cannot say (no zone ever did since 1990).
    """
    zone = load_zone(name)
    days, before, changes, after = [], [], [], []
    day = FIRST_DATE
    offset = _offset_at(zone, _midnight(day))
    while day <= last_date:
        next_offset = _offset_at(zone, _midnight(day + _DAY))
        days.append(day)
        before.append(offset)
        change = _find_change(zone, name, day) if next_offset != offset else None
        changes.append(change)
        after.append(next_offset)
        offset = next_offset
        day += _DAY
    return pa.table(
        {
            "timezone": pa.array([name] * len(days), pa.string()),
            "utc_date": pa.array(days, pa.date32()),
            "offset_seconds": pa.array(before, pa.int32()),
            "changes_at": pa.array(changes, pa.timestamp("us")),
            "offset_seconds_after": pa.array(after, pa.int32()),
        }
    )


def refresh_time_zones(warehouse: "Warehouse", today: date) -> list[str]:
    """Bring the offsets of every zone in use up to date, and mark workspaces that moved to another zone as pending.

    The mark stays until a publication. A new tzdata release is part of the build's fingerprint: it rebuilds everything.

    Args:
        today: the UTC date of the run; offsets reach to the end of the next year.

    Returns:
        The workspaces that were marked.
    """
    with warehouse.transaction() as tx:
        effective = effective_zones(tx)
        known = dict(tx.fetch("select workspace_id, timezone from raw.workspace_time_zones"))
        _refresh_zone_days(tx, {DEFAULT_ZONE, *effective.values(), *known.values()}, today)
        moved = {
            workspace
            for workspace in effective.keys() | known.keys()
            if effective.get(workspace, DEFAULT_ZONE) != known.get(workspace, DEFAULT_ZONE)
        }
        if moved:
            tx.execute("delete from raw.workspace_time_zones")
            for workspace, zone in sorted(effective.items()):
                tx.execute(
                    "insert into raw.workspace_time_zones (workspace_id, timezone) values ($1, $2)", (workspace, zone)
                )
        for workspace in sorted(moved):
            tx.execute("insert into raw.pending (kind, workspace_id) values ('workspace', $1)", (workspace,))
    return sorted(moved)


def effective_zones(tx: "Transaction") -> dict[str, str]:
    """The zone of every workspace that workspaces/ names, by its latest row."""
    return dict(tx.fetch(_EFFECTIVE_ZONES))


_EFFECTIVE_ZONES = """
select workspace_id, coalesce(timezone, 'UTC')
from (
    select
        workspace_id,
        timezone,
        row_number() over (partition by workspace_id order by updated_at desc, content_hash desc) as recency_rank
    from raw.workspaces
) as ranked
where recency_rank = 1
"""


def _refresh_zone_days(tx: "Transaction", zones: Iterable[str], today: date) -> None:
    """Write the offsets that are missing, of another tzdata release, or that end too early."""
    last_date = date(today.year + 1, 12, 31)
    versions = {
        zone: (version, last)
        for zone, version, last in tx.fetch("select timezone, tzdata_version, last_date from raw.time_zone_versions")
    }
    for zone in sorted(zones):
        if versions.get(zone) == (tzdata.IANA_VERSION, last_date):
            continue
        for table in ("raw.time_zone_days", "raw.time_zone_versions"):
            tx.execute(f"delete from {table} where timezone = $1", (zone,))
        tx.append("raw.time_zone_days", zone_days(zone, last_date))
        tx.execute(
            "insert into raw.time_zone_versions (timezone, tzdata_version, last_date) values ($1, $2, $3)",
            (zone, tzdata.IANA_VERSION, last_date),
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _offset_at(zone: ZoneInfo, moment: datetime) -> int:
    return int(moment.astimezone(zone).utcoffset().total_seconds())


def _find_change(zone: ZoneInfo, name: str, day: date) -> datetime:
    """The UTC moment (naive) within the day at which the offset changes, by bisection to the second."""
    start, end = 0, 86_400
    first = _offset_at(zone, _midnight(day))
    last = _offset_at(zone, _midnight(day + _DAY))
    while end - start > 1:
        middle = (start + end) // 2
        offset = _offset_at(zone, _midnight(day) + timedelta(seconds=middle))
        if offset not in (first, last):
            raise ValueError(f"time zone {name} changes twice on {day}: {first}, {offset}, {last} seconds")
        if offset == first:
            start = middle
        else:
            end = middle
    return (_midnight(day) + timedelta(seconds=end)).replace(tzinfo=None)
