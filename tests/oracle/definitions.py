"""What landing files define rather than record: one row a key, and whose row holds in a workspace (section 1)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import values
from .landing import Settings

GOAL_FIELDS = ("event_type", "event_name", "page_path")
LONGEST_WINDOW_HOURS = 8760
A_WEEK = 168


@dataclass(frozen=True)
class Funnel:
    """Its steps as (name, pattern by event field), and how long after the first one the last may come."""

    funnel_name: str
    steps: tuple[tuple[str, dict[str, str]], ...]
    window: timedelta


def latest_rows(rows: list[dict], key_of: Callable[[dict], object], settings: Settings) -> dict[object, dict]:
    """One row a key: the greatest (updated_at, content hash), updated_at absent = load time; rejected rows left out."""
    loaded_at = settings.now.astimezone(UTC).replace(tzinfo=None)
    best: dict[object, tuple[tuple[datetime, str], dict]] = {}
    for row in rows:
        try:
            key = key_of(row)
            version = values.timestamp(row.get("updated_at")) or loaded_at, settings.content_hash_of(row)
        except values.Rejected:
            continue
        if key not in best or version > best[key][0]:
            best[key] = version, row
    return {key: row for key, (_, row) in best.items()}


def holding_in(workspace_id: str, rows: list[dict], name_of: Callable[[dict], str], settings: Settings) -> dict:
    """Name -> row of the definitions for every workspace, each beaten by the workspace's own of that name."""
    latest = latest_rows(rows, lambda row: (values.text(row.get("workspace_id")), name_of(row)), settings)
    for_every = {name: row for (owner, name), row in latest.items() if owner is None}
    own = {name: row for (owner, name), row in latest.items() if owner == workspace_id}
    return dict(sorted((for_every | own).items()))


def feature_name(row: dict) -> str:
    return values.required_text(row, "feature_name")


def goal_name(row: dict) -> str:
    if not goal_patterns(row):
        raise values.Rejected(f"a goal needs one of {', '.join(GOAL_FIELDS)}")
    return values.required_text(row, "goal_name")


def goal_patterns(row: dict) -> dict[str, str]:
    """Event field -> pattern, for the fields that the goal names."""
    return {field: pattern for field in GOAL_FIELDS if (pattern := values.text(row.get(field))) is not None}


def funnel_name(row: dict) -> str:
    """The name of a row that describes a funnel; raises Rejected for another."""
    funnel_from(row)
    return values.required_text(row, "funnel_name")


def funnel_from(row: dict) -> Funnel:
    steps = row.get("steps")
    try:
        steps = json.loads(steps) if isinstance(steps, str) else steps
        hours = int(values.text(row.get("window_hours")) or A_WEEK)
    except ValueError as error:
        raise values.Rejected("steps or window_hours") from error
    if not isinstance(steps, list) or not 2 <= len(steps) <= 10 or not 1 <= hours <= LONGEST_WINDOW_HOURS:
        raise values.Rejected(f"steps {steps!r} within {hours} h")
    read = []
    for step in steps:
        if not isinstance(step, dict) or not set(step) <= {*GOAL_FIELDS, "name"}:
            raise values.Rejected(f"step {step!r}")
        patterns = {field: text for field in GOAL_FIELDS if (text := values.text(step.get(field))) is not None}
        if not patterns:
            raise values.Rejected(f"a step needs one of {', '.join(GOAL_FIELDS)}")
        read.append((values.text(step.get("name")) or ", ".join(patterns.values()), patterns))
    return Funnel(values.text(row.get("funnel_name")) or "", tuple(read), timedelta(hours=hours))
