"""The `footfall` command. Heavy libraries are imported by the command that needs them: --help answers at once."""

import csv
import json
import logging
import os
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click

from orchestration.cli_operations import accept, backup, restore, runs
from orchestration.cli_options import (
    EXIT_FAILED,
    FootfallGroup,
    landing_option,
    log_format_option,
    read_settings,
    say_failure,
    target_option,
)
from orchestration.logs import show_progress
from orchestration.settings import Settings, SettingsError, latest_yesterday, utc_now

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=FootfallGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footfall")
@log_format_option
def main() -> None:
    """Footfall: a product-usage warehouse. Events in, audited metric tables out.

    Settings come from the environment (FOOTFALL_HOME, FOOTFALL_TARGET, FOOTFALL_LANDING, FOOTFALL_SECRET_KEY, …);
    `footfall doctor` lists them all.
    """


@main.command()
@landing_option
@target_option
@click.option("--as-of", metavar="DATE", type=DAY, help="Hide every later day.")
@click.option("--full-refresh", is_flag=True, help="Rebuild every table from raw.")
def run(landing: str | None, target: str | None, as_of: datetime | None, full_refresh: bool) -> None:
    """Load new files, build what is pending, audit it, publish.

    Exit codes: 0 published, or nothing to do; 1 a step failed and nothing was published; 2 wrong usage.
    """
    settings = read_settings(target)
    day = as_of.date() if as_of else None
    if day and day > latest_yesterday(utc_now()):
        raise click.UsageError(f"--as-of {day} is not over yet in any time zone; the latest possible is yesterday.")
    _run(settings, landing=landing, as_of=day, full_refresh=full_refresh)


@main.command()
@click.option("--from", "first", metavar="DATE", type=DAY, help="First day to rebuild; default: the first of all.")
@click.option("--to", "last", metavar="DATE", type=DAY, help="Last day to rebuild, included; default: the last of all.")
@click.option("--workspace", metavar="ID", help="Rebuild this workspace only.")
@click.option("--everything", is_flag=True, help="Rebuild every table of every workspace.")
@landing_option
@target_option
def backfill(
    first: datetime | None,
    last: datetime | None,
    workspace: str | None,
    everything: bool,
    landing: str | None,
    target: str | None,
) -> None:
    """Rebuild days, a workspace or everything from the loaded rows, audit and publish.

    Days are local to each workspace. New files are loaded too, as in any run.

    Exit codes: 0 published, or nothing there to rebuild; 1 a step failed and nothing was published; 2 wrong usage.
    """
    from orchestration.rebuild import Scope, ScopeError

    settings = read_settings(target)
    is_partial = bool(first or last or workspace)
    if is_partial == everything:
        raise click.UsageError("say what to rebuild: --from and --to, --workspace, or all of them, or --everything.")
    try:
        scope = Scope(first and first.date(), last and last.date(), workspace) if is_partial else None
    except ScopeError as error:
        raise click.UsageError(str(error)) from None
    _run(settings, landing=landing, rebuild=scope, full_refresh=everything)


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--forget", is_flag=True, help="The files were removed from the landing folder: take their rows out.")
@landing_option
@target_option
def reload(files: tuple[str, ...], forget: bool, landing: str | None, target: str | None) -> None:
    """Replace the rows of loaded files that were mended since, build, audit and publish.

    FILE is a file, a folder or a quoted pattern such as 'events/2026-01-*', within the landing folder. The rows that
    came from any earlier content of the files go, those they hold now come: of all files named, or of none.

    Exit codes: 0 published; 1 a step failed and nothing was published; 2 wrong usage, and nothing was changed.
    """
    _run(read_settings(target), landing=landing, reload=files, forget=forget)


