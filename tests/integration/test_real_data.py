"""Real data: the figures are those that were computed apart from this project, and published ones."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests import real_data
from tests.integration.conftest import ENGINES
from tests.pipeline import Pipeline

GOOGLEBOT = """
select count(*), count(case when is_bot then 1 end)
from raw.events
where browser = 'Googlebot' and workspace_id = 'weblog'
"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def rows_of(warehouse: Pipeline, table: str, workspace_id: str) -> list[dict]:
    return [row for row in warehouse.rows(table) if row["workspace_id"] == workspace_id]


def test_weblog_counts_before_bot_flagging(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    """A visitor is an address and a user agent, so a bot's and other events of one user never mix."""
    expected = real_data.reference("weblog")
    sessions = rows_of(real_warehouse(engine), "fct_sessions", "weblog")
    assert sum(session["events"] for session in sessions) == expected["events"]
    assert len({session["user_key"] for session in sessions}) == expected["users"]
    assert len(sessions) == expected["sessions"]


def test_weblog_bots_stand_apart(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    warehouse = real_warehouse(engine)
    sessions = rows_of(warehouse, "fct_sessions", "weblog")
    of_bots = [session for session in sessions if session["is_bot"]]
    assert len(of_bots) > 300
    bots = {session["user_key"] for session in of_bots}
    people = {user["user_key"] for user in rows_of(warehouse, "dim_users", "weblog")}
    assert people == {session["user_key"] for session in sessions} - bots
    days = rows_of(warehouse, "fct_activity_daily", "weblog")
    assert sum(day["bot_events"] for day in days) == sum(session["events"] for session in of_bots)
    assert sum(day["events"] for day in days) == sum(s["events"] for s in sessions if not s["is_bot"])


def test_weblog_googlebot_is_a_bot(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    ((events, of_bots),) = real_warehouse(engine).fetch(GOOGLEBOT)
    assert events > 0
    assert of_bots == events


def test_cdnow_counts_and_revenue(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    expected = real_data.reference("cdnow")
    warehouse = real_warehouse(engine)
    sessions = rows_of(warehouse, "fct_sessions", "cdnow")
    users = rows_of(warehouse, "dim_users", "cdnow")
    assert sum(session["events"] for session in sessions) == expected["events"]
    assert len(sessions) == expected["sessions"]
    assert len(users) == expected["users"]
    assert sum(user["revenue_total"] for user in users) == Decimal(expected["revenue_total"])
    by_day = sum(day["revenue"] for day in rows_of(warehouse, "fct_user_days", "cdnow"))
    assert by_day == Decimal(expected["revenue_total"])


def test_cdnow_monthly_cohorts(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    expected = real_data.reference("cdnow")
    cells = {
        (f"{cell['cohort_start']:%Y-%m}", cell["period_number"]): cell
        for cell in rows_of(real_warehouse(engine), "fct_cohort_retention", "cdnow")
        if cell["grain"] == "month"
    }
    starts = {month for month, _ in cells}
    assert {month: cells[month, 0]["cohort_users"] for month in starts} == expected["monthly_cohorts"]
    assert {month: cells[month, 1]["retained_users"] for month in starts} == expected["month1_retained"]


def test_as_of_date_is_that_of_the_newest_human_event(real_warehouse: Callable[[str], Pipeline], engine: str) -> None:
    """Of the whole warehouse, so that the silent workspace ages with the other one."""
    workspaces = real_warehouse(engine).rows("dim_workspaces")
    assert {row["workspace_id"]: row["as_of_date"] for row in workspaces} == {
        "cdnow": date(2015, 5, 20),
        "weblog": date(2015, 5, 20),
    }
