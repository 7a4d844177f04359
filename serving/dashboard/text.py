"""Names and numbers as text that no renderer takes for markup. Feature, page and workspace names come from events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

NOTHING = "–"
_LONGEST_LABEL = 28


def in_html(value: object) -> str:
    """A value as the text of an HTML element or attribute."""
    return escape(number(value))


def in_chart(name: str, longest: int = _LONGEST_LABEL) -> str:
    """A name as a Plotly label: Plotly reads HTML tags and entities, `%{…}` in templates, and TeX between dollars.

    Args:
        longest: characters; a longer name is cut and ends with an ellipsis.
    """
    short = name if len(name) <= longest else name[: longest - 1] + "…"
    return escape(short).replace("$", "&#36;").replace("%", "&#37;")


def number(value: object) -> str:
    """A number with thousands separators, its decimals as published; a day as ISO; null as a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def percent(value: float | Decimal | None) -> str:
    """A percentage of the marts, two places."""
    return NOTHING if value is None else f"{value:,.2f} %"


def seconds(value: float | Decimal | None) -> str:
    """Seconds in words a reader can compare: `45.00 s`, `3 min 05 s`."""
    if value is None:
        return NOTHING
    if value < 60:
        return f"{value:.2f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


@dataclass(frozen=True)
class Column:
    """A column of an HTML table.

    Attributes:
        key: of the row.
        header: in words.
        shown: how the value reads; a number is put to the right, a name to the left.
        is_number: whether to put it to the right.
    """

    key: str
    header: str
    shown: Any = number
    is_number: bool = True


def table(columns: Sequence[Column], rows: Sequence[dict[str, Any]], chosen: dict[str, Any] | None = None) -> str:
    """An HTML table, every name in it escaped. chosen: the row to mark."""
    kinds = [' class="ff-number"' if column.is_number else "" for column in columns]
    head = "".join(f"<th{kind}>{escape(column.header)}</th>" for kind, column in zip(kinds, columns, strict=True))
    body = []
    for row in rows:
        cells = "".join(
            f"<td{kind}>{escape(column.shown(row[column.key]))}</td>"
            for kind, column in zip(kinds, columns, strict=True)
        )
        body.append(f'<tr class="ff-chosen">{cells}</tr>' if row is chosen else f"<tr>{cells}</tr>")
    rows_html = "".join(body)
    return (
        f'<div class="ff-scroll" tabindex="0"><table class="ff-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows_html}</tbody></table></div>"
    )
