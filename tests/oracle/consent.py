"""Which events consent covers: for each, a walk through all decisions of its user."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from . import values
from .landing import Landing, Settings

DEFAULT_WORKSPACE = "default"
GRANTED = {"true": True, "false": False}


class Consents:
    """The decisions on analytics that were landed, and the policies they are read under."""

    def __init__(self, landing: Landing, settings: Settings) -> None:
        self._policy_of = settings.consent_policy_of
        self._decisions: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
        loaded_at = settings.now.astimezone(UTC).replace(tzinfo=None)
        for row in landing.consents:
            try:
                workspace_id = values.text(row.get("workspace_id")) or DEFAULT_WORKSPACE
                user_key = settings.key_of(workspace_id, values.required_text(row, "user_id"))
                granted = GRANTED.get(values.required_text(row, "granted").lower())
                at = values.timestamp_in_range(row.get("at"), loaded_at)
            except values.Rejected:
                continue
            if (
                granted is not None
                and at is not None
                and (values.text(row.get("purpose")) or "analytics") == "analytics"
            ):
                self._decisions[user_key].append((at, granted))

    def deny(self, workspace_id: str, user_key: str, created_at: datetime, metadata: dict) -> bool:
        """Whether an event must not be kept."""
        policy = self._policy_of(workspace_id)
        if policy == "none":
            return False
        if metadata.get("gpc") is True or metadata.get("gpc") == "true":
            return True
        return not _is_granted(self._decisions.get(user_key, ()), created_at, otherwise=policy == "opt_out")


def _is_granted(decisions: Iterable[tuple[datetime, bool]], at: datetime, otherwise: bool) -> bool:
    before = [(decided_at, granted) for decided_at, granted in decisions if decided_at <= at]
    if not before:
        return otherwise
    latest = max(decided_at for decided_at, _ in before)
    return all(granted for decided_at, granted in before if decided_at == latest)
