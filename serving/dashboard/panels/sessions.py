"""How long sessions last, and on what and where they run."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.page import Panel, chart
from serving.dashboard.text import in_chart, number, seconds
from serving.dashboard.theme import BLUE, figure

_COLUMNS = ("dimension", "value", "users", "sessions", "share")
_MOST_BARS = 10

_TOTALS = Panel("sessions", "Sessions", {"rpt_sessions": ("sessions", "avg_seconds", "median_seconds")})
_DEFINED = {"rpt_session_breakdown": ("value", "users", "sessions", "share")}
_LENGTHS = Panel("lengths", "Session length", _DEFINED)
_BREAKDOWNS = {
    "device_type": Panel("devices", "Device", _DEFINED),
    "browser": Panel("browsers", "Browser", _DEFINED),
    "os": Panel("systems", "Operating system", _DEFINED),
    "country_code": Panel("countries", "Country", _DEFINED),
}
_BUCKETS = ("0-30s", "30s-2m", "2m-5m", "5m-15m", "15m-30m", "30m+")


def show(view: View) -> None:
    """Draw the section."""
    analytics = view.document["sessionAnalytics"]
    totals = {name: analytics[name] for name in ("totalSessions", "avgSessionLength", "medianSessionLength")}

    def draw_totals() -> None:
        with st.container(horizontal=True, gap="small"):
            st.metric("Sessions", number(totals["totalSessions"]), border=True)
            st.metric("Mean length", seconds(totals["avgSessionLength"]), border=True)
            st.metric("Median length", seconds(totals["medianSessionLength"]), border=True)

    _TOTALS.show([totals], draw_totals, is_empty=not totals["totalSessions"])
    parts = view.rows("rpt_session_breakdown", _COLUMNS)
    lengths = {part["value"]: part for part in parts if part["dimension"] == "length_bucket"}
    in_order = [lengths[bucket] for bucket in _BUCKETS if bucket in lengths]
    _LENGTHS.show(in_order, lambda: _columns(in_order), is_empty=not any(part["sessions"] for part in in_order))
    left, right = st.columns(2)
    for number_of_panel, (dimension, panel) in enumerate(_BREAKDOWNS.items()):
        of_dimension = sorted(
            (part for part in parts if part["dimension"] == dimension),
            key=lambda part: (-part["sessions"], part["value"].encode()),
        )
        with (left, right)[number_of_panel % 2]:
            panel.show(of_dimension, lambda panel=panel, shown=of_dimension: _bars(panel, shown))


def _columns(parts: list[dict[str, Any]]) -> None:
    trace = go.Bar(
        x=[part["value"] for part in parts],
        y=[part["sessions"] for part in parts],
        text=[number(part["sessions"]) for part in parts],
        customdata=_customdata(parts),
        marker={"color": BLUE},
        hovertemplate=_HOVER,
    )
    shown = figure(trace, height=270, xaxis={"type": "category"}, yaxis={"showticklabels": False, "showgrid": False})
    chart(shown, "lengths", "Bars of sessions by their length")


def _bars(panel: Panel, parts: list[dict[str, Any]]) -> None:
    listed = parts[:_MOST_BARS]
    trace = go.Bar(
        # An axis of its own order, for two names may read the same when they are cut.
        y=list(range(len(listed))),
        x=[part["sessions"] for part in listed],
        orientation="h",
        text=[number(part["sessions"]) for part in listed],
        customdata=_customdata(listed),
        marker={"color": BLUE},
        hovertemplate=_HOVER,
        textposition="auto",
    )
    shown = figure(
        trace,
        height=60 + 32 * len(listed),
        xaxis={"showticklabels": False, "showgrid": False, "zeroline": False},
        yaxis={
            "autorange": "reversed",
            "tickvals": list(range(len(listed))),
            "ticktext": [in_chart(part["value"], 16) for part in listed],
        },
    )
    chart(shown, panel.key, f"Bars of sessions by {panel.title.lower()}")
    if len(parts) > len(listed):
        st.html(f'<div class="ff-note">The first {_MOST_BARS} of {number(len(parts))}; the download has all.</div>')


_HOVER = (
    "%{customdata[0]}<br><b>%{customdata[1]} sessions</b> (%{customdata[3]} %)<br>%{customdata[2]} users<extra></extra>"
)


def _customdata(parts: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [in_chart(part["value"]), number(part["sessions"]), number(part["users"]), number(part["share"])]
        for part in parts
    ]
