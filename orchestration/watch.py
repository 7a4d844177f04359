"""Whether runs end, data comes in and alerts would be heard: the part of `footfall doctor` that looks at operations."""

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ingest.load import utc_naive
from orchestration.alerts import TIMEOUT_SECONDS, send_alert
from orchestration.finding import Finding
from orchestration.gate_memory import blocking_findings, silent_workspaces
from orchestration.history import BLOCKED, DID_NOT_FINISH, ENDED_WELL, FAILED, RUNNING, last_runs
from orchestration.settings import Settings, utc_now
from warehouse.base import Warehouse
from warehouse.open import open_warehouse

log = logging.getLogger("footfall")


def alert_if_stale(settings: Settings) -> list[str]:
    """Tell the alert hook what is stale, if anything is; return it.

    Raises:
        WarehouseError: the warehouse is not reachable; the hook was told that.
    """
    try:
        warehouse = open_warehouse(settings)
        warehouse.prepare()
        lines = stale_lines(warehouse, settings, utc_now())
    except Exception as error:
        send_alert(settings, "stale", [f"the warehouse cannot be looked at: {type(error).__name__}"])
        raise
    if lines:
        send_alert(settings, "stale", lines)
    return lines


def stale_lines(warehouse: Warehouse, settings: Settings, now: datetime) -> list[str]:
    """What is older than it should be: the last run that ended well, and workspaces that went silent.

    Args:
        now: aware.
    """
    with warehouse.transaction() as tx:
        well = " or ".join(f"outcome = '{outcome}'" for outcome in ENDED_WELL)
        newest = tx.fetch(f"select max(ended_at) from ops.runs where {well}")[0][0]
        first = tx.fetch("select min(started_at) from ops.runs")[0][0]
        silent = silent_workspaces(tx, now)
    lines = [one.sentence for one in silent]
    limit = timedelta(hours=settings.stale_hours)
    since = newest or first
    if since is not None and utc_naive(now) - since > limit:
        words = (
            f"the last run that ended well was at {newest:%Y-%m-%d %H:%M} UTC" if newest else "no run ended well yet"
        )
        lines.insert(0, f"{words}, more than {settings.stale_hours} hours ago (FOOTFALL_STALE_HOURS)")
    return lines


def _last_run(warehouse: Warehouse, settings: Settings) -> Iterator[Finding]:
    with warehouse.transaction() as tx:
        runs = last_runs(tx, 1)
        findings = blocking_findings(tx, runs[0]["run_id"]) if runs else []
    if not runs:
        yield Finding("last run", "none yet: run `footfall run`")
        return
    run = runs[0]
    words = f"{run['started_at']:%Y-%m-%d %H:%M} UTC, {run['kind']}: {run['outcome']}"
    more = f"; `footfall runs {run['run_id'][:8]}` shows its steps and checks"
    if run["outcome"] == BLOCKED:
        yield Finding("last run", words, is_well=False)
        for one in findings:
            yield Finding("blocked", f"{one.sentence}; mend the files, or accept it: {one.command}", is_well=False)
    elif run["outcome"] == FAILED:
        yield Finding("last run", f"{words}: {run['message']}{more}", is_well=False)
    elif run["outcome"] == DID_NOT_FINISH or (run["outcome"] == RUNNING and not _is_locked(warehouse)):
        words = words.replace(RUNNING, DID_NOT_FINISH)
        yield Finding("last run", f"{words}, it was killed or the machine went down; run `footfall run`{more}", False)
    else:
        yield Finding("last run", words)


def _is_locked(warehouse: Warehouse) -> bool:
    holder = warehouse.lock_holder()
    return holder is not None and holder.is_alive is not False


def _staleness(warehouse: Warehouse, settings: Settings) -> Iterator[Finding]:
    lines = stale_lines(warehouse, settings, utc_now())
    for line in lines:
        yield Finding("stale", f"{line}; look at the schedule and at who delivers the files", is_well=False)
    if not lines:
        yield Finding("stale", f"nothing: a run ended well in the last {settings.stale_hours} hours, or none ran yet")


def hook(settings: Settings) -> Finding:
    """Whether the alert hook can be reached; nothing is posted to it."""
    if settings.alert_webhook is None:
        return Finding("alert hook", "FOOTFALL_ALERT_WEBHOOK is unset: nobody is told when a run fails")
    parts = urlsplit(settings.alert_webhook.get_secret_value())
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=TIMEOUT_SECONDS).close()
    except OSError as error:
        problem = f"{type(error).__name__}: check FOOTFALL_ALERT_WEBHOOK and the network"
        return Finding("alert hook", f"{parts.hostname} port {port} does not answer, {problem}", is_well=False)
    return Finding("alert hook", f"{parts.hostname} answers")


WATCHED: tuple[Callable[[Warehouse, Settings], Iterator[Finding]], ...] = (_last_run, _staleness)
