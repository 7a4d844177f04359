"""The dbt models and their data tests, as assets and blocking checks. How rows are made is in `dbt_project/`."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from unittest import mock

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration.defs.resources import RefreshResource
from orchestration.failures import failed_dbt_checks
from orchestration.project import (
    PROFILES_DIR,
    PROJECT_DIR,
    dbt_environment,
    dbt_variables,
    ensure_manifest,
    parsed_project,
)
from orchestration.refresh import Throttle
from orchestration.settings import Settings

log = logging.getLogger("footfall")
settings = Settings()


@dbt_assets(
    manifest=ensure_manifest(settings),
    project=DbtProject(PROJECT_DIR, target_path=settings.dbt_target_path, profiles_dir=PROFILES_DIR),
    exclude="resource_type:unit_test",
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, refresh: RefreshResource) -> Iterator:
    """Build what is pending and test it; with nothing pending, dbt is not started and nothing downstream runs."""
    pending = refresh.run.pending()
    if not pending:
        log.info("nothing is pending: the published marts stand")
        return
    variables = dbt_variables(refresh.run.settings, refresh.run.as_of)
    arguments = ["build", "--vars", json.dumps(variables)]
    if "everything" in pending:
        arguments.append("--full-refresh")
    log.info("building: %s", ", ".join(f"{count} {kind}" for kind, count in pending.items()))
    environment = {
        **dbt_environment(refresh.run.settings, refresh.run.clock),
        **refresh.run.warehouse.dbt_environment(),
        "FOOTFALL_PYTHON": sys.executable,
        "FOOTFALL_RUN_PROCESS": str(os.getpid()),
        "FOOTFALL_PARSED_PROJECT": str(parsed_project(refresh.run.settings)),
    }
    # Should dbt die before it writes its results, those of an earlier build must not be taken for them.
    (settings.dbt_target_path / "run_results.json").unlink(missing_ok=True)
    with refresh.run.recorder.step("dbt_models"), mock.patch.dict(os.environ, environment):
        try:
            events = dbt.cli(arguments, context=context, target_path=settings.dbt_target_path).stream()
            yield from _with_progress(events)
        except Exception:
            refresh.run.recorder.check(*failed_dbt_checks(settings))
            raise
    refresh.run.is_built = not context.is_subset


def _with_progress(events: Iterator) -> Iterator:
    """The same events, with a line a second on how far the build is."""
    models = checks = 0
    throttle = Throttle()
    for event in events:
        models += isinstance(event, dg.Output | dg.AssetMaterialization)
        checks += isinstance(event, dg.AssetCheckResult | dg.AssetCheckEvaluation)
        if throttle.is_due():
            log.info("built %d models, ran %d checks", models, checks)
        yield event
    log.info("built %d models, ran %d checks: dbt is done", models, checks)
