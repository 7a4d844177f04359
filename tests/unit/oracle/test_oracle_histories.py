"""What must hold of the oracle's tables whatever the history, and that a landing folder holds the rows it was given."""

import json
import random
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.oracle import Settings, published
from tests.property.histories import History, histories, write_landing
from tests.unit.oracle.landing_rows import hashed

QUICKLY = settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))


def tables_of(history: History) -> dict[str, list[dict]]:
    return published(
        history.landing,
        Settings(
            now=history.now,
            as_of=history.as_of,
            key_of=lambda workspace_id, user_id: hashed([workspace_id, user_id]),
            event_id_of=hashed,
            content_hash_of=hashed,
        ),
    )


KEYS = {
    "dim_users": ("workspace_id", "user_key"),
    "fct_sessions": ("session_id",),
    "fct_user_days": ("workspace_id", "user_key", "activity_date"),
    "fct_activity_daily": ("workspace_id", "activity_date"),
    "fct_growth_periods": ("workspace_id", "grain", "period_start"),
    "fct_growth_rolling": ("workspace_id", "window_days", "activity_date"),
    "fct_cohort_retention": ("workspace_id", "grain", "cohort_start", "period_number"),
    "rpt_activity": ("workspace_id", "segment_id", "timeframe"),
    "rpt_features": ("workspace_id", "segment_id", "timeframe", "feature_name"),
    "rpt_page_flows": ("workspace_id", "segment_id", "timeframe", "step", "from_page", "to_page"),
}


@QUICKLY
@given(histories())
def test_identities_of_every_history(history: History) -> None:
    tables = tables_of(history)
    for name, key in KEYS.items():
        counts = Counter(tuple(row[column] for column in key) for row in tables[name])
        assert not [values for values, count in counts.items() if count > 1], name
    active_before = {}
    for row in tables["fct_growth_periods"]:
        grain = row["workspace_id"], row["grain"]
        assert row["active_users"] == row["new_users"] + row["returning_users"] + row["reactivated_users"]
        assert row["churned_users"] == active_before.get(grain, 0) - row["returning_users"]
        active_before[grain] = row["active_users"]
    for row in tables["rpt_adoption_funnel"]:
        assert row["dropoff_rate_numerator"] is None or row["dropoff_rate_numerator"] >= 0
    for name in ("events", "sessions"):
        by_day = sum(row[name] for row in tables["fct_activity_daily"])
        assert by_day == sum(row[name] for row in tables["fct_user_days"])


@QUICKLY
@given(histories())
def test_order_of_rows_decides_nothing(history: History) -> None:
    before = tables_of(history)
    for rows in vars(history.landing).values():
        rows.reverse()
    after = tables_of(history)
    for name, rows in before.items():
        assert Counter(map(str, rows)) == Counter(map(str, after[name])), name


@QUICKLY
@given(history=histories())
def test_landing_folder_holds_the_rows(history: History, tmp_path_factory: object) -> None:
    folder: Path = tmp_path_factory.mktemp("landing")
    write_landing(history.landing, folder, files=3, rng=random.Random(7))
    assert (folder / "events").is_dir()
    for entity, rows in vars(history.landing).items():
        lines = [line for path in (folder / entity).glob("*.ndjson") for line in path.read_text("utf-8").splitlines()]
        assert sorted(lines) == sorted(json.dumps(row, ensure_ascii=False) for row in rows)
