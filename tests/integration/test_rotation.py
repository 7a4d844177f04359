"""Rotation of user keys on both engines: the marts are equal but for the keys, and everybody stays who they are."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.privacy import Keys
from orchestration.key_ring import apply_ring, rotate_keys
from orchestration.refresh import open_refresh
from orchestration.settings import SettingsError
from tests.pipeline import SECRET, Pipeline
from warehouse.open import open_warehouse

RING = ("the first key that rotates", "the second key that rotates")
CLOCK = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 12, tzinfo=UTC)
OF_KEYS = {"user_key", "session_id"}
USERS = ("ana", "bob", "cleo")
NUMBER_OF_EVENTS = 36


def write_landing(folder: Path) -> Path:
    def event(number: int) -> dict:
        user, day, minute = USERS[number % 3], 1 + number // 3 % 6, 7 * number % 60
        kind = ("page_view", "feature_use", "login")[number % 3]
        at = f"2026-03-{day:02d}T10:{minute:02d}:00Z"
        row = {"event_id": str(number), "user_id": user, "event_type": kind, "created_at": at}
        return row | {"event_name": "export", "page_path": f"/{number % 4}"}

    write(folder, "events/first.ndjson", [*map(event, range(NUMBER_OF_EVENTS)), event(3)])
    write(folder, "users/all.ndjson", [{"user_id": user, "plan": "free"} for user in (*USERS, "dora")])
    write(folder, "consents/all.ndjson", [{"user_id": "ana", "granted": True, "at": "2026-01-01"}])
    return folder


def write(folder: Path, name: str, rows: list[dict]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def with_ring(pipeline: Pipeline, *ring: str):
    """The pipeline's settings with other rotation keys."""
    from pydantic import SecretStr

    return pipeline.settings.model_copy(update={"rotation_keys": SecretStr(", ".join(ring))})


def without_keys(tables: dict[str, list[dict]]) -> dict[str, list]:
    """Every table without keys and what is made of them, in an order that they have no say in."""
    return {
        name: sorted(
            [{column: value for column, value in row.items() if column not in OF_KEYS} for row in rows], key=repr
        )
        for name, rows in tables.items()
    }


def raw_keys(pipeline: Pipeline) -> dict[str, set]:
    tables = ("events", "repeated_events", "users", "consents")
    return {table: {key for (key,) in pipeline.fetch(f"select user_key from raw.{table}")} for table in tables}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_rotated_marts_are_equal_but_for_the_keys(engine, make_pipeline, tmp_path):
    pipeline = make_pipeline(engine)
    landing = write_landing(tmp_path / "landing")
    pipeline.run(landing, clock=CLOCK)
    before, hashes = pipeline.tables(), pipeline.fetch("select content_hash from raw.users order by 1")
    history = {mart.name: pipeline.rows(mart.name, mart.key) for mart in pipeline.history_marts()}
    old_keys = raw_keys(pipeline)

    def interrupted(tx):
        apply_ring(tx, Keys(SECRET, RING), LATER)
        assert tx.fetch("select count(*) from raw.key_ring") == [(2,)]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_warehouse(pipeline.settings).transaction() as tx:
        interrupted(tx)
    assert raw_keys(pipeline) == old_keys
    assert pipeline.fetch("select count(*) from raw.key_ring") == [(0,)]
    assert pipeline.fetch("select count(*) from raw.pending") == [(0,)]

    ringed = with_ring(pipeline, *RING)
    with pytest.raises(SettingsError, match="footfall rotate-key"), open_refresh(ringed, "run"):
        pass
    pipeline.settings = ringed
    assert rotate_keys(ringed) == len(USERS) + 1
    assert rotate_keys(ringed) == 0
    pipeline.run(landing, clock=CLOCK)

    new_key = {user: Keys(SECRET, RING).user_key("default", user) for user in (*USERS, "dora")}
    assert raw_keys(pipeline) == {
        "events": {new_key[user] for user in USERS},
        "repeated_events": {new_key["ana"]},
        "users": set(new_key.values()),
        "consents": {new_key["ana"]},
    }
    assert pipeline.builds[-1] == {"everything": 1, "rotation": 1}
    after = pipeline.tables()
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert without_keys(after) == without_keys(before)
    renamed = {Keys(SECRET).user_key("default", user): key for user, key in new_key.items()}
    moved = [{**row, "user_key": renamed[row["user_key"]]} for row in before["dim_users"]]
    assert after["dim_users"] == sorted(moved, key=lambda row: (row["workspace_id"], row["user_key"]))
    assert {mart.name: pipeline.rows(mart.name, mart.key) for mart in pipeline.history_marts()} == history
    assert pipeline.fetch("select content_hash from raw.users order by 1") == hashes

    first = (landing / "events/first.ndjson").read_text()
    (landing / "events/again.ndjson").write_text(first + "\n")
    write(
        landing,
        "events/later.ndjson",
        [{"event_id": "new", "user_id": "ana", "event_type": "login", "created_at": "2026-03-09T10:00:00Z"}],
    )
    report = pipeline.run(landing, clock=LATER)
    assert report.total("loaded") == 1
    assert report.total("duplicates") == NUMBER_OF_EVENTS + 1
    assert report.total("conflicts") == 0
    users = pipeline.rows("dim_users", ("user_key",))
    assert [row["user_key"] for row in users] == sorted(new_key.values())

    for ring in [(), RING[:1], (RING[1], RING[0]), (RING[0], "another second key")]:
        with pytest.raises(SettingsError, match="key [12] of FOOTFALL_ROTATION_KEYS"):
            rotate_keys(with_ring(pipeline, *ring))


def test_ring_of_a_new_warehouse_is_applied_from_the_start(make_pipeline, tmp_path):
    pipeline = make_pipeline("duckdb")
    pipeline.settings = with_ring(pipeline, *RING)
    with open_refresh(pipeline.settings, "run", landing=str(tmp_path)):
        pass
    assert pipeline.fetch("select position from raw.key_ring order by position") == [(1,), (2,)]
    marks = pipeline.fetch("select fingerprint from raw.key_ring order by position")
    assert [mark for (mark,) in marks] == list(Keys(SECRET, RING).ring_marks)
