"""Funnels: their steps become rows, and what is wrong with them is refused by place while the rest loads."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from ingest.funnels import MOST_STEPS
from orchestration.project import PROJECT_DIR

STEPS = [{"page_path": "/home", "name": "Home"}, {"event_type": "custom", "event_name": "paid*"}]
FUNNEL = {"funnel_name": "buy", "steps": STEPS, "updated_at": "2026-01-01"}
ROWS = [(1, "Home", None, None, "/home"), (2, "custom, paid*", "custom", "paid*", None)]
STORED = "select step, step_name, event_type, event_name, page_path from raw.funnel_steps order by load_id, line, step"


def test_steps_become_rows(landing):
    landing.write("funnels/f.ndjson", [FUNNEL])
    landing.load()
    assert landing.fetch(STORED) == ROWS
    assert landing.fetch("select funnel_name, workspace_id, window_hours from raw.funnels") == [("buy", None, 168)]


def test_every_format_means_the_same(landing):
    landing.write("funnels/1.ndjson", [FUNNEL | {"steps": json.dumps(STEPS), "window_hours": 24}])
    (landing.root / "funnels" / "2.csv").write_text(
        "funnel_name,steps,window_hours,updated_at\n"
        + 'buy,"'
        + json.dumps(STEPS).replace('"', '""')
        + '",24,2026-01-01\n'
    )
    table = pa.table({"funnel_name": ["buy"], "steps": [STEPS], "window_hours": [24], "updated_at": ["2026-01-01"]})
    pq.write_table(table, landing.root / "funnels" / "3.parquet")
    report = landing.load()
    assert [(file.loaded, file.duplicates) for file in report.files] == [(1, 0), (0, 1), (0, 1)]
    assert landing.fetch(STORED) == ROWS


@pytest.mark.parametrize(
    ("fields", "reason", "place"),
    [
        ({"steps": None}, "missing_field", "steps"),
        ({"steps": {"all": STEPS}}, "invalid_steps", "steps"),
        ({"steps": "[{]"}, "invalid_steps", "steps"),
        ({"steps": STEPS[:1]}, "invalid_steps", "steps"),
        ({"steps": STEPS * 6}, "invalid_steps", "steps"),
        ({"steps": [*STEPS, "paid"]}, "invalid_steps", "steps[2]"),
        ({"steps": [*STEPS, {}]}, "invalid_steps", "steps[2]"),
        ({"steps": [*STEPS, {"name": "no condition"}]}, "invalid_steps", "steps[2]"),
        ({"steps": [{"page": "/home"}, *STEPS]}, "invalid_steps", "steps[0].page"),
        ({"steps": [{"page_path": ["/home"]}, *STEPS]}, "invalid_steps", "steps[0].page_path"),
        ({"window_hours": 0}, "invalid_window", "window_hours"),
        ({"window_hours": 8761}, "invalid_window", "window_hours"),
        ({"window_hours": "a day"}, "invalid_window", "window_hours"),
        ({"window": 24}, "unknown_field", "window"),
        ({"funnel_name": ""}, "missing_field", "funnel_name"),
        ({"funnel_name": {"name": "buy"}}, "wrong_type", "funnel_name"),
    ],
)
def test_bad_funnel_is_rejected_with_its_place_and_the_rest_loads(landing, fields, reason, place):
    landing.write("funnels/f.ndjson", [FUNNEL | fields, FUNNEL | {"funnel_name": "good"}])
    landing.load()
    assert landing.fetch("select path, line, reason, field from raw.rejected") == [
        ("funnels/f.ndjson", 1, reason, place)
    ]
    assert landing.fetch("select funnel_name from raw.funnels") == [("good",)]


def test_sql_in_a_pattern_is_only_text(landing):
    sql = "'; drop table raw.funnels; --"
    landing.write(
        "funnels/f.ndjson", [FUNNEL | {"funnel_name": sql, "steps": [{"page_path": sql, "name": sql}, STEPS[1]]}]
    )
    landing.load()
    assert landing.fetch(STORED)[0] == (1, sql, None, None, sql)


def test_models_take_as_many_steps_as_the_loader():
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
    assert project["vars"]["funnel_steps"] == MOST_STEPS
