"""Draws the way from landing files to readers: `python -m docs.images.flow > docs/images/flow.svg`."""

from itertools import pairwise

from docs.site.diagram import columns_svg

COLUMNS = (
    ("landing files",),
    ("raw", "raw.rejected"),
    ("staging, intermediate",),
    ("candidate",),
    ("audit",),
    ("marts", "marts_safe"),
    ("BI tools", "report, service", "dashboard"),
)

if __name__ == "__main__":
    steps = [(start, end) for starts, ends in pairwise(COLUMNS) for start in starts for end in ends]
    edges = [(start, end) for start, end in steps if start != "raw.rejected"]
    print(columns_svg(COLUMNS, {name: name for column in COLUMNS for name in column}, edges), end="")
