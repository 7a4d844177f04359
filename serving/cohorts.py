"""Retention of one daily cohort, on the days asked for."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from serving.report import ReportError
from warehouse.base import Transaction


def build_cohort(tx: Transaction, workspace_id: str, cohort_date: date, days: Iterable[int]) -> dict[str, Any]:
    """An entry of the document's `retention.cohorts`, with a rate for each of `days`.

    Args:
        tx: a look at one publication (`Warehouse.published`).
        cohort_date: first active day of the cohort's users, local to the workspace.
        days: 0 to 90; the rate of a day that is not over yet is None.

    Raises:
        ReportError: nobody's first active day was that day.
    """
    cells = tx.fetch(
        """
        select period_number, cohort_users, retention_rate
        from marts.fct_cohort_retention
        where workspace_id = $1 and grain = 'day' and cohort_start = $2
        """,
        (workspace_id, cohort_date),
    )
    if not cells:
        raise ReportError(f"no cohort of {cohort_date} in workspace {workspace_id!r}")
    rates = {day: rate for day, _, rate in cells}
    return {
        "cohortDate": cohort_date.isoformat(),
        "cohortSize": cells[0][1],
        "retention": {f"day{day}": None if rates[day] is None else float(rates[day]) for day in sorted(set(days))},
    }
