"""Tables on the screen: the answer to a query, and the closing summary of a run."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.restatements import restatement_lines
from orchestration.settings import Settings
from warehouse.open import open_warehouse

_LAST_RUN = """
select
    entity,
    count(*),
    cast(sum(rows_read) as bigint),
    cast(sum(loaded) as bigint),
    cast(sum(duplicates) as bigint),
    cast(sum(conflicts) as bigint),
    cast(sum(rejected) as bigint),
    cast(sum(dropped_consent + dropped_erased + dropped_beyond_retention) as bigint)
from raw.loads
where run_id = (select run_id from raw.loads order by load_id desc limit 1)
group by entity
order by entity
"""

_REASONS = """
select entity, reason, count(*)
from raw.rejected
where load_id in (
    select load_id from raw.loads
    where run_id = (select run_id from raw.loads order by load_id desc limit 1)
)
group by entity, reason
order by entity, count(*) desc, reason
"""

_WORKSPACES = """
select
    workspace_name as workspace,
    timezone,
    dim_workspaces.as_of_date,
    dim_workspaces.users,
    dau,
    wau,
    mau,
    at_risk.users as at_risk
from dim_workspaces
left join rpt_activity
    on dim_workspaces.workspace_id = rpt_activity.workspace_id
        and rpt_activity.segment_id = 'all'
        and rpt_activity.timeframe = '30d'
left join (
    select workspace_id, cast(sum(users) as bigint) as users
    from rpt_churn_risk
    where segment_id = 'all' and risk_state in ('At risk', 'Slipping away')
    group by workspace_id
) as at_risk on dim_workspaces.workspace_id = at_risk.workspace_id
order by dim_workspaces.users desc, dim_workspaces.workspace_id
limit 20
"""


_UNUSUAL = """
select workspace_id, activity_date, words
from ops.findings
where run_id = (select run_id from ops.runs order by started_at desc limit 1)
order by workspace_id, activity_date, gate, subject
"""


def print_summary(settings: Settings) -> None:
    """What the last run that loaded anything took in, what it refused and why, what was unusual, and what is
    published."""
    warehouse = open_warehouse(settings)
    with warehouse.transaction() as tx:
        loads, reasons, unusual = tx.fetch(_LAST_RUN), tx.fetch(_REASONS), tx.fetch(_UNUSUAL)
        publication = tx.fetch("select max(publication_id), max(published_at) from ops.publications")[0]
    if loads:
        print_table(
            ("last load", "files", "rows read", "loaded", "duplicates", "conflicts", "rejected", "dropped"),
            loads,
            title="Rows by outcome",
        )
    if reasons:
        print_table(("entity", "reason", "rows"), reasons, title="Rejected, kept in raw.rejected with file and line")
    if unusual:
        print_table(("workspace", "day", "compared with its recent days"), unusual, title="Unusual")
    if publication[0] is None:
        return
    result = warehouse.read(_WORKSPACES)
    print_table(result.columns, result.rows, title=f"Publication {publication[0]}, {publication[1]:%Y-%m-%d %H:%M} UTC")
    for line in restatement_lines(warehouse, publication[0]):
        print(line)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Rows as aligned columns: numbers to the right, null as a dash, text as it is (never as markup)."""
    rows = [list(row) for row in rows]
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for index, column in enumerate(columns):
        is_number = bool(rows) and all(_is_number(row[index]) for row in rows)
        table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, 200))
    console.print(table)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
