"""Which ways sessions take through the pages, where they begin and end, and which lead to a goal."""

from html import escape
from itertools import groupby
from typing import Any

import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.flows import Flow, Stop, clicked, diagram, fold
from serving.dashboard.page import Panel, chart
from serving.dashboard.text import Column, number, percent, seconds, table
from serving.report import LIST_LENGTH, PATHS_OF_A_GOAL, STEP_SEPARATOR

_CHOSEN_PATH = "path"

_FLOWS = Panel(
    "flows",
    "Ways through the pages",
    {"rpt_page_flows": ("step", "from_page", "to_page", "sessions")},
    "The first five pages of a session. Click a page or a way to see the drop-offs of a path that takes it.",
    empty="No session of this timeframe has a page.",
)
_PATHS = Panel(
    "paths",
    "A path and its drop-offs",
    {
        "rpt_paths": ("path", "frequency", "users", "avg_completion"),
        "rpt_path_steps": ("step", "page", "reached", "dropoff_rate"),
    },
    empty="No session of this timeframe has two pages.",
)
_ENTRIES = Panel(
    "entries",
    "Entry pages",
    {"rpt_entry_pages": ("page", "sessions", "users", "bounce_rate")},
    empty=_FLOWS.empty,
)
_EXITS = Panel(
    "exits",
    "Exit pages",
    {"rpt_exit_pages": ("page", "sessions", "users", "avg_seconds_before_exit")},
    empty=_FLOWS.empty,
)
_CONVERSIONS = Panel(
    "conversions",
    "Conversion paths by goal",
    {"rpt_conversion_paths": ("goal_name", "path", "conversions", "users", "conversion_rate")},
    f"The last pages before the goal; the first {PATHS_OF_A_GOAL} paths a goal.",
    empty="No goal was reached in this timeframe.",
)


def show(view: View) -> None:
    """Draw the section."""
    _flows(view)
    _paths(view)
    left, right = st.columns(2)
    with left:
        _pages(
            _ENTRIES,
            view.rows("rpt_entry_pages", ("page", "sessions", "users", "bounce_rate")),
            Column("bounce_rate", "Bounce rate", percent),
        )
    with right:
        _pages(
            _EXITS,
            view.rows("rpt_exit_pages", ("page", "sessions", "users", "avg_seconds_before_exit")),
            Column("avg_seconds_before_exit", "Time before", seconds),
        )
    _conversions(view)


def _flows(view: View) -> None:
    rows = view.rows("rpt_page_flows", ("step", "from_page", "to_page", "sessions", "users"))
    rows.sort(key=lambda row: (row["step"], -row["sessions"], row["from_page"].encode(), row["to_page"].encode()))

    def draw() -> None:
        flows = fold(rows)
        with st.container(key="wide"):
            chart(diagram(flows), "flows", "Sankey diagram of sessions from page to page")
        if thing := clicked(flows, "panel-flows"):
            _choose(view, thing)

    _FLOWS.show(rows, draw)


def _all_paths(view: View) -> list[dict[str, Any]]:
    paths = view.rows("rpt_paths", ("path_rank", "path", "frequency", "users", "avg_completion"))
    return sorted(paths, key=lambda path: path["path_rank"])


def _choose(view: View, thing: Flow | Stop) -> None:
    """Select the most frequent path that takes the clicked way, or say that there is none."""
    for path in _all_paths(view):
        if _takes(path["path"].split(STEP_SEPARATOR), thing):
            st.session_state[_CHOSEN_PATH] = path["path_rank"]
            return
    st.html('<div class="ff-note" role="status">None of the first 100 common paths goes this way.</div>')


def _takes(pages: list[str], thing: Flow | Stop) -> bool:
    if isinstance(thing, Stop):
        return pages[thing.step - 1 : thing.step] == [thing.page]
    return pages[thing.step - 1 : thing.step + 1] == [thing.from_page, thing.to_page]


def _paths(view: View) -> None:
    paths = _all_paths(view)
    steps = view.rows("rpt_path_steps", ("path_rank", "step", "page", "reached", "dropoff_rate"))

    def draw() -> None:
        by_rank = {path["path_rank"]: path for path in paths}
        if st.session_state.get(_CHOSEN_PATH) not in by_rank:
            st.session_state[_CHOSEN_PATH] = paths[0]["path_rank"]
        rank = st.selectbox(
            "Path",
            list(by_rank),
            format_func=lambda rank: f"{number(by_rank[rank]['frequency'])} × {by_rank[rank]['path']}",
            key=_CHOSEN_PATH,
        )
        of_path = sorted((step for step in steps if step["path_rank"] == rank), key=lambda step: step["step"])
        st.html(_dropoffs(of_path, by_rank[rank]))

    _PATHS.show(paths, draw)


def _dropoffs(steps: list[dict[str, Any]], path: dict[str, Any]) -> str:
    began = steps[0]["reached"] or 1
    body = "".join(
        f"<tr><td>{step['step']}</td><td>{escape(step['page'])}"
        f'<span class="ff-bar" style="width:{100 * step["reached"] / began:.1f}%"></span></td>'
        f'<td class="ff-number">{number(step["reached"])}</td>'
        f'<td class="ff-number">{percent(step["dropoff_rate"])}</td></tr>'
        for step in steps
    )
    return (
        f'<div class="ff-note">{number(path["frequency"])} sessions of {number(path["users"])} users took exactly this '
        f"path; mean completion {percent(path['avg_completion'])}.</div>"
        '<div class="ff-scroll" tabindex="0"><table class="ff-table"><thead><tr><th></th><th>Page</th>'
        '<th class="ff-number">Reached by</th><th class="ff-number">Left after it</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _pages(panel: Panel, rows: list[dict[str, Any]], last: Column) -> None:
    pages = sorted(rows, key=lambda row: (-row["sessions"], row["page"].encode()))
    columns = (Column("page", "Page", is_number=False), Column("sessions", "Sessions"), Column("users", "Users"), last)
    panel.show(pages, lambda: st.html(table(columns, pages[:LIST_LENGTH])))


def _conversions(view: View) -> None:
    rows = view.rows(
        "rpt_conversion_paths", ("goal_name", "path_rank", "path", "conversions", "users", "conversion_rate")
    )
    rows.sort(key=lambda row: (row["goal_name"].encode(), row["path_rank"]))
    columns = (
        Column("path", "Path", lambda path: path.replace(STEP_SEPARATOR, " → ") or "no page before", is_number=False),
        Column("conversions", "Conversions"),
        Column("users", "Users"),
        Column("conversion_rate", "Of sessions with it", percent),
    )

    def draw() -> None:
        parts = []
        for goal, of_goal in groupby(rows, key=lambda row: row["goal_name"]):
            listed = list(of_goal)[:PATHS_OF_A_GOAL]
            parts.append(f'<div class="ff-category">{escape(goal)}</div>{table(columns, listed)}')
        st.html("".join(parts))

    _CONVERSIONS.show(rows, draw)
