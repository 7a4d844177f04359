"""The page that Streamlit runs, from top to bottom, whenever a reader opens it or changes something."""

import sys
from collections import Counter
from datetime import UTC, datetime
from html import escape
from typing import Any

import streamlit as st

from orchestration.settings import Settings
from serving.dashboard import data
from serving.dashboard.launch import REQUIRE_TOKEN
from serving.dashboard.login import workspaces_of_reader
from serving.dashboard.sections import SECTIONS
from serving.dashboard.text import number
from serving.dashboard.theme import STYLE
from serving.report import EVERYBODY, TIMEFRAMES, ReportError
from serving.tokens import Tokens, token_file
from warehouse.base import Transaction, Warehouse, WarehouseError
from warehouse.open import open_warehouse

_USUAL_TIMEFRAME = "30d"
_STALE_HOURS = 48


@st.cache_resource(show_spinner=False)
def _warehouse() -> Warehouse:
    return open_warehouse(Settings())


def _page() -> None:
    st.set_page_config(page_title="Footfall", page_icon="👣", layout="wide")
    st.html(STYLE)
    allowed = None
    if REQUIRE_TOKEN in sys.argv:
        allowed = workspaces_of_reader(Tokens(token_file(Settings().home)))
        if allowed is None:
            return
    try:
        with _warehouse().published() as tx:
            _dashboard(tx, allowed)
    except WarehouseError as error:
        _say("There is nothing to show", str(error))


def _dashboard(tx: Transaction, allowed: frozenset[str] | None) -> None:
    published = data.newest_publication(tx)
    found = data.workspaces(tx, allowed)
    st.html('<div class="ff-brand" role="heading" aria-level="1">Footfall</div>')
    if not found:
        _say("There is no workspace", "Nothing that you may see is published yet.")
        return
    status = st.container(key="status")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="selectors"):
        workspace = _select("Workspace", [(each, each.name, each.workspace_id) for each in found])
        timeframe = st.segmented_control(
            "Timeframe",
            TIMEFRAMES,
            default=_USUAL_TIMEFRAME,
            key="timeframe",
            bind="query-params",
            required=True,
        )
        names = data.segments(tx, workspace.workspace_id)
        everybody = (EVERYBODY, "Everybody", EVERYBODY)
        segment_id = _select("Segment", [everybody, *((key, name, key) for key, name in names)])
    view = data.View(tx, published, workspace, timeframe, segment_id, dict(names).get(segment_id))
    try:
        status.html(_status(view))
    except ReportError:
        _say(f"{workspace.name} has no events yet", "Its numbers appear with the first publication that holds one.")
        return
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        default=next(iter(SECTIONS)),
        key="section",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    SECTIONS[section](view)


def _select(title: str, choices: list[tuple[Any, str, str]]) -> Any:
    """A selector of (value, name, id). Streamlit tells options apart by their words: a name that comes twice has its id
    with it."""
    times = Counter(name for _, name, _ in choices)
    values = {name if times[name] == 1 else f"{name} ({key})": value for value, name, key in choices}
    chosen = st.selectbox(title, list(values), key=title.lower(), bind="query-params", width=260)
    return values[chosen]


def _status(view: data.View) -> str:
    """Freshness, the last audit, and the day that runs."""
    published = view.published
    at = published.published_at.replace(tzinfo=UTC)
    hours = (datetime.now(UTC) - at).total_seconds() / 3600
    today = view.document["today"]
    age = "less than an hour" if hours < 1 else f"{hours:,.0f} h" if hours < _STALE_HOURS else f"{hours / 24:,.0f} days"
    newest = f"{published.newest_event_at:%d %b %H:%M} UTC" if published.newest_event_at else "none"
    return (
        '<div class="ff-status">'
        f"<span>Days up to <b>{view.workspace.as_of_date:%a %d %b %Y}</b> ({escape(view.workspace.zone)})</span>"
        f'<span class="{"ff-ok" if hours < _STALE_HOURS else "ff-old"}">Published <b>{at:%d %b %Y %H:%M} UTC</b>, '
        f"{age} ago</span>"
        f'<span class="ff-ok">Audit passed, publication {number(published.publication_id)}</span>'
        f"<span>Newest event <b>{newest}</b></span>"
        f"<span>Today so far: <b>{number(today['activeUsers'])}</b> active users, "
        f"<b>{number(today['sessions'])}</b> sessions, <b>{number(today['events'])}</b> events</span>"
        "</div>"
    )


def _say(title: str, words: str) -> None:
    st.html(f'<div class="ff-empty"><div class="ff-title">{escape(title)}</div>{escape(words)}</div>')


_page()
