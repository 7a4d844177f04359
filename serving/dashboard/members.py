"""What the marts hold by calendar period, hour and cohort for everybody, and counted anew here for a segment's members.

Under a segment all history is that of today's members, as in every report table.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from serving.report import EVERYBODY
from warehouse.base import Transaction

# The calendar period in which a timeframe is told: enough of them to see a course, few enough to read.
GRAINS = {"7d": "day", "30d": "day", "90d": "week", "365d": "month"}
COHORT_GRAINS = GRAINS | {"30d": "week"}

_GROWTH = ("new_users", "returning_users", "reactivated_users", "churned_users")

_MEMBERS = """
    inner join marts.bridge_user_segments as members
        on members.workspace_id = rows.workspace_id and members.user_key = rows.user_key and members.segment_id = $2
"""


def growth_by_period(
    tx: Transaction, workspace_id: str, timeframe: str, segment_id: str, as_of_date: date
) -> list[dict[str, Any]]:
    """Growth accounting (contract section 3) of each calendar period that starts in the timeframe, oldest first.

    Returns:
        period_start, active_users, the four of growth, is_complete.
    """
    grain, start = GRAINS[timeframe], _first_day(timeframe, as_of_date)
    if segment_id == EVERYBODY:
        rows = tx.fetch(
            f"""
            select period_start, active_users, {", ".join(_GROWTH)}, is_complete
            from marts.fct_growth_periods
            where workspace_id = $1 and grain = $2 and period_start >= $3
            """,
            (workspace_id, grain, start),
        )
        names = ("period_start", "active_users", *_GROWTH, "is_complete")
        return [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    return _growth_of_members(tx, workspace_id, segment_id, grain, start, as_of_date)


def _growth_of_members(
    tx: Transaction, workspace_id: str, segment_id: str, grain: str, start: date, as_of_date: date
) -> list[dict[str, Any]]:
    steps = f"""
    with periods as (
        select distinct
            rows.user_key,
            cast(date_trunc('{grain}', rows.activity_date) as date) as period_start,
            cast(date_trunc('{grain}', users.first_active_date) as date) as first_period
        from marts.fct_user_days as rows
        {_MEMBERS}
        inner join marts.dim_users as users
            on users.workspace_id = rows.workspace_id and users.user_key = rows.user_key
        where rows.workspace_id = $1 and rows.activity_date <= $3
    ),

    steps as (
        select
            period_start,
            first_period,
            cast(period_start + interval '1 {grain}' as date) as next_period,
            cast(period_start - interval '1 {grain}' as date) as previous_period,
            lag(period_start) over (partition by user_key order by period_start) as active_before,
            lead(period_start) over (partition by user_key order by period_start) as active_after
        from periods
    )
    """
    asked = (workspace_id, segment_id, as_of_date)
    present = tx.fetch(
        f"""
        {steps}
        select
            period_start,
            count(*),
            count(case when period_start = first_period then 1 end),
            count(case when active_before = previous_period then 1 end),
            count(case when active_before < previous_period then 1 end)
        from steps
        group by period_start
        """,
        asked,
    )
    gone = tx.fetch(
        f"""
        {steps}
        select next_period, count(*)
        from steps
        where active_after is null or active_after > next_period
        group by next_period
        """,
        asked,
    )
    counts = {period: (active, *arrived) for period, active, *arrived in present}
    churned = dict(gone)
    earliest = min(counts, default=as_of_date)
    return [
        {
            "period_start": period,
            **dict(
                zip(
                    ("active_users", *_GROWTH[:3]),
                    counts.get(period, (0, 0, 0, 0)),
                    strict=True,
                )
            ),
            "churned_users": churned.get(period, 0),
            "is_complete": period_after(period, grain) <= as_of_date + timedelta(days=1),
        }
        for period in _periods(max(start, earliest), grain, as_of_date)
    ]


def sessions_by_weekday_and_hour(
    tx: Transaction, workspace_id: str, timeframe: str, segment_id: str, as_of_date: date, zone: str
) -> list[list[int]]:
    """Sessions that started in each local hour of each weekday of the timeframe: 7 rows from Monday, 24 columns.

    Args:
        zone: IANA name of the workspace's time zone.
    """
    days = (_first_day(timeframe, as_of_date), as_of_date)
    grid = [[0] * 24 for _ in range(7)]
    if segment_id == EVERYBODY:
        hours = tx.fetch(
            """
            select activity_date, hour_of_day, sessions
            from marts.fct_activity_hourly
            where workspace_id = $1 and activity_date between $2 and $3
            """,
            (workspace_id, *days),
        )
        for day, hour, sessions in hours:
            grid[day.weekday()][hour] += sessions
        return grid
    # Every zone's offset since 1990 is a whole number of quarter hours, so a quarter lies within one local hour.
    quarters = tx.fetch(
        f"""
        select
            rows.session_date,
            date_trunc('hour', rows.started_at),
            cast(floor(extract(minute from rows.started_at) / 15) as integer),
            count(*)
        from marts.fct_sessions as rows
        {_MEMBERS}
        where rows.workspace_id = $1 and not rows.is_bot and rows.session_date between $3 and $4
        group by 1, 2, 3
        """,
        (workspace_id, segment_id, *days),
    )
    local = ZoneInfo(zone)
    for day, hour, quarter, sessions in quarters:
        moment = _as_utc(hour) + timedelta(minutes=15 * quarter)
        grid[day.weekday()][moment.astimezone(local).hour] += sessions
    return grid


def cohort_triangle(
    tx: Transaction, workspace_id: str, timeframe: str, segment_id: str, as_of_date: date
) -> list[dict[str, Any]]:
    """Retention of each cohort that starts in the timeframe, oldest first (contract section 7).

    Returns:
        cohort_start, cohort_users, and `retained`: users by period number from 0, None while the period runs.
    """
    grain, start = COHORT_GRAINS[timeframe], _first_day(timeframe, as_of_date)
    if segment_id == EVERYBODY:
        found = tx.fetch(
            """
            select cohort_start, period_number, cohort_users, retained_users
            from marts.fct_cohort_retention
            where workspace_id = $1 and grain = $2 and cohort_start >= $3
            """,
            (workspace_id, grain, start),
        )
        sizes = {cohort: users for cohort, _, users, _ in found}
        retained = {(cohort, period): users for cohort, period, _, users in found}
    else:
        sizes, retained = _cohorts_of_members(tx, workspace_id, segment_id, grain, start, as_of_date)
    longest = sum(1 for _ in _periods(min(sizes, default=as_of_date), grain, as_of_date))
    return [
        {
            "cohort_start": cohort,
            "cohort_users": users,
            "retained": [retained.get((cohort, period)) for period in range(longest)],
        }
        for cohort, users in sorted(sizes.items())
    ]


def _cohorts_of_members(
    tx: Transaction, workspace_id: str, segment_id: str, grain: str, start: date, as_of_date: date
) -> tuple[dict[date, int], dict[tuple[date, int], int]]:
    found = tx.fetch(
        f"""
        select
            cast(date_trunc('{grain}', users.first_active_date) as date) as cohort_start,
            cast(date_trunc('{grain}', rows.activity_date) as date) as period_start,
            count(distinct rows.user_key)
        from marts.fct_user_days as rows
        {_MEMBERS}
        inner join marts.dim_users as users
            on users.workspace_id = rows.workspace_id and users.user_key = rows.user_key
        where rows.workspace_id = $1
            and rows.activity_date <= $3
            and cast(date_trunc('{grain}', users.first_active_date) as date) >= $4
        group by 1, 2
        """,
        (workspace_id, segment_id, as_of_date, start),
    )
    active = {(cohort, period): users for cohort, period, users in found}
    # Everybody of a cohort is active in its own period.
    sizes = {cohort: users for (cohort, period), users in active.items() if period == cohort}
    retained = {
        (cohort, number): active.get((cohort, period), 0)
        for cohort in sizes
        for number, period in enumerate(_periods(cohort, grain, as_of_date))
        if period_after(period, grain) <= as_of_date + timedelta(days=1)
    }
    return sizes, retained


def period_after(period: date, grain: str) -> date:
    """The first day of the next day, week or month."""
    if grain == "month":
        return (period.replace(day=1) + timedelta(days=32)).replace(day=1)
    return period + timedelta(days=7 if grain == "week" else 1)


def _periods(first_day: date, grain: str, as_of_date: date) -> Iterator[date]:
    """The first days of the periods that start from `first_day` to as_of_date."""
    period = first_day
    if grain == "week" and period.weekday():
        period += timedelta(days=7 - period.weekday())
    if grain == "month" and period.day > 1:
        period = period_after(period, grain)
    while period <= as_of_date:
        yield period
        period = period_after(period, grain)


def _first_day(timeframe: str, as_of_date: date) -> date:
    return as_of_date - timedelta(days=int(timeframe.removesuffix("d")) - 1)


def _as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
