"""One Postgres server a session, and pipelines in homes of their own."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import hypothesis
import psycopg2
import pytest

from orchestration.project import ensure_manifest
from orchestration.settings import Settings
from tests.pipeline import Pipeline
from warehouse.embedded_postgres import EmbeddedPostgres

# How long an example takes says something of the machine, which other tests share, and nothing of the code.
hypothesis.settings.register_profile("footfall", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("footfall")

# Files that take minutes, the longest first: they start first, so that no worker is left with one at the end.
SLOW = (
    "test_replay",
    "test_oracle",
    "test_readme",
    "test_disturbed_runs",
    "test_erasure",
    "test_canary",
    "test_killed_runs",
    "test_retention",
    "test_erasure_beside_a_run",
    "test_gated_run",
    "test_dashboard",
    "test_bench",
    "test_readers",
    "test_cli",
    "test_hostile_run",
    "test_real_run",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Within a file, and of files that are not slow, the order stays."""
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))


class PostgresServer:
    """A running server that hands out empty databases. `dsn` names the superuser's own database."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._numbers = count(1)

    def new_database(self) -> str:
        """The DSN of a database that nobody else uses."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"create database {name}")
        return f"{self.dsn.rpartition('/')[0]}/{name}"

    def wait_for_no_disk(self) -> None:
        """Do without what saves data when a machine loses its power: it takes a second of each build."""
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._execute(f"alter system set {setting} = off")
        self._execute("select pg_reload_conf()")

    def _execute(self, sql: str, *parameters: str) -> int | None:
        connection = psycopg2.connect(self.dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchone()[0] if cursor.description else None
        finally:
            connection.close()


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_the_shell() -> Iterator[None]:
    """Tests say what they set: a developer's own FOOTFALL_… variables must not reach them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("FOOTFALL_") and not name.startswith("FOOTFALL_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not pytest's temporary folder, which only its owner may enter: as root the server runs as another user.
    home = Path(tempfile.mkdtemp(prefix="footfall-test-postgres-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home)
    try:
        started = PostgresServer(server.start())
        started.wait_for_no_disk()
        yield started
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def parsed_projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """parsed_projects(target): a folder with the parsed project; parsing takes longer than most builds."""

    @cache
    def parsed(target: str) -> Path:
        return ensure_manifest(Settings(home=tmp_path_factory.mktemp("parsed"), target=target)).parent

    return parsed


@pytest.fixture(scope="session")
def parsed_project(parsed_projects: Callable[[str], Path]) -> Path:
    """The folder with the project as it is parsed for DuckDB."""
    return parsed_projects("duckdb")


@pytest.fixture(scope="session")
def make_pipeline(
    tmp_path_factory: pytest.TempPathFactory,
    parsed_projects: Callable[[str], Path],
    request: pytest.FixtureRequest,
) -> Callable[..., Pipeline]:
    """make_pipeline(target="duckdb", **settings): an empty warehouse in a home of its own."""

    def make(target: str = "duckdb", **settings) -> Pipeline:
        if target == "postgres" and "postgres_dsn" not in settings:
            settings["postgres_dsn"] = request.getfixturevalue("postgres_server").new_database()
        home = tmp_path_factory.mktemp(f"home-{target}-")
        return Pipeline(home, target, parsed_project=parsed_projects(target), **settings)

    return make
