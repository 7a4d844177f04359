"""Which events count: acceptance of landing rows, and one survivor for each event id."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import values
from .consent import Consents
from .landing import Landing, Settings

EVENT_TYPES = frozenset(("page_view", "feature_use", "api_call", "login", "logout", "error", "custom"))
DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True)
class Event:
    """One accepted event. Times are naive UTC; activity_date and hour_of_day are local to the workspace."""

    workspace_id: str
    event_id: str
    user_key: str
    client_session_id: str | None
    event_type: str
    event_name: str | None
    page_path: str | None
    device_type: str | None
    browser: str | None
    os: str | None
    country_code: str | None
    metadata: dict = field(hash=False)
    created_at: datetime
    activity_date: date
    hour_of_day: int
    is_bot: bool
    content_hash: str

    @property
    def feature_name(self) -> str | None:
        return (self.event_name or "unknown") if self.event_type == "feature_use" else None

    @property
    def visited_page(self) -> str | None:
        return self.page_path if self.event_type == "page_view" else None

    @property
    def category(self) -> str | None:
        value = self.metadata.get("category")
        return None if isinstance(value, (dict, list)) else values.text(value)

    @property
    def seconds_spent(self) -> Decimal | None:
        duration = values.number(self.metadata.get("duration"))
        return duration if duration is not None and duration >= 0 else None

    @property
    def revenue(self) -> Decimal | None:
        return values.number(self.metadata.get("revenue")) if self.event_type == "custom" else None


def in_order(event: Event) -> tuple[datetime, str]:
    """(created_at, event_id). Python orders text by code point, which is the order of its UTF-8 bytes."""
    return event.created_at, event.event_id


def accepted_events(landing: Landing, settings: Settings, zones: dict[str, ZoneInfo]) -> list[Event]:
    """Accepted events, bots' included, each (workspace_id, event_id) once: the smallest (created_at, content hash)."""
    consents = Consents(landing, settings)
    survivors: dict[tuple[str, str], Event] = {}
    for row in landing.events:
        try:
            event = accepted(row, settings, zones, consents)
        except values.Rejected:
            continue
        key = event.workspace_id, event.event_id
        rival = survivors.get(key)
        if rival is None or (event.created_at, event.content_hash) < (rival.created_at, rival.content_hash):
            survivors[key] = event
    return sorted(survivors.values(), key=in_order)


def accepted(row: dict, settings: Settings, zones: dict[str, ZoneInfo], consents: Consents) -> Event:
    """The event that a landing row holds; raises Rejected when the contract refuses it or its user's consent does."""
    user_id = values.required_text(row, "user_id")
    event_type = values.required_text(row, "event_type")
    if event_type not in EVENT_TYPES:
        raise values.Rejected(f"unknown event_type {event_type!r}")
    loaded_at = settings.now.astimezone(UTC).replace(tzinfo=None)
    created_at = values.timestamp_in_range(row.get("created_at"), loaded_at)
    if created_at is None:
        raise values.Rejected("created_at is missing")
    workspace_id = values.text(row.get("workspace_id")) or DEFAULT_WORKSPACE
    user_key = settings.key_of(workspace_id, user_id)
    metadata = values.metadata_object(row.get("metadata"))
    if consents.deny(workspace_id, user_key, created_at, metadata):
        raise values.Rejected("denied")
    user_agent = values.text(row.get("user_agent"))
    recognized = settings.device_of(user_agent) if user_agent else {}
    local = values.local_time(created_at, zones.get(workspace_id, values.time_zone("UTC")))
    return Event(
        workspace_id=workspace_id,
        event_id=values.text(row.get("event_id")) or values.text(row.get("id")) or settings.event_id_of(row),
        user_key=user_key,
        client_session_id=values.text(row.get("session_id")),
        event_type=event_type,
        event_name=values.text(row.get("event_name")),
        page_path=values.text(row.get("page_path")),
        device_type=values.text(row.get("device_type")) or recognized.get("device_type"),
        browser=values.text(row.get("browser")) or recognized.get("browser"),
        os=values.text(row.get("os")) or recognized.get("os"),
        country_code=values.text(row.get("country_code")),
        metadata=metadata,
        created_at=created_at,
        activity_date=local.date(),
        hour_of_day=local.hour,
        is_bot=bool(user_agent) and settings.is_bot(user_agent),
        content_hash=settings.content_hash_of(row),
    )
