"""CSV to fields: a header line, quotes and line breaks in fields, and the line where each record starts."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import duckdb
import pyarrow as pa

from ingest import strict_json
from ingest.entities import Entity
from ingest.fields import UNKNOWN_FIELD, FieldChunk, shown_name
from ingest.lines import CorruptFile, LineChunk, OversizeLine

_BULK_DECODED = "surrogateescape"  # bytes that are not UTF-8 survive until their record is known


@dataclass
class _Records:
    """Records of one chunk: the line where each starts, values or reason, raw text; and oversize lines."""

    lines: list[int] = field(default_factory=list)
    values: list[list[str] | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    oversize: dict[int, OversizeLine] = field(default_factory=dict)

    def add(self, line: int, values: list[str] | None, reason: str | None, raw: str) -> None:
        self.lines.append(line)
        self.values.append(values)
        self.reasons.append(reason)
        self.raw.append(raw)


def chunks(entity: Entity, line_chunks: Iterator[LineChunk], max_row_bytes: int) -> Iterator[partial]:
    """For each chunk of records, what makes its fields available in an engine.

    Raises CorruptFile when the header lacks a required column or names one twice.
    """
    csv.field_size_limit(max(csv.field_size_limit(), max_row_bytes))
    header: list[str] | None = None
    for records in _records(_physical_lines(line_chunks), max_row_bytes):
        if header is None:
            header = _checked_header(entity, records)
        if records.lines:
            table = _field_table(entity, header, records)
            yield partial(_prepare, table=table, records=records)


def _prepare(engine: duckdb.DuckDBPyConnection, table: pa.Table, records: _Records) -> FieldChunk:
    engine.register("csv_fields", table)
    return FieldChunk(
        query="select * from csv_fields",
        rows=table.num_rows,
        raw=lambda position: records.raw[position].encode("utf-8", _BULK_DECODED),
        oversize=records.oversize,
    )


def _checked_header(entity: Entity, records: _Records) -> list[str]:
    """Take the header off the first records."""
    header, reason = (records.values.pop(0), records.reasons.pop(0)) if records.lines else (None, None)
    if header is None:
        raise CorruptFile(
            f"line 1 is no CSV header ({reason or 'the file has no lines'}). Write the column names there."
        )
    records.lines.pop(0), records.raw.pop(0)
    records.oversize = {position - 1: oversize for position, oversize in records.oversize.items()}
    named = [name for name in header if name in entity.accepted_names]
    if repeated := {name for name in named if named.count(name) > 1}:
        raise CorruptFile(f"the header names column {min(repeated)} twice. Keep one of them.")
    stand_ins = {target: alias for alias, target in entity.aliases}
    required = entity.required + ((entity.document,) if entity.document == "criteria" else ())
    missing = [name for name in required if name not in named and stand_ins.get(name) not in named]
    if missing:
        raise CorruptFile(
            f"the header (line 1) lacks the column {', '.join(missing)}. "
            f"The columns of {entity.folder}/ are {', '.join(entity.contract_fields)}."
        )
    return header


def _field_table(entity: Entity, header: list[str], records: _Records) -> pa.Table:
    width = len(header)
    for position, values in enumerate(records.values):
        if values is not None and len(values) != width:
            records.values[position], records.reasons[position] = None, "wrong_column_count"
    empty = [""] * width
    columns = dict(
        zip(header, zip(*(empty if row is None else row for row in records.values), strict=True), strict=False)
    )
    try:
        texts = {name: pa.array(columns[name], pa.string()) for name in entity.accepted_names if name in columns}
    except UnicodeEncodeError:
        _set_invalid_utf8_aside(records)
        return _field_table(entity, header, records)
    if entity.collects_other_fields:
        others = [name for name in dict.fromkeys(header) if name not in entity.fields + entity.refused_fields]
        texts[entity.document] = _collected(others, columns)
    nothing = early_fields = pa.nulls(len(records.lines), pa.string())
    if entity.refuses_other_fields:
        others = [name for name in dict.fromkeys(header) if name not in entity.accepted_names]
        early_fields = _refuse_other_fields(others, columns, records)
    fields = {name: texts.get(name, nothing) for name in entity.accepted_names}
    bookkeeping = {
        "position": pa.array(range(len(records.lines)), pa.int64()),
        "line": pa.array(records.lines, pa.int64()),
        "early_reason": pa.array(records.reasons, pa.string()),
        "early_field": early_fields,
    }
    return pa.table({**bookkeeping, **fields})


def _collected(names: list[str], columns: dict[str, tuple[str, ...]]) -> pa.Array:
    """The columns beyond the contract as one JSON object a row, without empty ones; null where all are empty."""
    if not names:
        return pa.nulls(len(next(iter(columns.values()))), pa.string())
    rows = zip(*(columns[name] for name in names), strict=True)
    given = ({name: value for name, value in zip(names, row, strict=True) if value} for row in rows)
    return pa.array([strict_json.dump(values) if values else None for values in given], pa.string())


def _refuse_other_fields(names: list[str], columns: dict[str, tuple[str, ...]], records: _Records) -> pa.Array:
    """Refuse the records with a value in a column that the entity does not know; its name for each of them."""
    unknown = [
        next((shown_name(name) for name in names if columns[name][position]), None)
        for position in range(len(records.lines))
    ]
    for position, name in enumerate(unknown):
        if name is not None:
            records.reasons[position] = UNKNOWN_FIELD
    return pa.array(unknown, pa.string())


def _set_invalid_utf8_aside(records: _Records) -> None:
    for position, values in enumerate(records.values):
        if values is not None and not strict_json.has_no_surrogate("".join(values)):
            records.values[position], records.reasons[position] = None, "invalid_utf8"


@dataclass
class _Lines:
    """Physical lines of one chunk, decoded, each with its line feed."""

    first_line: int
    texts: list[str]
    oversize: dict[int, OversizeLine]  # by index


def _physical_lines(line_chunks: Iterator[LineChunk]) -> Iterator[_Lines]:
    for chunk in line_chunks:
        texts = [line.decode("utf-8", _BULK_DECODED) + "\n" for line in chunk.lines()]
        yield _Lines(chunk.first_line, texts, {one.line - chunk.first_line: one for one in chunk.oversize})


def _records(chunks_of_lines: Iterator[_Lines], max_row_bytes: int) -> Iterator[_Records]:
    """Records, a chunk at a time: at once where every record is one line, else record by record."""
    for lines in chunks_of_lines:
        yield _one_record_a_line(lines) or _record_by_record(lines, chunks_of_lines, max_row_bytes)


def _one_record_a_line(lines: _Lines) -> _Records | None:
    """All records of the chunk, or None when one spans lines or is malformed."""
    try:
        values = list(csv.reader(lines.texts, strict=True))
    except csv.Error:
        return None
    if len(values) != len(lines.texts):
        return None
    first = lines.first_line
    records = _Records(list(range(first, first + len(values))), values, [None] * len(values), lines.texts, {})
    return _without_blank_lines(records, lines.oversize)


def _without_blank_lines(records: _Records, oversize: dict[int, OversizeLine]) -> _Records:
    if all(records.values) and not oversize:
        return records
    kept = _Records()
    for index, values in enumerate(records.values):
        if index in oversize:
            kept.oversize[len(kept.lines)] = oversize[index]
            kept.add(records.lines[index], None, "row_too_large", "")
        elif values:
            kept.add(records.lines[index], values, None, records.raw[index])
    return kept


def _record_by_record(lines: _Lines, more: Iterator[_Lines], max_row_bytes: int) -> _Records:
    """Records of the chunk and of as many further lines as its last record takes."""
    records = _Records()
    waiting = deque(_numbered(lines))
    while waiting:
        number, text, oversize = waiting.popleft()
        if oversize:
            records.oversize[len(records.lines)] = oversize
            records.add(number, None, "row_too_large", "")
            continue
        taken = [(number, text, None)]
        values, reason = _parse_record(taken, waiting, more, max_row_bytes)
        if reason:
            # One stray quote must not swallow the rows after it: go on at the next line.
            waiting.extendleft(reversed(taken[1:]))
            records.add(number, None, reason, text)
        elif values:
            records.add(number, values, None, "".join(text for _, text, _ in taken))
    return records


def _numbered(lines: _Lines) -> Iterator[tuple[int, str, OversizeLine | None]]:
    for index, text in enumerate(lines.texts):
        yield lines.first_line + index, text, lines.oversize.get(index)


def _parse_record(
    taken: list, waiting: deque, more: Iterator[_Lines], max_row_bytes: int
) -> tuple[list[str] | None, str | None]:
    """(values, None) of the record that starts with `taken[0]`, or (None, reason); its lines move to `taken`."""

    def lines_of_record() -> Iterator[str]:
        yield taken[0][1]
        size = len(taken[0][1])
        while size <= max_row_bytes:
            if not waiting and (following := next(more, None)):
                waiting.extend(_numbered(following))
            if not waiting or waiting[0][2]:
                return
            taken.append(waiting.popleft())
            size += len(taken[-1][1])
            yield taken[-1][1]

    try:
        return next(csv.reader(lines_of_record(), strict=True)), None
    except (csv.Error, StopIteration):
        return None, "invalid_csv"
