"""A guard against ids in names: how many distinct event names and pages a workspace may have.

A program that puts an id into an event name or a path (`export 4711`, `/orders/4711/`) makes every table of features,
pages and paths as long as the events are, and no number in them says anything. Such a load is held before it is built.

Counting all names at every run would read all events. `ops.distinct_values` keeps an upper bound instead: the last
exact count, plus the distinct values of each load since. Only where the bound passes the limit, or where there is none
yet, is the workspace counted.
"""

from dataclasses import dataclass

from orchestration.expectations import Verdict
from orchestration.settings import Settings
from warehouse.base import Transaction, Warehouse

PATTERNS_SHOWN = 3
# Ids as they stand in names: numbers, and hexadecimal digits and dashes of UUIDs and hashes.
_ID = "[0-9a-fA-F-]{16,}|[0-9]+"


@dataclass(frozen=True)
class Limit:
    """At most so many distinct values of a column of raw.events in one workspace.

    Attributes:
        setting: the environment variable that holds it.
    """

    column: str
    values: int
    setting: str


def limits_of(settings: Settings) -> tuple[Limit, ...]:
    """The limits that the settings name."""
    return (
        Limit("event_name", settings.max_event_names, "FOOTFALL_MAX_EVENT_NAMES"),
        Limit("page_path", settings.max_page_paths, "FOOTFALL_MAX_PAGE_PATHS"),
    )


def check_distinct_values(warehouse: Warehouse, limits: tuple[Limit, ...]) -> Verdict:
    """Whether the workspaces that were given events, and not published since, stay within the limits.

    A violation names workspace, count, limit and the patterns that most values follow, ids replaced by `#`.
    """
    violations = []
    with warehouse.transaction() as tx:
        for limit in limits:
            rows = _over(tx, limit)
            if rows:
                violations.append(
                    {"expectation": f"at most {limit.values:,} distinct values", "column": limit.column, "rows": rows}
                )
    return Verdict(len(limits), violations)


def _over(tx: Transaction, limit: Limit) -> list[dict[str, object]]:
    bounds = dict(tx.fetch("select workspace_id, at_most from ops.distinct_values where field = $1", (limit.column,)))
    loaded = tx.fetch(
        f"""
        select workspace_id, count({limit.column})
        from (
            select distinct workspace_id, {limit.column}
            from raw.events
            where load_id in (select load_id from raw.pending where kind = 'load')
        ) loaded
        group by workspace_id
        order by workspace_id
        """
    )
    over = []
    for workspace_id, new in loaded:
        bound = bounds.get(workspace_id, 0) + new
        if workspace_id not in bounds or bound > limit.values:
            bound = _count(tx, limit, workspace_id)
        if bound > limit.values:
            over.append(
                {
                    "workspace_id": workspace_id,
                    "distinct_values": bound,
                    "limit": limit.values,
                    "patterns": _patterns(tx, limit, workspace_id),
                    "to_mend": f"take ids out of the values and `footfall reload` the files, or raise {limit.setting}",
                }
            )
        tx.execute(
            "delete from ops.distinct_values where field = $1 and workspace_id = $2", (limit.column, workspace_id)
        )
        tx.execute(
            "insert into ops.distinct_values (workspace_id, field, at_most) values ($1, $2, $3)",
            (workspace_id, limit.column, bound),
        )
    return over


def _count(tx: Transaction, limit: Limit, workspace_id: str) -> int:
    sql = f"""
        select count(value)
        from (select distinct {limit.column} as value from raw.events where workspace_id = $1) found
    """
    return tx.fetch(sql, (workspace_id,))[0][0]


def _patterns(tx: Transaction, limit: Limit, workspace_id: str) -> list[str]:
    """The most frequent forms of the values, and how many distinct values have each."""
    rows = tx.fetch(
        f"""
        with distinct_values as (
            select distinct {limit.column} as value
            from raw.events
            where workspace_id = $1 and {limit.column} is not null
        ),
        patterns as (
            select regexp_replace(value, '{_ID}', '#', 'g') as pattern
            from distinct_values
        )
        select pattern, count(*) as distinct_values
        from patterns
        group by pattern
        order by distinct_values desc, pattern
        limit {PATTERNS_SHOWN}
        """,
        (workspace_id,),
    )
    return [f"{pattern} ({values:,} values)" for pattern, values in rows]
