"""Alerts: a POST of JSON to the address of FOOTFALL_ALERT_WEBHOOK when a run failed, was blocked, or data is stale.

`text` is what Slack and Mattermost show. The address is a secret: whoever has it can post there. A hook that fails is
logged and nothing else: it never fails a run.
"""

import json
import logging
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Literal

from orchestration.settings import Settings, utc_now

log = logging.getLogger("footfall")

TIMEOUT_SECONDS = 5
# The run holds its lock meanwhile: long enough for a proxy that restarts, short enough for the next run to wait.
PAUSES_SECONDS = (1, 3)

Event = Literal["failed", "blocked", "stale"]


def send_alert(settings: Settings, event: Event, lines: Sequence[str], run_id: str | None = None) -> bool:
    """Post an alert; True when the hook took it, or when none is set.

    Args:
        lines: what is wrong, a line each; without secrets and without persons.
        run_id: the run it is about.
    """
    if settings.alert_webhook is None:
        return True
    title = {"failed": "a run failed", "blocked": "a gate blocked publishing", "stale": "data is stale"}[event]
    body = {
        "text": "\n".join((f"Footfall on {socket.gethostname()}: {title}", *lines)),
        "event": event,
        "run_id": run_id,
        "engine": settings.target,
        "at": utc_now().isoformat(timespec="seconds"),
        "details": list(lines),
    }
    request = urllib.request.Request(
        settings.alert_webhook.get_secret_value(),
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "footfall"},
        method="POST",
    )
    for pause in (*PAUSES_SECONDS, None):
        problem = _post(request)
        if problem is None:
            return True
        if pause is not None:
            time.sleep(pause)
    log.warning("the alert hook did not take an alert: %s; see FOOTFALL_ALERT_WEBHOOK", problem)
    return False


def _post(request: urllib.request.Request) -> str | None:
    """What went wrong, without the address; None when nothing did."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except urllib.error.URLError as error:
        return type(error.reason).__name__ if isinstance(error.reason, Exception) else "it is unreachable"
    except Exception as error:  # a driver of the network may raise anything; its words may hold the address
        return type(error).__name__
