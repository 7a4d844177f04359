"""Daily, hourly and weekday activity (section 2)."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from . import values
from .events import Event
from .workspaces import Workspace, grouped

NO_MONEY = Decimal("0.0000")


def total(amounts: list[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), NO_MONEY)


def user_days(workspace: Workspace) -> list[dict]:
    """fct_user_days: the days on which a user has an event; none of its sessions need to have started then."""
    starts = Counter((session.user_key, session.session_date) for session in workspace.sessions)
    days = grouped(workspace.events, lambda event: (event.user_key, event.activity_date))
    return [
        {
            "workspace_id": workspace.workspace_id,
            "user_key": user,
            "activity_date": day,
            "events": len(events),
            "sessions": starts[user, day],
            "page_views": sum(event.event_type == "page_view" for event in events),
            "feature_uses": sum(event.event_type == "feature_use" for event in events),
            "revenue": total([event.revenue for event in events]),
        }
        for (user, day), events in sorted(days.items(), key=lambda item: item[0])
    ]


def user_hours(workspace: Workspace) -> list[dict]:
    """fct_user_hours: the hours in which a user has an event; a session counts in the hour of its first one."""
    starts = Counter((s.user_key, s.session_date, s.first.hour_of_day) for s in workspace.sessions)
    hours = grouped(workspace.events, lambda event: (event.user_key, event.activity_date, event.hour_of_day))
    return [
        {
            "workspace_id": workspace.workspace_id,
            "user_key": user,
            "activity_date": day,
            "hour_of_day": hour,
            "events": len(events),
            "sessions": starts[user, day, hour],
        }
        for (user, day, hour), events in sorted(hours.items(), key=lambda item: item[0])
    ]


def activity_daily(workspace: Workspace) -> list[dict]:
    """fct_activity_daily: every day from the first event, bots' included, to as_of_date or the last event after it."""
    seen = [event.activity_date for event in workspace.events + workspace.bot_events]
    if not seen:
        return []
    events = Counter(event.activity_date for event in workspace.events)
    bot_events = Counter(event.activity_date for event in workspace.bot_events)
    sessions = Counter(session.session_date for session in workspace.sessions)
    return [
        {
            "workspace_id": workspace.workspace_id,
            "activity_date": day,
            "dau": len(workspace.active_users(day, day)),
            "wau": len(workspace.active_users(day - timedelta(days=6), day)),
            "mau": len(workspace.active_users(day - timedelta(days=29), day)),
            "events": events[day],
            "sessions": sessions[day],
            "bot_events": bot_events[day],
            "is_complete": day <= workspace.as_of_date,
        }
        for day in values.days_between(min(seen), max(workspace.as_of_date, *seen))
    ]


def activity_hourly(workspace: Workspace) -> list[dict]:
    """fct_activity_hourly: only hours with an event. The repeated autumn hour is one hour_of_day."""
    first, last = date.min, workspace.as_of_date
    starts = Counter((session.session_date, session.first.hour_of_day) for session in workspace.sessions)
    hours = grouped(workspace.events_in(first, last), lambda event: (event.activity_date, event.hour_of_day))
    return [
        {
            "workspace_id": workspace.workspace_id,
            "activity_date": day,
            "hour_of_day": hour,
            "active_users": len({event.user_key for event in events}),
            "sessions": starts[day, hour],
            "events": len(events),
        }
        for (day, hour), events in sorted(hours.items(), key=lambda item: item[0])
    ]


def activity_by(
    workspace: Workspace, first: date, last: date, column: str, members: list, part_of: Callable[[Event], object]
) -> list[dict]:
    """One row for each of `members` (days, hours or weekdays), also for those without an event."""
    events = grouped(workspace.events_in(first, last), part_of)
    starts = Counter(part_of(session.first) for session in workspace.sessions_in(first, last))
    return [
        {
            column: member,
            "active_users": len({event.user_key for event in events.get(member, [])}),
            "sessions": starts[member],
            "events": len(events.get(member, [])),
        }
        for member in members
    ]


def by_date(workspace: Workspace, first: date, last: date) -> list[dict]:
    days = values.days_between(first, last)
    return activity_by(workspace, first, last, "activity_date", days, lambda event: event.activity_date)


def by_hour(workspace: Workspace, first: date, last: date) -> list[dict]:
    return activity_by(workspace, first, last, "hour_of_day", list(range(24)), lambda event: event.hour_of_day)


def by_weekday(workspace: Workspace, first: date, last: date) -> list[dict]:
    weekdays = list(range(1, 8))
    return activity_by(workspace, first, last, "iso_weekday", weekdays, lambda event: event.activity_date.isoweekday())


def stickiness(workspace: Workspace) -> list[dict]:
    """rpt_stickiness: users by how many of the last 28 days they were active on."""
    first = workspace.as_of_date - timedelta(days=27)
    day_counts = Counter(
        sum(first <= day for day in days) for days in workspace.active_days_as_of.values() if first <= days[-1]
    )
    users = day_counts.total()
    return [
        {
            "active_days": number,
            "users": day_counts[number],
            "share": values.rate("share", day_counts[number], users)["share"],
            "active_users": users,
        }
        for number in range(1, 29)
    ]
