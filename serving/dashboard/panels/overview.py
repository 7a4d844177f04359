"""How many came, how that changed, where they came from, and when in the week."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.members import GRAINS
from serving.dashboard.page import Panel, chart
from serving.dashboard.text import number, percent, seconds
from serving.dashboard.theme import BLUE, GREEN, PURPLE, SCALE, VERMILLION, figure

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_HEADLINE = Panel(
    "headline",
    "In short",
    {
        "rpt_activity": (
            "dau",
            "wau",
            "mau",
            "dau_change",
            "wau_change",
            "mau_change",
            "engagement_score",
            "engagement_change",
            "avg_sessions_per_user",
            "avg_session_seconds",
            "bounce_rate",
        )
    },
    "Changes are against one timeframe earlier.",
)
_ACTIVE = Panel(
    "active",
    "Active users by day",
    {"rpt_activity_by_date": ("active_users", "sessions", "events")},
    "Distinct users with an event on the local day.",
)
_GROWTH = Panel(
    "growth",
    "Growth accounting",
    {
        "fct_growth_periods": (
            "period_start",
            "active_users",
            "new_users",
            "returning_users",
            "reactivated_users",
            "churned_users",
            "is_complete",
        )
    },
)
_HOURS = Panel(
    "hours",
    "Sessions by weekday and hour",
    {"fct_activity_hourly": ("hour_of_day", "sessions")},
    "Sessions that started in the local hour, all weeks of the timeframe together.",
)


def show(view: View) -> None:
    """Draw the section."""
    _headline(view)
    left, right = st.columns(2)
    with left:
        _active(view)
    with right:
        _growth(view)
    _hours(view)


def _headline(view: View) -> None:
    metrics = view.document["activityMetrics"]
    scalars = {name: value for name, value in metrics.items() if not isinstance(value, list)}

    def draw() -> None:
        with st.container(horizontal=True, gap="small"):
            for name, title in (("dau", "DAU"), ("wau", "WAU"), ("mau", "MAU")):
                st.metric(title, number(metrics[name]), delta=_change(metrics[f"{name}Change"]), border=True)
            st.metric(
                "Engagement score",
                number(metrics["engagementScore"]),
                delta=metrics["engagementTrend"],
                delta_arrow=_ARROWS[metrics["engagementTrend"]],
                delta_color=_COLOURS[metrics["engagementTrend"]],
                border=True,
            )
        with st.container(horizontal=True, gap="small"):
            st.metric("Sessions per user", number(metrics["avgSessionsPerUser"]), border=True)
            st.metric("Mean session", seconds(metrics["avgSessionDuration"]), border=True)
            st.metric("Bounce rate", percent(metrics["bounceRate"]), border=True)

    _HEADLINE.show([scalars], draw)


_ARROWS = {"increasing": "up", "decreasing": "down", "stable": "off"}
_COLOURS = {"increasing": "green", "decreasing": "red", "stable": "off"}


def _change(percent_change: float | None) -> str | None:
    """As a metric takes it: a minus sign in front turns its arrow down."""
    return None if percent_change is None else f"{percent_change:+,.2f} %"


def _active(view: View) -> None:
    days = view.document["activityMetrics"]["activityByDate"]

    def draw() -> None:
        trace = go.Scatter(
            x=[day["date"] for day in days],
            y=[day["activeUsers"] for day in days],
            customdata=[[number(day["sessions"]), number(day["events"])] for day in days],
            mode="lines+markers" if len(days) <= 31 else "lines",
            fill="tozeroy",
            fillcolor="rgba(0,114,178,.12)",
            line={"color": BLUE, "width": 2},
            hovertemplate="%{x|%a %d %b %Y}<br><b>%{y:,} active users</b><br>%{customdata[0]} sessions"
            "<br>%{customdata[1]} events<extra></extra>",
        )
        shown = figure(trace, yaxis={"rangemode": "tozero"}, xaxis={"type": "date"}, hovermode="x")
        chart(shown, "active", "Line of active users by day")

    _ACTIVE.show(days, draw, is_empty=not any(day["activeUsers"] for day in days))


def _growth(view: View) -> None:
    periods = view.growth
    grain = GRAINS[view.timeframe]
    kinds = (
        ("returning_users", "Returning", BLUE),
        ("new_users", "New", GREEN),
        ("reactivated_users", "Reactivated", PURPLE),
        ("churned_users", "Churned", VERMILLION),
    )

    def draw() -> None:
        traces = [_bars(periods, name, label, colour) for name, label, colour in kinds]
        shown = figure(*traces, barmode="relative", xaxis={"type": "date"}, hovermode="x unified")
        chart(shown, "growth", f"Bars of new, returning, reactivated and churned users by {grain}")

    panel = Panel(
        _GROWTH.key,
        _GROWTH.title,
        _GROWTH.defined_by,
        f"By calendar {grain}, against the {grain} before."
        + (f" The paler {grain} still runs." if periods and not periods[-1]["is_complete"] else ""),
    )
    panel.show(periods, draw, is_empty=not any(period["active_users"] for period in periods))


def _bars(periods: list[dict[str, Any]], name: str, label: str, colour: str) -> go.Bar:
    sign = -1 if name == "churned_users" else 1
    return go.Bar(
        x=[period["period_start"] for period in periods],
        y=[sign * period[name] for period in periods],
        customdata=[number(period[name]) for period in periods],
        name=label,
        marker={"color": colour, "opacity": [1 if period["is_complete"] else 0.45 for period in periods]},
        hovertemplate="%{customdata}",
    )


def _hours(view: View) -> None:
    grid = view.hours
    rows = [
        {"weekday": weekday, "hour": hour, "sessions": sessions}
        for weekday, hours in zip(WEEKDAYS, grid, strict=True)
        for hour, sessions in enumerate(hours)
    ]

    def draw() -> None:
        trace = go.Heatmap(
            z=grid,
            x=[f"{hour:02}" for hour in range(24)],
            y=[weekday[:3] for weekday in WEEKDAYS],
            colorscale=SCALE,
            zmin=0,
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{y} %{x}:00<br><b>%{z:,} sessions</b><extra></extra>",
        )
        axes = {"showgrid": False, "zeroline": False}
        shown = figure(
            trace,
            height=290,
            xaxis={"type": "category", **axes},
            yaxis={"autorange": "reversed", "type": "category", **axes},
        )
        chart(shown, "hours", "Heatmap of sessions by weekday and hour")
        busiest = max(rows, key=lambda row: row["sessions"])
        st.html(
            f'<div class="ff-note">Busiest: {busiest["weekday"]} {busiest["hour"]:02}:00, '
            f"{number(busiest['sessions'])} sessions.</div>"
        )

    _HOURS.show(rows, draw, is_empty=not any(map(any, grid)))
