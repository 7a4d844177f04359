"""Great Expectations suites over small frames of aggregates; the data itself never leaves the warehouse.

Frames, because Great Expectations cannot read DuckDB 2 through SQLAlchemy, and so that both engines are held to one set
of words. Each frame has a row per thing judged (a load, a workspace); a violation names that row.
"""

import os
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from orchestration.gates import Finding
from warehouse.base import Warehouse

# Set before the import: Great Expectations reports usage unless told not to.
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@dataclass
class Verdict:
    """The outcome of a suite.

    Attributes:
        expectations: how many were checked.
        violations: for each one not met, its words and up to five rows that break it.
    """

    expectations: int
    violations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.violations

    @property
    def words(self) -> str:
        """What was not met, without the rows."""
        return ", ".join(f"{violation['expectation']}({violation['column']})" for violation in self.violations)


_LOADS = """
select
    loads.load_id,
    loads.path,
    loads.rows_read
    - loads.loaded - loads.duplicates - loads.rejected
    - loads.dropped_consent - loads.dropped_erased - loads.dropped_beyond_retention as rows_unaccounted,
    loads.rejected - coalesce(rejected.rejected_rows, 0) as rejects_not_kept,
    loads.conflicts - loads.duplicates as conflicts_beyond_duplicates
from raw.loads as loads
left join (
    select load_id, count(*) as rejected_rows
    from raw.rejected
    where line is not null
    group by load_id
) as rejected on loads.load_id = rejected.load_id
where loads.load_id in (select load_id from raw.pending where kind = 'load')
order by loads.load_id
"""

_EVENTS = """
select
    loads.load_id,
    loads.path,
    count(events.load_id) + coalesce(max(deletions.deleted_rows), 0)
    - max(loads.loaded) - max(loads.duplicates) as rows_missing,
    count(case when length(events.user_key) <> 32 then 1 end) as keys_malformed,
    count(case when events.created_at < timestamp '1990-01-01 00:00:00' then 1 end) as times_too_early
from raw.loads as loads
left join raw.events as events on loads.load_id = events.load_id
left join (
    select load_id, cast(sum(rows) as bigint) as deleted_rows
    from raw.deletions
    group by load_id
) as deletions on loads.load_id = deletions.load_id
where loads.load_id in (select load_id from raw.pending where kind = 'load')
    and loads.entity = 'events'
    and loads.status = 'loaded'
group by loads.load_id, loads.path
order by loads.load_id
"""

_SERVED = """
select
    (select count(*) from raw.events)
    - (select count(*) from intermediate.int_superseded_events) as events_loaded,
    (select cast(coalesce(sum(events), 0) as bigint) from candidate.fct_sessions)
    - (select cast(coalesce(sum(events), 0) as bigint) from ops.archived_sessions) as events_in_sessions,
    (select count(*) from candidate.dim_workspaces) as workspaces,
    (select count(distinct workspace_id) from raw.events) as workspaces_with_events
"""


def check_loaded(warehouse: Warehouse) -> Verdict:
    """What the loads left in raw that no publication shows yet; a load that failed here fails until it is mended."""
    import great_expectations.expectations as gxe

    with warehouse.transaction() as tx:
        loads, events = tx.fetch(_LOADS), tx.fetch(_EVENTS)
    zero = {"min_value": 0, "max_value": 0}
    return _combined(
        _validate(
            loads,
            ("load_id", "path", "rows_unaccounted", "rejects_not_kept", "conflicts_beyond_duplicates"),
            [
                gxe.ExpectColumnValuesToBeBetween(column="rows_unaccounted", **zero),
                gxe.ExpectColumnValuesToBeBetween(column="rejects_not_kept", **zero),
                gxe.ExpectColumnValuesToBeBetween(column="conflicts_beyond_duplicates", max_value=0),
            ],
        ),
        _validate(
            events,
            ("load_id", "path", "rows_missing", "keys_malformed", "times_too_early"),
            [
                gxe.ExpectColumnValuesToBeBetween(column="rows_missing", **zero),
                gxe.ExpectColumnValuesToBeBetween(column="keys_malformed", **zero),
                gxe.ExpectColumnValuesToBeBetween(column="times_too_early", **zero),
            ],
        ),
    )


def check_served(warehouse: Warehouse, is_everything_shown: bool = True) -> Verdict:
    """Whether the candidate accounts for every event that was loaded.

    Args:
        is_everything_shown: False when `--as-of` hides later days, so that fewer events are to be seen.
    """
    import great_expectations.expectations as gxe

    with warehouse.transaction() as tx:
        served = tx.fetch(_SERVED)
    missing = [(*row, row[0] - row[1], row[3] - row[2]) for row in served]
    no_more = {"min_value": 0} if not is_everything_shown else {"min_value": 0, "max_value": 0}
    return _validate(
        missing,
        ("events_loaded", "events_in_sessions", "workspaces", "workspaces_with_events", "events_missing", "unlisted"),
        [
            gxe.ExpectColumnValuesToBeBetween(column="events_missing", **no_more),
            gxe.ExpectColumnValuesToBeBetween(column="unlisted", max_value=0),
        ],
    )


def check_usual(findings: Sequence[Finding], accepted: Set[str]) -> Verdict:
    """Whether what was just loaded looks like recent loads, or somebody accepted that it does not.

    Args:
        findings: what the gates found (orchestration.gates).
        accepted: ids of findings that were accepted.
    """
    import great_expectations.expectations as gxe

    return _validate(
        [
            (one.finding_id, one.workspace_id, one.day.isoformat(), one.words, int(one.blocks))
            for one in findings
            if one.finding_id not in accepted
        ],
        ("finding", "workspace_id", "day", "words", "blocks"),
        [gxe.ExpectColumnValuesToBeBetween(column="blocks", max_value=0)],
    )


def _validate(rows: list[tuple], columns: tuple[str, ...], expectations: list[Any]) -> Verdict:
    if not rows:
        return Verdict(0)
    import great_expectations as gx
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    for column in columns:
        if frame[column].map(lambda value: not isinstance(value, str)).all():
            frame[column] = frame[column].astype("int64")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
    )
    suite = gx.ExpectationSuite(name="border", expectations=expectations)
    outcome = batch.get_batch({"dataframe": frame}).validate(suite)
    violations = []
    for result in outcome.results:
        if not result.success:
            broken = result.result.get("partial_unexpected_index_list", [])[:5]
            violations.append(
                {
                    "expectation": result.expectation_config.type,
                    "column": result.expectation_config.kwargs.get("column"),
                    "rows": [dict(zip(columns, rows[index], strict=True)) for index in broken],
                }
            )
    return Verdict(len(expectations), violations)


def _combined(*verdicts: Verdict) -> Verdict:
    return Verdict(
        sum(verdict.expectations for verdict in verdicts),
        [violation for verdict in verdicts for violation in verdict.violations],
    )
