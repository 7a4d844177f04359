"""The command that shows the history of runs."""

import json
from datetime import date, datetime
from decimal import Decimal

import click

from orchestration.cli_options import read_settings, target_option


@click.command()
@click.argument("run_id", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, with the steps and checks of each run.")
@target_option
def runs(run_id: str | None, limit: int, as_json: bool, target: str | None) -> None:
    """Print the last runs, newest first; or the steps and checks of one, by RUN_ID or how it begins.

    Outcomes: published, nothing new, failed, blocked (by a gate, see `footfall accept`), running, did not finish.
    """
    from orchestration.history import checks_of, last_runs, steps_of
    from orchestration.summary import print_table
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    try:
        warehouse = open_warehouse(read_settings(target))
        warehouse.prepare()
        with warehouse.transaction() as tx:
            found = last_runs(tx, limit, run_id or "")
            parts = {one["run_id"]: (steps_of(tx, one["run_id"]), checks_of(tx, one["run_id"])) for one in found}
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    if run_id and not found:
        raise click.ClickException(f"no run {run_id!r}: `footfall runs` lists those that are remembered")
    if as_json:
        for one in found:
            steps, checks = parts[one["run_id"]]
            click.echo(json.dumps({**one, "steps": steps, "checks": checks}, default=_jsonable, ensure_ascii=False))
        return
    if run_id:
        for one in found:
            steps, checks = parts[one["run_id"]]
            for title, rows in ((f"Run {one['run_id']}", [one]), ("Steps", steps), ("Checks", checks)):
                if rows:
                    print_table(tuple(rows[0]), [tuple(row.values()) for row in rows], title=title)
        return
    columns = ("started_at", "kind", "outcome", "seconds", "rows_read", "rows_loaded", "publication_id", "run_id")
    print_table((*columns, "message"), [(*(one[name] for name in columns), one["message"]) for one in found])


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
