"""Which features are used, by how many, which rise and fall, and how far users get with them."""

from html import escape
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.page import Panel, chart
from serving.dashboard.text import Column, number, percent, seconds, table
from serving.dashboard.theme import BLUE, figure, fill
from serving.report import LIST_LENGTH

_COLUMNS = (
    "feature_name",
    "category",
    "usage_count",
    "unique_users",
    "avg_time_spent",
    "adoption_rate",
    "active_adoption_rate",
    "retention_rate",
    "trend",
    "usage_rank",
    "is_unused",
    "last_used_date",
)

_HEATMAP = Panel(
    "features",
    "Feature adoption",
    {"rpt_features": _COLUMNS[1:-3]},
    "The stronger the blue, the more of the known users used it. Point at a feature for its numbers.",
    empty="No feature is in the catalogue, and none was ever used.",
)
_TRENDS = Panel(
    "trends",
    "Top, rising, falling and unused",
    {"rpt_features": ("usage_count", "trend", "is_unused", "last_used_date")},
    "Rising and falling: more than 10 % against the timeframe before.",
    empty=_HEATMAP.empty,
)
_FUNNEL = Panel(
    "adoption-funnel",
    "Adoption funnel",
    {"rpt_adoption_funnel": ("stage", "users", "dropoff_rate")},
    "Each stage is a part of the one before.",
)


def show(view: View) -> None:
    """Draw the section."""
    features = sorted(view.rows("rpt_features", _COLUMNS), key=lambda feature: feature["usage_rank"])
    _HEATMAP.show(features, lambda: st.html(_tiles(features)))
    _TRENDS.show(features, lambda: st.html(_lists(features)))
    stages = view.document["featureUsage"]["adoptionFunnel"]
    _FUNNEL.show(stages, lambda: _funnel(stages), is_empty=not any(stage["users"] for stage in stages))


def _tiles(features: list[dict[str, Any]]) -> str:
    """Features by category, the category with the most used feature first, coloured by adoption_rate."""
    most_adopted = max(feature["adoption_rate"] or 0 for feature in features) or 1
    first_of = {}
    for feature in features:
        first_of.setdefault(feature["category"], feature["usage_rank"])
    by_category = sorted(features, key=lambda feature: (first_of[feature["category"]], feature["usage_rank"]))
    parts = []
    for category, members in groupby(by_category, key=lambda feature: feature["category"]):
        tiles = "".join(_tile(feature, float((feature["adoption_rate"] or 0) / most_adopted)) for feature in members)
        parts.append(
            f'<section><div class="ff-category">{escape(category)}</div><div class="ff-tiles">{tiles}</div></section>'
        )
    return f'<div class="ff-categories">{"".join(parts)}</div>'


def _tile(feature: dict[str, Any], share: float) -> str:
    more = "\n".join(
        (
            feature["feature_name"],
            f"{number(feature['usage_count'])} uses by {number(feature['unique_users'])} users, {feature['trend']}",
            f"adoption {percent(feature['adoption_rate'])} of known users",
            f"{percent(feature['active_adoption_rate'])} of active users",
            f"retention {percent(feature['retention_rate'])}",
            f"mean time {seconds(feature['avg_time_spent'])}",
            f"last used {number(feature['last_used_date'])}",
        )
    )
    return (
        f'<div class="ff-tile" tabindex="0" style="{fill(share)}">'
        f'<span class="ff-name">{escape(feature["feature_name"])}</span>'
        f'<span class="ff-value">{percent(feature["adoption_rate"])}</span>'
        f'<span class="ff-more">{escape(more)}</span></div>'
    )


def _lists(features: list[dict[str, Any]]) -> str:
    used = [feature for feature in features if not feature["is_unused"]]
    name = Column("feature_name", "Feature", is_number=False)
    uses = Column("usage_count", "Uses")
    shown = (
        ("Top", used, (name, uses)),
        ("Rising", [feature for feature in used if feature["trend"] == "increasing"], (name, uses)),
        # A feature that nobody uses any more is among the unused, whatever its trend.
        ("Falling", [feature for feature in used if feature["trend"] == "decreasing"], (name, uses)),
        (
            "Unused",
            [feature for feature in features if feature["is_unused"]],
            (name, Column("last_used_date", "Last used")),
        ),
    )
    parts = []
    for title, listed, columns in shown:
        body = table(columns, listed[:LIST_LENGTH]) if listed else '<div class="ff-note">none</div>'
        rest = len(listed) - LIST_LENGTH
        more = f'<div class="ff-note">and {number(rest)} more in the download</div>' if rest > 0 else ""
        parts.append(
            f'<section data-list="{title.lower()}"><div class="ff-category">{title}</div>{body}{more}</section>'
        )
    return f'<div class="ff-lists">{"".join(parts)}</div>'


def _funnel(stages: list[dict[str, Any]]) -> None:
    trace = go.Bar(
        y=[stage["stage"] for stage in stages],
        x=[stage["users"] for stage in stages],
        orientation="h",
        text=[
            number(stage["users"])
            + (f"  (−{percent(stage['dropoffRate'])})" if stage["dropoffRate"] is not None else "")
            for stage in stages
        ],
        textposition="auto",
        cliponaxis=False,
        marker={"color": BLUE},
        hovertemplate="%{y}<br><b>%{text}</b><extra></extra>",
    )
    shown = figure(
        trace,
        height=60 + 42 * len(stages),
        xaxis={"showticklabels": False, "showgrid": False, "zeroline": False},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    chart(shown, "adoption-funnel", "Bars of users by stage of adoption")
