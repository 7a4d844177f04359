"""What publications say that they changed is what the oracle's tables before and after them differ in."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests import oracle
from tests.pipeline import Pipeline
from tests.property.arrivals import landed
from tests.property.comparison import oracle_settings
from tests.property.replay import Replay, batch_of
from tests.property.restatements import Readers, in_order, published_restatements


@pytest.mark.parametrize(
    ("engine", "histories", "loads", "trouble", "session_key"),
    [
        ("duckdb", 20, 3, (), "client"),
    ],
)
def test_restatements_are_the_differences_that_readers_saw(
    engine: str,
    histories: int,
    loads: int,
    trouble: tuple,
    session_key: str,
    make_pipeline: Callable[..., Pipeline],
    tmp_path: Path,
) -> None:
    pipeline = make_pipeline(engine, session_key=session_key)
    batch = batch_of(histories, loads, trouble, last_day=date(2024, 3, 31), random_seed=4)
    replay, readers, publications = Replay(pipeline, pipeline, tmp_path, batch), Readers(), 0
    # Readers are told of rows that arrive, not of those that a late denial takes away: here everything counts.
    pipeline.settings = pipeline.settings.model_copy(update={"consent_policy": "none"})
    for number, load in enumerate(batch.plan):
        replay.run(number)
        settings = oracle_settings(pipeline, [replay.landing], load.clock, load.as_of)
        files = sorted((replay.landing / "events").glob(f"load-{number}-*.ndjson"))
        lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
        readers.load(map(json.loads, lines), settings)
        if load.audit_fails:
            continue
        publications += 1
        landing = landed(batch.arrivals, number + 1)
        expected = readers.read(publications, oracle.published(landing, settings), landing, settings)
        assert in_order(published_restatements(pipeline, publications)) == in_order(expected), f"load {number}: {load}"
    before = history(pipeline)
    pipeline.run(replay.landing, clock=batch.plan[-1].clock, full_refresh=True)
    assert history(pipeline) == before, "a full refresh over the same rows restated something"


def history(pipeline: Pipeline) -> dict[str, list[dict]]:
    return {mart.name: pipeline.rows(mart.name, mart.key) for mart in pipeline.history_marts()}
