"""A backup is restored into an empty installation, on both engines: equal tables, and nobody who was erased since."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.erase import Person
from orchestration.backup import BackupError, Erased, make_backup, read_erased, restore_backup
from orchestration.settings import SettingsError
from serving.tokens import Tokens, token_file
from tests.pipeline import Pipeline
from warehouse.base import WarehouseError
from warehouse.open import open_warehouse

DAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=5)
USERS = ("ada", "bob", "cyd")


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backup-landing")
    (folder / "events").mkdir()
    rows = (
        {
            "event_id": str(number),
            "user_id": USERS[number % 3],
            "event_type": "page_view",
            "page_path": f"/{number % 4}",
            "created_at": (DAY + number * timedelta(hours=1)).isoformat(),
        }
        for number in range(60)
    )
    (folder / "events" / "all.ndjson").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def original(request, make_pipeline, landing) -> Pipeline:
    pipeline = make_pipeline(request.param)
    pipeline.run(landing)
    Tokens(token_file(pipeline.settings.home)).create("a dashboard", ["default"], 9)
    return pipeline


@pytest.fixture(scope="module")
def backup(original, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backups") / "monday"
    make_backup(original.settings, folder)
    return folder


@pytest.fixture
def empty(original, make_pipeline) -> Pipeline:
    return make_pipeline(original.settings.target)


def ada(pipeline: Pipeline) -> Person:
    return Person.of_user(pipeline.settings.keys(), "default", "ada")


def test_restored_tables_equal_the_original_and_a_run_finds_nothing_to_do(original, backup, empty, landing):
    assert restore_backup(empty.settings, backup, []) == 0
    assert empty.tables() == original.tables()
    empty.run(landing)
    assert empty.builds == [], "the ledger knows every file"
    assert [token.name for token in Tokens(token_file(empty.settings.home)).list()] == ["a dashboard"]
    with pytest.raises(BackupError, match="a warehouse with loaded rows already"):
        restore_backup(empty.settings, backup, [])


def test_person_who_was_erased_after_the_backup_does_not_come_back(original, backup, empty, landing, tmp_path):
    person = ada(original)
    certificate = tmp_path / "certificate.json"
    certificate.write_text(
        json.dumps({"workspace_id": "default", "tombstone": person.tombstone, "mode": "delete", "removed": {}})
    )
    assert restore_backup(empty.settings, backup, read_erased([certificate])) == 1
    try:
        assert person.user_key not in {row["user_key"] for row in empty.rows("dim_users")}
    except WarehouseError as error:
        assert "nothing has been published yet" in str(error)
    empty.run(landing)
    assert len(empty.rows("dim_users")) == 2
    assert empty.fetch(f"select count(*) from raw.events where user_key = '{person.user_key}'") == [(0,)]
    (completed,) = empty.fetch("select user_key, completed_at is not null from ops.erasures")
    assert completed == (None, True), "the run searched every table and wrote the storage anew"
    later = tmp_path / "tuesday"
    make_backup(empty.settings, later)
    assert read_erased([later / "erasures.json"]) == [Erased("default", person.tombstone, "delete")]


def test_backup_holds_neither_the_key_nor_anything_for_others_to_read(original, backup):
    for path in (backup, *backup.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    secret = original.settings.secret_key.get_secret_value().encode()
    assert not any(secret in path.read_bytes() for path in backup.iterdir())
    assert not list(backup.glob("*.salt"))
    with pytest.raises(BackupError, match="exists"):
        make_backup(original.settings, backup)


def test_damaged_or_foreign_backup_and_another_key_leave_the_place_empty(original, backup, empty, tmp_path):
    target = empty.settings.target
    other_key = empty.settings.model_copy(update={"secret_key": type(empty.settings.secret_key)("quite another " * 3)})
    with pytest.raises(SettingsError, match="not the key this warehouse was built with"):
        restore_backup(other_key, backup, [])
    description = json.loads((backup / "backup.json").read_text())
    for name, change, words in (
        ("foreign", {"engine": "postgres" if target == "duckdb" else "duckdb"}, "is a backup of"),
        ("damaged", {"files": description["files"] | {"erasures.json": "0" * 64}}, "not as it was written"),
        ("short", {"files": description["files"] | {"more.dump": "0" * 64}}, "is missing"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        for path in backup.iterdir():
            (folder / path.name).symlink_to(path)
        (folder / "backup.json").unlink()
        (folder / "backup.json").write_text(json.dumps(description | change))
        with pytest.raises(BackupError, match=words):
            restore_backup(empty.settings, folder, [])
    with pytest.raises(BackupError, match="is no backup"):
        restore_backup(empty.settings, tmp_path, [])
    with pytest.raises(BackupError, match="nor a certificate"):
        read_erased([backup / "backup.json"])
    assert not open_warehouse(empty.settings).holds_loads()
