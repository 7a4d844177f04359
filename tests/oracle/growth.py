"""Growth accounting over rolling windows and over calendar periods (section 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from . import values
from .workspaces import Workspace, any_day_in

WINDOWS = (1, 7, 30, 90, 365)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Grain:
    """A kind of calendar period: the first day of the period that holds a day, and of the period after."""

    name: str
    start_of: Callable[[date], date]
    after: Callable[[date], date]
    periods: int

    def before(self, start: date) -> date:
        return self.start_of(start - ONE_DAY)

    def last_day(self, start: date) -> date:
        return self.after(start) - ONE_DAY


def month_after(start: date) -> date:
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1)


DAY = Grain("day", lambda day: day, lambda start: start + ONE_DAY, periods=90)
WEEK = Grain("week", lambda d: d - timedelta(days=d.weekday()), lambda start: start + timedelta(days=7), periods=52)
MONTH = Grain("month", lambda day: day.replace(day=1), month_after, periods=24)
GRAINS = (DAY, WEEK, MONTH)


def accounting(days_of_users: dict[str, list[date]], w0: tuple[date, date], w1: tuple[date, date]) -> dict:
    """The five numbers for the windows w0 and w1, each (first day, last day), w1 the one that ends before w0 starts."""
    counts = dict.fromkeys(("active_users", "new_users", "returning_users", "reactivated_users", "churned_users"), 0)
    for days in days_of_users.values():
        is_active, was_active = any_day_in(days, *w0), any_day_in(days, *w1)
        counts["active_users"] += is_active
        counts["new_users"] += w0[0] <= days[0] <= w0[1]
        counts["returning_users"] += is_active and was_active
        counts["reactivated_users"] += is_active and not was_active and days[0] < w1[0]
        counts["churned_users"] += was_active and not is_active
    return counts


def rolling_accounting(workspace: Workspace, window_days: int, end: date) -> dict:
    """The window of `window_days` that ends at `end`, against the one before it."""
    window = timedelta(days=window_days)
    w0 = end - window + ONE_DAY, end
    w1 = end - 2 * window + ONE_DAY, end - window
    return accounting(workspace.active_days_as_of, w0, w1)


def growth_rolling(workspace: Workspace) -> list[dict]:
    """fct_growth_rolling: every day from the first active day to as_of_date."""
    first = workspace.first_activity_date
    if first is None:
        return []
    return [
        {"workspace_id": workspace.workspace_id, "window_days": window, "activity_date": day}
        | rolling_accounting(workspace, window, day)
        for window in WINDOWS
        for day in values.days_between(first, workspace.as_of_date)
    ]


def growth_periods(workspace: Workspace) -> list[dict]:
    """fct_growth_periods: every period from the first active one to the one that holds as_of_date."""
    first = workspace.first_activity_date
    if first is None:
        return []
    rows = []
    for grain in GRAINS:
        start = grain.start_of(first)
        while start <= workspace.as_of_date:
            w0, w1 = (start, grain.last_day(start)), (grain.before(start), start - ONE_DAY)
            key = {"workspace_id": workspace.workspace_id, "grain": grain.name, "period_start": start}
            is_complete = {"is_complete": grain.last_day(start) <= workspace.as_of_date}
            rows.append(key | accounting(workspace.active_days_as_of, w0, w1) | is_complete)
            start = grain.after(start)
    return rows
