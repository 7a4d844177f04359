"""The engagement score, always over the last 30 days (section 7)."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from .events import Event
from .sessions import Session
from .workspaces import Workspace


@dataclass(frozen=True)
class Last30Days:
    """One user's events of the 30 days that end at a day, and the sessions that started in them."""

    events: list[Event]
    sessions: list[Session]

    @property
    def active_days(self) -> int:
        return len({event.activity_date for event in self.events})

    @property
    def features_used(self) -> int:
        return len({event.feature_name for event in self.events} - {None})

    @property
    def score(self) -> Fraction:
        """100 · (0.4·min(active_days/20, 1) + 0.2·min(events_per_session/20, 1) + 0.2·min(features/5, 1)
        + 0.2·min(mean_session_seconds/600, 1)); 0 for who was not active."""
        if not self.events:
            return Fraction(0)
        started = len(self.sessions)
        milliseconds = sum(session.duration_milliseconds for session in self.sessions)
        events_per_session = Fraction(len(self.events), started) if started else Fraction(0)
        mean_session_seconds = Fraction(milliseconds, 1000 * started) if started else Fraction(0)
        return (
            40 * min(Fraction(self.active_days, 20), Fraction(1))
            + 20 * min(events_per_session / 20, Fraction(1))
            + 20 * min(Fraction(self.features_used, 5), Fraction(1))
            + 20 * min(mean_session_seconds / 600, Fraction(1))
        )


def last_30_days(workspace: Workspace, user: str, end: date) -> Last30Days:
    first = end - timedelta(days=29)
    events = workspace.events_by_user.get(user, [])
    sessions = workspace.sessions_by_user.get(user, [])
    return Last30Days(
        events=[event for event in events if first <= event.activity_date <= end],
        sessions=[session for session in sessions if first <= session.session_date <= end],
    )


def group_score(workspace: Workspace, end: date) -> Fraction | None:
    """The mean over the users active in the 30 days that end at `end`; null when there are none."""
    active = workspace.active_users(end - timedelta(days=29), end)
    scores = [last_30_days(workspace, user, end).score for user in active]
    return sum(scores, Fraction(0)) / len(scores) if scores else None
