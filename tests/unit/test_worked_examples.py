"""The worked examples of docs/metrics: the rows a page gives make the tables that it shows, by the oracle.

A page says `events/` (or another landing folder) above the rows that go in, and the name of a table, with `where` for
some of its rows, above what comes out. A table is whole unless the line says more after a semicolon. A column without
a name holds remarks.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.oracle import Landing, Settings, published
from tests.unit.oracle.landing_rows import hashed

FOLDER = Path(__file__).parents[2] / "docs" / "metrics"
# They have no example that goes from events to tables: choices in words, facts of users, publications.
WITHOUT_EVENTS = {"readings", "segments", "restatements"}
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.stem not in WITHOUT_EVENTS)
CAPTION = re.compile(r"`(?P<name>\w+)(?P<folder>/?)`(?: where (?P<where>[^;:]+))?(?P<some>;)?")


@dataclass
class Example:
    """Landing rows by folder, and the tables shown: (name, rows wanted of it, whether all of them are shown, rows)."""

    as_of: date
    folders: dict[str, list[dict]] = field(default_factory=dict)
    tables: list[tuple[str, dict, bool, list[dict]]] = field(default_factory=list)


def example_of(page: Path) -> Example:
    text = page.read_text(encoding="utf-8")
    (as_of,) = re.findall(r"tables are as of (\d{4}-\d\d-\d\d)", text)
    example = Example(date.fromisoformat(as_of))
    for caption, rows in captioned_tables(text):
        if caption["folder"]:
            example.folders[caption["name"]] = [{k: v for k, v in row.items() if v} for row in rows]
        else:
            wanted = dict(part.split(" = ") for part in (caption["where"] or "").split(", ") if part)
            example.tables.append((caption["name"], wanted, not caption["some"], rows))
    return example


def captioned_tables(text: str) -> Iterator[tuple[re.Match, list[dict]]]:
    for caption, header, body in re.findall(r"^(`.*)\n\n(\|.*\|)\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, re.MULTILINE):
        names = cells(header)
        rows = [dict(zip(names, cells(line), strict=True)) for line in body.splitlines()]
        yield CAPTION.match(caption), [{name: row[name] for name in names if name} for row in rows]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def as_shown(value: object) -> str:
    """A published cell as the pages write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    return str(value)


def tables_of(example: Example) -> dict[str, list[dict]]:
    landing = Landing(**example.folders)
    for row in landing.events:
        if "metadata" in row:
            row["metadata"] = json.loads(row["metadata"])
    now = datetime.combine(example.as_of + timedelta(days=1), time(12), UTC)
    settings = Settings(now=now, key_of=lambda workspace, user: user, event_id_of=hashed, content_hash_of=hashed)
    return published(landing, settings)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_worked_example(page: Path) -> None:
    example = example_of(page)
    assert len(example.folders["events"]) >= 10
    assert example.tables
    published_tables = tables_of(example)
    for name, wanted, is_whole, rows in example.tables:
        found = [{k: as_shown(v) for k, v in row.items()} for row in published_tables[name]]
        found = [row for row in found if all(row[column] == value for column, value in wanted.items())]
        shown = [{column: row[column] for column in rows[0]} for row in found]
        for row in rows:
            assert row in shown, f"`{name}` {wanted}: {row} is not among {shown}"
        assert len(shown) == len(rows) or not is_whole, f"`{name}` {wanted} has {len(shown)} rows: {shown}"
