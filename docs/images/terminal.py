"""Turns the text of a terminal, from standard input, into an SVG picture: see `make picture`."""

import io
import sys

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

# Rich's own frame without its web fonts: the picture loads nothing from anywhere.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""

text = Text(sys.stdin.read().rstrip())
console = Console(record=True, width=max(len(line.plain.rstrip()) for line in text.split()) + 1, file=io.StringIO())
console.print(Text("\n").join(Text(line.plain.rstrip()) for line in text.split()))
sys.stdout.write(console.export_svg(title="make demo", theme=MONOKAI, code_format=FRAME))
