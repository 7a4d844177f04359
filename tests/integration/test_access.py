"""Roles on Postgres: what each may read and write, tried with connections of their own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

import psycopg2
import pytest
from click.testing import CliRunner
from psycopg2.errors import InsufficientPrivilege

from orchestration.cli import main
from warehouse.access import AccessError, Reader
from warehouse.base import SAFE_SCHEMA, Mart
from warehouse.postgres import PostgresWarehouse

PREFIX = "access_test_"
PASSWORD = "not 'a' \\secret"
MARTS = [Mart("rpt_visits", ("workspace_id", "page")), Mart("rpt_visits", ("workspace_id", "page"), schema=SAFE_SCHEMA)]
LOGINS = (
    Reader("access_loader", group="footfall_loader", password=PASSWORD),
    Reader("access_builder", group="footfall_builder", password=PASSWORD),
    Reader("access_analyst", group="marts_reader", password=PASSWORD),
    Reader("access_dashboard", group="bi_reader", password=PASSWORD),
    Reader("access_acme", workspace_id="acme", schema="marts", password=PASSWORD),
    Reader("access_o'brien", workspace_id="o'brien", schema="marts_safe", password=PASSWORD),
)
READERS = ("access_analyst", "access_dashboard", "access_acme", "access_o'brien")
ROWS = [("acme", "/", 7), ("acme", "/me", 2), ("o'brien", "/", 9), ("zeta", "/", 8)]


@pytest.fixture(scope="module")
def dsn(postgres_server) -> str:
    return postgres_server.new_database()


@pytest.fixture(scope="module")
def warehouse(dsn) -> PostgresWarehouse:
    """One mart and its safe twin, published, and everyone of LOGINS."""
    opened = PostgresWarehouse(dsn, PREFIX)
    opened.prepare()
    with opened.transaction() as tx:
        tx.execute("create schema intermediate")
        tx.execute("create table intermediate.int_as_of_dates (newest_event_at timestamp)")
        tx.execute("insert into intermediate.int_as_of_dates values ($1)", (datetime(2024, 5, 1),))
        tx.execute("create table raw.secrets as select 'who' as user_key")
        for schema in ("candidate", "candidate_safe"):
            tx.execute(f"create schema {schema}")
            write_candidate(tx, f"{schema}.rpt_visits")
        tx.execute("delete from candidate_safe.rpt_visits where users < 5")
    publish(opened)
    for _ in range(2):
        opened.set_up_access()
    for login in LOGINS:
        opened.set_up_access(login)
    return opened


def write_candidate(tx, table: str) -> None:
    tx.execute(f"create table {table} (workspace_id text, page text, users bigint)")
    for row in ROWS:
        tx.execute(f"insert into {table} values ($1, $2, $3)", row)


def publish(warehouse: PostgresWarehouse, marts=MARTS) -> dict[str, int]:
    with warehouse.lock(0):
        return warehouse.publish(marts, "run", "fingerprint", None).changed_rows


@pytest.fixture
def connect(warehouse, dsn) -> Iterator[Callable[[str], psycopg2.extensions.cursor]]:
    """connect(role): a cursor of a session of that role, closed after the test."""
    connections = []

    def connected(role: str) -> psycopg2.extensions.cursor:
        connection = psycopg2.connect(dsn, user=role, password=PASSWORD)
        connection.autocommit = True
        connections.append(connection)
        return connection.cursor()

    yield connected
    for connection in connections:
        connection.close()


def rows(cursor, sql: str) -> list[tuple]:
    cursor.execute(sql)
    return cursor.fetchall()


def refused(cursor, sql: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("access_analyst", ROWS),
        ("access_dashboard", [row for row in ROWS if row[2] >= 5]),
        ("access_acme", [row for row in ROWS if row[0] == "acme"]),
        ("access_o'brien", [row for row in ROWS if row[0] == "o'brien"]),
    ],
)
def test_reader_sees_its_rows_by_the_plain_name_of_the_table(connect, role, allowed):
    assert sorted(rows(connect(role), "select * from rpt_visits")) == allowed


@pytest.mark.parametrize(
    ("role", "other"),
    [
        ("access_analyst", "marts_safe"),
        ("access_dashboard", "marts"),
        ("access_acme", "marts_safe"),
        ("access_o'brien", "marts"),
    ],
)
def test_reader_sees_no_other_schema(connect, role, other):
    cursor = connect(role)
    refused(cursor, f"select * from {other}.rpt_visits")
    refused(cursor, "select * from raw.secrets")
    refused(cursor, "select * from intermediate.int_as_of_dates")
    refused(cursor, "select * from candidate.rpt_visits")
    refused(cursor, "select * from ops.publications")
    refused(cursor, "select * from ops.reader_workspaces")
    refused(cursor, "select ops.readable_workspaces('access_acme')")


@pytest.mark.parametrize("role", READERS)
def test_reader_writes_nothing(connect, role):
    cursor = connect(role)
    refused(cursor, "insert into rpt_visits values ('acme', '/new', 1)")
    refused(cursor, "update rpt_visits set users = 0")
    refused(cursor, "delete from rpt_visits")
    refused(cursor, "truncate rpt_visits")
    refused(cursor, "create table rpt_more (a int)")
    refused(cursor, "create table public.more (a int)")
    refused(cursor, "create temporary table more (a int)")
    refused(cursor, "create schema more")
    refused(cursor, "alter table rpt_visits disable row level security")
    refused(cursor, "drop policy own_workspace on rpt_visits")
    refused(cursor, f"set role {PREFIX}footfall_builder")


@pytest.mark.parametrize("role", READERS)
def test_statistics_of_the_planner_show_no_value(connect, warehouse, role):
    with warehouse.transaction() as tx:
        tx.execute("analyze marts.rpt_visits")
        tx.execute("analyze marts_safe.rpt_visits")
        assert tx.fetch("select count(*) > 0 from pg_stats where tablename = 'rpt_visits'") == [(True,)]
    cursor = connect(role)
    shown = rows(cursor, "select schemaname from pg_stats where schemaname like 'marts%' or schemaname = 'raw'")
    # A reader of one schema as a whole is bound by a policy too, so the server shows it none either.
    assert shown == []


def test_other_workspace_is_not_seen_through_a_function_or_an_error(connect):
    cursor = connect("access_acme")
    cursor.execute(
        "prepare all_rows as select count(*) from rpt_visits where workspace_id <> 'acme' or users / (users - 9) > 0"
    )
    assert rows(cursor, "execute all_rows") == [(0,)]
    cursor.execute("set search_path to marts, pg_temp")
    assert rows(cursor, "select distinct workspace_id from rpt_visits") == [("acme",)]


def test_loader_writes_raw_and_reads_nothing_else(connect):
    cursor = connect("access_loader")
    cursor.execute("insert into raw.secrets values ('someone')")
    cursor.execute("delete from raw.secrets where user_key = 'someone'")
    assert rows(cursor, "select * from raw.secrets") == [("who",)]
    refused(cursor, "select * from marts.rpt_visits")
    refused(cursor, "select * from marts_safe.rpt_visits")
    refused(cursor, "select * from intermediate.int_as_of_dates")
    refused(cursor, "create table raw.more (a int)")


def test_builder_reads_raw_replaces_what_is_built_and_publishes(connect, warehouse, dsn):
    cursor = connect("access_builder")
    assert rows(cursor, "select * from raw.secrets") == [("who",)]
    refused(cursor, "insert into raw.secrets values ('someone')")
    cursor.execute("alter table candidate.rpt_visits rename to rpt_visits_old")
    cursor.execute("create table candidate.rpt_visits as select * from candidate.rpt_visits_old where page = '/'")
    cursor.execute("drop table candidate.rpt_visits_old")
    cursor.execute("create table candidate.rpt_more as select * from candidate.rpt_visits")
    login = f"access_builder:{quote(PASSWORD)}@{dsn.rpartition('@')[2]}"
    builder = PostgresWarehouse(f"postgresql://{login}", PREFIX)
    changed = publish(builder, [*MARTS, Mart("rpt_more", ("workspace_id", "page"))])
    assert changed == {"marts.rpt_visits": 1, "marts_safe.rpt_visits": 0, "marts.rpt_more": 3}
    assert sorted(rows(connect("access_analyst"), "select workspace_id from rpt_visits")) == [
        ("acme",),
        ("o'brien",),
        ("zeta",),
    ]
    # A mart that is new is guarded by the publication that brings it.
    assert rows(connect("access_acme"), "select workspace_id from rpt_more") == [("acme",)]
    refused(connect("access_dashboard"), "select * from marts.rpt_more")


def test_builder_publishes_what_only_the_owner_may_describe_and_index(warehouse, dsn):
    """After an upgrade the owner's next run brings them."""
    login = f"access_builder:{quote(PASSWORD)}@{dsn.rpartition('@')[2]}"
    described = [replace(MARTS[0], description="Visits.", indexes=(("users",),))]
    comment = "select obj_description(cast('marts.rpt_visits' as regclass)), to_regclass('marts.rpt_visits_users')"
    publish(PostgresWarehouse(f"postgresql://{login}", PREFIX), described)
    assert warehouse.read(comment).rows == [(None, None)]
    publish(warehouse, described)
    assert warehouse.read(comment).rows == [("Visits.", "rpt_visits_users")]


