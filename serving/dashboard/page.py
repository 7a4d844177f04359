"""The frame that every panel has: title, definition, download, and words where there is nothing to show."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.definitions import definitions
from serving.dashboard.theme import CHART_CONFIG

EMPTY = "Nothing in this timeframe for this segment."


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        key: unique on its page; CSS class `st-key-panel-<key>`, and the name of the downloaded file.
        title: in words.
        defined_by: the columns whose definitions stand at hand, by mart.
        note: one sentence under the title.
        empty: what to say instead of a chart without anything in it.
    """

    key: str
    title: str
    defined_by: dict[str, tuple[str, ...]]
    note: str = ""
    empty: str = EMPTY

    def show(self, rows: Sequence[dict[str, Any]], draw: Callable[[], None], *, is_empty: bool | None = None) -> None:
        """Draw the panel.

        Args:
            rows: what is shown, for the download; every row has the same keys.
            draw: called when there is something to show.
            is_empty: whether there is nothing; None: when there are no rows.
        """
        with st.container(border=True, key=f"panel-{self.key}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
                note = f'<div class="ff-note">{escape(self.note)}</div>' if self.note else ""
                st.html(f'<div class="ff-title" role="heading" aria-level="2">{escape(self.title)}</div>{note}')
                with st.popover("", icon=":material/help:", help="What this means", type="tertiary"):
                    st.html(_definition_list(self.defined_by))
                st.download_button(
                    "",
                    data=lambda: _csv(rows),
                    file_name=f"footfall-{self.key}.csv",
                    mime="text/csv",
                    key=f"download-{self.key}",
                    icon=":material/download:",
                    help="Download as CSV",
                    type="tertiary",
                    on_click="ignore",
                    disabled=not rows,
                )
            if is_empty if is_empty is not None else not rows:
                st.html(f'<div class="ff-empty">{escape(self.empty)}</div>')
            else:
                draw()


def chart(figure: go.Figure, key: str, description: str) -> None:
    """Draw a Plotly chart as wide as its panel. description: for those who cannot see it."""
    st.plotly_chart(figure, key=f"chart-{key}", config=CHART_CONFIG, alt=description)


def _definition_list(defined_by: dict[str, tuple[str, ...]]) -> str:
    parts = []
    for table, description, columns in definitions(defined_by):
        meanings = "".join(
            f"<dt><code>{escape(name)}</code></dt><dd>{escape(meaning)}</dd>" for name, meaning in columns
        )
        parts.append(f"<dl><dt><code>marts.{escape(table)}</code></dt><dd>{escape(description)}</dd>{meanings}</dl>")
    return f'<div class="ff-definition">{"".join(parts)}</div>'


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
