"""An export is complete, the person's alone, safe to open in a spreadsheet, and readable by its owner alone."""

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.erase import Person
from ingest.privacy import Keys
from orchestration.export import ExportError, export_person
from orchestration.refresh import open_refresh
from tests.integration.conftest import ENGINES
from tests.pipeline import SECRET, Pipeline

FORMULA = '=HYPERLINK("http://example.com")'


def event(user_id: str, event_id: str, **fields: object) -> dict:
    row = {"event_id": event_id, "user_id": user_id, "event_type": "custom", "created_at": "2026-01-05T09:00:00Z"}
    return row | fields


@pytest.fixture(params=ENGINES)
def loaded(request: pytest.FixtureRequest, make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> Pipeline:
    """Rows of ada and of bob in raw, and a table of user grain behind the published ones."""
    rows_of_entity = {
        "events": [
            event("ada", "1", event_name=FORMULA, metadata={"revenue": -12.5, "note": "@home"}),
            event("ada", "2", event_name="-1"),
            event("bob", "3"),
            event("ada", "4", event_type="jump"),
            event("bob", "5", event_type="jump"),
        ],
        "users": [{"user_id": "ada", "plan": "+pro"}, {"user_id": "bob", "plan": "free"}],
        "consents": [{"user_id": "ada", "granted": True, "at": "2026-01-01"}],
    }
    for entity, rows in rows_of_entity.items():
        (tmp_path / "landing" / entity).mkdir(parents=True)
        (tmp_path / "landing" / entity / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pipeline = make_pipeline(request.param)
    with open_refresh(pipeline.settings, "run", landing=str(tmp_path / "landing")) as refresh:
        refresh.load()
        with refresh.warehouse.transaction() as tx:
            tx.execute("create schema intermediate")
            tx.execute("create table intermediate.int_days as select user_key, created_at from raw.events")
    return pipeline


def ada() -> Person:
    return Person.of_user(Keys(SECRET), "default", "ada")


def test_export_holds_everything_of_the_person_and_nothing_of_others(loaded: Pipeline, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    expected = {
        "intermediate.int_days": 2,
        "raw.consents": 1,
        "raw.events": 2,
        "raw.rejected": 1,
        "raw.user_attributes": 1,
        "raw.users": 1,
    }
    assert export_person(loaded.settings, ada(), folder) == expected
    listing = json.loads((folder / "export.json").read_text())
    assert listing["rows"] == expected
    for table, rows in expected.items():
        objects = json.loads((folder / f"{table}.json").read_text())
        with open(folder / f"{table}.csv", newline="") as file:
            cells = list(csv.DictReader(file))
        assert len(objects) == len(cells) == rows, table
        assert {row["user_key"] for row in objects if "user_key" in row} <= {ada().user_key}
    text = "".join(file.read_text() for file in folder.iterdir())
    bob = Person.of_user(Keys(SECRET), "default", "bob")
    assert bob.user_key not in text
    assert bob.fingerprint not in text
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_texts_that_a_spreadsheet_would_run_are_quoted_in_csv_only(loaded: Pipeline, tmp_path: Path) -> None:
    export_person(loaded.settings, ada(), tmp_path / "out")
    with open(tmp_path / "out/raw.events.csv", newline="") as file:
        events = {row["event_id"]: row for row in csv.DictReader(file)}
    assert (events["1"]["event_name"], events["2"]["event_name"]) == (f"'{FORMULA}", "'-1")
    assert events["1"]["revenue"] == "-12.5000"
    with open(tmp_path / "out/raw.user_attributes.csv", newline="") as file:
        assert [row["value_text"] for row in csv.DictReader(file)] == ["'+pro"]
    objects = {row["event_id"]: row for row in json.loads((tmp_path / "out/raw.events.json").read_text())}
    assert (objects["1"]["event_name"], objects["1"]["revenue"]) == (FORMULA, "-12.5000")
    assert json.loads(objects["1"]["metadata"]) == {"revenue": -12.5, "note": "@home"}


def test_folder_that_holds_something_is_refused(loaded: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/else.txt").touch()
    with pytest.raises(ExportError, match="not empty"):
        export_person(loaded.settings, ada(), tmp_path / "out")


def test_nobody_by_that_id_has_an_empty_listing(loaded: Pipeline, tmp_path: Path) -> None:
    assert export_person(loaded.settings, Person.of_user(Keys(SECRET), "default", "carl"), tmp_path / "out") == {}
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["export.json"]
