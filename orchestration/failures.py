"""What a failed build has to say: which dbt nodes failed, and rows that break a check."""

import json
from dataclasses import dataclass, field

from orchestration.history import Check
from orchestration.settings import Settings
from warehouse.open import open_warehouse

ROWS_SHOWN = 5


@dataclass
class FailedCheck:
    """A check that did not pass.

    Attributes:
        name: as in the Dagster UI.
        rows: up to five rows that break it, as text; empty when the check could not even run.
    """

    name: str
    rows: list[str] = field(default_factory=list)


def failed_dbt_nodes(settings: Settings) -> list[FailedCheck]:
    """The tests and models that failed in the last dbt build, with rows for the tests."""
    return [FailedCheck(_short_name(result["unique_id"]), _rows(settings, result)) for result in _failed(settings)]


def failed_dbt_checks(settings: Settings) -> list[Check]:
    """The same for the history of runs: how many rows break a test, not which; the database's words on a model may
    quote rows, so they stay on the screen."""
    return [
        Check(
            _short_name(result["unique_id"]),
            passed=False,
            detail=f"{result['failures']} rows" if result.get("failures") else result["status"],
        )
        for result in _failed(settings)
    ]


def _failed(settings: Settings) -> list[dict]:
    results_file = settings.dbt_target_path / "run_results.json"
    if not results_file.exists():
        return []
    return [
        result for result in json.loads(results_file.read_bytes())["results"] if result["status"] in ("fail", "error")
    ]


def _short_name(unique_id: str) -> str:
    kind, _, name, *_ = unique_id.split(".")
    return f"{kind} {name}"


def _rows(settings: Settings, result: dict) -> list[str]:
    if not result["unique_id"].startswith("test.") or result["status"] != "fail":
        return [result["message"] or ""]
    with open_warehouse(settings).transaction() as tx:
        rows = tx.fetch(f"select * from ({result['compiled_code']}) as violations limit {ROWS_SHOWN}")
    return [", ".join(str(value) for value in row) for row in rows]
