"""What a publication changed is said once, by the run that published it, and as docs/metrics/restatements.md has it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.restatements import restatement_lines
from orchestration.settings import PROJECT_ROOT
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse

PAGE = (PROJECT_ROOT / "docs" / "metrics" / "restatements.md").read_text(encoding="utf-8")
CLOCKS = (datetime(2026, 1, 8, 6, tzinfo=UTC), datetime(2026, 1, 9, 6, tzinfo=UTC))


def tables_under(caption: str) -> list[list[dict[str, str]]]:
    """The tables of the page that follow a line with these words at once."""
    found = []
    for header, body in re.findall(rf"^.*{caption}.*\n\n(\|.*\|)\n\|[-|]+\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE):
        names, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in [header, *body.splitlines()])
        found.append([dict(zip(names, row, strict=True)) for row in rows])
    return found


def land(folder: Path, number: int, rows: list[dict]) -> None:
    (folder / "events").mkdir(exist_ok=True)
    (folder / "events" / f"{number}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))


def history(pipeline: Pipeline) -> dict[str, list[dict]]:
    return {mart.name: pipeline.rows(mart.name, mart.key) for mart in pipeline.history_marts()}


def as_shown(value: object) -> str:
    return "null" if value is None else str(value)


@pytest.fixture
def example() -> list[list[dict[str, str]]]:
    """The events of the page's two loads."""
    loads = tables_under("`events/`")
    assert [len(rows) for rows in loads] == [4, 4]
    return loads


def test_worked_example(make_pipeline: Callable[..., Pipeline], tmp_path: Path, example: list[list[dict]]) -> None:
    pipeline = make_pipeline()
    land(tmp_path, 1, example[0])
    pipeline.run(tmp_path, clock=CLOCKS[0])
    first = history(pipeline)
    assert first["fct_restatements"] == []
    assert restatement_lines(open_warehouse(pipeline.settings), 1) == []

    land(tmp_path, 2, example[1])
    pipeline.interrupted_run(tmp_path, built=(), clock=CLOCKS[1])
    assert history(pipeline) == first
    pipeline.run(tmp_path, clock=CLOCKS[1], data_tests=True)
    second = history(pipeline)
    for name, rows in second.items():
        assert [row for row in rows if row["publication_id"] == 1] == first[name]
        (shown,) = tables_under(f"`{name}` of publication 2")
        added = [row for row in rows if row["publication_id"] == 2]
        found = [{column: as_shown(row[column]) for column in shown[0]} for row in added]
        assert found == shown, name
        assert {(row["workspace_id"], row["run_at"].replace(tzinfo=UTC)) for row in added} == {("default", CLOCKS[1])}
    lines = restatement_lines(open_warehouse(pipeline.settings), 2)
    assert "\n".join(["```", *lines, "```"]) in PAGE

    pipeline.run(tmp_path, clock=CLOCKS[1], full_refresh=True)
    assert history(pipeline) == second
