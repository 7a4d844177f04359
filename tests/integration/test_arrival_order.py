"""However the files of a landing folder arrive, the marts are the same."""

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest

from tests.pipeline import Pipeline
from tests.thorough import IS_THOROUGH

CLOCK = datetime(2026, 3, 12, 12, tzinfo=UTC)


def event(event_id: str | None, at: str, user_id: str = "ann", **given: object) -> dict:
    ids = {"event_id": event_id} if event_id else {}
    return {**ids, "user_id": user_id, "workspace_id": "w", "event_type": "page_view", "created_at": at, **given}


ON_TIME = [
    event("1", "2026-03-09T10:00:00Z", page_path="/a"),
    event("2", "2026-03-09T10:50:00Z", page_path="/b"),
    event("3", "2026-03-09T23:50:00Z", "bob", page_path="/a"),
    event(None, "2026-03-09T12:00:00Z", "bob", page_path="/c", country_code="DE"),
]
# Event 1 once more, event 3 with a later time that must lose, the event without id once more.
OVERLAPPING = [
    ON_TIME[0],
    event("3", "2026-03-10T08:00:00Z", "bob", page_path="/changed"),
    ON_TIME[3],
    event("4", "2026-03-10T00:10:00Z", "bob", page_path="/d"),
]
# Joins the two sessions of ann; an id whose earlier copy wins, and another user's; the first event of all.
LATE = [
    event("5", "2026-03-09T10:25:00Z", page_path="/e"),
    event("4", "2026-03-09T20:00:00Z", "cleo", page_path="/d"),
    event("6", "2026-01-31T22:30:00Z", page_path="/first"),
]
ZONES = [
    {"workspace_id": "w", "timezone": "Asia/Kathmandu", "updated_at": "2026-03-11T00:00:00Z"},
    {"workspace_id": "w", "timezone": "America/New_York", "updated_at": "2026-03-10T00:00:00Z"},
]
DUPLICATES = 4  # events 1, 3, 4 and the one without id, each once
DELIVERIES = (
    ("events/2026/on-time.ndjson",),
    ("events/overlapping.csv",),
    ("events/late.ndjson", "workspaces/zones.ndjson"),
)
ROWS = len(ON_TIME) + len(OVERLAPPING) + len(LATE)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The files of the landing folder by their names in it, kept elsewhere until they arrive."""
    store = tmp_path / "store"
    store.mkdir()
    made = {
        "events/2026/on-time.ndjson": ndjson(store / "on-time", ON_TIME),
        "events/overlapping.csv": csv_file(store / "overlapping", OVERLAPPING),
        "events/late.ndjson": ndjson(store / "late", LATE),
        "workspaces/zones.ndjson": ndjson(store / "zones", ZONES),
    }
    return made


def ndjson(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def csv_file(path: Path, rows: list[dict]) -> Path:
    """The same rows as a CSV file: what is null is empty there."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path


def arrive(landing: Path, name: str, file: Path) -> None:
    (landing / name).parent.mkdir(parents=True, exist_ok=True)
    copyfile(file, landing / name)


def run(pipeline: Pipeline, landing: Path) -> dict[str, int]:
    """Run once; the load's totals over events files that were not known."""
    (landing / "events").mkdir(parents=True, exist_ok=True)
    report = pipeline.run(landing, clock=CLOCK)
    events = [file for file in report.files if file.entity == "events" and file.status == "loaded"]
    return {name: sum(getattr(file, name) for file in events) for name in ("rows_read", "loaded", "duplicates")}


def test_files_in_any_order_renamed_and_twice(
    files: dict[str, Path], make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    at_once, landing = make_pipeline(), tmp_path / "at once"
    for name, file in files.items():
        arrive(landing, name, file)
    assert run(at_once, landing) == {"rows_read": ROWS, "loaded": ROWS - DUPLICATES, "duplicates": DUPLICATES}
    expected = at_once.tables()
    assert [(row["timezone"], row["users"]) for row in expected["dim_workspaces"]] == [("Asia/Kathmandu", 3)]

    assert run(at_once, landing) == {"rows_read": 0, "loaded": 0, "duplicates": 0}
    for name, file in files.items():
        arrive(landing, name.replace("/", "/exported again/"), file)
    assert run(at_once, landing) == {"rows_read": 0, "loaded": 0, "duplicates": 0}
    assert at_once.tables() == expected
    assert len(at_once.builds) == 1

    for order in (1, 5) if IS_THOROUGH else (1,):  # seeds of two orders that begin and end differently
        one_by_one, landing = make_pipeline(), tmp_path / f"order {order}"
        deliveries = random.Random(order).sample(DELIVERIES, len(DELIVERIES))
        totals = []
        for names in deliveries:
            for name in names:
                arrive(landing, name, files[name])
            totals.append(run(one_by_one, landing))
        assert one_by_one.tables() == expected, f"arrived in the order {deliveries}"
        assert sum(total["rows_read"] for total in totals) == ROWS
        assert sum(total["duplicates"] for total in totals) == DUPLICATES
        assert len(one_by_one.builds) == len(deliveries)
