"""Journeys: paths, page flows, entry and exit pages, and the paths that end in a goal (section 6)."""

from collections.abc import Iterable
from datetime import date

from . import values
from .events import Event
from .reports import bounce_rate
from .sessions import Session
from .workspaces import Workspace, grouped

Path = tuple[str, ...]
STEPS = 5
KEPT_PATHS = 100
SEPARATOR, ENCODED_SEPARATOR = " > ", "%20%3E%20"
EXIT = "(exit)"


def collapsed(events: Iterable[Event]) -> Path:
    """The pages of page views that have one, consecutive repeats counted once."""
    pages: list[str] = []
    for event in events:
        if event.visited_page is not None and pages[-1:] != [event.visited_page]:
            pages.append(event.visited_page)
    return tuple(pages)


def path_of(session: Session) -> Path:
    return collapsed(session.events)[:STEPS]


def numbered(path: Path) -> dict[str, str | None]:
    """page_1 to page_5."""
    return {f"page_{n}": path[n - 1] if n <= len(path) else None for n in range(1, STEPS + 1)}


def session_key(session: Session) -> dict:
    return {
        "workspace_id": session.first.workspace_id,
        "user_key": session.user_key,
        "session_id": session.session_id,
        "session_date": session.session_date,
    }


def session_paths(workspace: Workspace) -> list[dict]:
    """fct_session_paths, later days included."""
    return [
        {
            **session_key(session),
            "steps": len(path_of(session)),
            **numbered(path_of(session)),
            "exit_page": session.exit_page,
            "seconds_before_exit": values.seconds(
                values.milliseconds(session.left_last_page_at - session.first.created_at)
            ),
        }
        for session in workspace.sessions
        if session.pages
    ]


def session_steps(workspace: Workspace) -> list[dict]:
    """fct_session_steps: every step, with its first page view."""
    rows = []
    for session in workspace.sessions:
        views = [
            view
            for before, view in zip([None, *session.pages], session.pages, strict=False)
            if before is None or before.visited_page != view.visited_page
        ]
        rows += [
            {**session_key(session), "step": step, "page": view.visited_page, "viewed_at": view.created_at}
            for step, view in enumerate(views, start=1)
        ]
    return rows


def joined(path: Path) -> str:
    return SEPARATOR.join(page.replace(SEPARATOR, ENCODED_SEPARATOR) for page in path)


def users_of(sessions: Iterable[Session]) -> int:
    return len({session.user_key for session in sessions})


def common_paths(workspace: Workspace, first: date, last: date) -> list[tuple[Path, list[Session], list[int]]]:
    """(path, the sessions with exactly it, n_1 … n_L) of the first 100 paths of two steps or more, most frequent first.

    n_i counts the sessions of the timeframe whose path starts with the first i steps.
    """
    sessions = [session for session in workspace.sessions_in(first, last) if path_of(session)]
    paths = [path_of(session) for session in sessions]
    exactly = {path: members for path, members in grouped(sessions, path_of).items() if len(path) >= 2}
    ranked = sorted(exactly.items(), key=lambda item: (-len(item[1]), joined(item[0])))
    return [
        (path, members, [sum(p[:i] == path[:i] for p in paths) for i in range(1, len(path) + 1)])
        for path, members in ranked[:KEPT_PATHS]
    ]


def path_report(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_paths. avg_completion = 100 · Σ n_i / (L · n_1)."""
    return [
        {
            "path_rank": rank,
            "path": joined(path),
            "frequency": len(members),
            "users": users_of(members),
            "avg_completion": values.rounded(100 * values.mean(sum(reached), len(path) * reached[0])),
        }
        for rank, (path, members, reached) in enumerate(common_paths(workspace, first, last), start=1)
    ]


def path_steps(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_path_steps. The drop-off at step i < L is 1 - n_{i+1} / n_i; the last step has none."""
    rows = []
    for rank, (path, _, reached) in enumerate(common_paths(workspace, first, last), start=1):
        for i, page in enumerate(path):
            is_last = i == len(path) - 1
            lost, base = (None, None) if is_last else (reached[i] - reached[i + 1], reached[i])
            row = {"path_rank": rank, "step": i + 1, "page": page, "reached": reached[i]}
            rows.append(row | values.rate("dropoff_rate", lost, base))
    return rows


def page_flows(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_page_flows: a path that ends before step 5 flows to `(exit)`."""
    flows: dict[tuple[int, str, str], list[Session]] = {}
    for session in workspace.sessions_in(first, last):
        path = path_of(session)
        steps = path + (EXIT,) if 0 < len(path) < STEPS else path
        for step, (from_page, to_page) in enumerate(zip(steps, steps[1:], strict=False), start=1):
            flows.setdefault((step, from_page, to_page), []).append(session)
    return [
        {
            "step": step,
            "from_page": from_page,
            "to_page": to_page,
            "sessions": len(sessions),
            "users": users_of(sessions),
        }
        for (step, from_page, to_page), sessions in flows.items()
    ]


def entry_pages(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_entry_pages."""
    sessions = [session for session in workspace.sessions_in(first, last) if session.entry_page is not None]
    return [
        {"page": page, "sessions": len(members), "users": users_of(members)} | bounce_rate(members)
        for page, members in grouped(sessions, lambda session: session.entry_page).items()
    ]


def exit_pages(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_exit_pages: the time before exit runs from the session's start to its last page view with a page."""
    sessions = [session for session in workspace.sessions_in(first, last) if session.exit_page is not None]
    rows = []
    for page, members in grouped(sessions, lambda session: session.exit_page).items():
        stays = [values.milliseconds(s.left_last_page_at - s.first.created_at) for s in members]
        average = values.rounded(values.mean(sum(stays), 1000 * len(stays)))
        sizes = {"page": page, "sessions": len(members), "users": users_of(members)}
        rows.append(sizes | {"avg_seconds_before_exit": average})
    return rows
