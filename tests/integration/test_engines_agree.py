"""The same model gives the same rows on every engine, and the same words about them."""

import re
from collections.abc import Callable

import pytest

from orchestration.project import ensure_manifest, published_marts
from orchestration.settings import PROJECT_ROOT
from tests.pipeline import Pipeline
from tests.property.comparison import compare_rows, summary
from warehouse.open import open_warehouse


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


PAGE_WITH_EXAMPLES = PROJECT_ROOT / "docs" / "bi.md"
# Schema, table, column (null: the table itself), comment (null: none).
COMMENTS = {
    "duckdb": """
        select schema_name, table_name, column_name, comment from duckdb_columns() where schema_name like 'marts%'
        union all
        select schema_name, table_name, null, comment from duckdb_tables() where schema_name like 'marts%'
    """,
    "postgres": """
        select table_schema, table_name, column_name,
            col_description(cast(table_schema || '.' || table_name as regclass), ordinal_position)
        from information_schema.columns
        where table_schema like 'marts%'
        union all
        select table_schema, table_name, null, obj_description(cast(table_schema || '.' || table_name as regclass))
        from information_schema.tables
        where table_schema like 'marts%'
    """,
}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_every_published_table_and_column_has_the_words_of_its_yml(
    engine: str, demo_warehouse: Callable[[str], Pipeline]
) -> None:
    pipeline = demo_warehouse(engine)
    found = {row[:3]: row[3] for row in open_warehouse(pipeline.settings).read(COMMENTS[engine]).rows}
    marts = published_marts(ensure_manifest(pipeline.settings)) + pipeline.safe_marts()
    assert {name[:2] for name in found} == {(mart.schema, mart.name) for mart in marts}
    assert all(found.values()), sorted(map(str, (name for name, words in found.items() if not words)))
    for mart in marts:
        assert found[mart.schema, mart.name, None] == mart.description
        columns = {name[2]: words for name, words in found.items() if name[:2] == (mart.schema, mart.name) and name[2]}
        assert columns.items() <= mart.column_descriptions.items(), mart.published


def test_examples_for_bi_tools_answer_the_same_on_both_engines(demo_warehouse: Callable[[str], Pipeline]) -> None:
    examples = re.findall(
        r"^```sql\n(.*?)^```", PAGE_WITH_EXAMPLES.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert examples
    for sql in examples:
        duckdb, postgres = (
            open_warehouse(demo_warehouse(engine).settings).read(sql) for engine in ("duckdb", "postgres")
        )
        assert duckdb.rows, sql
        assert duckdb == postgres, sql
