"""A run from the command line: the same assets as in the Dagster UI, in this process, with words on the screen."""

import json
import logging
import os
import uuid
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from ingest.discover import LandingError
from ingest.erase import Person, lift_tombstone
from ingest.load import utc_naive
from orchestration.dagster_home import leave_flushing_to_the_system, prepare_dagster_home
from orchestration.erasure import erase
from orchestration.failures import FailedCheck, failed_dbt_nodes, lost_in_build, step_words
from orchestration.rebuild import Scope
from orchestration.recording import recorded
from orchestration.refresh import Refresh, open_refresh
from orchestration.settings import Settings
from warehouse.base import MARTS_SCHEMA

if TYPE_CHECKING:
    import dagster as dg

log = logging.getLogger("footfall")

DBT_STEP = "dbt_models"
# How Dagster ends the step of a blocking check that did not pass; the check itself says why.
FAILED_CHECK = "DagsterAssetCheckFailedError"


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        published: whether readers see something new.
        up_to_date: whether there was nothing to do.
        failed_checks: checks that did not pass, with rows that break them.
        errors: words of steps that failed for another reason.
    """

    published: bool = False
    up_to_date: bool = False
    failed_checks: list[FailedCheck] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What a run is asked for.

    Attributes:
        landing: folder or URL; None: the setting.
        as_of: hide every later day.
        full_refresh: rebuild every model from raw.
        rebuild: days and workspaces to rebuild from raw.
        reload: loaded files whose rows are to be replaced by those they hold now.
        forget: take the rows of these files out instead; they are gone.
        purge: delete what went over the horizons of retention.
        deletes_landing: whether people whom request files name are to leave the landing files too.
    """

    landing: str | None = None
    as_of: date | None = None
    full_refresh: bool = False
    rebuild: Scope | None = None
    reload: tuple[str, ...] = ()
    forget: bool = False
    purge: bool = False
    deletes_landing: bool = False


def run_pipeline(settings: Settings, request: Request) -> Outcome:
    """Load new files, build what is pending, audit it, publish.

    Raises:
        ReloadError, ScopeError, PurgeError: what is asked for cannot be done; nothing was changed.
    """
    run_id = str(uuid.uuid4())
    with open_refresh(settings, run_id, **vars(request)) as refresh:
        refresh.check()
        if not request.reload and not request.rebuild and not request.purge and _is_up_to_date(refresh):
            return Outcome(up_to_date=True)
    return _materialize(settings, request, run_id)


def _is_up_to_date(refresh: Refresh) -> bool:
    """A run that ends here is in the history too: that nothing came, or that nobody could look."""
    try:
        is_up_to_date = refresh.is_up_to_date()
    except LandingError:
        with recorded(refresh):
            raise
    if is_up_to_date:
        with recorded(refresh):
            return True
    return False


def run_erasure(settings: Settings, person: Person, *, landing: str | None, deletes_landing: bool) -> Outcome:
    """Take a person out of raw and keep them out, then build, audit and publish, and rid the storage of the bytes.

    Dagster is not told whom: it keeps what a run was asked for. What the first step leaves pending, the run finds.
    """
    run_id = str(uuid.uuid4())
    options = {"landing": landing, "deletes_landing": deletes_landing}
    with open_refresh(settings, run_id, **options) as refresh:
        refresh.check()
        erase(refresh, person, deletes_landing=deletes_landing)
    return _materialize(settings, Request(**options), run_id)


def lift_erasure(settings: Settings, person: Person) -> None:
    """Let rows of the person in again that are loaded from now on.

    Raises:
        NotErased: nobody keeps them out.
    """
    with open_refresh(settings, str(uuid.uuid4())) as refresh, refresh.warehouse.transaction() as tx:
        lift_tombstone(tx, person, utc_naive(refresh.clock))


def resource_config(request: Request) -> dict[str, object]:
    """The request as the configuration of the resource `refresh` (see `defs/resources.py`)."""
    scope = request.rebuild or Scope()
    return {
        "landing": request.landing,
        "as_of": _iso(request.as_of),
        "full_refresh": request.full_refresh,
        "rebuild_from": _iso(scope.first_day),
        "rebuild_to": _iso(scope.last_day),
        "rebuild_workspace": scope.workspace_id,
        "reload": list(request.reload),
        "forget": request.forget,
        "purge": request.purge,
        "deletes_landing": request.deletes_landing,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _materialize(settings: Settings, request: Request, run_id: str) -> Outcome:
    log.info("starting Dagster")
    home = prepare_dagster_home(settings)
    leave_flushing_to_the_system()
    import dagster as dg

    from orchestration.definitions import defs

    job = defs().resolve_job_def("refresh")
    # dagster-dbt repeats every line of dbt on stdout; dbt's own log file under FOOTFALL_HOME/dbt has them all.
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        open(os.devnull, "w") as nowhere,
        redirect_stdout(nowhere),
    ):
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={
                "resources": {"refresh": {"config": resource_config(request)}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    return _outcome(settings, result)


def _outcome(settings: Settings, result: "dg.ExecuteInProcessResult") -> Outcome:
    outcome = Outcome()
    for event in result.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and not event.event_specific_data.passed:
            outcome.failed_checks += _broken_expectations(event.event_specific_data)
        elif event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key.path[0] == MARTS_SCHEMA:
            outcome.published = result.success
        elif event.event_type_value == "STEP_FAILURE":
            failed_nodes = failed_dbt_nodes(settings) if event.step_key == DBT_STEP else []
            error = event.event_specific_data.error
            lost = lost_in_build(settings, (row for node in failed_nodes for row in node.rows))
            if lost:
                outcome.errors.append(lost)
            elif failed_nodes:
                outcome.failed_checks += failed_nodes
            elif error.cls_name != FAILED_CHECK:
                outcome.errors.append(step_words(settings, event.step_key, _innermost(error)))
    outcome.up_to_date = result.success and not outcome.published
    return outcome


def _broken_expectations(evaluation: "dg.AssetCheckEvaluation") -> list[FailedCheck]:
    """The violations of a Great Expectations check; dbt tests carry none, and are read from dbt's own results.

    What a gate warns of does not fail the run.
    """
    if "blocking" in evaluation.metadata:
        findings = evaluation.metadata["blocking"].value
        return [FailedCheck(evaluation.check_name, findings)] if findings else []
    if "violations" not in evaluation.metadata:
        return []
    return [
        FailedCheck(
            f"{evaluation.check_name}: {violation['expectation']}({violation['column']})",
            [json.dumps(row, default=str) for row in violation["rows"]],
        )
        for violation in evaluation.metadata["violations"].value
    ]


def _innermost(error: "dg.SerializableErrorInfo") -> str:
    while error.cause is not None:
        error = error.cause
    return error.message.strip()
