"""The same model gives the same rows on every engine."""

from collections.abc import Callable

import pytest

from tests.pipeline import Pipeline
from tests.property.comparison import compare_rows, summary


@pytest.mark.parametrize("workload", ["demo_warehouse", "real_warehouse"])
def test_every_table_holds_the_same_rows_on_both_engines(workload: str, request: pytest.FixtureRequest) -> None:
    warehouse: Callable[[str], Pipeline] = request.getfixturevalue(workload)
    duckdb, postgres = warehouse("duckdb"), warehouse("postgres")
    on_duckdb, on_postgres = duckdb.tables(), postgres.tables()
    assert on_duckdb.keys() == on_postgres.keys()
    empty = {name for name, rows in on_duckdb.items() if not rows}
    assert not empty or workload != "demo_warehouse", f"tables without rows would agree with anything: {empty}"
    found = [
        difference
        for mart in duckdb.marts()
        for difference in compare_rows(mart, on_duckdb[mart.name], on_postgres[mart.name])
    ]
    found += [
        difference
        for mart in duckdb.safe_marts()
        for difference in compare_rows(mart, *(one.rows(mart.published, mart.key) for one in (duckdb, postgres)))
    ]
    assert not found, f"DuckDB (published) against Postgres (expected): {summary(found)}"
