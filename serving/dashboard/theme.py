"""Colours and chart layout. The colours are Okabe and Ito's, told apart with every common colour blindness.

Okabe, M. & Ito, K. (2008), Color Universal Design. Of their eight these four keep a contrast of at least 3:1 on the
white and on the dark background (WCAG 2.2, 1.4.11), so that one palette serves both.
"""

from pathlib import Path
from typing import Any

import plotly.graph_objects as go

BLUE = "#0072B2"
GREEN = "#009E73"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#8A8F98"

# The blue over whatever lies behind it: light on white, dark on dark.
_BLUE_RGB = "0,114,178"
_FAINT, _FULL = 0.06, 1.0
SCALE = [[0, f"rgba({_BLUE_RGB},{_FAINT})"], [1, f"rgba({_BLUE_RGB},{_FULL})"]]

# Charts stay still under a finger that scrolls the page.
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}

THEME_OPTIONS = {
    "theme.light.primaryColor": BLUE,
    "theme.light.greenColor": GREEN,
    "theme.light.redColor": VERMILLION,
    "theme.light.backgroundColor": "#FFFFFF",
    "theme.light.secondaryBackgroundColor": "#F3F5F8",
    "theme.light.textColor": "#1B2530",
    "theme.light.greenTextColor": "#00704F",
    "theme.light.redTextColor": "#A84300",
    "theme.dark.primaryColor": "#56B4E9",
    "theme.dark.greenColor": GREEN,
    "theme.dark.redColor": VERMILLION,
    "theme.dark.backgroundColor": "#11161D",
    "theme.dark.secondaryBackgroundColor": "#1A222C",
    "theme.dark.textColor": "#E6EAEF",
    "theme.dark.greenTextColor": "#3CCB9F",
    "theme.dark.redTextColor": "#FF9A4D",
    "theme.baseRadius": "10px",
    "theme.metricValueFontSize": "1.7rem",
}

STYLE = f"<style>{Path(__file__).with_name('style.css').read_text()}</style>"


def fill(share: float) -> str:
    """CSS of a cell coloured by a share from 0 to 1: background, and a text colour that stands out from it."""
    alpha = _FAINT + (_FULL - _FAINT) * min(max(share, 0), 1)
    # Below that the dark text of the light theme has the better contrast.
    ink = "color:#fff;" if alpha > 0.8 else ""
    return f"background-color:rgba({_BLUE_RGB},{alpha:.3f});{ink}"


def figure(*traces: Any, height: int = 300, **layout: Any) -> go.Figure:
    """A chart in the dashboard's own layout; text and grid take their colours from the theme of the browser."""
    chart = go.Figure(traces)
    chart.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hoverlabel={"namelength": -1},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        dragmode=False,
        bargap=0.25,
        hovermode="closest",
    )
    chart.update_xaxes(automargin=True, fixedrange=True)
    chart.update_yaxes(automargin=True, fixedrange=True)
    chart.update_layout(**layout)
    return chart
