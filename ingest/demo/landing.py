"""Files of the landing folder. The same truth in every format; each format tells the time in its own way."""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from ingest.demo.calendar import DAYS, Calendar, as_datetime, as_zulu
from ingest.demo.companies import COMPANIES

Row = dict[str, object]

FORMATS = (".csv.gz", ".parquet", ".ndjson.zst", ".csv", ".ndjson.gz", ".csv.zst", ".ndjson")  # of half-months, in turn
DAILY_FORMAT = ".jsonl"
DAILY_DAYS = 7

EVENT_FIELDS = (
    *("event_id", "user_id", "workspace_id", "session_id"),
    *("event_type", "event_name", "page_path"),
    *("ip_address", "user_agent", "referrer", "device_type", "browser", "os", "country_code"),
    *("metadata", "created_at"),
)
CSV_ALIASES = {"event_id": "id"}  # the alias, as an old export calls it
ZSTD_LEVEL = 3
GZIP_LEVEL = 6


def is_json(path: str) -> bool:
    return any(kind in Path(path).name for kind in (".ndjson", ".jsonl"))


def is_text(path: str) -> bool:
    return not path.endswith(".parquet")


def folder(milliseconds: int) -> str:
    return f"events/{as_datetime(milliseconds):%Y/%m/%d}"


def file_of(milliseconds: int, calendar: Calendar) -> str:
    """The file an event of this moment arrives in: one a half-month, the formats in turn; at the end one a day."""
    if milliseconds >= calendar.milliseconds(DAYS - DAILY_DAYS):
        return f"{folder(milliseconds)}/events{DAILY_FORMAT}"
    half = _half_month(as_datetime(milliseconds))
    suffix = FORMATS[(half - _half_month(as_datetime(calendar.milliseconds(-1)))) % len(FORMATS)]
    return f"events/{as_datetime(milliseconds):%Y/%m}/half-{half % 2 + 1}{suffix}"


def _half_month(moment: datetime) -> int:
    return 2 * (12 * moment.year + moment.month) + (moment.day > 15)


def write_rows(path: Path, rows: Sequence[Row | bytes], fields: Sequence[str] | None = None) -> None:
    """Write rows in the format of the path's suffix, in the order given.

    `fields` are the columns of CSV and Parquet; without them they are the rows' fields in order of appearance.
    A row of bytes is written as it is, which only NDJSON can hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kind, _, compression = path.name.partition(".")[2].partition(".")
    columns = fields or list(dict.fromkeys(name for row in rows for name in row))
    if kind == "parquet":
        _write_parquet(path, rows, columns)
        return
    content = _csv(rows, columns, path.name) if kind == "csv" else _ndjson(rows, path.name)
    path.write_bytes(_COMPRESSED[compression](content))


def _gzip(content: bytes) -> bytes:
    """Without name and time in the header; and not by `gzip.compress`, which names the operating system there."""
    compressed = io.BytesIO()
    with gzip.GzipFile("", "wb", GZIP_LEVEL, compressed, mtime=0) as file:
        file.write(content)
    return compressed.getvalue()


_COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": _gzip,
    "zst": lambda content: zstandard.ZstdCompressor(ZSTD_LEVEL).compress(content),
}


def _ndjson(rows: Sequence[Row | bytes], name: str) -> bytes:
    told = _time_style(name)
    return b"".join((row if isinstance(row, bytes) else orjson.dumps(_told(row, told))) + b"\n" for row in rows)


def _csv(rows: Sequence[Row], columns: Sequence[str], name: str) -> bytes:
    told = _time_style(name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([CSV_ALIASES.get(column, column) for column in columns])
    for row in rows:
        full = _told(row, told)
        writer.writerow([_cell(full.get(column)) for column in columns])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Objects, lists and truth values as JSON text; csv writes numbers as they are and None as nothing."""
    return orjson.dumps(value).decode() if isinstance(value, dict | list | bool) else value


def _write_parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Columns of one type each: times in milliseconds as timestamps, objects as JSON text, mixed ids as text."""
    table = pa.table({column: _column(column, [row.get(column) for row in rows]) for column in columns})
    pq.write_table(table, path, compression="zstd")


def _column(name: str, values: list[object]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if name == "created_at" and kinds == {int}:
        return pa.array(values, pa.timestamp("ms", tz="UTC"))
    if kinds == {int}:
        return pa.array(values, pa.int64())
    return pa.array([None if value is None else str(_cell(value)) for value in values], pa.string())


def _told(row: Row, told: Callable[[Row, int], object]) -> Row:
    moment = row.get("created_at")
    return row | {"created_at": told(row, moment)} if isinstance(moment, int) else row


def _time_style(name: str) -> Callable[[Row, int], object]:
    return next(style for suffix, style in _TIME_STYLES.items() if name.endswith(suffix))


def _in_local_time(row: Row, milliseconds: int) -> str:
    zone = _zones()[row["workspace_id"]]
    return as_datetime(milliseconds).astimezone(zone).isoformat(timespec="milliseconds")


@cache
def _zones() -> dict[str, ZoneInfo]:
    return {company.workspace_id: ZoneInfo(company.timezone) for company in COMPANIES}


_TIME_STYLES: dict[str, Callable[[Row, int], object]] = {
    ".zst": _in_local_time,  # 2026-06-01T04:15:30.123-04:00
    ".ndjson.gz": lambda row, milliseconds: milliseconds,
    ".csv": lambda row, milliseconds: as_datetime(milliseconds).isoformat(" ", "milliseconds")[:-6],  # no zone: UTC
    "": lambda row, milliseconds: as_zulu(milliseconds),
}
