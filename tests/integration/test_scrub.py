"""Bytes of deleted rows leave the storage; where a reader keeps them, the words for the certificate say so."""

from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

import warehouse.postgres
from tests.integration.conftest import ENGINES
from tests.pipeline import Pipeline
from warehouse.base import Warehouse
from warehouse.open import open_warehouse

KEY = "feedface" * 4
NEIGHBOUR = "0badcafe" * 4


def filled(pipeline: Pipeline) -> Warehouse:
    """Rows of two users, one of whom is deleted."""
    opened = open_warehouse(pipeline.settings)
    opened.prepare()
    for number in range(200):
        with opened.transaction() as tx:
            for user_key in (KEY, NEIGHBOUR):
                tx.execute("insert into raw.users (load_id, user_key) values ($1, $2)", (number, user_key))
            if number < 199:
                continue
            tx.execute("delete from raw.users where user_key = $1", (KEY,))
    return opened


def storage_holds(pipeline: Pipeline, text: str) -> bool:
    if pipeline.settings.target == "duckdb":
        return any(text.encode() in path.read_bytes() for path in pipeline.settings.home.rglob("*") if path.is_file())
    connection = psycopg2.connect(pipeline.settings.postgres_dsn.get_secret_value())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")
            cursor.execute("select current_setting('data_directory'), pg_relation_filepath('raw.users')")
            return text.encode() in Path(*cursor.fetchone()).read_bytes()
    finally:
        connection.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_deleted_rows_leave_no_bytes(make_pipeline: Callable[..., Pipeline], engine: str) -> None:
    pipeline = make_pipeline(engine)
    (pipeline.settings.home / "published").mkdir()
    opened = filled(pipeline)
    assert storage_holds(pipeline, KEY)
    assert "written anew" in opened.scrub()[0]
    assert not storage_holds(pipeline, KEY)
    assert storage_holds(pipeline, NEIGHBOUR)
    with opened.transaction() as tx:
        assert tx.fetch("select count(*) from raw.users") == [(200,)]


def test_session_that_still_sees_deleted_rows_is_told_of(
    make_pipeline: Callable[..., Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_pipeline("postgres")
    monkeypatch.setattr(warehouse.postgres, "LOCK_ATTEMPTS", 1)
    opened = open_warehouse(pipeline.settings)
    opened.prepare()
    reader = psycopg2.connect(pipeline.settings.postgres_dsn.get_secret_value())
    try:
        reader.set_session(isolation_level="REPEATABLE READ")
        reader.cursor().execute("select 1 from raw.loads")
        filled(pipeline)
        words = " ".join(opened.scrub())
        assert "still sees" in words
        assert "raw.loads: held by a reader" not in words  # it names no person and is not written anew
    finally:
        reader.close()
    assert "still sees" not in " ".join(opened.scrub())
    assert not storage_holds(pipeline, KEY)
