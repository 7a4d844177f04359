"""Who comes back, how many of each cohort, and who is about to leave."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.members import COHORT_GRAINS
from serving.dashboard.page import Panel, chart
from serving.dashboard.text import Column, number, percent, table
from serving.dashboard.theme import BLUE, figure, fill

_CURVE = Panel(
    "curve",
    "Retention curve",
    {"rpt_retention_curve": ("day", "eligible_users", "retained_users", "retention_rate")},
    "Of users whose first day lies in the timeframe, the share active exactly n days after it.",
    empty="No user's first day lies in this timeframe.",
)
_COHORTS_DEFINED = {
    "fct_cohort_retention": ("cohort_start", "period_number", "cohort_users", "retained_users", "is_mature")
}
_CHURN = Panel(
    "churn",
    "Churn",
    {"rpt_churn": ("churned_users", "churn_rate", "avg_lifetime_days")},
)
_RISK = Panel(
    "risk",
    "Churn risk",
    {"rpt_churn_risk": ("risk_state", "users", "churn_probability", "sample_size")},
    "How many of those in a state before left within 30 days; without a sample there is no probability.",
    empty="Nobody was active in the last 30 days.",
)
_STATES = ("Engaged", "Cooling", "At risk", "Slipping away")


def show(view: View) -> None:
    """Draw the section."""
    _curve(view)
    _triangle(view)
    left, right = st.columns([1, 2])
    with left:
        _churn(view)
    with right:
        _risk(view)


def _curve(view: View) -> None:
    columns = ("day", "eligible_users", "retained_users", "retention_rate")
    points = sorted(view.rows("rpt_retention_curve", columns), key=lambda point: point["day"])

    def draw() -> None:
        # Day 0 is everybody, and would press the rest to the ground.
        after = [point for point in points if point["day"] > 0]
        trace = go.Scatter(
            x=[point["day"] for point in after],
            y=[point["retention_rate"] for point in after],
            customdata=[[number(point["retained_users"]), number(point["eligible_users"])] for point in after],
            mode="lines+markers",
            line={"color": BLUE, "width": 2},
            marker={"size": 5},
            hovertemplate="day %{x}<br><b>%{y:.2f} %</b><br>%{customdata[0]} of %{customdata[1]} users<extra></extra>",
        )
        shown = figure(
            trace,
            xaxis={"title": {"text": "days after the first"}, "rangemode": "tozero"},
            yaxis={"ticksuffix": " %", "rangemode": "tozero"},
        )
        chart(shown, "curve", "Line of retention by days after the first")

    _CURVE.show(points, draw, is_empty=not any(point["day"] > 0 for point in points))


def _triangle(view: View) -> None:
    grain = COHORT_GRAINS[view.timeframe]
    panel = Panel(
        "cohorts",
        f"Cohorts by {grain}",
        _COHORTS_DEFINED,
        f"Share of the users of a first {grain} who were active n {grain}s later. "
        f"Hatched: that {grain} is not over yet.",
        empty=f"No cohort's first {grain} begins in this timeframe.",
    )
    cohorts = view.cohorts
    rows = [
        {
            "cohort_start": cohort["cohort_start"],
            "cohort_users": cohort["cohort_users"],
            **{f"{grain}_{period}": users for period, users in enumerate(cohort["retained"])},
        }
        for cohort in cohorts
    ]
    panel.show(rows, lambda: st.html(_cells(cohorts, grain)))


def _cells(cohorts: list[dict[str, Any]], grain: str) -> str:
    periods = range(1, len(cohorts[0]["retained"]))
    head = "".join(f"<th>{grain[0]}{period}</th>" for period in periods)
    body = "".join(
        f'<tr><td>{cohort["cohort_start"]}</td><td class="ff-number">{number(cohort["cohort_users"])}</td>'
        + "".join(_cell(cohort["retained"][period], cohort["cohort_users"]) for period in periods)
        + "</tr>"
        for cohort in cohorts
    )
    return (
        f'<div class="ff-scroll" tabindex="0"><table class="ff-table ff-cohorts"><thead><tr><th>first {grain}</th>'
        f"<th>users</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(retained: int | None, users: int) -> str:
    if retained is None:
        return '<td class="ff-immature" title="not over yet"></td>'
    share = retained / users
    return f'<td style="{fill(share)}" title="{number(retained)} of {number(users)}">{100 * share:.0f}</td>'


def _churn(view: View) -> None:
    (churn,) = view.rows("rpt_churn", ("churned_users", "churn_rate", "churn_rate_denominator", "avg_lifetime_days"))

    def draw() -> None:
        with st.container(horizontal=True, gap="small"):
            st.metric("Churn rate", percent(churn["churn_rate"]), border=True)
            st.metric("Churned users", number(churn["churned_users"]), border=True)
            st.metric("Mean lifetime, days", number(churn["avg_lifetime_days"]), border=True)

    nobody = not churn["churn_rate_denominator"] and churn["avg_lifetime_days"] is None
    panel = Panel(
        _CHURN.key,
        _CHURN.title,
        _CHURN.defined_by,
        empty="Nobody was there in the timeframe before, so nobody could leave.",
    )
    panel.show([churn], draw, is_empty=nobody)


def _risk(view: View) -> None:
    columns = ("risk_state", "users", "churn_probability", "sample_size", "characteristics")
    states = sorted(
        view.rows("rpt_churn_risk", columns, has_timeframe=False), key=lambda row: _STATES.index(row["risk_state"])
    )
    shown = table(
        (
            Column("risk_state", "State", is_number=False),
            Column("users", "Users"),
            Column("churn_probability", "Churn probability", percent),
            Column("sample_size", "Sample"),
            Column("characteristics", "Who", is_number=False),
        ),
        states,
    )
    _RISK.show(states, lambda: st.html(shown), is_empty=not any(state["users"] for state in states))
