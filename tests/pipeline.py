"""The real pipeline without Dagster's start-up: load, `dbt build`, publish, as a run of Footfall does them."""

import json
import multiprocessing
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingest.erase import Person
from ingest.load_report import LoadReport
from orchestration.erasure import erase
from orchestration.project import (
    PROJECT_DIR,
    dbt_environment,
    dbt_variables,
    ensure_manifest,
    parsed_project,
    published_marts,
    safe_marts,
)
from orchestration.refresh import Refresh, open_refresh
from orchestration.settings import Settings
from warehouse.base import Mart
from warehouse.open import open_warehouse

SECRET = "a secret that only tests use"
BUILD_SECONDS = 1800
_OWN_SCHEMAS = """
select schema_name from information_schema.schemata
where schema_name not like 'pg_%' and schema_name not in ('information_schema', 'public')
"""
# Of all rows of a table, in any order: on DuckDB the sum of their hashes, on Postgres a hash of their texts.
_DIGESTS = {
    "duckdb": "sum(hash(published))::text",
    "postgres": "md5(string_agg(cast(published as text), ',' order by cast(published as text)))",
}


class BuildFailed(Exception):
    """dbt did not end well; the message is the end of its output."""


# Forked from a process that has imported dbt, which a small build would spend a sixth of its time on; what dbt writes
# down of a build, another sixth, no test reads.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["orchestration.dbt_process", "dbt.adapters.duckdb", "dbt.adapters.postgres"])
_WRITES_NOTHING_DOWN = {"DBT_LOG_LEVEL_FILE": "none", "DBT_WRITE_JSON": "false"}


