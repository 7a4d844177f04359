"""The demo landing folder holds what its summary promises: read back without any code of loader or writer."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
import zstandard

from ingest.demo import DAYS, DemoSummary, write_demo

LAST_DAY = date(2026, 6, 30)
EVENT_TYPES = {"page_view", "feature_use", "api_call", "login", "logout", "error", "custom"}
FORMATS = {".ndjson", ".ndjson.gz", ".ndjson.zst", ".jsonl", ".csv", ".csv.gz", ".csv.zst", ".parquet"}
ENTITIES = {"users", "workspaces", "features", "goals", "segments", "funnels", "consents"}
ZONES = {"lantern": "America/New_York", "kornblume": "Europe/Berlin", "pragati": "Asia/Kolkata"}
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

Row = dict[str, object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def summary(folder: Path) -> DemoSummary:
    return write_demo(folder, LAST_DAY)


@pytest.fixture(scope="module")
def rows_by_file(folder: Path, summary: DemoSummary) -> dict[Path, list[Row]]:
    """The rows of every events file, in file order, files of the same content once; a broken line is an empty row."""
    by_content = {sha256(path.read_bytes()).digest(): path for path in sorted(folder.glob("events/**/*.*"))}
    return {path: list(_rows(path)) for path in by_content.values()}


@pytest.fixture(scope="module")
def good_rows(rows_by_file: dict[Path, list[Row]]) -> list[Row]:
    return [row for rows in rows_by_file.values() for row in rows if _defect(row) is None]


def _rows(path: Path) -> Iterator[Row]:
    """Rows with nulls left out, metadata as an object and created_at as an aware datetime, wherever they can be."""
    if path.suffix == ".parquet":
        raw = pq.read_table(path).to_pylist()
    else:
        text = _text(path)
        raw = csv.DictReader(text.splitlines()) if ".csv" in path.name else map(_json, text.splitlines())
    for row in raw:
        yield _normalized({name: value for name, value in row.items() if value not in (None, "")})


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompress(content)
    return content.decode()


def _json(line: str) -> Row:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return {}


def _normalized(row: Row) -> Row:
    if "id" in row:
        row["event_id"] = row.pop("id")
    if "event_id" in row:
        row["event_id"] = str(row["event_id"])
    if isinstance(row.get("metadata"), str):
        row["metadata"] = json.loads(row["metadata"])
    if "created_at" in row:
        row["created_at"] = _moment(row["created_at"])
    return row


def _moment(told: object) -> object:
    if isinstance(told, datetime):
        return told
    if isinstance(told, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=told)
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return told
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _defect(row: Row) -> str | None:
    if not row:
        return "broken JSON"
    if row["event_type"] not in EVENT_TYPES:
        return "unknown event_type"
    if not isinstance(row["created_at"], datetime):
        return "bad created_at"
    if row["created_at"] < EARLIEST:
        return "created_at out of range"
    if "user_id" not in row:
        return "missing user_id"
    if not isinstance(row.get("metadata", {}), dict):
        return "metadata no object"
    return None


def _canonical(row: Row) -> str:
    return json.dumps(row, sort_keys=True, default=datetime.isoformat)


def _identity(row: Row) -> tuple[object, str]:
    return row["workspace_id"], row.get("event_id") or _canonical(row)


def _file_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_day_and_seed_write_the_same_bytes(folder: Path, summary: DemoSummary, tmp_path: Path) -> None:
    again = write_demo(tmp_path / "again", LAST_DAY)
    assert again == summary
    assert _file_bytes(tmp_path / "again") == _file_bytes(folder)


def test_another_seed_on_leap_day_keeps_the_size(tmp_path: Path) -> None:
    other = write_demo(tmp_path, date(2028, 2, 29), seed=7)
    assert 110_000 <= other.loaded <= 160_000


def test_folder_in_use_is_refused(folder: Path, summary: DemoSummary) -> None:
    with pytest.raises(FileExistsError, match="not empty"):
        write_demo(folder, LAST_DAY)


def test_every_entity_and_format_is_there(folder: Path, summary: DemoSummary) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == summary.files
    assert {path.relative_to(folder).parts[0] for path in files} == {"events"} | ENTITIES
    assert {"".join(path.suffixes) for path in folder.glob("events/**/*.*")} == FORMATS


def test_one_file_has_a_renamed_copy(folder: Path, rows_by_file: dict, summary: DemoSummary) -> None:
    assert len(list(folder.glob("events/**/*.*"))) == len(rows_by_file) + summary.renamed_copies


def test_counts_add_up(rows_by_file: dict, summary: DemoSummary) -> None:
    assert 110_000 <= summary.loaded <= 160_000
    assert summary.rows_written == sum(map(len, rows_by_file.values()))
    assert summary.rows_written == summary.loaded + summary.duplicates + summary.rejected
    assert summary.rejected == sum(summary.rejected_by_defect.values())


def test_each_bad_row_has_the_one_defect_counted(rows_by_file: dict, summary: DemoSummary) -> None:
    defects = Counter(_defect(row) for rows in rows_by_file.values() for row in rows)
    del defects[None]
    assert defects == summary.rejected_by_defect


def test_good_rows_have_the_required_fields(good_rows: list[Row]) -> None:
    required = {"user_id", "workspace_id", "event_type", "created_at"}
    assert [row for row in good_rows if not required <= row.keys()] == []


def test_duplicates_and_conflicts_are_as_counted(good_rows: list[Row], summary: DemoSummary) -> None:
    copies: dict[tuple, list[str]] = {}
    for row in good_rows:
        copies.setdefault(_identity(row), []).append(_canonical(row))
    assert len(copies) == summary.loaded
    assert len(good_rows) - len(copies) == summary.duplicates
    assert sum(len(set(payloads)) - 1 for payloads in copies.values()) == summary.conflicts


def test_duplicates_lie_in_another_file(rows_by_file: dict[Path, list[Row]]) -> None:
    for path, rows in rows_by_file.items():
        identities = Counter(_identity(row) for row in rows if _defect(row) is None)
        assert identities.total() == len(identities), f"{path} repeats an event of its own"


def test_bots_are_as_counted(good_rows: list[Row], summary: DemoSummary) -> None:
    bots = {_identity(row) for row in good_rows if "bot" in str(row.get("user_agent")).lower()}
    assert len(bots) == summary.bot_events
    assert 0.015 < len(bots) / summary.loaded < 0.025


def test_late_files_hold_events_of_weeks_before_in_no_order(rows_by_file: dict, summary: DemoSummary) -> None:
    late = {path: rows for path, rows in rows_by_file.items() if path.name.startswith("late-arrivals")}
    weeks_old = 0
    for path, rows in late.items():
        arrived_at = datetime(*map(int, path.parts[-4:-1]), tzinfo=UTC)
        moments = [row["created_at"] for row in rows if _defect(row) is None]
        assert moments != sorted(moments)
        weeks_old += sum(timedelta(days=13) < arrived_at - moment < timedelta(days=43) for moment in moments)
    assert len(late) == 3
    # A repeated or contradicted event that happened to be of those weeks may lie there too.
    assert summary.late_events <= weeks_old <= summary.late_events + summary.duplicates


def test_each_workspace_fills_its_own_local_days(good_rows: list[Row]) -> None:
    zones = {workspace: ZoneInfo(zone) for workspace, zone in ZONES.items()}
    days = {workspace: set() for workspace in ZONES}
    for row in good_rows:
        zone = zones[row["workspace_id"]]
        days[row["workspace_id"]].add(row["created_at"].astimezone(zone).date())
    first_day = LAST_DAY - timedelta(days=DAYS - 1)
    for workspace, active in days.items():
        assert first_day <= min(active) <= max(active) == LAST_DAY, workspace
        assert len(active) > 0.95 * DAYS, workspace


def test_offices_rest_at_weekends_and_kitchens_do_not(good_rows: list[Row]) -> None:
    weekend_shares = {}
    for workspace in ("lantern", "kornblume"):
        zone = ZoneInfo(ZONES[workspace])
        weekdays = [
            row["created_at"].astimezone(zone).weekday() for row in good_rows if row["workspace_id"] == workspace
        ]
        weekend_shares[workspace] = sum(weekday >= 5 for weekday in weekdays) / len(weekdays)
    assert weekend_shares["lantern"] < 0.1
    assert weekend_shares["kornblume"] > 2 / 7


def test_a_launched_feature_rises_and_an_old_one_falls(good_rows: list[Row]) -> None:
    uses = Counter(
        (row["event_name"], row["created_at"].month) for row in good_rows if row["event_type"] == "feature_use"
    )
    assert uses["smart_summary", 2] == 0
    assert uses["smart_summary", 4] < uses["smart_summary", 5] < uses["smart_summary", 6]
    assert uses["classic_charts", 6] < uses["classic_charts", 5] < uses["classic_charts", 4]


def test_some_features_of_the_catalogue_are_never_used(folder: Path, good_rows: list[Row]) -> None:
    used = {row["event_name"] for row in good_rows if row["event_type"] == "feature_use"}
    catalogue = {row["feature_name"] for row in _rows(folder / "features" / "catalogue.csv")}
    assert used < catalogue
    assert catalogue - used == {"audit_log", "custom_roles", "voice_timer", "ip_allowlist", "global_search"}


def test_other_entities_have_the_rows_counted(folder: Path, summary: DemoSummary) -> None:
    counts = dict.fromkeys(ENTITIES, 0)
    for entity in ENTITIES:
        for path in (folder / entity).rglob("*.*"):
            counts[entity] += sum(1 for _ in _rows(path))
    assert counts == summary.entity_rows
    assert counts["workspaces"] == 3
