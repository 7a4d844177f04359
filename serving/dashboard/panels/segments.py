"""The segments of the workspace side by side, whatever segment is selected."""

import streamlit as st

from serving.dashboard.data import View
from serving.dashboard.page import Panel
from serving.dashboard.text import Column, table

_SEGMENTS = Panel(
    "segments",
    "Segments",
    {
        "dim_segments": (
            "segment_name",
            "segment_type",
            "users",
            "avg_engagement",
            "avg_revenue",
            "characteristics",
        )
    },
    "Today's members of each; the one selected above is marked.",
    empty="This workspace has no segments.",
)


def show(view: View) -> None:
    """Draw the section."""
    segments = [
        {**segment, "characteristics": "; ".join(segment["characteristics"])} for segment in view.document["segments"]
    ]
    chosen = next((segment for segment in segments if segment["segmentName"] == view.segment_name), None)
    shown = table(
        (
            Column("segmentName", "Segment", is_number=False),
            Column("userCount", "Users"),
            Column("avgEngagement", "Mean engagement"),
            Column("avgRevenue", "Mean revenue"),
            Column("segmentType", "Kind", is_number=False),
            Column("characteristics", "Who", is_number=False),
        ),
        segments,
        chosen,
    )
    _SEGMENTS.show(segments, lambda: st.html(shown))
