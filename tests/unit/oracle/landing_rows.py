"""Short ways to write landing rows and to read the oracle's tables."""

import hashlib
import itertools
import json
from datetime import UTC, date, datetime

from tests.oracle import Landing, Settings, published, published_with_segments

NOON = datetime(2024, 6, 13, 12, tzinfo=UTC)
NUMBERS = itertools.count()


def hashed(row: object) -> str:
    return hashlib.md5(json.dumps(row, sort_keys=True).encode()).hexdigest()


def event(at: str, user: str = "ann", kind: str = "page_view", workspace: str = "w", **fields: object) -> dict:
    """An event of its own id at `at`, such as 2024-06-12T10:00."""
    ids = {"event_id": f"e{next(NUMBERS):06d}", "user_id": user, "workspace_id": workspace}
    return ids | {"event_type": kind, "created_at": at} | fields


def page(at: str, path: str | None, user: str = "ann", **fields: object) -> dict:
    return event(at, user, page_path=path, **fields)


def use(at: str, feature: str | None, user: str = "ann", **metadata: object) -> dict:
    return event(at, user, "feature_use", event_name=feature, metadata=metadata)


def tables(events: list[dict], now: datetime = NOON, *, workspaces: list | None = None, **given: object) -> dict:
    """The tables of a run at `now`; `given` are other landing folders or settings."""
    return published(*run(events, now, workspaces, given))


def segment_tables(events: list[dict], now: datetime = NOON, **given: object) -> dict:
    """The same with the rows of each segment; a segment's id is its name."""
    ids = {"segment_id_of": lambda workspace_id, segment_name: segment_name}
    return published_with_segments(*run(events, now, None, given | ids))


def run(events: list[dict], now: datetime, workspaces: list | None, given: dict) -> tuple[Landing, Settings]:
    folders = {name: given.pop(name) for name in ("users", "features", "goals", "segments") if name in given}
    landing = Landing(events=events, workspaces=workspaces or [], **folders)
    hashes = {"event_id_of": hashed, "content_hash_of": hashed}
    settings = Settings(now=now, key_of=lambda workspace_id, user_id: user_id, **(hashes | given))
    return landing, settings


def in_zone(zone: str, workspace: str = "w") -> list[dict]:
    return [{"workspace_id": workspace, "timezone": zone}]


def picked(rows: list[dict], *columns: str, **where: object) -> list[tuple]:
    """The columns of the rows that agree with `where`, as tuples."""
    return [tuple(row[c] for c in columns) for row in rows if all(row[k] == v for k, v in where.items())]


def only(rows: list[dict], **where: object) -> dict:
    (row,) = [row for row in rows if all(row[k] == v for k, v in where.items())]
    return row


def day(text: str) -> date:
    return date.fromisoformat(text)
