"""Goals and the paths that lead to them (section 6)."""

import re
from dataclasses import dataclass
from datetime import date

from . import values
from .definitions import goal_patterns
from .events import Event
from .journeys import STEPS, Path, collapsed, joined, numbered, session_key, users_of
from .sessions import Session
from .workspaces import Workspace, grouped

KEPT_PATHS = 20


@dataclass(frozen=True)
class Goal:
    """A pattern for each field that the goal names; all must match."""

    goal_name: str
    patterns: dict[str, str]

    def is_reached_by(self, event: Event) -> bool:
        return all(matches(pattern, getattr(event, name)) for name, pattern in self.patterns.items())


def matches(pattern: str, value: str | None) -> bool:
    """`*` matches any run of characters, also an empty one, but not null."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return value is not None and re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


def path_to(goal: Goal, session: Session) -> Path | None:
    """The last five collapsed pages up to the first matching event; None when the session does not reach the goal."""
    for position, event in enumerate(session.events):
        if goal.is_reached_by(event):
            return collapsed(session.events[: position + 1])[-STEPS:]
    return None


def goals_of(workspace: Workspace) -> list[Goal]:
    return [Goal(name, goal_patterns(row)) for name, row in workspace.goal_rows.items()]


def session_goals(workspace: Workspace) -> list[dict]:
    """fct_session_goals, later days included."""
    return [
        {**session_key(session), "goal_name": goal.goal_name, **numbered(path)}
        for goal in goals_of(workspace)
        for session in workspace.sessions
        if (path := path_to(goal, session)) is not None
    ]


def contains(pages: Path, steps: Path) -> bool:
    """Whether `steps` stand in `pages` in that order, consecutively."""
    return any(pages[i : i + len(steps)] == steps for i in range(len(pages) - len(steps) + 1))


def conversion_paths(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_conversion_paths: the first 20 paths of each goal, most conversions first."""
    sessions = workspace.sessions_in(first, last)
    rows = []
    for goal in goals_of(workspace):
        converted = [session for session in sessions if path_to(goal, session) is not None]
        paths = grouped(converted, lambda session, goal=goal: path_to(goal, session))
        ranked = sorted(paths.items(), key=lambda item: (-len(item[1]), joined(item[0])))
        for rank, (path, members) in enumerate(ranked[:KEPT_PATHS], start=1):
            passed = sum(contains(collapsed(session.events), path) for session in sessions)
            rows.append(
                {
                    "goal_name": goal.goal_name,
                    "path_rank": rank,
                    "path": joined(path),
                    "conversions": len(members),
                    "users": users_of(members),
                    **values.rate("conversion_rate", *((len(members), passed) if path else (None, None))),
                }
            )
    return rows
