"""What goes in: the rows of the landing folder, and the settings of one run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass
class Landing:
    """Rows as they stand in the landing files: keys are the contract's field names, absent keys are null."""

    events: list[dict] = field(default_factory=list)
    users: list[dict] = field(default_factory=list)
    workspaces: list[dict] = field(default_factory=list)
    features: list[dict] = field(default_factory=list)
    goals: list[dict] = field(default_factory=list)
    segments: list[dict] = field(default_factory=list)
    funnels: list[dict] = field(default_factory=list)
    consents: list[dict] = field(default_factory=list)


def looks_like_a_bot(user_agent: str) -> bool:
    """A stand-in for the list of known crawlers."""
    return any(word in user_agent.lower() for word in ("bot", "crawler", "spider"))


def nothing_from_user_agent(user_agent: str) -> dict[str, str | None]:
    """A stand-in for the user agent parser: it recognizes no device, browser or os."""
    return {}


def joined_id(workspace_id: str, segment_name: str) -> str:
    """A stand-in for the keyed hash that names a segment: it can be read."""
    return f"{workspace_id}|{segment_name}"


def no_policy(workspace_id: str) -> str:
    """Everything counts."""
    return "none"


@dataclass
class Settings:
    """One run. `now` is an aware UTC datetime, the clock at run start, and stands for the load time as well.

    `key_of` maps (workspace_id, user_id) to the user_key; `event_id_of` names an event that brings no id;
    `content_hash_of` hashes any landing row; `segment_id_of` maps (workspace_id, segment_name) to the segment_id.
    `device_of` maps a user agent to any of device_type, browser and os; `consent_policy_of` a workspace_id to none,
    opt_in or opt_out.
    """

    now: datetime
    key_of: Callable[[str, str], str]
    event_id_of: Callable[[dict], str]
    content_hash_of: Callable[[dict], str]
    as_of: date | None = None
    session_timeout_minutes: int = 30
    session_key: str = "inactivity"
    is_bot: Callable[[str], bool] = looks_like_a_bot
    device_of: Callable[[str], dict[str, str | None]] = nothing_from_user_agent
    segment_id_of: Callable[[str, str], str] = joined_id
    consent_policy_of: Callable[[str], str] = no_policy

    def __post_init__(self) -> None:
        if self.now.utcoffset() is None:
            raise ValueError(f"Settings.now must carry a time zone, got {self.now!r}: pass an aware UTC datetime")
        if self.session_key not in ("inactivity", "client"):
            raise ValueError(f"Settings.session_key is 'inactivity' or 'client', got {self.session_key!r}")