def run_dbt(arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
    """dbt in a process of its own, as its command line runs it.

    Args:
        environment: what is set besides the variables of this process.
        output: the file that takes what dbt prints.

    Raises:
        BuildFailed: dbt did not end well, or not within BUILD_SECONDS.
    """
    whole = {**os.environ, **_WRITES_NOTHING_DOWN, **environment}
    process = _FORKS.Process(target=_dbt, args=(list(arguments), whole, output))
    process.start()
    process.join(BUILD_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    if process.exitcode != 0:
        raise BuildFailed(f"exit code {process.exitcode}\n{output.read_text(errors='replace')[-8000:]}")


def _dbt(arguments: list[str], environment: dict[str, str], output: Path) -> None:
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(PROJECT_DIR)
    from orchestration.dbt_process import invoke

    sys.exit(invoke(arguments))


class Pipeline:
    """One warehouse and the runs over it.

    Args:
        home: an empty folder for all that the runs write.
        target: duckdb or postgres.
        parsed_project: the folder of the project parsed for this target, which saves parsing it.
        settings: any other field of orchestration.settings.Settings, such as postgres_dsn or session_key.

    Attributes:
        builds: of each build so far, how much there was to do of each kind (see orchestration.pending).
    """

    def __init__(self, home: Path, target: str = "duckdb", *, parsed_project: Path | None = None, **settings) -> None:
        tests_own = {"secret_key": SECRET, "settle_seconds": 0, "duckdb_memory_limit": "2GB"}
        self.settings = Settings(home=home, target=target, **(tests_own | settings))
        if parsed_project is not None:
            shutil.copytree(parsed_project, self.settings.dbt_target_path / "parsed", dirs_exist_ok=True)
        self.builds: list[dict[str, int]] = []

    def run(
        self,
        landing: Path,
        *,
        clock: datetime | None = None,
        data_tests: bool = False,
        **request: object,
    ) -> LoadReport:
        """Load what is new, build what is pending, publish it; with nothing pending, only the load.

        Args:
            clock: the moment of the run, aware; None: now.
            data_tests: whether the build runs the dbt data tests too.
            request: what else the run is asked for: as_of, full_refresh, rebuild, reload, forget.

        Raises:
            BuildFailed: a model or a data test failed; nothing was published.
        """
        with self.loaded(landing, clock=clock, **request) as (refresh, report):
            if refresh.pending():
                self.build(refresh, data_tests=data_tests)
                refresh.publish()
        return report

    def erase(
        self, landing: Path, *people: Person, clock: datetime | None = None, deletes_landing: bool = False
    ) -> None:
        """Erase people, and run until nothing of them is left."""
        with open_refresh(self.settings, str(uuid.uuid4()), landing=str(landing)) as refresh:
            for person in people:
                erase(refresh, person, deletes_landing=deletes_landing)
        self.run(landing, clock=clock)

    def interrupted_run(
        self, landing: Path, *, built: Sequence[str], clock: datetime | None = None, **request: object
    ) -> None:
        """A run that ends after the models named in `built`, before anything is published; `request`: as of `run`."""
        with self.loaded(landing, clock=clock, **request) as (refresh, _):
            self.build(refresh, select=built)

    @contextmanager
    def loaded(self, landing: Path, *, clock: datetime | None, **options) -> Iterator[tuple[Refresh, LoadReport]]:
        """An open run whose new files are loaded."""
        with open_refresh(self.settings, str(uuid.uuid4()), landing=str(landing), **options) as refresh:
            if clock is not None:
                refresh.clock = clock
            yield refresh, refresh.load()

    def build(self, refresh: Refresh, *, select: Sequence[str] = (), data_tests: bool = False) -> None:
        """`dbt build` of what is pending."""
        excluded = ["resource_type:unit_test", *([] if data_tests else ["resource_type:test"])]
        variables = dbt_variables(self.settings, refresh.as_of)
        arguments = ["build", "--target", self.settings.target, "--vars", json.dumps(variables), "--exclude", *excluded]
        if select:
            arguments += ["--select", *select]
        pending = refresh.pending()
        self.builds.append(pending)
        if "everything" in pending:
            arguments.append("--full-refresh")
        environment = dbt_environment(self.settings, refresh.clock) | refresh.warehouse.dbt_environment()
        environment["FOOTFALL_PARSED_PROJECT"] = str(parsed_project(self.settings))
        run_dbt(["--no-use-colors", *arguments], environment, self.settings.home / "dbt.txt")
        refresh.is_built = not select

    def empty(self) -> None:
        """Make the warehouse as if nothing had ever been loaded; what dbt parsed of the project stays."""
        if self.settings.target == "postgres":
            with open_warehouse(self.settings).transaction() as tx:
                for (schema,) in tx.fetch(_OWN_SCHEMAS):
                    tx.execute(f"drop schema {schema} cascade")
        for path in self.settings.home.iterdir():
            if path == self.settings.home / "dbt":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def digests(self) -> dict[tuple[str, str], str]:
        """Of every published table and workspace a hash of all its rows, in whatever order they are kept."""
        digest = _DIGESTS[self.settings.target]
        tables = (
            f"select '{mart.name}', workspace_id, {digest} from {mart.name} as published group by workspace_id"
            for mart in self.marts()
        )
        answer = open_warehouse(self.settings).read(" union all ".join(tables))
        return {(table, workspace_id): digest for table, workspace_id, digest in answer.rows}

    def marts(self) -> list[Mart]:
        """The published tables that follow from the events alone, with their keys; those of restatements tell how the
        events came."""
        return [mart for mart in published_marts(ensure_manifest(self.settings)) if not mart.is_history]

    def history_marts(self) -> list[Mart]:
        """The published tables that grow with every publication, with their keys."""
        return [mart for mart in published_marts(ensure_manifest(self.settings)) if mart.is_history]

    def safe_marts(self) -> list[Mart]:
        """The tables of marts_safe, with their keys."""
        return safe_marts(ensure_manifest(self.settings))

    def tables(self) -> dict[str, list[dict]]:
        """Every one of `marts`, its rows in the order of their keys."""
        return {mart.name: self.rows(mart.name, mart.key) for mart in self.marts()}

    def rows(self, table: str, order: Sequence[str] = (), *, workspace_id: str | None = None) -> list[dict]:
        """The rows of one published table, by the columns of `order`. workspace_id: only those of this workspace."""
        condition = f" where workspace_id = '{workspace_id}'" if workspace_id is not None else ""
        answer = open_warehouse(self.settings).read(f"select * from {table}{condition}")
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        return sorted(rows, key=lambda row: tuple(row[column] for column in order))

    def fetch(self, sql: str) -> list[tuple]:
        """Rows of the working warehouse, raw and candidate included."""
        with open_warehouse(self.settings).transaction() as tx:
            return tx.fetch(sql)
