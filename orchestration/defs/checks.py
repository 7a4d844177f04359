"""What is checked on the two borders: what was just loaded, and what is about to be served.

Rules about the rows of a model belong to dbt, beside the model; no rule is stated in both.
"""

import dagster as dg

from orchestration.defs.publish import CANDIDATES
from orchestration.defs.raw import ENTITY_KEYS
from orchestration.defs.resources import RefreshResource
from orchestration.distinct_values import check_distinct_values, limits_of
from orchestration.expectations import Verdict, check_loaded, check_served

CHECKED_MART = dg.AssetKey(["candidate", "fct_activity_daily"])


@dg.asset_check(asset=ENTITY_KEYS["events"], blocking=True, description="Great Expectations on what was just loaded.")
def loaded_files_as_expected(refresh: RefreshResource) -> dg.AssetCheckResult:
    """The load report adds up, and nothing personal or out of range passed."""
    return _result(check_loaded(refresh.run.warehouse))


@dg.asset_check(asset=ENTITY_KEYS["events"], blocking=True, description="No ids in event names and pages.")
def distinct_values_within_limits(refresh: RefreshResource) -> dg.AssetCheckResult:
    """No workspace has more distinct event names or pages than the settings allow."""
    return _result(check_distinct_values(refresh.run.warehouse, limits_of(refresh.run.settings)))


@dg.asset_check(
    asset=CHECKED_MART,
    additional_deps=[key for key in CANDIDATES if key != CHECKED_MART],
    blocking=True,
    description="Great Expectations on what is about to be served.",
)
def candidate_as_expected(refresh: RefreshResource) -> dg.AssetCheckResult:
    """What is about to be served holds every loaded event, and no less history than before."""
    return _result(check_served(refresh.run.warehouse, is_everything_shown=refresh.run.as_of is None))


def _result(verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=verdict.passed,
        metadata={"expectations": verdict.expectations, "violations": dg.MetadataValue.json(verdict.violations)},
    )
