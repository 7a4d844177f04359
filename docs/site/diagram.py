"""Draws boxes in columns as SVG, without a program besides Python."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import cycle

# Pixels.
CHARACTER, PADDING, ROW, BOX, GAP = 7.2, 10, 34, 24, 90
COLOURS = ("#e8eef7", "#d7ecd9", "#fbe8d3")


def columns_svg(columns: Sequence[Sequence[str]], names: dict[str, str], edges: Iterable[tuple[str, str]]) -> str:
    """Boxes in columns, from left to right, and lines between them.

    Args:
        columns: ids of the boxes of each column, from top to bottom.
        names: id -> what stands in the box.
        edges: (from, to) of ids.
    """
    height = ROW * max(map(len, columns)) + PADDING
    shapes, places, left = [], {}, PADDING
    for column, colour in zip(columns, cycle(COLOURS), strict=False):
        width = max((CHARACTER * len(names[node]) for node in column), default=0) + 2 * PADDING
        top = (height - ROW * len(column)) / 2 + (ROW - BOX) / 2
        for row, node in enumerate(column):
            y = top + ROW * row
            places[node] = (left, left + width, y + BOX / 2)
            shapes.append(
                f'<rect x="{left:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX}" rx="4" fill="{colour}"'
                f' stroke="#8a94a6"/><text x="{left + PADDING:.0f}" y="{y + 16:.0f}">{escape(names[node])}</text>'
            )
        left += width + GAP
    lines = []
    for start, end in edges:
        (_, x1, y1), (x2, _, y2) = places[start], places[end]
        middle = (x1 + x2) / 2
        lines.append(f'<path d="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"/>')
    width = left - GAP + PADDING
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        ' font-family="ui-monospace, monospace" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/><g fill="none" stroke="#b3bccb">{"".join(lines)}</g>'
        f"{''.join(shapes)}</svg>\n"
    )
