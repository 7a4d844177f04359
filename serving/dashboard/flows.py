"""Page flows as a Sankey diagram, and what of it was clicked."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.text import in_chart, number
from serving.dashboard.theme import BLUE, GREEN, GREY, PURPLE, VERMILLION, figure

EXIT = "(exit)"
OTHER = "(other pages)"
_MOST_PAGES_OF_A_STEP = 6
# Of the height of the diagram: what the nodes of a full step take together, what is left between two, a line of text.
_DRAWN, _GAP, _LABEL = 0.78, 0.025, 0.042
_STEP_COLOURS = (BLUE, GREEN, PURPLE, VERMILLION, BLUE)

# Streamlit passes on clicks of charts with a hierarchy only, so this listens to Plotly's own event.
_LISTENER = """
export default function({ data, setTriggerValue }) {
  let chart = null;
  const clicked = (event) => {
    const point = event.points[0];
    const isLink = point.source !== undefined && point.target !== undefined;
    setTriggerValue("clicked", [isLink ? "link" : "node", point.pointNumber ?? point.index]);
  };
  const listen = () => {
    const found = document.querySelector(`.st-key-${data} .js-plotly-plot`);
    if (!found || !found.on || found === chart) return;
    chart = found;
    chart.on("plotly_click", clicked);
  };
  listen();
  const again = setInterval(listen, 300);
  return () => {
    clearInterval(again);
    chart?.removeListener?.("plotly_click", clicked);
  };
}
"""


@dataclass(frozen=True)
class Flow:
    """Sessions that went from one page to the next at one step; a page may be EXIT or OTHER."""

    step: int
    from_page: str
    to_page: str
    sessions: int


@dataclass(frozen=True)
class Stop:
    """A page at one step of the path."""

    step: int
    page: str


def fold(rows: list[dict[str, Any]]) -> list[Flow]:
    """The flows with all but the first pages of each step as one, in an order that only the rows decide.

    Args:
        rows: step, from_page, to_page, sessions of rpt_page_flows.
    """
    visits: Counter[Stop] = Counter()
    for row in rows:
        if row["step"] == 1:
            visits[Stop(1, row["from_page"])] += row["sessions"]
        if row["to_page"] != EXIT:
            visits[Stop(row["step"] + 1, row["to_page"])] += row["sessions"]
    named = set()
    for step in {stop.step for stop in visits}:
        of_step = sorted(
            (stop for stop in visits if stop.step == step), key=lambda stop: (-visits[stop], stop.page.encode())
        )
        named.update(of_step[:_MOST_PAGES_OF_A_STEP])

    def shown(step: int, page: str) -> str:
        return page if page == EXIT or Stop(step, page) in named else OTHER

    folded: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        step = row["step"]
        folded[step, shown(step, row["from_page"]), shown(step + 1, row["to_page"])] += row["sessions"]
    return [
        Flow(*key, sessions)
        for key, sessions in sorted(folded.items(), key=lambda item: (item[0][0], -item[1], item[0]))
    ]


def stops_of(flows: list[Flow]) -> list[Stop]:
    """The nodes of the diagram, in the order of their numbers in it."""
    found = {Stop(flow.step, flow.from_page): None for flow in flows}
    found |= {Stop(flow.step + 1, flow.to_page): None for flow in flows}
    return list(found)


def diagram(flows: list[Flow]) -> go.Figure:
    """The Sankey diagram; a node is a page at a step, a link a flow."""
    stops = stops_of(flows)
    numbers = {stop: index for index, stop in enumerate(stops)}
    names = [in_chart(stop.page, 22) for stop in stops]
    last = max(stop.step for stop in stops)
    trace = go.Sankey(
        # A node that can be dragged takes no clicks.
        arrangement="fixed",
        node={
            "label": names,
            "color": [GREY if stop.page in (EXIT, OTHER) else _STEP_COLOURS[stop.step - 1] for stop in stops],
            "x": [0.001 + 0.998 * (stop.step - 1) / (last - 1) for stop in stops],
            "y": _heights(stops, flows),
            "pad": 12,
            "thickness": 12,
            "line": {"width": 0},
            "customdata": [[in_chart(stop.page, 60), stop.step] for stop in stops],
            "hovertemplate": "%{customdata[0]}<br>step %{customdata[1]}: <b>%{value:,} sessions</b><extra></extra>",
        },
        link={
            "source": [numbers[Stop(flow.step, flow.from_page)] for flow in flows],
            "target": [numbers[Stop(flow.step + 1, flow.to_page)] for flow in flows],
            "value": [flow.sessions for flow in flows],
            "color": ["rgba(138,143,152,.18)" if flow.to_page == EXIT else "rgba(0,114,178,.22)" for flow in flows],
            "customdata": [
                [in_chart(flow.from_page, 60), in_chart(flow.to_page, 60), number(flow.sessions)] for flow in flows
            ],
            "hovertemplate": "%{customdata[0]} → %{customdata[1]}<br><b>%{customdata[2]} sessions</b><extra></extra>",
        },
    )
    return figure(trace, height=440, margin={"l": 4, "r": 4, "t": 8, "b": 18}, font={"size": 12})


def _heights(stops: list[Stop], flows: list[Flow]) -> list[float]:
    """Where each node stands: by size from the top, the folded pages and the exit last."""
    sizes: Counter[Stop] = Counter()
    for flow in flows:
        if flow.step == 1:
            sizes[Stop(1, flow.from_page)] += flow.sessions
        sizes[Stop(flow.step + 1, flow.to_page)] += flow.sessions
    heights = {}
    for step in {stop.step for stop in stops}:
        of_step = sorted(
            (stop for stop in stops if stop.step == step),
            key=lambda stop: (stop.page == EXIT, stop.page == OTHER, -sizes[stop], stop.page.encode()),
        )
        total = sum(sizes[stop] for stop in of_step) or 1
        rooms = [max(_DRAWN * sizes[stop] / total + _GAP, _LABEL) for stop in of_step]
        stretch, above = min(1 / sum(rooms), 1), 0.0
        for stop, room in zip(of_step, rooms, strict=True):
            heights[stop] = (above + room / 2) * stretch
            above += room
    return [heights[stop] for stop in stops]


def clicked(flows: list[Flow], container_key: str) -> Flow | Stop | None:
    """What of the diagram in the container was clicked in this run of the page; None: nothing."""
    listener = st.components.v2.component("footfall_flow_clicks", js=_LISTENER)
    answer = listener(
        key=f"clicks-{container_key}", data=container_key, height="content", on_clicked_change=lambda: None
    ).clicked
    if not isinstance(answer, list) or len(answer) != 2 or not isinstance(answer[1], int):
        return None
    kind, index = answer
    things: list[Flow] | list[Stop] = flows if kind == "link" else stops_of(flows)
    return things[index] if 0 <= index < len(things) else None
