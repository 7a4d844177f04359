"""Landings that stand exactly on a line of the contract, where chance seldom puts an event."""

from datetime import UTC, date, datetime, time, timedelta

from tests.oracle import Landing
from tests.property.histories import written


def boundaries(day: date) -> list[Landing]:
    """One landing a line. `day`: about three days before as_of_date, and four at most before the run's clock."""
    noon = datetime.combine(day, time(12), UTC)
    return [
        half_a_hundredth(noon),
        bounces(noon),
        long_sessions(noon - timedelta(days=5)),
        midnight_that_comes_twice(),
        devices_of_thirty_days(noon),
        signups_around_now(noon),
    ]


def half_a_hundredth(noon: datetime) -> Landing:
    """A user whose score lies exactly between two hundredths: 2 + 9/7 + 1.95/7/30 = 3.295.

    That is 9 events in 7 sessions that last 1.95 s in all. A quotient rounded on the way there ends on the wrong side.
    """
    offsets = [timedelta(hours=hour) for hour in range(7)]
    return events_at(noon, [*offsets, timedelta(milliseconds=950), timedelta(hours=1, seconds=1)], "api_call")


def bounces(noon: datetime) -> Landing:
    """One page view and one login, 9.999 s, 10 s or 10.001 s apart: only the first is a bounce."""
    rows = []
    for user, milliseconds in (("u1", 9_999), ("u2", 10_000), ("u3", 10_001)):
        offsets = {"page_view": timedelta(0), "login": timedelta(milliseconds=milliseconds)}
        for event_type, offset in offsets.items():
            rows += events_at(noon, [offset], event_type, user).events
    return Landing(events=rows)


def long_sessions(noon: datetime) -> Landing:
    """Sessions of 24 hours, a millisecond more, and of 10,000 events, one more: the second and fourth are anomalous."""
    day_long = [timedelta(minutes=10) * n for n in range(24 * 6)]
    rows = events_at(noon, [*day_long, timedelta(hours=24)], "api_call", "u1").events
    rows += events_at(noon, [*day_long, timedelta(hours=24, milliseconds=1)], "api_call", "u2").events
    rows += events_at(noon, [timedelta(milliseconds=n) for n in range(10_000)], "api_call", "u3").events
    rows += events_at(noon, [timedelta(milliseconds=n) for n in range(10_001)], "api_call", "u4").events
    return Landing(events=rows)


def midnight_that_comes_twice() -> Landing:
    """St. John's fell back at 00:01: the minute after midnight is of the 7th, the next moment of the 6th again."""
    change = datetime(2010, 11, 7, 2, 31, tzinfo=UTC)
    rows = events_at(change, [timedelta(milliseconds=-1)], "login", "u1").events
    rows += events_at(change, [timedelta(0)], "login", "u2").events
    return Landing(events=rows, workspaces=[{"workspace_id": "w", "timezone": "America/St_Johns"}])


def devices_of_thirty_days(noon: datetime) -> Landing:
    """Users who came once on a telephone some 30 days ago, and twice on a computer long before that."""
    rows = []
    for days in range(22, 36):
        user = f"u{days}"
        phone = events_at(noon, [timedelta(days=-days)], "login", user).events
        computer = events_at(noon, [timedelta(days=-100), timedelta(days=-101)], "logout", user).events
        rows += [row | {"device_type": "mobile"} for row in phone]
        rows += [row | {"device_type": "desktop"} for row in computer]
    return Landing(events=rows)


def signups_around_now(noon: datetime) -> Landing:
    """Sign-ups on the days around as_of_date, of users with an event and without."""
    users = [
        {"user_id": f"{who}{days}", "workspace_id": "w", "created_at": written(noon + timedelta(days=days))}
        for who in ("seen", "unseen")
        for days in range(5)
    ]
    events = [row for days in range(5) for row in events_at(noon, [timedelta(0)], "login", f"seen{days}").events]
    return Landing(events=events, users=users)


def events_at(noon: datetime, offsets: list[timedelta], event_type: str, user_id: str = "u") -> Landing:
    """One event at each offset from `noon`."""
    rows = [
        {
            "event_id": f"{user_id}-{event_type}-{number}",
            "user_id": user_id,
            "workspace_id": "w",
            "event_type": event_type,
            "created_at": written(noon + offset),
        }
        for number, offset in enumerate(offsets)
    ]
    return Landing(events=rows)
