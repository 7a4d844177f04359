"""Warehouses that published once, ready to be disturbed."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import PostgresServer
from tests.faults.full_disk import FullDisk, can_mount, disk_of_its_own
from tests.faults.published import Published, rows
from tests.pipeline import Pipeline
from warehouse.embedded_postgres import EmbeddedPostgres
from warehouse.postgres import BUILD_APPLICATION

_CUT = "select count(pg_terminate_backend(pid)) from pg_stat_activity where "
_MAKES_TABLE = r"datname = %s and application_name = %s and state = 'active' and query ~* 'create\s+table'"


class DisturbedServer(PostgresServer):
    """A Postgres server that no other test uses: it is restarted and its connections are cut."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        super().__init__(server.start())
        self._server = server

    def copy_of(self, dsn: str) -> str:
        """The DSN of a copy of one of its databases, to which nobody is connected."""
        copy = self.new_database()
        names = [address.rpartition("/")[2] for address in (copy, dsn)]
        self._execute(f"drop database {names[0]}")
        self._execute(f"create database {names[0]} template {names[1]}")
        return copy

    @contextmanager
    def on_disk_of_its_own(self) -> Iterator[FullDisk]:
        """Within the block all that the server writes lies on a file system of its own."""
        self._server.stop()
        try:
            with disk_of_its_own(self._server._data) as disk:
                self.start_again()
                try:
                    yield disk
                finally:
                    self._server.stop()
        finally:
            self.start_again()

    def start_again(self) -> None:
        """It may have ended itself; it comes back at the same address."""
        assert self._server.start() == self.dsn

    def crash_and_start(self) -> None:
        """Every process of the server is killed at once; it comes back at the same address."""
        self._server._run("pg_ctl", "stop", "-D", str(self._server._data), "-m", "immediate", "-w")
        assert self._server.start() == self.dsn

    def cut_connections(self, dsn: str) -> int:
        """End all connections to a database; returns how many there were."""
        return self._execute(_CUT + "datname = %s", dsn.rpartition("/")[2])

    def cut_builds(self, dsn: str) -> int:
        """End the connections over which dbt makes a table now; returns how many there were."""
        return self._execute(_CUT + _MAKES_TABLE, dsn.rpartition("/")[2], BUILD_APPLICATION)

    def builds(self, dsn: str) -> bool:
        """Whether dbt makes a table in the database now."""
        running = "select count(*) from pg_stat_activity where " + _MAKES_TABLE
        return bool(self._execute(running, dsn.rpartition("/")[2], BUILD_APPLICATION))


@pytest.fixture
def may_mount() -> None:
    """Skips the test where no small disk can be mounted."""
    if not can_mount():
        pytest.skip("mounting a small disk takes root; a limit on file sizes is tried everywhere")


@pytest.fixture(scope="session")
def disturbed_server() -> Iterator[DisturbedServer]:
    home = Path(tempfile.mkdtemp(prefix="footfall-test-disturbed-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home)
    try:
        yield DisturbedServer(server)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def make_published(make_pipeline, tmp_path_factory, request) -> Callable[[str], Published]:
    """make_published(engine): a copy of a warehouse that published once, and a landing folder with one more file."""
    made: dict[str, tuple] = {}

    def new_pipeline(engine: str) -> Pipeline:
        if engine == "duckdb":
            return make_pipeline(engine)
        return make_pipeline(engine, postgres_dsn=request.getfixturevalue("disturbed_server").new_database())

    def make(engine: str) -> Published:
        if engine not in made:
            made[engine] = _first_publication(new_pipeline, tmp_path_factory, engine)
        base, first, old, new = made[engine]
        home, landing = tmp_path_factory.mktemp(f"disturbed-{engine}-"), tmp_path_factory.mktemp("landing")
        shutil.copytree(first, landing, dirs_exist_ok=True)
        (landing / "events" / "more.ndjson").write_text(rows(30))
        shutil.copytree(base.settings.home, home, symlinks=True, dirs_exist_ok=True)
        dsn = {}
        if engine == "postgres":
            server = request.getfixturevalue("disturbed_server")
            dsn["postgres_dsn"] = server.copy_of(base.settings.postgres_dsn.get_secret_value())
        return Published(Pipeline(home, engine, **dsn), landing, old, new, tmp_path_factory.mktemp("scratch"))

    return make


def _first_publication(
    new_pipeline: Callable[[str], Pipeline], tmp_path_factory: pytest.TempPathFactory, engine: str
) -> tuple[Pipeline, Path, dict, dict]:
    """(the warehouse, its landing folder, what readers see now, what they see after a clean run over one more file)."""
    landing = tmp_path_factory.mktemp("first")
    (landing / "events").mkdir()
    (landing / "events" / "first.ndjson").write_text(rows(0))
    base = new_pipeline(engine)
    base.run(landing)
    whole = tmp_path_factory.mktemp("whole")
    shutil.copytree(landing, whole, dirs_exist_ok=True)
    (whole / "events" / "more.ndjson").write_text(rows(30))
    clean = new_pipeline(engine)
    clean.run(whole)
    return base, landing, base.digests(), clean.digests()
