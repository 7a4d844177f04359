"""dim_workspaces and dim_users."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from . import values
from .activity import total
from .churn import LAPSED_FROM_DAYS, risk_of_user
from .engagement import Last30Days, last_30_days
from .workspaces import Person, Workspace

NEW_UP_TO_DAYS = 6
SESSION_TRAITS = ("device_type", "browser", "os", "country_code")


def dim_workspace(workspace: Workspace) -> dict:
    return {
        "workspace_id": workspace.workspace_id,
        "workspace_name": workspace.workspace_name,
        "timezone": workspace.timezone,
        "first_activity_date": workspace.first_activity_date,
        "as_of_date": workspace.as_of_date,
        "users": len(workspace.known_users),
    }


def dim_users(workspace: Workspace) -> list[dict]:
    return [dim_user(workspace, person) for _, person in sorted(workspace.people.items())]


def dim_user(workspace: Workspace, person: Person) -> dict:
    """A user with nothing up to as_of_date is never_active: no dates and no traits, counts and score of zero."""
    as_of = workspace.as_of_date
    recent = last_30_days(workspace, person.user_key, as_of)
    return {
        "workspace_id": workspace.workspace_id,
        "user_key": person.user_key,
        "signup_date": person.signup_date,
        **dates(workspace, person.user_key),
        **counts(workspace, person.user_key, recent),
        **traits(workspace, person.user_key, recent),
        "lifecycle_status": lifecycle_status(workspace.active_days_as_of.get(person.user_key), as_of),
        "engagement_score": values.rounded(recent.score),
        **risk_of_user(workspace, person.user_key),
    }


def dates(workspace: Workspace, user: str) -> dict:
    days = workspace.active_days_as_of.get(user)
    first, last = (days[0], days[-1]) if days else (None, None)
    return {
        "first_active_date": first,
        "last_active_date": last,
        "days_since_first_active": (workspace.as_of_date - first).days if days else None,
        "days_since_last_active": (workspace.as_of_date - last).days if days else None,
        "lifetime_days": (last - first).days + 1 if days else None,
    }


def counts(workspace: Workspace, user: str, recent: Last30Days) -> dict:
    events = [event for event in workspace.events_in(date.min, workspace.as_of_date) if event.user_key == user]
    return {
        "active_days_30": recent.active_days,
        "sessions_30": len(recent.sessions),
        "events_30": len(recent.events),
        "features_used_30": recent.features_used,
        "revenue_total": total([event.revenue for event in events]),
    }


def traits(workspace: Workspace, user: str, recent: Last30Days) -> dict:
    """Each trait by itself: the most frequent over sessions of the last 30 days, else over all up to as_of_date."""
    every = [s for s in workspace.sessions_by_user.get(user, []) if s.session_date <= workspace.as_of_date]
    return {
        name: most_frequent(s.first_non_null(name) for s in recent.sessions)
        or most_frequent(s.first_non_null(name) for s in every)
        for name in SESSION_TRAITS
    }


def most_frequent(found: Iterable[str | None]) -> str | None:
    """Of the non-null values; the smallest of equals."""
    tally = Counter(value for value in found if value is not None)
    return min(tally, key=lambda value: (-tally[value], value), default=None)


def lifecycle_status(days: list[date] | None, as_of: date) -> str:
    if not days:
        return "never_active"
    if as_of - days[0] <= timedelta(days=NEW_UP_TO_DAYS):
        return "new"
    return "active" if as_of - days[-1] < timedelta(days=LAPSED_FROM_DAYS) else "lapsed"
