"""A document that the engine deals with alone has the canonical text that strict Python gives it: the same hash."""

import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import strict_json
from ingest.documents import FLAT_CANONICAL_SQL, is_flat_sql
from ingest.entities import EVENTS

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,8})([.][0-9]{1,6})?|-?(0|[1-9][0-9]{0,5})[.][0-9]{1,9}", fullmatch=True)
# The engine writes control characters as \u001F, Python as \u001f; stored hashes keep each to its own.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
VALUES = NUMBERS | TEXTS.map(json.dumps) | st.sampled_from(["true", "false", "null", '"null"'])
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=6).map(
    lambda members: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in members.items()) + "}"
)


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


def canonical_of_engine(engine: duckdb.DuckDBPyConnection, document: str) -> str | None:
    """None: the engine leaves the document to Python."""
    canonical = FLAT_CANONICAL_SQL.format(document="metadata")
    sql = f"select case when {is_flat_sql(EVENTS)} then {canonical} end from (select $1::varchar as metadata)"
    return engine.execute(sql, [document]).fetchone()[0]


@given(DOCUMENTS)
def test_engine_and_python_agree_on_flat_documents(engine, document):
    by_engine = canonical_of_engine(engine, document)
    assert by_engine in (None, strict_json.canonical(strict_json.parse_object(document)))


@pytest.mark.parametrize(
    "document", ['{"b":"x","a":1.50}', '{"a b":true,"a":null,"a!":-0}', '{"n":100000.123456789}', "{}"]
)
def test_engine_deals_with_ordinary_documents_alone(engine, document):
    assert canonical_of_engine(engine, document) == strict_json.canonical(strict_json.parse_object(document))


@pytest.mark.parametrize("document", ['{"a":0.00001}', '{"a":-0.000000001}'])
def test_tiny_numbers_are_left_to_python(engine, document):
    """The engine writes 0.00001 where Python, and what was hashed before, has 1e-05."""
    assert canonical_of_engine(engine, document) is None
