"""A part of the history that somebody wants rebuilt from the loaded rows, written down as pending work.

The stretch of a user is widened to the ends of the sessions that reach over its edges, read from the events themselves:
the tables that are to be rebuilt may be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ingest.time_zones import FIRST_DATE, load_zone
from warehouse.base import Transaction

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class ScopeError(Exception):
    """What is to be rebuilt cannot be; the message says why."""


@dataclass(frozen=True)
class Scope:
    """Days of workspaces.

    Attributes:
        first_day: the first local day; None: from the first event on.
        last_day: the last local day, included; None: to the last event.
        workspace_id: the one workspace; None: all.
    """

    first_day: date | None = None
    last_day: date | None = None
    workspace_id: str | None = None

    def __post_init__(self) -> None:
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ScopeError(f"the days from {self.first_day} to {self.last_day} are none: the first is the later one")

    def __str__(self) -> str:
        days = f"{self.first_day or 'the first day'} to {self.last_day or 'the last'}"
        return f"{days} of {'every workspace' if self.workspace_id is None else f'workspace {self.workspace_id}'}"


@dataclass(frozen=True)
class UserTable:
    """A table of a user's history that builds bring up to date rather than make anew.

    Attributes:
        name: `schema.table`.
        moment: its column of UTC moments, or None when it has a row a local day, `activity_date`.
    """

    name: str
    moment: str | None


def check_scope(tx: Transaction, scope: Scope) -> None:
    """Raises ScopeError when no row was ever loaded for the workspace."""
    if scope.workspace_id is None:
        return
    sources = " union all ".join(
        f"select 1 from raw.{table} where workspace_id = $1" for table in ("events", "users", "workspaces")
    )
    if not tx.fetch(f"select 1 from ({sources}) as named limit 1", (scope.workspace_id,)):
        raise ScopeError(f"no workspace {scope.workspace_id!r}: nothing was ever loaded for it")


def note_rebuild(
    tx: Transaction, scope: Scope, tables: Sequence[UserTable], clock: datetime, session_timeout_minutes: int
) -> int:
    """Add the stretch of every user who has anything in the scope to the pending work; return how many there are.

    Args:
        tables: whose rows of the scope are to be replaced; a wrong row may be of a user without any event.
        clock: the moment of the run, aware.
        session_timeout_minutes: the longest gap inside a session.
    """
    # No event is earlier than the first date or later than 24 hours after its load, and a zone moves it by 14 at most.
    first_day = max(scope.first_day or date.min, FIRST_DATE - _DAY)
    last_day = min(scope.last_day or date.max, clock.astimezone(UTC).date() + 2 * _DAY)
    before = _stretches(tx)
    for (zone,) in tx.fetch(_ZONES, (scope.workspace_id,)):
        starts_at, ends_at = _midnight(first_day, zone), _midnight(last_day + _DAY, zone) - _INSTANT
        tx.execute(
            _insert_stretches(tables, session_timeout_minutes),
            (scope.workspace_id, zone, starts_at, ends_at, first_day, last_day),
        )
    return _stretches(tx) - before


_WORKSPACES_OF_ZONE = """
select rows_of_workspaces.*
from {table} as rows_of_workspaces
left join raw.workspace_time_zones as zones on rows_of_workspaces.workspace_id = zones.workspace_id
where rows_of_workspaces.workspace_id = coalesce($1, rows_of_workspaces.workspace_id)
    and coalesce(zones.timezone, 'UTC') = $2
"""

_ZONES = """
select timezone from raw.workspace_time_zones where workspace_id = coalesce($1, workspace_id)
union
select 'UTC'
"""


def _insert_stretches(tables: Sequence[UserTable], session_timeout_minutes: int) -> str:
    """Parameters: workspace or null, zone, first and last moment (UTC, naive), first and last local day."""
    rows_in_scope = "".join(
        f"""
        union all
        select workspace_id, user_key, {moment} as starts_at, {moment} as ends_at
        from ({_WORKSPACES_OF_ZONE.format(table=table.name)}) as built
        where {f"{moment} between $3 and $4" if table.moment else "activity_date between $5 and $6"}
        """
        for table in tables
        for moment in [table.moment or "cast(activity_date as timestamp)"]
    )
    return f"""
    insert into raw.pending (kind, workspace_id, user_key, touched_at, touched_until)
    with
    parted as (
        select
            workspace_id,
            user_key,
            created_at,
            case
                when created_at <= lag(created_at) over (partition by user_key order by created_at)
                    + interval '{session_timeout_minutes} minutes' then 0
                else 1
            end as starts_visit
        from ({_WORKSPACES_OF_ZONE.format(table="raw.events")}) as events
    ),
    numbered as (
        select
            *,
            sum(starts_visit) over (
                partition by user_key order by created_at rows between unbounded preceding and current row
            ) as visit
        from parted
    ),
    visits as (
        select workspace_id, user_key, min(created_at) as starts_at, max(created_at) as ends_at
        from numbered
        group by workspace_id, user_key, visit
    )
    select 'range', workspace_id, user_key, min(starts_at), max(ends_at)
    from (
        select workspace_id, user_key, starts_at, ends_at
        from visits
        where ends_at >= $3 and starts_at <= $4
        {rows_in_scope}
    ) as touched
    group by workspace_id, user_key
    """


def _stretches(tx: Transaction) -> int:
    return tx.fetch("select count(*) from raw.pending where kind = 'range'")[0][0]


def _midnight(day: date, zone: str) -> datetime:
    """The UTC moment, naive, at which the local day begins."""
    return datetime.combine(day, time(), load_zone(zone)).astimezone(UTC).replace(tzinfo=None)
