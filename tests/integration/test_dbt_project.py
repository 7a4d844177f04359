"""The dbt project itself: its unit tests on both engines, and what every published column has to have."""

import json
import os
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from ingest.entities import DATE, DECIMAL, TEXT, USER_COLUMNS
from orchestration.project import DBT_EXECUTABLE, PROJECT_DIR, dbt_environment, ensure_manifest
from orchestration.settings import PROJECT_ROOT
from warehouse.open import open_warehouse
from warehouse.tables import TABLES


@pytest.fixture(scope="module")
def manifest(parsed_project) -> dict:
    return json.loads((parsed_project / "manifest.json").read_bytes())


@pytest.fixture(scope="module")
def marts(manifest) -> list[dict]:
    return [node for node in manifest["nodes"].values() if "mart" in node["tags"] and node["resource_type"] == "model"]


@pytest.fixture
def landing(tmp_path) -> Path:
    """A landing folder with one event."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "one.ndjson").write_text(
        '{"event_id": "1", "user_id": "u", "event_type": "login", "created_at": "2026-01-05T09:00:00Z"}'
    )
    return tmp_path


@pytest.mark.parametrize("target", ["duckdb", "postgres"])
def test_unit_tests_pass(target, make_pipeline, landing):
    pipeline = make_pipeline(target)
    pipeline.run(landing)
    environment = {
        **os.environ,
        **dbt_environment(pipeline.settings),
        **open_warehouse(pipeline.settings).dbt_environment(),
    }
    finished = subprocess.run(
        [DBT_EXECUTABLE, "--no-use-colors", "test", "--target", target, "--select", "resource_type:unit_test"],
        cwd=PROJECT_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout
    assert int(re.search(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", finished.stdout).group(1)) >= 80


def test_builds_parse_the_project_anew_for_another_setting_alone(make_pipeline, landing):
    """dbt itself would for another home, database or --as-of too; it leaves a file where it parsed."""
    pipeline = make_pipeline()
    left_by_dbt = pipeline.settings.dbt_target_path / "partial_parse.msgpack"
    for as_of in (None, date(2026, 1, 4)):
        pipeline.run(landing, as_of=as_of)
        assert not left_by_dbt.exists()
    pipeline.settings = pipeline.settings.model_copy(update={"session_key": "client"})
    pipeline.run(landing)
    assert left_by_dbt.exists()
    nodes = json.loads(ensure_manifest(pipeline.settings).read_bytes())["nodes"]
    assert not any(node["name"] == "sessions_lie_more_than_the_timeout_apart" for node in nodes.values())


def test_every_model_says_what_a_row_is(manifest):
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            assert node["description"].startswith("One row per "), node["name"]


def test_every_published_column_has_a_type_and_a_description(marts):
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        for column in mart["columns"].values():
            assert column["data_type"] and column["description"], f"{mart['name']}.{column['name']}"


def test_every_mart_is_tested_to_be_unique_by_the_key_it_is_published_by(manifest, marts):
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "unique_by_key"
    }
    for mart in marts:
        assert mart["unique_id"] in tested, mart["name"]
        assert set(mart["config"]["meta"]["key"]) <= set(mart["columns"]), mart["name"]


def test_every_rate_stands_beside_its_parts_and_is_tested_against_them(manifest, marts):
    tested = {
        (node["attached_node"], node["column_name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "rate_of_its_parts"
    }
    rates = [(mart, name) for mart in marts for name in mart["columns"] if name.endswith("_rate")]
    assert rates
    for mart, rate in rates:
        assert {f"{rate}_numerator", f"{rate}_denominator"} <= set(mart["columns"]), f"{mart['name']}.{rate}"
        assert (mart["unique_id"], rate) in tested, f"{mart['name']}.{rate}"


def test_staging_reads_every_source_and_renames_only(manifest):
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["fqn"][1] == "staging":
            assert " join " not in node["raw_code"] and "group by" not in node["raw_code"], node["name"]


def test_sources_are_tables_that_footfall_writes(manifest):
    for source in manifest["sources"].values():
        if source["schema"] == "raw":
            assert f"raw.{source['name']}" in TABLES, source["name"]


def test_conditions_know_every_column_of_dim_users_and_its_kind(marts):
    """The loader refuses by this list what the models could not compare. Orders of labels are for BI tools only."""
    (dim_users,) = (mart for mart in marts if mart["name"] == "dim_users")
    kinds = {"text": TEXT, "date": DATE}
    columns = {
        name: kinds.get(column["data_type"], DECIMAL)
        for name, column in dim_users["columns"].items()
        if not name.endswith("_order")
    }
    assert columns == USER_COLUMNS


def test_models_know_the_columns_of_dim_users_that_the_loader_knows(manifest):
    macro = manifest["macros"]["macro.footfall.user_columns"]["macro_sql"]
    assert set(re.findall(r"'(\w+)'", macro)) - {"text", "date", "number"} == set(USER_COLUMNS)


def test_exposures_depend_on_the_marts_that_their_queries_name(manifest, marts):
    names = {mart["name"] for mart in marts}
    exposures = manifest["exposures"].values()
    assert {exposure["name"] for exposure in exposures} == {"report", "service", "dashboard", "superset"}
    for exposure in exposures:
        assert marts_named_in(exposure["config"]["meta"]["queries"], names) == {
            node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]
        }, exposure["name"]


def test_every_query_of_what_is_served_belongs_to_an_exposure(manifest, marts):
    names = {mart["name"] for mart in marts}
    listed = [path for exposure in manifest["exposures"].values() for path in exposure["config"]["meta"]["queries"]]
    assert marts_named_in(["serving"], names) == marts_named_in(listed, names)


def marts_named_in(paths: list[str], marts: set[str]) -> set[str]:
    """Names of marts that are words of these files, or of the Python and YAML files in these folders."""
    files = [
        file
        for path in map(PROJECT_ROOT.joinpath, paths)
        for file in ([path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.yaml")])
    ]
    return marts & {word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))}
