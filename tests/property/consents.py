"""Decisions of the users of random histories, and the policies of their workspaces."""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from tests.oracle import Landing
from tests.property.arrivals import Arrival, moment_of
from tests.property.histories import written

# Of two histories in three, by their number; the third one's workspaces have none.
POLICIES = (
    {},
    {"w1": "opt_out", "w2": "opt_in"},
    {"w1": "opt_in", "w2": "opt_out", "default": "opt_out"},
)
WORKSPACE = re.compile(r"h(\d+)-(w1|w2|default)$")
BESIDE_AN_EVENT = (
    timedelta(0),
    timedelta(0),
    timedelta(milliseconds=1),
    timedelta(milliseconds=-1),
    timedelta(days=-2),
)


def policy_of(workspace_id: str | None) -> str:
    """The policy of a workspace of a batch; it keeps that when it is renamed to stand in another batch."""
    found = WORKSPACE.search(workspace_id or "")
    return POLICIES[int(found[1]) % len(POLICIES)].get(found[2], "none") if found else "none"


def consent_policy(arrivals: Iterable[Arrival]) -> str:
    """The setting FOOTFALL_CONSENT_POLICY for all workspaces that rows come from."""
    names = {arrival.row.get("workspace_id") for arrival in arrivals}
    return json.dumps({name: policy_of(name) for name in names if policy_of(name) != "none"})


def with_consents(landing: Landing, rng: random.Random) -> Landing:
    """The landing with up to three decisions a user, beside its events, and some events with global privacy control."""
    users: dict[tuple, list] = {}
    for row in landing.events:
        users.setdefault((row.get("workspace_id"), row["user_id"]), []).append(moment_of(row))
    decisions = []
    for (workspace_id, user_id), moments in users.items():
        if policy_of(workspace_id) == "none":
            continue
        user = {"workspace_id": workspace_id, "user_id": user_id}
        if policy_of(workspace_id) == "opt_in" and rng.random() < 0.7:
            decisions.append(user | {"granted": True, "at": written(rng.choice((min(moments), *moments)))})
        for _ in range(rng.choice((0, 1, 1, 2))):
            at = written(rng.choice(moments) + rng.choice(BESIDE_AN_EVENT))
            decisions.append(user | {"granted": rng.random() < 0.4, "at": at})
            if rng.random() < 0.2:
                decisions.append(user | {"granted": False, "at": at, "purpose": rng.choice(("ads", "analytics"))})
    events = [
        row | {"metadata": {"gpc": rng.choice((True, "true", False))}} if rng.random() < 0.05 else row
        for row in landing.events
    ]
    return replace(landing, events=events, consents=decisions)


def dealt_decisions(landing: Landing, loads: int, rng: random.Random) -> list[Arrival]:
    """Denials with any load, grants with the first one: a late grant restores nothing, so that its order does count."""
    return [Arrival(0 if row["granted"] else rng.randrange(loads), "consents", row) for row in landing.consents]