def test_changed_workspace_replaces_the_one_before(connect, warehouse):
    moved = Reader("access_moved", workspace_id="acme", schema="marts", password=PASSWORD)
    warehouse.set_up_access(moved)
    warehouse.set_up_access(Reader("access_moved", workspace_id="zeta", schema="marts_safe"))
    cursor = connect("access_moved")
    assert rows(cursor, "select workspace_id from rpt_visits") == [("zeta",)]
    refused(cursor, "select * from marts.rpt_visits")
    warehouse.set_up_access(Reader("access_moved", group="bi_reader"))
    assert len(rows(connect("access_moved"), "select * from rpt_visits")) == 3


def test_superuser_or_group_is_never_made_a_reader(warehouse, dsn):
    superuser = psycopg2.extensions.parse_dsn(dsn)["user"]
    for name in (superuser, f"{PREFIX}marts_reader"):
        with pytest.raises(AccessError, match=name):
            warehouse.set_up_access(Reader(name, workspace_id="acme"))


def test_command_makes_a_login_whose_password_is_nowhere_to_be_seen(warehouse, dsn, tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTFALL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOOTFALL_TARGET", "postgres")
    monkeypatch.setenv("FOOTFALL_POSTGRES_DSN", dsn)
    monkeypatch.setenv("FOOTFALL_ROLE_PREFIX", PREFIX)
    monkeypatch.setenv("BI_PASSWORD", "a password of the tests")
    arguments = ["access", "--role", "access_metabase", "--group", "bi_reader", "--password-env", "BI_PASSWORD"]
    answer = CliRunner().invoke(main, arguments)
    assert (answer.exit_code, "access_metabase is ready" in answer.output) == (0, True), answer.output
    assert "a password of the tests" not in answer.output
    assert "a password of the tests" not in repr(Reader("r", password="a password of the tests"))
    with closing(psycopg2.connect(dsn, user="access_metabase", password="a password of the tests")) as connection:
        assert len(rows(connection.cursor(), "select * from rpt_visits")) == 3
    with warehouse.transaction() as tx:
        kept = tx.fetch("select rolpassword from pg_authid where rolname = 'access_metabase'")[0][0]
    assert kept.startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workspace", "acme"], "--role is missing"),
        (["--role", "r"], "either a --workspace or a --group"),
        (["--role", "r", "--workspace", "acme", "--group", "bi_reader"], "either a --workspace or a --group"),
        (["--role", "r", "--workspace", "acme", "--password-env", "UNSET_VARIABLE"], "UNSET_VARIABLE"),
        (["--target", "duckdb"], "Postgres"),
    ],
)
def test_wrong_usage_is_said_and_nothing_is_done(arguments, words, tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTFALL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOOTFALL_TARGET", "postgres")
    monkeypatch.delenv("UNSET_VARIABLE", raising=False)
    answer = CliRunner().invoke(main, ["access", *arguments])
    assert (answer.exit_code, words in answer.output) == (2, True), answer.output
    assert not (tmp_path / "home").exists()
