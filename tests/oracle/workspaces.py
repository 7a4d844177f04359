"""Each workspace with its people, its events and sessions, and the day it is reported as of (sections 1 and 2)."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from . import values
from .definitions import feature_name, funnel_name, goal_name, holding_in, latest_rows
from .events import DEFAULT_WORKSPACE, Event, accepted_events
from .landing import Landing, Settings
from .segments import segment_name, with_known_fields
from .sessions import Session, sessionize

ALWAYS = date.min
NO_ATTRIBUTES = ("user_id", "workspace_id", "created_at", "updated_at", "id", "ip_address", "user_agent", "session_id")


@dataclass(frozen=True)
class Person:
    """A user whom the contract calls known. `known_on` is a local date, ALWAYS for a users/ row without created_at."""

    user_key: str
    signup_date: date | None
    known_on: date
    attributes: dict


@dataclass(eq=False)
class Workspace:
    """One workspace as a run sees it.

    `events` and `sessions` are those of humans. They reach beyond as_of_date unless the run hides later days.
    `catalogue` maps a feature of the features/ folder to its category, `goal_rows`, `segment_rows` and
    `funnel_rows` a name to its landing row. Seen through a segment, `whole` is the workspace itself.
    """

    workspace_id: str
    workspace_name: str
    timezone: str
    as_of_date: date
    people: dict[str, Person]
    events: list[Event]
    bot_events: list[Event]
    sessions: list[Session]
    bot_sessions: list[Session]
    catalogue: dict[str, str | None]
    goal_rows: dict[str, dict]
    segment_rows: dict[str, dict]
    funnel_rows: dict[str, dict]
    whole: "Workspace | None" = None

    @property
    def everybody(self) -> "Workspace":
        return self.whole or self

    @cached_property
    def events_by_user(self) -> dict[str, list[Event]]:
        return grouped(self.events, lambda event: event.user_key)

    @cached_property
    def sessions_by_user(self) -> dict[str, list[Session]]:
        return grouped(self.sessions, lambda session: session.user_key)

    @cached_property
    def active_days(self) -> dict[str, list[date]]:
        """The days on which each user was active, in order, later days included."""
        return {user: sorted({event.activity_date for event in events}) for user, events in self.events_by_user.items()}

    @cached_property
    def active_days_as_of(self) -> dict[str, list[date]]:
        """The same up to as_of_date, of the users who have any."""
        until = {user: [d for d in days if d <= self.as_of_date] for user, days in self.active_days.items()}
        return {user: days for user, days in until.items() if days}

    @cached_property
    def first_activity_date(self) -> date | None:
        return min((days[0] for days in self.active_days_as_of.values()), default=None)

    @cached_property
    def known_users(self) -> set[str]:
        """Known by as_of_date."""
        return {user for user, person in self.people.items() if person.known_on <= self.as_of_date}

    def events_in(self, first: date, last: date) -> list[Event]:
        return [event for event in self.events if first <= event.activity_date <= last]

    def sessions_in(self, first: date, last: date) -> list[Session]:
        """Sessions that start in the days from first to last."""
        return [session for session in self.sessions if first <= session.session_date <= last]

    def active_users(self, first: date, last: date) -> set[str]:
        return {user for user, days in self.active_days.items() if any_day_in(days, first, last)}

    def of_members(self, members: set[str]) -> "Workspace":
        """The same workspace seen through some of its users only."""
        return replace(
            self,
            whole=self.everybody,
            people={user: person for user, person in self.people.items() if user in members},
            events=[event for event in self.events if event.user_key in members],
            sessions=[session for session in self.sessions if session.user_key in members],
        )


def grouped(items: list, key: Callable) -> dict[str, list]:
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def any_day_in(days: list[date], first: date, last: date) -> bool:
    """Whether sorted `days` has one from first to last, both included."""
    position = bisect_left(days, first)
    return position < len(days) and days[position] <= last


def read_workspaces(landing: Landing, settings: Settings) -> list[Workspace]:
    """Every workspace of the warehouse: in workspaces/, in users/, or seen in an event."""
    described = latest_rows(landing.workspaces, workspace_key, settings)
    zone_names = {name: values.text(row.get("timezone")) or "UTC" for name, row in described.items()}
    events = accepted_events(landing, settings, {name: values.time_zone(zone) for name, zone in zone_names.items()})
    users = latest_rows(landing.users, lambda row: user_row_key(row, settings), settings)
    newest = max((event.created_at for event in events if not event.is_bot), default=None)
    names = {*described, *(event.workspace_id for event in events), *(workspace_id for workspace_id, _ in users)}
    return [
        workspace_from(
            name,
            values.text(described.get(name, {}).get("name")) or name,
            zone_names.get(name, "UTC"),
            as_of_date(zone_names.get(name, "UTC"), newest, settings),
            [event for event in events if event.workspace_id == name],
            {user_id: row for (workspace_id, user_id), row in users.items() if workspace_id == name},
            landing,
            settings,
        )
        for name in sorted(names)
    ]


def workspace_key(row: dict) -> str:
    values.time_zone(values.text(row.get("timezone")) or "UTC")
    return values.required_text(row, "workspace_id")


def user_row_key(row: dict, settings: Settings) -> tuple[str, str]:
    values.timestamp_in_range(row.get("created_at"), settings.now.astimezone(UTC).replace(tzinfo=None))
    return values.text(row.get("workspace_id")) or DEFAULT_WORKSPACE, values.required_text(row, "user_id")


def as_of_date(zone_name: str, newest: datetime | None, settings: Settings) -> date:
    """The earlier of local yesterday and the local date of the warehouse's newest human event; --as-of replaces the
    latter. A warehouse without one is reported as of yesterday."""
    zone = values.time_zone(zone_name)
    yesterday = settings.now.astimezone(zone).date() - timedelta(days=1)
    if settings.as_of is not None:
        return min(settings.as_of, yesterday)
    return min(yesterday, values.local_time(newest, zone).date()) if newest is not None else yesterday


def workspace_from(
    name: str,
    title: str,
    zone_name: str,
    as_of: date,
    events: list[Event],
    users: dict[str, dict],
    landing: Landing,
    settings: Settings,
) -> Workspace:
    """Sessions are cut from all events first: --as-of hides later days, but a session that runs over it stays whole."""
    sessions = sessionize(events, settings)
    people = people_of(name, values.time_zone(zone_name), as_of, events, users, settings)
    if settings.as_of is not None:
        sessions = [session for session in sessions if session.session_date <= as_of]
        events = [event for event in events if event.activity_date <= as_of]
        people = {user: person for user, person in people.items() if person.known_on <= as_of}
    return Workspace(
        workspace_id=name,
        workspace_name=title,
        timezone=zone_name,
        as_of_date=as_of,
        people=people,
        events=[event for event in events if not event.is_bot],
        bot_events=[event for event in events if event.is_bot],
        sessions=[session for session in sessions if not session.first.is_bot],
        bot_sessions=[session for session in sessions if session.first.is_bot],
        catalogue={
            feature: values.text(row.get("category"))
            for feature, row in holding_in(name, landing.features, feature_name, settings).items()
        },
        goal_rows=holding_in(name, landing.goals, goal_name, settings),
        segment_rows=holding_in(name, known_segments(landing, settings), segment_name, settings),
        funnel_rows=holding_in(name, landing.funnels, funnel_name, settings),
    )


def known_segments(landing: Landing, settings: Settings) -> list[dict]:
    """The rows of segments/ that ask for nothing unknown: every version of every user in any workspace is asked."""
    attributes: set[str] = set()
    for row in landing.users:
        try:
            user_row_key(row, settings)
        except values.Rejected:
            continue
        attributes |= attributes_of(row).keys()
    return with_known_fields(landing.segments, attributes)


def attributes_of(row: dict) -> dict:
    """The attributes that a row of users/ brings."""
    return {name: value for name, value in row.items() if name not in NO_ATTRIBUTES and value not in (None, "")}


def people_of(
    workspace_id: str, zone: ZoneInfo, as_of: date, events: list[Event], users: dict[str, dict], settings: Settings
) -> dict[str, Person]:
    """Everybody with a human event or a users/ row, by user_key."""
    first_seen: dict[str, date] = {}
    for event in events:
        if not event.is_bot:
            first_seen[event.user_key] = min(first_seen.get(event.user_key, date.max), event.activity_date)
    rows = {settings.key_of(workspace_id, user_id): row for user_id, row in users.items()}
    return {
        user: person_from(user, first_seen.get(user, date.max), rows.get(user), zone, as_of)
        for user in sorted({*first_seen, *rows})
    }


def person_from(user: str, first_seen: date, row: dict | None, zone: ZoneInfo, as_of: date) -> Person:
    """Known from the first event or the users/ row, whichever is earlier. A sign-up after as_of_date is not shown."""
    signed_up = values.timestamp(row.get("created_at")) if row else None
    signup_date = values.local_time(signed_up, zone).date() if signed_up else None
    if row is not None:
        first_seen = min(first_seen, signup_date or ALWAYS)
    is_shown = signup_date is not None and signup_date <= as_of
    return Person(user, signup_date if is_shown else None, known_on=first_seen, attributes=row or {})
