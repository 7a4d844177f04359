"""Rows and settings that the tests of ingest share."""

from datetime import UTC, datetime

CLOCK = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECRET = "a secret that only tests know"


def event(**fields) -> dict:
    """A valid event with the given fields changed; None leaves one out."""
    row = {"event_id": "e1", "user_id": "u1", "event_type": "page_view", "created_at": "2026-01-02T03:04:05Z", **fields}
    return {name: value for name, value in row.items() if value is not None}
