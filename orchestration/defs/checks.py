"""What is checked on the two borders: what was just loaded, by itself and against recent days, and what is about to be
served.

Rules about the rows of a model belong to dbt, beside the model; no rule is stated in both.
"""

import dagster as dg

from orchestration.defs.publish import CANDIDATES
from orchestration.defs.raw import ENTITY_KEYS
from orchestration.defs.resources import RefreshResource
from orchestration.distinct_values import check_distinct_values, limits_of
from orchestration.expectations import Verdict, check_loaded, check_served, check_usual
from orchestration.history import Check

CHECKED_MART = dg.AssetKey(["candidate", "fct_activity_daily"])


@dg.asset_check(asset=ENTITY_KEYS["events"], blocking=True, description="Great Expectations on what was just loaded.")
def loaded_files_as_expected(refresh: RefreshResource) -> dg.AssetCheckResult:
    """The load report adds up, and nothing personal or out of range passed."""
    with refresh.run.recorder.step("loaded_files_as_expected"):
        return _result(refresh, "loaded_files_as_expected", check_loaded(refresh.run.warehouse))


@dg.asset_check(
    asset=ENTITY_KEYS["events"], blocking=True, description="What was just loaded, against the workspace's recent days."
)
def loads_as_usual(refresh: RefreshResource) -> dg.AssetCheckResult:
    """Volume, columns, event types and silence are as they usually are, or somebody accepted that they are not."""
    recorder = refresh.run.recorder
    with recorder.step("loads_as_usual"):
        findings, accepted = refresh.run.judge_loads()
        verdict = check_usual(findings, accepted)
    blocking = [one for one in findings if one.blocks and one.finding_id not in accepted]
    others = [one for one in findings if one not in blocking]
    detail = "; ".join(one.sentence for one in blocking or others)
    is_clear = verdict.passed and not others
    recorder.check(Check("loads_as_usual", is_clear, detail, blocks=not verdict.passed, is_gate=True))
    return dg.AssetCheckResult(
        passed=is_clear,
        severity=dg.AssetCheckSeverity.WARN if verdict.passed else dg.AssetCheckSeverity.ERROR,
        metadata={
            "expectations": verdict.expectations,
            "blocking": dg.MetadataValue.json([f"{one.sentence}; accept it: {one.command}" for one in blocking]),
            "unusual": dg.MetadataValue.json([one.sentence for one in others]),
        },
    )


@dg.asset_check(asset=ENTITY_KEYS["events"], blocking=True, description="No ids in event names and pages.")
def distinct_values_within_limits(refresh: RefreshResource) -> dg.AssetCheckResult:
    """No workspace has more distinct event names or pages than the settings allow."""
    with refresh.run.recorder.step("distinct_values_within_limits"):
        verdict = check_distinct_values(refresh.run.warehouse, limits_of(refresh.run.settings))
        return _result(refresh, "distinct_values_within_limits", verdict)


@dg.asset_check(
    asset=CHECKED_MART,
    additional_deps=[key for key in CANDIDATES if key != CHECKED_MART],
    blocking=True,
    description="Great Expectations on what is about to be served.",
)
def candidate_as_expected(refresh: RefreshResource) -> dg.AssetCheckResult:
    """What is about to be served holds every loaded event, and no less history than before."""
    with refresh.run.recorder.step("candidate_as_expected"):
        verdict = check_served(refresh.run.warehouse, is_everything_shown=refresh.run.as_of is None)
        return _result(refresh, "candidate_as_expected", verdict)


def _result(refresh: RefreshResource, name: str, verdict: Verdict) -> dg.AssetCheckResult:
    refresh.run.recorder.check(Check(name, verdict.passed, verdict.words))
    return dg.AssetCheckResult(
        passed=verdict.passed,
        metadata={"expectations": verdict.expectations, "violations": dg.MetadataValue.json(verdict.violations)},
    )
