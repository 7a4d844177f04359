"""What assets share: the run in progress and the dbt command line. Nothing here decides what a step does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from importlib.metadata import version

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version
from pydantic import Field, PrivateAttr

from orchestration.dagster_home import leave_flushing_to_the_system
from orchestration.project import DBT_OF_A_RUN, PROFILES_DIR, PROJECT_DIR
from orchestration.rebuild import Scope
from orchestration.recording import recorded
from orchestration.refresh import Refresh, open_refresh
from orchestration.settings import Settings


class DbtCommand(DbtCliResource):
    """The dbt command, started at once.

    dagster-dbt asks dbt for its version and opens an adapter of its own before every command, about four seconds, for
    row counts and column metadata that nothing here fetches.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:
        """No adapter."""


class RefreshResource(dg.ConfigurableResource):
    """The run in progress; it holds the warehouse's lock from the first step to the last.

    All steps run in one process (see `jobs.py`), so the lock is taken once a run.
    """

    landing: str | None = Field(None, description="Landing folder or URL; default: the setting FOOTFALL_LANDING.")
    as_of: str | None = Field(None, description="Hide every later day, YYYY-MM-DD.")
    full_refresh: bool = Field(False, description="Rebuild every table from the loaded rows.")
    rebuild_from: str | None = Field(
        None, description="Rebuild the days from this one on, YYYY-MM-DD, local to each workspace."
    )
    rebuild_to: str | None = Field(None, description="Rebuild the days up to this one, included, YYYY-MM-DD.")
    rebuild_workspace: str | None = Field(None, description="Rebuild this workspace only; without days, all of it.")
    reload: list[str] = Field(
        [], description="Loaded files that were mended, relative to the landing folder: their old rows are replaced."
    )
    forget: bool = Field(
        False, description="Take the rows of the files under `reload` out; they are no longer in the landing folder."
    )
    purge: bool = Field(False, description="Delete what went over the horizons of retention first.")

    deletes_landing: bool = Field(
        False,
        description="Take people whom request files in `erasures/` name out of the landing files too.",
    )

    _run: Refresh = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RefreshResource"]:
        leave_flushing_to_the_system()
        with open_refresh(Settings(), context.run_id, **self.request) as run, recorded(run):
            self._run = run
            yield self

    @property
    def request(self) -> dict[str, object]:
        """What is asked for, as `open_refresh` takes it.

        Raises:
            ValueError, ScopeError: a day that is none, or a first day after the last.
        """
        scope = Scope(_day(self.rebuild_from), _day(self.rebuild_to), self.rebuild_workspace or None)
        return {
            "landing": self.landing,
            "as_of": _day(self.as_of),
            "full_refresh": self.full_refresh,
            "rebuild": None if scope == Scope() else scope,
            "reload": tuple(self.reload),
            "forget": self.forget,
            "purge": self.purge,
            "deletes_landing": self.deletes_landing,
        }

    @property
    def run(self) -> Refresh:
        """The run that this process executes."""
        return self._run


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dg.definitions
def resources() -> dg.Definitions:
    """The shared resources by name."""
    return dg.Definitions(
        resources={
            "refresh": RefreshResource(),
            "dbt": DbtCommand(
                project_dir=str(PROJECT_DIR),
                profiles_dir=str(PROFILES_DIR),
                dbt_executable=str(DBT_OF_A_RUN),
                target=Settings().target,
            ),
        }
    )