@main.command()
@landing_option
@target_option
def purge(landing: str | None, target: str | None) -> None:
    """Delete the events and users that went over their horizons, build, audit and publish.

    The horizons are FOOTFALL_RETAIN_RAW_DAYS and FOOTFALL_RETAIN_USERS_DAYS before today, by each workspace's local
    day. What was made of the events by day and session stays until the user has been silent for too long, and
    aggregates stay for ever. New files are loaded too, as in any run.

    Exit codes: 0 published, or nothing there to purge; 1 a step failed and nothing was published; 2 wrong usage.
    """
    settings = read_settings(target)
    if settings.retain_raw_days is None:
        raise click.UsageError("no horizon is set: set FOOTFALL_RETAIN_RAW_DAYS, 395 is recommended.")
    _run(settings, landing=landing, purge=True)


workspace_option = click.option(
    "--workspace", metavar="ID", default="default", show_default=True, help="The person's workspace."
)
user_option = click.option("--user", metavar="ID", help="The person, by the user_id of the landing files.")
user_key_option = click.option("--user-key", metavar="KEY", help="The person, by the user_key of the tables.")


@main.command()
@workspace_option
@user_option
@user_key_option
@click.option(
    "--mode",
    type=click.Choice(["delete", "anonymize"]),
    default="delete",
    show_default=True,
    help="anonymize: keep what is counted, under a key that nobody knows.",
)
@click.option("--delete-landing", is_flag=True, help="Take the person's rows out of the landing files too.")
@click.option(
    "--certificate", metavar="FILE", type=click.Path(path_type=Path), help="Write it here; default: print it."
)
@click.option("--lift", is_flag=True, help="Let rows of the person in again that are loaded from now on.")
@landing_option
@target_option
def erase(
    workspace: str,
    user: str | None,
    user_key: str | None,
    mode: str,
    delete_landing: bool,
    certificate: Path | None,
    lift: bool,
    landing: str | None,
    target: str | None,
) -> None:
    """Erase a person from every table and file of the warehouse, keep them out, and print a certificate.

    Exit codes: 0 erased; 1 a step failed: the person is out of the raw tables and stays out, and the next run that
    publishes does the rest; 2 wrong usage, and nothing was changed.
    """
    from ingest.discover import LandingError
    from ingest.erase import NotErased
    from orchestration.erasure import last_certificate
    from orchestration.run import lift_erasure, run_erasure
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse
    from warehouse.owner_only import open_private

    settings = read_settings(target)
    person = _person(settings, workspace, user, user_key, mode)
    try:
        if lift:
            lift_erasure(settings, person)
            click.echo("lifted: `footfall reload` brings back what the landing files hold of the person")
            return
        show_progress(settings.log_format)
        outcome = run_erasure(settings, person, landing=landing, deletes_landing=delete_landing)
    except (SettingsError, LandingError, NotErased) as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    _exit_unless_published(outcome)
    proof = json.dumps(last_certificate(open_warehouse(settings), person.tombstone), indent=2, ensure_ascii=False)
    if certificate:
        with open_private(certificate, "w") as out:
            out.write(proof + "\n")
        click.echo(f"erased; the certificate is {certificate}")
    else:
        click.echo(proof)


def _person(settings: Settings, workspace: str, user: str | None, user_key: str | None, mode: str = "delete"):
    from ingest.erase import Person

    if bool(user) == bool(user_key):
        raise click.UsageError("say who: either --user or --user-key.")
    try:
        keys = settings.keys()
        if user:
            return Person.of_user(keys, workspace, user, mode)
        return Person.of_key(keys, workspace, user_key, mode)
    except (SettingsError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _key_of_person(settings: Settings, workspace: str, user: str | None, user_key: str | None) -> str:
    """The user_key of who is read about: unlike an id, the key itself asks for no secret key."""
    from ingest.erase import checked_user_key

    if user is not None or not user_key:
        return _person(settings, workspace, user, user_key).user_key
    try:
        return checked_user_key(user_key)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@main.command("export-user")
@workspace_option
@user_option
@user_key_option
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), required=True, help="A folder, new or empty.")
@target_option
def export_user(workspace: str, user: str | None, user_key: str | None, output: Path, target: str | None) -> None:
    """Write everything that is held about a person, as JSON and CSV, a file a table."""
    from orchestration.export import ExportError, export_person
    from warehouse.base import WarehouseError

    settings = read_settings(target)
    person = _person(settings, workspace, user, user_key)
    try:
        tables = export_person(settings, person, output)
    except (SettingsError, ExportError) as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{sum(tables.values()):,} rows of {len(tables)} tables are in {output}")


