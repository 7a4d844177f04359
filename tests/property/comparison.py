"""What a warehouse published against what the oracle computes from the same landing rows, cell by cell."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ingest.privacy import Keys
from tests import oracle
from tests.pipeline import SECRET, Pipeline
from tests.property import edges
from tests.property.batches import history_of
from warehouse.base import Mart

# Columns that only one side has, with the reason; any other one is a mismatch.
ONLY_IN_ORACLE: dict[tuple[str, str], str] = {}
ONLY_PUBLISHED = {
    ("dim_segments", "criteria"): "a copy of the input",
    ("dim_segments", "characteristics"): "prose",
    ("dim_segments", "created_at"): "a copy of the input",
    ("dim_segments", "updated_at"): "a copy of the input",
    ("rpt_churn_risk", "characteristics"): "prose",
}

# What the user agents of the histories say, written down rather than parsed.
DEVICES = {
    edges.USER_AGENTS[1]: {"device_type": "desktop", "browser": "Firefox", "os": "Linux"},
    edges.CRAWLER: {"browser": "Googlebot"},
}


@dataclass(frozen=True)
class Difference:
    """A cell that is not the same, or a row that only one side has (column None; the values are the whole rows).

    workspace_id: whose row it is; None when a whole table is missing.
    """

    workspace_id: str | None
    table: str
    key: tuple
    column: str | None
    published: object
    expected: object

    @property
    def history(self) -> int | None:
        """The number of the history that the workspace belongs to."""
        return None if self.workspace_id is None else history_of(self.workspace_id)

    def __str__(self) -> str:
        place = f"{self.table}{list(map(str, self.key))}" + (f".{self.column}" if self.column else "")
        return f"{self.workspace_id}: {place}: published {_shown(self.published)}, expected {_shown(self.expected)}"


def compare_tables(marts: Iterable[Mart], published: dict[str, list[dict]], expected: dict[str, list[dict]]) -> list:
    """Every difference in the tables of `marts`."""
    return [
        difference for mart in marts for difference in compare_rows(mart, published[mart.name], expected.get(mart.name))
    ]


def compare_rows(mart: Mart, published: list[dict], expected: list[dict] | None) -> Iterator[Difference]:
    """The differences of one table. `expected` None: the oracle has no such table."""
    if expected is None:
        yield Difference(None, mart.name, (), None, "the table", "no such table")
        return
    ours, theirs = by_key(mart, published), by_key(mart, expected)
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        row, other = ours.get(key), theirs.get(key)
        workspace_id = (row or other)["workspace_id"]
        if row is None or other is None:
            yield Difference(workspace_id, mart.name, key, None, row, other)
            continue
        for column in sorted(row.keys() | other.keys()):
            if (mart.name, column) in ONLY_IN_ORACLE or (mart.name, column) in ONLY_PUBLISHED:
                continue
            cell, other_cell = row.get(column, "no such column"), other.get(column, "no such column")
            if cell != other_cell:
                yield Difference(workspace_id, mart.name, key, column, cell, other_cell)


def by_key(mart: Mart, rows: list[dict]) -> dict[tuple, dict]:
    found = {tuple(row[column] for column in mart.key): row for row in rows}
    assert len(found) == len(rows), f"{mart.name}: rows with the same key"
    return found


def oracle_settings(
    pipeline: Pipeline, landings: Iterable[Path], now: datetime, as_of: date | None = None
) -> oracle.Settings:
    """Settings of the oracle that agree with a pipeline that has loaded the landing folders.

    Hashes of rows, and ids of events that came without one, are what the loader wrote: they are read from raw by file
    and line, because the oracle has no say in how a hash is computed, only in what it decides.
    """
    ids, hashes = written_hashes(pipeline, landings)
    settings = pipeline.settings
    policies = json.loads(settings.consent_policy) if settings.consent_policy != "none" else {}
    return oracle.Settings(
        now=now,
        as_of=as_of,
        key_of=Keys(SECRET).user_key,
        event_id_of=lambda row: ids[row_text(row)],
        content_hash_of=lambda row: hashes.get(row_text(row), row_text(row)),
        session_timeout_minutes=settings.session_timeout_minutes,
        session_key=settings.session_key,
        device_of=lambda user_agent: DEVICES[user_agent],
        segment_id_of=segment_ids(pipeline),
        consent_policy_of=lambda workspace_id: policies.get(workspace_id, "none"),
    )


def segment_ids(pipeline: Pipeline) -> Callable[[str, str], str]:
    """The published id of a segment; of one that is not published, words that no id is equal to."""
    rows = pipeline.fetch("select workspace_id, segment_name, segment_id from candidate.dim_segments")
    ids = {(workspace_id, name): segment_id for workspace_id, name, segment_id in rows}
    return lambda workspace_id, name: ids.get((workspace_id, name), f"{workspace_id}|{name} (not published)")


def written_hashes(pipeline: Pipeline, landings: Iterable[Path]) -> tuple[dict[str, str], dict[str, str]]:
    """Landing row -> event id, and landing row -> content hash."""
    ids, hashes = {}, {}
    for entity in ("events", "users", "workspaces", "features", "goals", "segments", "funnels"):
        event_id = "event_id" if entity == "events" else "null"
        stored = pipeline.fetch(
            f"select l.path, r.line, {event_id}, r.content_hash from raw.{entity} r"
            " inner join raw.loads l on l.load_id = r.load_id"
        )
        by_line = {(path, line): (event, content_hash) for path, line, event, content_hash in stored}
        for folder in landings:
            for file in (folder / entity).glob("*.ndjson"):
                for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                    text = row_text(json.loads(line))
                    place = file.relative_to(folder).as_posix(), number
                    if place in by_line:
                        ids[text], hashes[text] = by_line[place]
    return ids, hashes


def row_text(row: dict) -> str:
    return json.dumps(row, sort_keys=True)


def summary(differences: list[Difference], limit: int = 20) -> str:
    """The first of the differences, and how many there are by table and column."""
    counts = Counter(f"{difference.table}.{difference.column or '(row)'}" for difference in differences)
    lines = [str(difference) for difference in differences[:limit]]
    return "\n".join([f"{len(differences)} cells or rows differ: {dict(counts)}", *lines])


def _shown(value: object) -> str:
    return "no row" if value is None else str(value) if isinstance(value, dict) else repr(value)
