"""Who stopped coming, and who is about to (section 7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from . import values
from .growth import rolling_accounting
from .workspaces import Workspace, any_day_in

RISK_STATES = ("Engaged", "Cooling", "At risk", "Slipping away")
LAPSED_FROM_DAYS = 30
SNAPSHOTS = 26


@dataclass(frozen=True)
class Observed:
    """Users in a state at the snapshots, and how many of them had no activity in the 30 days after."""

    churned: int = 0
    sample_size: int = 0

    @property
    def probability(self) -> Fraction | None:
        return values.mean(100 * self.churned, self.sample_size)


def risk_state(days: list[date], at: date) -> str | None:
    """The state at the end of day `at`; null for who was not active in the 30 days that end there."""
    past = [day for day in days if day <= at]
    if not past or (at - past[-1]).days >= LAPSED_FROM_DAYS:
        return None
    since = (at - past[-1]).days
    last_14 = sum(day > at - timedelta(days=14) for day in past)
    before = sum(at - timedelta(days=28) < day <= at - timedelta(days=14) for day in past)
    is_falling = 2 * last_14 < before
    if since <= 6:
        return "Cooling" if is_falling else "Engaged"
    if since <= 13:
        return "Cooling"
    return "At risk" if since <= 20 else "Slipping away"


def snapshots(workspace: Workspace) -> Iterator[date]:
    """as_of_date - 30 - 7k for k = 0 … 25, not before first_activity_date + 27."""
    for k in range(SNAPSHOTS):
        at = workspace.as_of_date - timedelta(days=30 + 7 * k)
        if at >= workspace.first_activity_date + timedelta(days=27):
            yield at


@lru_cache(maxsize=8)
def observed_churn(workspace: Workspace) -> dict[str, Observed]:
    """By state, over all users of the workspace. A workspace without activity has nothing to observe."""
    seen = dict.fromkeys(RISK_STATES, Observed())
    if workspace.first_activity_date is None:
        return seen
    for at in snapshots(workspace):
        for days in workspace.active_days_as_of.values():
            state = risk_state(days, at)
            if state is not None:
                came_back = any_day_in(days, at + timedelta(days=1), at + timedelta(days=30))
                so_far = seen[state]
                seen[state] = Observed(so_far.churned + (not came_back), so_far.sample_size + 1)
    return seen


def risk_of_user(workspace: Workspace, user: str) -> dict:
    """The two columns of dim_users."""
    state = risk_state(workspace.active_days_as_of.get(user, []), workspace.as_of_date)
    probability = observed_churn(workspace.everybody)[state].probability if state else None
    return {"risk_state": state, "churn_probability": values.rounded(probability)}


def churn_risk(workspace: Workspace) -> list[dict]:
    """rpt_churn_risk without its characteristics: all four states, also of nobody."""
    states = [risk_state(days, workspace.as_of_date) for days in workspace.active_days_as_of.values()]
    return [
        {
            "risk_state": state,
            "users": states.count(state),
            "churn_probability": values.rounded(observed.probability),
            "sample_size": observed.sample_size,
        }
        for state, observed in observed_churn(workspace.everybody).items()
    ]


def churn_report(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_churn. A user lapses on the 30th day after the last active one."""
    growth = rolling_accounting(workspace, (last - first).days + 1, last)
    lapse = timedelta(days=LAPSED_FROM_DAYS)
    lifetimes = [
        (days[-1] - days[0]).days + 1
        for days in workspace.active_days_as_of.values()
        if first <= days[-1] + lapse <= last
    ]
    churned = growth["churned_users"]
    return [
        {
            "churned_users": churned,
            **values.rate("churn_rate", churned, churned + growth["returning_users"]),
            "avg_lifetime_days": values.rounded(values.mean(sum(lifetimes), len(lifetimes))),
        }
    ]
