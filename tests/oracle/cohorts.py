"""Retention of cohorts, by day, week and month (section 7)."""

from collections.abc import Iterator
from datetime import date, timedelta

from . import values
from .growth import DAY, GRAINS, Grain
from .workspaces import Workspace, any_day_in

CURVE_DAYS = range(91)
COHORT_DAYS = (1, 7, 14, 30, 60, 90)
BRACKETS = ((0, 0), (1, 7), (8, 14), (15, 30), (31, 60), (61, 90))


def cohorts(workspace: Workspace, grain: Grain) -> dict[date, list[str]]:
    """Users by the period of their first active day."""
    members: dict[date, list[str]] = {}
    for user, days in workspace.active_days_as_of.items():
        members.setdefault(grain.start_of(days[0]), []).append(user)
    return dict(sorted(members.items()))


def periods_from(grain: Grain, cohort_start: date) -> Iterator[tuple[int, date, date]]:
    """Period number, first and last day."""
    start = cohort_start
    for number in range(grain.periods + 1):
        yield number, start, grain.last_day(start)
        start = grain.after(start)


def retained(workspace: Workspace, users: list[str], first: date, last: date) -> int:
    return sum(any_day_in(workspace.active_days_as_of[user], first, last) for user in users)


def cohort_retention(workspace: Workspace) -> list[dict]:
    """fct_cohort_retention: every cell present, null while its period has not ended by as_of_date."""
    rows = []
    for grain in GRAINS:
        for cohort_start, users in cohorts(workspace, grain).items():
            for number, first, last in periods_from(grain, cohort_start):
                is_mature = last <= workspace.as_of_date
                in_period = retained(workspace, users, first, last) if is_mature else None
                row = {
                    "workspace_id": workspace.workspace_id,
                    "grain": grain.name,
                    "cohort_start": cohort_start,
                    "period_number": number,
                    "cohort_users": len(users),
                    "retained_users": in_period,
                    "retained_on_or_after_users": retained(workspace, users, first, date.max) if is_mature else None,
                    "is_mature": is_mature,
                }
                rows.append(row | values.rate("retention_rate", in_period, len(users) if is_mature else None))
    return rows


def daily_cells(workspace: Workspace, first: date, last: date) -> Iterator[tuple[date, int, int, int]]:
    """(cohort day, n, users, retained on day n) of the mature cells of daily cohorts that start from first to last."""
    for cohort_start, users in cohorts(workspace, DAY).items():
        for number, day, _ in periods_from(DAY, cohort_start):
            if first <= cohort_start <= last and day <= workspace.as_of_date:
                yield cohort_start, number, len(users), retained(workspace, users, day, day)


def retention_curve(workspace: Workspace, first: date, last: date) -> list[dict]:
    """Day n pools the cohorts that are mature for n; no row where nobody is eligible."""
    cells = list(daily_cells(workspace, first, last))
    rows = []
    for day in CURVE_DAYS:
        eligible = sum(users for _, number, users, _ in cells if number == day)
        stayed = sum(count for _, number, _, count in cells if number == day)
        if eligible:
            counts = {"day": day, "eligible_users": eligible, "retained_users": stayed}
            rows.append(counts | values.rate("retention_rate", stayed, eligible))
    return rows


def cohort_report(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_cohorts: the rates of days 1 to 90, null while immature."""
    rows: dict[date, dict] = {}
    for cohort_start, number, users, stayed in daily_cells(workspace, first, last):
        blank = {"cohort_start": cohort_start, "cohort_users": users} | {f"day{n}": None for n in COHORT_DAYS}
        row = rows.setdefault(cohort_start, blank)
        if number in COHORT_DAYS:
            row[f"day{number}"] = values.rate("rate", stayed, users)["rate"]
    return list(rows.values())


def retention_brackets(workspace: Workspace, first: date, last: date) -> list[dict]:
    """Who came on any day of a bracket, of the users who started in the timeframe and whose bracket is over."""
    rows = []
    for first_day, last_day in BRACKETS:
        eligible = stayed = 0
        for days in workspace.active_days_as_of.values():
            if first <= days[0] <= last and days[0] + timedelta(days=last_day) <= workspace.as_of_date:
                eligible += 1
                stayed += any(first_day <= (day - days[0]).days <= last_day for day in days)
        if eligible:
            counts = {"eligible_users": eligible, "retained_users": stayed}
            bracket = {"first_day": first_day, "last_day": last_day}
            rows.append(bracket | counts | values.rate("retention_rate", stayed, eligible))
    return rows
