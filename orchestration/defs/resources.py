"""What assets share: the run in progress and the dbt command line. Nothing here decides what a step does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg
from dagster_dbt import DbtCliResource
from pydantic import Field, PrivateAttr

from orchestration.project import DBT_EXECUTABLE, PROFILES_DIR, PROJECT_DIR
from orchestration.refresh import Refresh, open_refresh
from orchestration.settings import Settings


class RefreshResource(dg.ConfigurableResource):
    """The run in progress; it holds the warehouse's lock from the first step to the last.

    All steps run in one process (see `jobs.py`), so the lock is taken once a run.
    """

    landing: str | None = Field(None, description="Landing folder or URL; default: the setting FOOTFALL_LANDING.")
    as_of: str | None = Field(None, description="Hide every later day, YYYY-MM-DD.")
    full_refresh: bool = Field(False, description="Rebuild every model from raw.")

    _run: Refresh = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RefreshResource"]:
        with open_refresh(
            Settings(),
            context.run_id,
            landing=self.landing,
            as_of=date.fromisoformat(self.as_of) if self.as_of else None,
            full_refresh=self.full_refresh,
        ) as run:
            self._run = run
            yield self

    @property
    def run(self) -> Refresh:
        """The run that this process executes."""
        return self._run


@dg.definitions
def resources() -> dg.Definitions:
    """The shared resources by name."""
    return dg.Definitions(
        resources={
            "refresh": RefreshResource(),
            "dbt": DbtCliResource(
                project_dir=str(PROJECT_DIR),
                profiles_dir=str(PROFILES_DIR),
                dbt_executable=str(DBT_EXECUTABLE),
                target=Settings().target,
            ),
        }
    )
