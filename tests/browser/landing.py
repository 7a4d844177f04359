"""A small workload for the dashboard: four months of one workspace, one with hostile names, one without events."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK = datetime(2026, 6, 17, 12, tzinfo=UTC)  # a Wednesday
DAYS = 120
PEOPLE = 60

SCRIPT = "<script>document.title='owned'</script>"
IMAGE = "/a<img src=x onerror=\"document.title='owned'\">"
TEX = r"$\frac{1}{2}$ **bold** [here](javascript:alert(1)) :red[red]"

# Half of a zone's hours are not whole: the local hour is not the UTC hour.
WORKSPACES = [
    {"workspace_id": "acme", "name": "Acme", "timezone": "Asia/Kolkata"},
    {"workspace_id": "hostile", "name": f"{SCRIPT} {TEX}", "timezone": "Europe/Berlin"},
    {"workspace_id": "silent", "name": "Silent", "timezone": "UTC"},
]
_FEATURES = {"export": "Files", "import": "Files", "search": "Find", "filters": "Find", "share": "Team"}
_PAGES = ("/", "/pricing", "/docs", "/signup", "/app", "/app/reports", "/app/settings", "/blog", "/help")


def write_landing(folder: Path) -> Path:
    """Write the workload, the same at every call, and return its folder."""
    entities = {
        "workspaces": WORKSPACES,
        "features": [
            *({"feature_name": name, "category": category} for name, category in _FEATURES.items()),
            {"feature_name": "audit", "category": "Team"},
        ],
        "goals": [{"goal_name": "Signed up", "page_path": "/signup"}, {"goal_name": TEX, "event_name": TEX}],
        "segments": [
            # The same people as everybody's numbers are of.
            {
                "segment_name": "Ever active",
                "segment_type": "behavioral",
                "criteria": {"all": [{"field": "first_active_date", "op": "not_null"}]},
            },
            {
                "segment_name": TEX,
                "segment_type": "demographic",
                "criteria": {"all": [{"field": "country_code", "op": "=", "value": "DE"}]},
            },
        ],
        "events": [*_events_of_acme(random.Random(7)), *_events_of_hostile()],
    }
    for entity, rows in entities.items():
        (folder / entity).mkdir(parents=True)
        (folder / entity / "all.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _events_of_acme(dice: random.Random) -> list[dict]:
    rows = []
    for person in range(PEOPLE):
        who = {
            "workspace_id": "acme",
            "user_id": f"person {person}",
            "device_type": dice.choice(("desktop", "desktop", "mobile", "tablet")),
            "browser": dice.choice(("Firefox", "Chrome", "Safari")),
            "os": dice.choice(("Linux", "Windows")),
            "country_code": dice.choice(("DE", "DE", "IN", "FR")),
        }
        joined, stays, eagerness = dice.randrange(DAYS), dice.randrange(1, DAYS), dice.uniform(0.05, 0.6)
        for day in range(joined, min(joined + stays, DAYS)):
            if day == joined or dice.random() < eagerness:
                rows += _session(dice, who, CLOCK - timedelta(days=DAYS - day, minutes=dice.randrange(1440)))
    return rows


def _session(dice: random.Random, who: dict, at: datetime) -> list[dict]:
    rows = []
    for _ in range(dice.choice((1, 2, 3, 4, 6))):
        what = {"event_type": "page_view", "page_path": dice.choice(_PAGES)}
        if dice.random() < 0.3:
            spent = {"metadata": {"duration": dice.randrange(1, 90)}}
            what = {"event_type": "feature_use", "event_name": dice.choice((*_FEATURES, "export")), **spent}
        rows.append({**who, **what, "created_at": at.isoformat()})
        at += timedelta(seconds=dice.randrange(5, 600))
    return rows


def _events_of_hostile() -> list[dict]:
    rows = []
    for day in (1, 2, 3, 9):
        who = {"workspace_id": "hostile", "user_id": "eve", "country_code": "DE", "browser": SCRIPT, "os": TEX}
        at = CLOCK - timedelta(days=day)
        for page in (IMAGE, TEX, SCRIPT):
            rows.append({**who, "event_type": "page_view", "page_path": page, "created_at": at.isoformat()})
            at += timedelta(seconds=7)
        for name in (SCRIPT, TEX):
            category = {"metadata": {"category": SCRIPT}}
            rows.append(
                {**who, "event_type": "feature_use", "event_name": name, **category, "created_at": at.isoformat()}
            )
            at += timedelta(seconds=7)
    return rows