@main.command()
@landing_option
@target_option
def rotate_key(landing: str | None, target: str | None) -> None:
    """Apply the new keys of FOOTFALL_ROTATION_KEYS: every user key changes, everything is rebuilt and published.

    The ring before stays set: new events pass through all of it. Exit codes: as of `footfall run`.
    """
    from orchestration.key_ring import rotate_keys
    from warehouse.base import WarehouseError

    settings = read_settings(target)
    show_progress(settings.log_format)
    try:
        people = rotate_keys(settings)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{people:,} user keys were rewritten.")
    _run(settings, landing=landing)


def _run(settings: Settings, **request) -> None:
    """One run with progress and summary on the screen; `request`: see orchestration.run.Request."""
    show_progress(settings.log_format)
    _finish(_outcome(settings, **request), settings)


def _outcome(settings: Settings, **request):
    from ingest.discover import LandingError
    from ingest.purge import PurgeError
    from ingest.reload import ReloadError
    from orchestration.rebuild import ScopeError
    from orchestration.run import Request, run_pipeline
    from warehouse.base import WarehouseError
    from warehouse.disk import disk_words

    try:
        return run_pipeline(settings, Request(**request))
    except (SettingsError, LandingError, ReloadError, ScopeError, PurgeError) as error:
        raise click.UsageError(str(error)) from None
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    except Exception as error:  # Dagster's own storage, logs and temporary files lie on the same disk
        if words := disk_words(error, settings.home):
            raise click.ClickException(words) from None
        raise


def _finish(outcome, settings: Settings) -> None:
    from orchestration.summary import print_summary

    _exit_unless_published(outcome)
    if outcome.up_to_date:
        click.echo("Nothing new: the published marts stand.")
    print_summary(settings)


def _exit_unless_published(outcome) -> None:
    for check in outcome.failed_checks:
        say_failure(f"failed: {check.name}", check.rows)
    for error in outcome.errors:
        say_failure(f"error: {error}")
    if not outcome.published and not outcome.up_to_date:
        say_failure("Nothing was published: readers still see the marts as they were.")
        sys.exit(EXIT_FAILED)


