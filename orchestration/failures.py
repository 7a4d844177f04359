"""What a failed run has to say: which dbt nodes failed, rows that break a check, and what was taken from the run."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestration.history import Check
from orchestration.settings import Settings
from warehouse.disk import SERVER_DISK_FULL, disk_words
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
    try:
        results = json.loads(results_file.read_bytes())["results"]
    except (FileNotFoundError, json.JSONDecodeError):  # dbt was killed before or while it wrote them
        return []
    return [result for result in results if result["status"] in ("fail", "error")]


# What libpq and Postgres say when a connection is refused or ends.
_LOST_CONNECTION = re.compile(
    r"connection to server|server closed the connection|terminating connection|connection already closed"
    r"|connection not open|is starting up|is shutting down|is in recovery mode"
)
_PARSED = "Errors parsed from dbt logs:"
_OWN_CLASS = re.compile(r"(?:ingest|orchestration|warehouse)[\w.]*: ")


def lost_in_build(settings: Settings, words: Iterable[str]) -> str | None:
    """One sentence on the server or the disk that a build lost, from the words of what failed; None: neither."""
    for text in words:
        if settings.target == "postgres" and "could not extend file" in text:
            return SERVER_DISK_FULL
        if told := disk_words(text, settings.home):
            return told
        if _LOST_CONNECTION.search(text):
            return (
                f"the connection to Postgres was lost while dbt built ({_line_with(_LOST_CONNECTION, text)}): "
                "see that the server is up and reachable, and run again"
            )
    return None


def step_words(settings: Settings, step: str, message: str) -> str:
    """What to tell a person of a step that failed. message: of the innermost error, its class in front."""
    if _PARSED in message:
        told = " ".join(message.partition(_PARSED)[2].split())
        return lost_in_build(settings, [message]) or f"dbt failed: {told} Its log is {settings.dbt_target_path}/dbt.log"
    if _OWN_CLASS.match(message):
        return _OWN_CLASS.sub("", message, count=1)
    return disk_words(message, settings.home) or f"{step}: {message}"


def _line_with(pattern: re.Pattern[str], text: str) -> str:
    return next(line.strip() for line in text.splitlines() if pattern.search(line))


def _short_name(unique_id: str) -> str:
    kind, _, name, *_ = unique_id.split(".")
    return f"{kind} {name}"


def _rows(settings: Settings, result: dict) -> list[str]:
    if not result["unique_id"].startswith("test.") or result["status"] != "fail":
        return [result["message"] or ""]
    with open_warehouse(settings).transaction() as tx:
        rows = tx.fetch(f"select * from ({result['compiled_code']}) as violations limit {ROWS_SHOWN}")
    return [", ".join(str(value) for value in row) for row in rows]
