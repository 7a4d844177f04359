"""Sessions: one user's events in one workspace, cut where the gap is longer than the timeout (section 4)."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from . import values
from .events import Event, in_order
from .landing import Settings

LENGTH_BUCKETS = (
    (30, "0-30s"),
    (120, "30s-2m"),
    (300, "2m-5m"),
    (900, "5m-15m"),
    (1800, "15m-30m"),
    (float("inf"), "30m+"),
)
BOUNCE_BELOW_MILLISECONDS = 10_000
ANOMALOUS_OVER_MILLISECONDS = 24 * 3600 * 1000
ANOMALOUS_OVER_EVENTS = 10_000


@dataclass(frozen=True)
class Session:
    """Events in order, at least one. Everything a session says is read from them."""

    events: tuple[Event, ...]

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def user_key(self) -> str:
        return self.first.user_key

    @property
    def session_id(self) -> str:
        parts = (self.first.user_key, self.first.workspace_id, self.first.event_id)
        return hashlib.md5("|".join(parts).encode()).hexdigest()

    @property
    def session_date(self) -> date:
        return self.first.activity_date

    @property
    def duration_milliseconds(self) -> int:
        return values.milliseconds(self.events[-1].created_at - self.first.created_at)

    @property
    def length_bucket(self) -> str:
        return next(label for below, label in LENGTH_BUCKETS if self.duration_milliseconds < below * 1000)

    @property
    def pages(self) -> list[Event]:
        """Page views that have a page."""
        return [event for event in self.events if event.visited_page is not None]

    @property
    def entry_page(self) -> str | None:
        return self.pages[0].page_path if self.pages else None

    @property
    def exit_page(self) -> str | None:
        return self.pages[-1].page_path if self.pages else None

    @property
    def left_last_page_at(self) -> datetime | None:
        return self.pages[-1].created_at if self.pages else None

    @property
    def is_bounce(self) -> bool | None:
        page_views = self.count("page_view")
        if page_views == 0:
            return None
        others = self.count("feature_use") + self.count("custom")
        return page_views == 1 and others == 0 and self.duration_milliseconds < BOUNCE_BELOW_MILLISECONDS

    @property
    def is_anomalous(self) -> bool:
        return self.duration_milliseconds > ANOMALOUS_OVER_MILLISECONDS or len(self.events) > ANOMALOUS_OVER_EVENTS

    def count(self, event_type: str) -> int:
        return sum(event.event_type == event_type for event in self.events)

    def first_non_null(self, name: str) -> str | None:
        """device_type, browser, os or country_code: the first in the session that is not null."""
        return next((value for event in self.events if (value := getattr(event, name)) is not None), None)


def sessionize(events: Iterable[Event], settings: Settings) -> list[Session]:
    """All sessions of one workspace. A user's bot events and other events are separate sequences."""
    sequences: dict[tuple, list[Event]] = defaultdict(list)
    for event in sorted(events, key=in_order):
        client_session = event.client_session_id if settings.session_key == "client" else None
        sequences[event.user_key, event.is_bot, client_session].append(event)
    timeout = timedelta(minutes=settings.session_timeout_minutes)
    return [session for sequence in sequences.values() for session in cut_at_gaps(sequence, timeout)]


def cut_at_gaps(sequence: list[Event], timeout: timedelta) -> list[Session]:
    """A gap longer than the timeout starts a new session; a gap of exactly the timeout does not."""
    parts: list[list[Event]] = []
    for event in sequence:
        if not parts or event.created_at - parts[-1][-1].created_at > timeout:
            parts.append([])
        parts[-1].append(event)
    return [Session(tuple(part)) for part in parts]


def session_row(session: Session) -> dict:
    """A row of fct_sessions."""
    return {
        "session_id": session.session_id,
        "workspace_id": session.first.workspace_id,
        "user_key": session.user_key,
        "session_date": session.session_date,
        "started_at": session.first.created_at,
        "ended_at": session.events[-1].created_at,
        "duration_seconds": values.seconds(session.duration_milliseconds),
        "length_bucket": session.length_bucket,
        "events": len(session.events),
        "page_views": session.count("page_view"),
        "feature_uses": session.count("feature_use"),
        "entry_page": session.entry_page,
        "exit_page": session.exit_page,
        "device_type": session.first_non_null("device_type"),
        "browser": session.first_non_null("browser"),
        "os": session.first_non_null("os"),
        "country_code": session.first_non_null("country_code"),
        "is_bounce": session.is_bounce,
        "is_bot": session.first.is_bot,
        "is_anomalous": session.is_anomalous,
    }
