"""Warehouses that several tests look at: the real data and the demo, on each engine. Nobody writes to them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree

import pytest

from ingest.demo import write_demo
from tests import real_data
from tests.pipeline import Pipeline

ENGINES = ("duckdb", "postgres")
DEMO_LAST_DAY = date(2026, 1, 31)
DEMO_CLOCK = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def real_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both real data sets as one landing folder."""
    folder = tmp_path_factory.mktemp("real-landing")
    for name in ("weblog", "cdnow"):
        copytree(real_data.landing_of(name) / "events", folder / "events" / name)
    return folder


@pytest.fixture(scope="session")
def real_warehouse(make_pipeline: Callable[..., Pipeline], real_landing: Path) -> Callable[[str], Pipeline]:
    """real_warehouse(engine): the real data, published, the dbt data tests passed."""
    return _once_an_engine(make_pipeline, lambda pipeline: pipeline.run(real_landing, data_tests=True))


@pytest.fixture(scope="session")
def demo_warehouse(
    make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Pipeline]:
    """demo_warehouse(engine): the demo workload, published, the dbt data tests passed."""
    folder = tmp_path_factory.mktemp("demo-landing")
    write_demo(folder, DEMO_LAST_DAY)
    return _once_an_engine(make_pipeline, lambda pipeline: pipeline.run(folder, clock=DEMO_CLOCK, data_tests=True))


def _once_an_engine(
    make_pipeline: Callable[..., Pipeline], run: Callable[[Pipeline], object]
) -> Callable[[str], Pipeline]:
    made: dict[str, Pipeline] = {}

    def warehouse(engine: str) -> Pipeline:
        if engine not in made:
            pipeline = make_pipeline(engine)
            run(pipeline)
            made[engine] = pipeline
        return made[engine]

    return warehouse
