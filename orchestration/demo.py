"""The demo: a made-up workload under FOOTFALL_HOME, and the digest that follows its run."""

import logging
import os
import secrets
import shlex
import shutil
from datetime import timedelta
from pathlib import Path

import click
from pydantic import SecretStr

from ingest.demo import write_demo
from orchestration.settings import Settings, utc_now
from orchestration.summary import print_table
from warehouse.open import open_warehouse

log = logging.getLogger("footfall")

KEY_FILE = "demo_secret_key"
SHELL_ENVIRONMENT = frozenset(os.environ)
_MARKER = ".made-up-by-footfall-demo"

_ACTIVITY = """
select
    workspace_name as workspace,
    timeframe,
    dau,
    wau,
    mau,
    mau_change as "mau change %",
    new_users as new,
    returning_users as returning,
    reactivated_users as reactivated,
    churned_users as churned,
    bounce_rate as "bounce %",
    avg_session_seconds as "session s",
    engagement_score as engagement
from rpt_activity
join dim_workspaces on dim_workspaces.workspace_id = rpt_activity.workspace_id
where segment_id = 'all' and timeframe in ('7d', '30d')
order by workspace_name, length(timeframe), timeframe
"""

_RETENTION = """
select
    workspace_name as workspace,
    cohort_start as cohort,
    max(cohort_users) as users,
    max(case when period_number = 1 then retention_rate end) as "month 1 %",
    max(case when period_number = 2 then retention_rate end) as "month 2 %",
    max(case when period_number = 3 then retention_rate end) as "month 3 %",
    max(case when period_number = 4 then retention_rate end) as "month 4 %"
from fct_cohort_retention
join dim_workspaces on dim_workspaces.workspace_id = fct_cohort_retention.workspace_id
where grain = 'month'
group by workspace_name, cohort_start
order by workspace_name, cohort_start
"""


def demo_settings(settings: Settings) -> Settings:
    """The same settings with a secret key: the demo alone makes one, kept under FOOTFALL_HOME for its owner only."""
    if settings.secret_key is None:
        file = settings.home / KEY_FILE
        settings.home.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32))
        settings.secret_key = SecretStr(file.read_text())
    # The assets read the environment, like every other process of a run.
    os.environ["FOOTFALL_SECRET_KEY"] = settings.secret_key.get_secret_value()
    return settings


def prepare_demo(settings: Settings) -> Path:
    """The landing folder of the demo, written unless it is there.

    Raises:
        click.UsageError: the folder holds files of somebody's own.
    """
    landing = settings.home / "landing"
    if (landing / _MARKER).exists():
        log.info("made-up workload found in %s", landing)
        return landing
    if landing.exists() and any(landing.iterdir()):
        raise click.UsageError(
            f"{landing} holds files of your own, and the demo does not mix with them. "
            "Set FOOTFALL_HOME to an empty folder for the demo."
        )
    log.info("writing a made-up workload to %s: three fictitious companies, half a year of events", landing)
    partial = landing.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    write_demo(partial, utc_now().date() - timedelta(days=1))
    (partial / _MARKER).touch()
    if landing.exists():
        landing.rmdir()
    partial.rename(landing)
    return landing


def print_digest(settings: Settings) -> None:
    """The main numbers, and what to do next."""
    warehouse = open_warehouse(settings)
    click.echo("The numbers below are of made-up data: three fictitious companies in three time zones.\n")
    for title, sql in (("Activity and growth", _ACTIVITY), ("Monthly cohorts: users who came back", _RETENTION)):
        result = warehouse.read(sql)
        print_table(result.columns, result.rows, title=title)
    click.echo(_next_steps(settings))


def _next_steps(settings: Settings) -> str:
    target = f" --target {settings.target}" if settings.target != "duckdb" else ""
    steps = ["What next"]
    if "FOOTFALL_SECRET_KEY" not in SHELL_ENVIRONMENT:
        steps.append(f"  first:     export FOOTFALL_SECRET_KEY=$(cat {shlex.quote(str(settings.home / KEY_FILE))})")
    steps += [
        f"  dashboard: .venv/bin/footfall dashboard{target}",
        f"  report:    .venv/bin/footfall report{target} --workspace lantern",
        f'  look:      .venv/bin/footfall query{target} "select * from fct_activity_daily limit 10"',
        f"  check:     .venv/bin/footfall doctor{target}",
        "  Dagster:   make dev",
        "  own data:  see “Your own events” in README.md (another FOOTFALL_HOME, a secret key, footfall run)",
    ]
    if settings.target == "postgres":
        from warehouse.embedded_postgres import EmbeddedPostgres

        if settings.postgres_dsn is None:
            steps.append(f"  BI tool:   {EmbeddedPostgres(settings.home).dsn}  (schema marts)")
            steps.append("  stop it:   .venv/bin/footfall stop")
    else:
        steps.append(
            f"  BI tool:   DuckDB file {settings.home / 'published' / 'footfall.duckdb'}, read-only, schema marts"
        )
    return "\n".join(steps)
