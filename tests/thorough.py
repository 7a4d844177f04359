"""What only `make test-all` runs, since it takes minutes; `make test` runs the most telling case of each kind."""

import os

import pytest

IS_THOROUGH = "FOOTFALL_TEST_ALL" in os.environ
thorough = pytest.mark.skipif(not IS_THOROUGH, reason="takes minutes: `make test-all` runs it")
DUCKDB_OR_BOTH = ("duckdb", pytest.param("postgres", marks=thorough))
