"""What a backfill writes down: whose history is rebuilt, from when to when."""

from datetime import UTC, date, datetime

import pytest

from orchestration.rebuild import Scope, ScopeError, UserTable, check_scope, note_rebuild
from warehouse.duckdb import DuckDBWarehouse

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
TABLES = [UserTable("intermediate.int_sessions", "started_at"), UserTable("intermediate.int_user_days", None)]


@pytest.fixture
def warehouse(tmp_path):
    """Workspace tokyo nine hours ahead of UTC, workspace plain at UTC, and tables that a build left empty."""
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.prepare()
    with warehouse.transaction() as tx:
        tx.execute("insert into raw.workspace_time_zones values ('tokyo', 'Asia/Tokyo')")
        tx.execute("create schema intermediate")
        columns = "workspace_id text, user_key text"
        tx.execute(f"create table intermediate.int_sessions ({columns}, started_at timestamp)")
        tx.execute(f"create table intermediate.int_user_days ({columns}, activity_date date)")
    return warehouse


def event(tx, workspace_id: str, user_key: str, at: str) -> None:
    tx.execute(
        "insert into raw.events (workspace_id, user_key, created_at) values ($1, $2, $3)",
        (workspace_id, user_key, datetime.fromisoformat(at)),
    )


def noted(tx, scope: Scope) -> list[tuple[str, str, str, str]]:
    """The stretches that a backfill of the scope adds."""
    tx.execute("delete from raw.pending")
    count = note_rebuild(tx, scope, TABLES, NOON, 30)
    rows = tx.fetch(
        "select workspace_id, user_key, cast(touched_at as text), cast(touched_until as text)"
        " from raw.pending where kind = 'range' order by 1, 2"
    )
    assert count == len(rows)
    return rows


def test_days_are_local_to_each_workspace(warehouse):
    with warehouse.transaction() as tx:
        for workspace in ("plain", "tokyo"):
            for at in ("2026-03-01 14:59:59.999", "2026-03-01 15:00", "2026-03-02 14:59:59.999", "2026-03-02 15:00"):
                event(tx, workspace, f"{workspace} {at}", at)
        assert [user for _, user, _, _ in noted(tx, Scope(date(2026, 3, 2), date(2026, 3, 2)))] == [
            "plain 2026-03-02 14:59:59.999",
            "plain 2026-03-02 15:00",
            "tokyo 2026-03-01 15:00",
            "tokyo 2026-03-02 14:59:59.999",
        ]


def test_sessions_that_reach_over_the_edges_are_rebuilt_whole(warehouse):
    with warehouse.transaction() as tx:
        for at in ("2026-03-01 23:00", "2026-03-01 23:30", "2026-03-02 00:00", "2026-03-02 12:00", "2026-03-02 23:59"):
            event(tx, "plain", "ana", at)
        for at in ("2026-03-03 00:29", "2026-03-03 00:59", "2026-03-03 01:29:00.001"):
            event(tx, "plain", "ana", at)
        assert noted(tx, Scope(date(2026, 3, 2), date(2026, 3, 2))) == [
            ("plain", "ana", "2026-03-01 23:00:00", "2026-03-03 00:59:00")
        ]


def test_users_of_wrong_rows_are_rebuilt_though_they_have_no_event(warehouse):
    with warehouse.transaction() as tx:
        for user, at in (("before", "2026-03-01 23:59:59"), ("inside", "2026-03-02 10:00"), ("after", "2026-03-03")):
            tx.execute(
                "insert into intermediate.int_sessions values ('plain', $1, $2)", (user, datetime.fromisoformat(at))
            )
            day = datetime.fromisoformat(at).date()
            tx.execute("insert into intermediate.int_user_days values ('tokyo', $1, $2)", (user, day))
        assert noted(tx, Scope(date(2026, 3, 2), date(2026, 3, 2))) == [
            ("plain", "inside", "2026-03-02 10:00:00", "2026-03-02 10:00:00"),
            ("tokyo", "inside", "2026-03-02 00:00:00", "2026-03-02 00:00:00"),
        ]


@pytest.mark.parametrize(
    ("scope", "users"),
    [
        (Scope(workspace_id="tokyo"), ["t1", "t2"]),
        (Scope(workspace_id="plain"), ["p1", "p2"]),
        (Scope(first_day=date(2026, 3, 2)), ["p2", "t2"]),
        (Scope(last_day=date(2026, 3, 2)), ["p1", "t1"]),
        (Scope(date(2026, 3, 2), None, "tokyo"), ["t2"]),
        (Scope(date.min, date.max), ["p1", "p2", "t1", "t2"]),
        (Scope(date(2027, 1, 1)), []),
    ],
)
def test_days_and_workspace_may_be_left_open(warehouse, scope, users):
    with warehouse.transaction() as tx:
        for workspace in ("plain", "tokyo"):
            event(tx, workspace, f"{workspace[0]}1", "1990-01-01 00:00")
            event(tx, workspace, f"{workspace[0]}2", "2026-05-11 12:00")
        assert sorted(user for _, user, _, _ in noted(tx, scope)) == users


def test_no_days_and_unknown_workspaces_are_refused(warehouse):
    with pytest.raises(ScopeError, match="the first is the later one"):
        Scope(date(2026, 3, 2), date(2026, 3, 1))
    with warehouse.transaction() as tx:
        event(tx, "plain", "ana", "2026-03-02 10:00")
        check_scope(tx, Scope(workspace_id="plain"))
        check_scope(tx, Scope(date(2026, 3, 2)))
        with pytest.raises(ScopeError, match="no workspace 'nobody'"):
            check_scope(tx, Scope(workspace_id="nobody"))