@main.command()
@click.argument("sql")
@click.option("--format", "style", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@target_option
def query(sql: str, style: str, target: str | None) -> None:
    """Run one read-only SQL query on what is published.

    Tables of contract section 8 are found without a schema: footfall query "select * from rpt_activity"
    """
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    settings = read_settings(target)
    try:
        result = open_warehouse(settings).read(sql)
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    except Exception as error:  # each driver has its own hierarchy; the message names the SQL's fault
        raise click.ClickException(str(error).strip()) from None
    _print_result(result.columns, result.rows, style)


@main.command()
@click.option("--workspace", metavar="ID", default="default", show_default=True, help="Workspace of the report.")
@click.option(
    "--timeframe", type=click.Choice(["7d", "30d", "90d", "365d"]), default="30d", show_default=True, help="Days back."
)
@click.option("--segment", metavar="NAME", default="all", show_default=True, help="Name or id of a segment.")
@user_option
@user_key_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the document instead.")
@target_option
def report(
    workspace: str,
    timeframe: str,
    segment: str,
    user: str | None,
    user_key: str | None,
    schema: bool,
    target: str | None,
) -> None:
    """Print the published numbers of a workspace as one JSON document: of everybody, a segment or a person."""
    from serving.report import ReportError, build_report, document_schema
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    if schema:
        click.echo(json.dumps(document_schema(), indent=2, ensure_ascii=False))
        return
    settings = read_settings(target)
    if user is not None or user_key is not None:
        if segment != "all":
            raise click.UsageError("a document is of a segment or of a person: give --segment or --user.")
        user_key = _key_of_person(settings, workspace, user, user_key)
    try:
        with open_warehouse(settings).published() as tx:
            document = build_report(tx, workspace, timeframe, segment, user_key)
    except (ReportError, WarehouseError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; TLS is a proxy's work.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@target_option
def serve(host: str, port: int, target: str | None) -> None:
    """Answer over HTTP what `footfall report` prints, to whoever has a token, until it is told to end (SIGTERM)."""
    import uvicorn

    from serving.service import create_app
    from warehouse.base import WarehouseError

    settings = read_settings(target)
    try:
        app = create_app(settings)
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    logging.basicConfig(format="%(asctime)s  %(message)s")
    logging.getLogger("footfall").setLevel(logging.INFO)
    # Requests are logged by the service itself, which knows what must stay out; what runs is answered to its end.
    uvicorn.run(app, host=host, port=port, access_log=False, server_header=False, timeout_graceful_shutdown=30)


@main.group()
def token() -> None:
    """Tokens: who may read the reports of which workspaces, by `footfall serve` and the dashboard."""


@token.command("create")
@click.option("--name", metavar="NAME", required=True, help="Whose it is, or what for; one token a name.")
@click.option("--workspace", "workspaces", metavar="ID", multiple=True, required=True, help="May be given repeatedly.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it lasts.")
def create_token(name: str, workspaces: tuple[str, ...], days: int) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    from serving.tokens import TokenError

    try:
        text = _tokens().create(name, workspaces, days)
    except TokenError as error:
        raise click.ClickException(str(error)) from None
    click.echo("keep it now, it is shown this once:", err=True)
    click.echo(text)


@token.command("list")
def list_tokens() -> None:
    """Print every token's name, workspaces and dates."""
    from serving.tokens import TokenError

    try:
        rows = [
            (each.name, ", ".join(sorted(each.workspaces)), each.created_at, each.expires_at)
            for each in _tokens().list()
        ]
    except TokenError as error:
        raise click.ClickException(str(error)) from None
    _print_result(("name", "workspaces", "created_at", "expires_at"), rows, "table")


@token.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Forget a token: whoever has it reads nothing any more."""
    from serving.tokens import TokenError

    try:
        _tokens().revoke(name)
    except TokenError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"revoked: {name}")


def _tokens():
    from serving.tokens import Tokens, token_file

    return Tokens(token_file(read_settings().home))


def _print_result(columns: tuple[str, ...], rows: list[tuple], style: str) -> None:
    if style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif style == "json":
        for row in rows:
            click.echo(json.dumps(dict(zip(columns, map(_jsonable, row), strict=True)), ensure_ascii=False))
    else:
        from orchestration.summary import print_table

        print_table(columns, rows)


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--require-token", is_flag=True, help="Ask for a token, and show its workspaces only.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@target_option
def dashboard(host: str, port: int, require_token: bool, no_browser: bool, target: str | None) -> None:
    """Open the dashboard of what is published, read-only; Ctrl-C ends it.

    On an address that other machines reach it always asks for a token.
    """
    from serving.dashboard.launch import PortTaken, address_of, check_free, is_loopback, serve
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    settings = read_settings(target)
    try:
        with open_warehouse(settings).published():
            check_free(host, port)
    except (PortTaken, WarehouseError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The dashboard is at {address_of(host, port)} (Ctrl-C ends it).")
    sys.stdout.flush()
    serve(host, port, requires_token=require_token or not is_loopback(host), opens_browser=not no_browser)


@main.command()
@click.option("--alert", is_flag=True, help="Look for stale data only, and tell FOOTFALL_ALERT_WEBHOOK of any.")
@target_option
def doctor(alert: bool, target: str | None) -> None:
    """Say what is set, what is reachable and what is missing. Exits 1 when a run could not work.

    With --alert it exits 1 when something is stale.
    """
    from orchestration.doctor import examine
    from orchestration.watch import alert_if_stale
    from warehouse.base import WarehouseError

    settings = read_settings(target)
    if alert:
        try:
            stale = alert_if_stale(settings)
        except WarehouseError as error:
            raise click.ClickException(str(error)) from None
        click.echo("\n".join(stale) or "nothing is stale")
        sys.exit(EXIT_FAILED if stale else 0)
    findings = examine(settings)
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.mark}  {finding.subject.ljust(width)}  {finding.words}")
    if any(finding.is_fatal for finding in findings):
        sys.exit(EXIT_FAILED)


@main.command()
@target_option
def demo(target: str | None) -> None:
    """Write a made-up workload, run the pipeline on it and show the main numbers."""
    from orchestration.demo import demo_settings, prepare_demo, print_digest

    settings = demo_settings(read_settings(target))
    show_progress(settings.log_format)
    landing = prepare_demo(settings)
    _finish(_outcome(settings, landing=str(landing)), settings)
    print_digest(settings)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def dev(arguments: tuple[str, ...]) -> None:
    """Open the Dagster UI, with the daily schedule and the landing sensor running; arguments go to `dagster dev`."""
    from orchestration.dagster_home import prepare_dagster_home

    settings = read_settings()
    try:
        settings.required_secret()
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    prepare_dagster_home(settings)
    dagster = Path(sys.executable).parent / "dagster"
    os.execv(dagster, [str(dagster), "dev", "-m", "orchestration.definitions", *arguments])


@main.command()
@target_option
def docs(target: str | None) -> None:
    """Build the reference of every table and column as one HTML page. Run it after `footfall run`."""
    from orchestration.project import DbtError, build_docs
    from warehouse.open import open_warehouse

    settings = read_settings(target)
    try:
        page = build_docs(settings, open_warehouse(settings).dbt_environment())
    except DbtError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"built {page}: open it in a browser")


@main.command()
@click.option("--role", metavar="NAME", help="Create or change one who logs in.")
@click.option("--workspace", metavar="ID", help="The role reads this workspace only.")
@click.option(
    "--schema",
    type=click.Choice(["marts", "marts_safe"]),
    default="marts_safe",
    show_default=True,
    help="Where it reads that workspace.",
)
@click.option(
    "--group",
    type=click.Choice(["footfall_loader", "footfall_builder", "marts_reader", "bi_reader"]),
    help="The group the role joins, when it is not bound to a workspace.",
)
@click.option("--password-env", metavar="VAR", help="Environment variable that holds the role's password.")
@target_option
def access(
    role: str | None,
    workspace: str | None,
    schema: str,
    group: str | None,
    password_env: str | None,
    target: str | None,
) -> None:
    """Create the roles of a Postgres warehouse and their rights, or bring them up to date.

    Groups cannot log in; --role makes a member that can, once it has a password. FOOTFALL_ROLE_PREFIX goes before the
    names of groups.
    """
    from warehouse.access import Reader
    from warehouse.base import WarehouseError
    from warehouse.open import open_warehouse

    settings = read_settings(target)
    if settings.target != "postgres":
        raise click.UsageError("roles are a matter of Postgres: set FOOTFALL_TARGET or give --target postgres.")
    if role is None and (workspace or group or password_env):
        raise click.UsageError("--role is missing: the name of the one who gets the workspace, group or password.")
    if role is not None and (workspace is None) == (group is None):
        raise click.UsageError("give the role either a --workspace or a --group.")
    if password_env and not os.environ.get(password_env):
        raise click.UsageError(f"the environment variable {password_env} is empty or not set.")
    password = os.environ[password_env] if password_env else None
    reader = Reader(role, group, workspace, schema, password) if role else None
    try:
        open_warehouse(settings).set_up_access(reader)
    except WarehouseError as error:
        raise click.ClickException(str(error)) from None
    click.echo("roles are up to date" + (f"; {role} is ready" if role else ""))


@main.command()
def stop() -> None:
    """Stop the embedded Postgres server, if it runs. A DSN of your own is left alone."""
    from warehouse.embedded_postgres import EmbeddedPostgres

    stopped = EmbeddedPostgres(read_settings().home).stop()
    click.echo("embedded Postgres stopped" if stopped else "embedded Postgres was not running")


for command in (runs, accept, backup, restore):
    main.add_command(command)
