"""The commands of whoever keeps the warehouse running: history, gates, backups. docs/operations.md is their runbook."""

import getpass
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from orchestration.cli_options import read_settings, target_option
from orchestration.settings import SettingsError


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


@click.command()
@click.argument("finding_id")
@click.option("--reason", metavar="TEXT", required=True, help="Why it is right as it is; kept with the acceptance.")
@click.option("--by", metavar="NAME", default=getpass.getuser, show_default="your login", help="Who accepts it.")
@click.option("--lasting", is_flag=True, help="It is usual from that day on: forget what was usual before.")
@target_option
def accept(finding_id: str, reason: str, by: str, lasting: bool, target: str | None) -> None:
    """Accept what a gate found, so that the next run may publish. FINDING_ID: as the blocked run names it.

    It holds for that finding alone: the same on another day blocks again, unless it was accepted as --lasting.
    """
    from orchestration.gate_memory import accept as accept_finding
    from orchestration.settings import utc_now
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    if not reason.strip():
        raise click.UsageError("--reason is empty: say why it is right as it is.")
    try:
        warehouse = open_warehouse(read_settings(target))
        warehouse.prepare()
        with warehouse.transaction() as tx:
            words = accept_finding(tx, finding_id, by, reason, utc_now(), is_lasting=lasting)
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"accepted: {words}\n`footfall run` publishes it now")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@target_option
def backup(folder: Path, target: str | None) -> None:
    """Write a backup to FOLDER, which must not exist yet. A run in progress is waited for; readers read on.

    The secret key is not in it: keep it apart. Whoever has both can tell who is who.
    """
    from orchestration.backup import make_backup
    from warehouse.base import WarehouseError

    try:
        description = make_backup(read_settings(target), folder)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"backup of publication {description['publication']} ({description['engine']}) in {folder}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--erased",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="erasures.json of a later backup, or a certificate of `footfall erase`; may be given repeatedly.",
)
@click.option("--none-erased", is_flag=True, help="Nobody was erased since the backup was made.")
@target_option
def restore(folder: Path, files: tuple[Path, ...], none_erased: bool, target: str | None) -> None:
    """Restore the backup in FOLDER into an empty installation: an empty FOOTFALL_HOME, or an empty database.

    People who were erased since the backup was made must not come back: say who they are, or that there are none.
    Requests in the landing folder's erasures/ need not be named, the next run carries them out first.
    """
    from orchestration.backup import read_erased, restore_backup
    from warehouse.base import WarehouseError

    if bool(files) == none_erased:
        raise click.UsageError(
            "say who was erased since the backup was made: --erased FILE for a list or certificate, or --none-erased."
        )
    try:
        gone = restore_backup(read_settings(target), folder, read_erased(files))
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    if gone:
        click.echo(f"restored without {gone:,} people who were erased since: `footfall run` publishes it")
    else:
        click.echo("restored: `footfall run` loads what came since")


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
