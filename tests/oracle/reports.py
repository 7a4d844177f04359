"""The headline reports of a timeframe: rpt_activity, rpt_sessions and rpt_session_breakdown.

Every function takes the workspace as one segment sees it and the first and last day of the timeframe.
"""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

from . import values
from .engagement import group_score, last_30_days
from .growth import rolling_accounting
from .sessions import LENGTH_BUCKETS, Session
from .users import SESSION_TRAITS
from .workspaces import Workspace, grouped


def change(now: Fraction | int | None, earlier: Fraction | int | None) -> Fraction | None:
    """Per cent; null when the earlier value is 0 or unknown."""
    return Fraction(100) * (now - earlier) / earlier if now is not None and earlier else None


def trailing_users(workspace: Workspace, days: int, end: date) -> int:
    return len(workspace.active_users(end - timedelta(days=days - 1), end))


def activity(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_activity. Changes compare with the same number `timeframe` days earlier."""
    timeframe_days = (last - first).days + 1
    earlier = first - timedelta(days=1)
    row: dict = {"as_of_date": last}
    for name, days in (("dau", 1), ("wau", 7), ("mau", 30)):
        value = trailing_users(workspace, days, last)
        row[name] = value
        row[f"{name}_change"] = values.rounded(change(value, trailing_users(workspace, days, earlier)))
    growth = rolling_accounting(workspace, timeframe_days, last)
    row |= {name: count for name, count in growth.items() if name != "active_users"}
    sessions = workspace.sessions_in(first, last)
    users = len(workspace.active_users(first, last))
    row["avg_sessions_per_user"] = values.rounded(values.mean(len(sessions), users))
    row["avg_session_seconds"] = values.rounded(mean_seconds(sessions))
    row |= bounce_rate(sessions)
    score = group_score(workspace, last)
    row["engagement_score"] = values.rounded(score)
    row["engagement_change"] = values.rounded(change(score, group_score(workspace, earlier)))
    return [row]


def user_engagement(workspace: Workspace, first: date, last: date) -> list[dict]:
    """fct_user_engagement of a timeframe: of everybody known by its end, the score now and before its first day."""
    rows = []
    for user in sorted(workspace.known_users):
        now, earlier = (
            recent.score if recent.events else None
            for recent in (last_30_days(workspace, user, end) for end in (last, first - timedelta(days=1)))
        )
        rows.append(
            {
                "workspace_id": workspace.workspace_id,
                "user_key": user,
                "engagement_score": values.rounded(now),
                "earlier_engagement_score": values.rounded(earlier),
                "engagement_change": values.rounded(change(now, earlier)),
            }
        )
    return rows


def bounce_rate(sessions: list[Session]) -> dict:
    """Bounced sessions of those with a page view."""
    bounces = [session.is_bounce for session in sessions if session.is_bounce is not None]
    return values.rate("bounce_rate", sum(bounces), len(bounces))


def mean_seconds(sessions: list[Session]) -> Fraction | None:
    milliseconds = sum(session.duration_milliseconds for session in sessions)
    return Fraction(milliseconds, 1000 * len(sessions)) if sessions else None


def median(numbers: list[int]) -> Fraction | None:
    """The mean of the middle two, which are one and the same when the count is odd."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle_two = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return Fraction(sum(middle_two), 2)


def session_lengths(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_sessions."""
    sessions = workspace.sessions_in(first, last)
    middle = median([session.duration_milliseconds for session in sessions])
    return [
        {
            "sessions": len(sessions),
            "avg_seconds": values.rounded(mean_seconds(sessions)),
            "median_seconds": values.rounded(middle / 1000 if middle is not None else None),
        }
    ]


def session_breakdown(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_session_breakdown: all six length buckets, and the values of the other dimensions that occur."""
    sessions = workspace.sessions_in(first, last)
    buckets = [label for _, label in LENGTH_BUCKETS]
    rows = breakdown(sessions, "length_bucket", lambda session: session.length_bucket, buckets)
    for name in SESSION_TRAITS:
        rows += breakdown(sessions, name, lambda session, name=name: session.first_non_null(name) or "unknown", [])
    return rows


def breakdown(
    sessions: list[Session], dimension: str, value_of: Callable[[Session], str], always: list[str]
) -> list[dict]:
    groups = {value: [] for value in always} | grouped(sessions, value_of)
    return [
        {
            "dimension": dimension,
            "value": value,
            "users": len({session.user_key for session in members}),
            "sessions": len(members),
            "share": values.rate("share", len(members), len(sessions))["share"],
        }
        for value, members in groups.items()
    ]
