"""What a publication changed of numbers that readers had seen, in words for the log and the summary of a run."""

from warehouse.base import Warehouse

# Per measure, how many numbers changed and the one that changed most.
_NUMBERS = """
select measure, numbers, value_change, period_start, workspace_id
from (
    select
        measure,
        value_change,
        period_start,
        workspace_id,
        count(*) over (partition by measure) as numbers,
        row_number() over (
            partition by measure
            order by abs(value_change) desc, period_start, period_number, grain, workspace_id
        ) as size_rank
    from fct_restatements
    where publication_id = {publication_id}
        and (value_change <> 0 or old_cohort_users is distinct from new_cohort_users)
) as ranked
where size_rank = 1
"""

_SESSIONS = """
select
    cast(coalesce(sum(sessions_merged), 0) as bigint),
    cast(coalesce(sum(sessions_split), 0) as bigint),
    cast(coalesce(sum(sessions_retired), 0) as bigint)
from fct_restatement_sessions
where publication_id = {publication_id}
"""

_LATENESS = """
select lateness_bucket, cast(sum(loaded_rows) as bigint)
from fct_restatement_lateness
where publication_id = {publication_id}
group by lateness_bucket, bucket_order
order by bucket_order
"""

_MEASURES = (("dau", "day", "of DAU"), ("sessions", "day", "of sessions"), ("retained_users", "cohort cell", ""))


def restatement_lines(warehouse: Warehouse, publication_id: int) -> list[str]:
    """One line on the numbers and sessions that changed, one on how late the rows were; none when nothing changed."""
    with warehouse.published() as reader:
        numbers, sessions, lateness = (
            reader.fetch(sql.format(publication_id=publication_id)) for sql in (_NUMBERS, _SESSIONS, _LATENESS)
        )
    by_measure = {measure: rest for measure, *rest in numbers}
    changed = [_numbers(*words, *by_measure[measure]) for measure, *words in _MEASURES if measure in by_measure]
    counts = zip(sessions[0], ("merged", "split", "retired"), strict=True)
    changed += [f"{_counted(count, 'session')} {what}" for count, what in counts if count]
    if not changed:
        return []
    rows = ", ".join(f"{count:,} {bucket}" for bucket, count in lateness)
    return [f"restated: {', '.join(changed)}", *([f"rows loaded, by lateness: {rows}"] if rows else [])]


def _numbers(noun: str, of_what: str, count: int, change: int, start: object, workspace_id: str) -> str:
    largest = f" (largest {change:+,} on {start} in {workspace_id!r})" if change else ""
    return " ".join([_counted(count, noun), *([of_what] if of_what else [])]) + largest


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
