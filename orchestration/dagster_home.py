"""Dagster's own storage under FOOTFALL_HOME: what ran when. No number depends on it."""

import json
import os
import sqlite3
from pathlib import Path

from orchestration.settings import Settings

DAGSTER_YAML = """\
telemetry:
  enabled: false
python_logs:
  managed_python_loggers: [footfall]
  python_log_level: INFO
event_log_storage:
  module: orchestration.event_log
  class: KeptEngineEventLogStorage
  config:
    base_dir: {events}
"""


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's storage, shared by the command line and the UI; telemetry is off."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(DAGSTER_YAML.format(events=json.dumps(str(home / "history" / "runs"))))
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "true"
    return home


def leave_flushing_to_the_system() -> None:
    """Let this process write Dagster's history without waiting for the disk after each of its events.

    A run has some 700 events, each of several commits: waiting for the disk was half of the wall time of a small run.
    A process that dies loses nothing; a machine that loses its power may lose the history of runs, and nothing else.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _do_not_wait):
        event.listen(Engine, "connect", _do_not_wait)


def _do_not_wait(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")
