"""The entities beside the events: users, workspaces, features, goals, segments, funnels and consents, as rows."""

from ingest.demo.calendar import Calendar, as_zulu
from ingest.demo.companies import COMPANIES, SHARED_FEATURE, Company
from ingest.demo.dice import Dice
from ingest.demo.people import Person

Row = dict[str, object]

SIGNUP_TIME_UNKNOWN_SHARE = 0.01
UPGRADE_SHARE = 0.05  # of people: a later row with a better plan
CONSENT_SHARE = 0.6  # of the people who are asked, those whose answer is on record
REFUSAL_SHARE = 0.12
WITHDRAWAL_SHARE = 0.08
MARKETING_SHARE = 0.3
ASKED_FOR_CONSENT = "Europe/Berlin"

GOALS = (
    {"goal_name": "Signed up", "page_path": "/welcome"},
    {"goal_name": "Read the docs", "page_path": "/docs*"},
    {"goal_name": "Paid", "event_type": "custom", "event_name": "*_renewed", "workspace_id": "lantern"},
    {
        "goal_name": "Exported a report",
        "event_type": "feature_use",
        "event_name": "report_export",
        "workspace_id": "lantern",
    },
    {"goal_name": "Paid", "event_type": "custom", "event_name": "order_placed", "workspace_id": "kornblume"},
    {"goal_name": "Viewed a recipe", "page_path": "/recipes/*", "workspace_id": "kornblume"},
    {"goal_name": "Paid", "event_type": "custom", "event_name": "credits_bought", "workspace_id": "pragati"},
    {
        "goal_name": "Shipped",
        "event_type": "api_call",
        "event_name": "shipments.create",
        "workspace_id": "pragati",
    },
    # The workspace's own goal beats the one of the same name for every workspace.
    {"goal_name": "Read the docs", "page_path": "/docs/*", "workspace_id": "pragati"},
)


FUNNELS = (
    {"funnel_name": "From the docs into use", "steps": [{"page_path": "/docs*"}, {"event_type": "feature_use"}]},
    {
        "funnel_name": "From a recipe to an order",
        "steps": [
            {"page_path": "/recipes/*", "name": "Viewed a recipe"},
            {"event_type": "custom", "event_name": "order_placed", "name": "Ordered"},
        ],
        "window_hours": 24,
        "workspace_id": "kornblume",
    },
)


def _condition(field: str, op: str, value: object = None) -> Row:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


SEGMENTS = (
    {
        "segment_name": "Paying",
        "segment_type": "demographic",
        "criteria": {"all": [_condition("plan", "not_in", ["free", "sandbox"])]},
    },
    {
        "segment_name": "Worth a call",
        "segment_type": "behavioral",
        "criteria": {
            "any": [
                _condition("risk_state", "in", ["At risk", "Slipping away"]),
                _condition("revenue_total", ">=", 200),
            ]
        },
    },
    {
        "segment_name": "Phones and tablets",
        "segment_type": "technographic",
        "criteria": {"all": [_condition("device_type", "in", ["mobile", "tablet"])]},
    },
    {
        "segment_name": "Large customers",
        "segment_type": "demographic",
        "criteria": {"all": [_condition("company_size", ">=", 200), _condition("plan", "!=", "free")]},
        "workspace_id": "lantern",
    },
    {
        "segment_name": "Austria and Switzerland",
        "segment_type": "demographic",
        "criteria": {
            "all": [_condition("country_code", "in", ["AT", "CH"]), _condition("first_active_date", "not_null")]
        },
        "workspace_id": "kornblume",
    },
    {
        "segment_name": "Many features",
        "segment_type": "behavioral",
        "criteria": {"all": [_condition("features_used_30", ">=", 3), _condition("active_days_30", ">", 4)]},
        "workspace_id": "pragati",
    },
)


def workspaces(known_since: str) -> list[Row]:
    return [
        {
            "workspace_id": company.workspace_id,
            "name": company.name,
            "timezone": company.timezone,
            "updated_at": known_since,
        }
        for company in COMPANIES
    ]


def features(known_since: str) -> list[Row]:
    """Every company's catalogue, and the feature that all have."""
    catalogue: list[Row] = [
        {"feature_name": feature.name, "category": feature.category, "workspace_id": company.workspace_id}
        for company in COMPANIES
        for feature in company.features
    ]
    catalogue.append({"feature_name": SHARED_FEATURE.name, "category": SHARED_FEATURE.category})
    return _dated(catalogue, known_since)


def goals(known_since: str) -> list[Row]:
    return _dated(GOALS, known_since)


def segments(known_since: str) -> list[Row]:
    return _dated(SEGMENTS, known_since)


def funnels(known_since: str) -> list[Row]:
    return _dated(FUNNELS, known_since)


def _dated(rows: list[Row] | tuple[Row, ...], known_since: str) -> list[Row]:
    return [row | {"updated_at": known_since} for row in rows]


def users(people: list[Person], signed_up_at: dict[str, int], dice: Dice) -> list[Row]:
    """One row for each person who signed up; of a few the time is not known, so that they count as known always."""
    return [_user(person, signed_up_at[person.user_id], dice) for person in people if not person.is_visitor]


def _user(person: Person, signed_up_at: int, dice: Dice) -> Row:
    row: Row = {"user_id": person.user_id, "workspace_id": person.company.workspace_id}
    if not dice.chance(SIGNUP_TIME_UNKNOWN_SHARE):
        row["created_at"] = as_zulu(signed_up_at)
    row |= {"plan": person.plan, "country_code": person.country, "role": person.role}
    if person.company_size:
        row["company_size"] = int(person.company_size)
    return row | {"updated_at": as_zulu(signed_up_at)}


def upgrades(company: Company, rows: list[Row], calendar: Calendar, dice: Dice) -> list[Row]:
    """A second, later row for some: the same person on the company's best plan."""
    best_plan = list(company.plans)[-1]
    upgraded_at = as_zulu(calendar.end)
    return [
        row | {"plan": best_plan, "updated_at": upgraded_at}
        for row in rows
        if row["plan"] != best_plan and dice.chance(UPGRADE_SHARE)
    ]


def consents(people: list[Person], signed_up_at: dict[str, int], calendar: Calendar, dice: Dice) -> list[Row]:
    """What people answered at sign-up, and who withdrew some weeks later, by the end; only where the company asks."""
    rows: list[Row] = []
    for person in people:
        if person.is_visitor or person.company.timezone != ASKED_FOR_CONSENT or not dice.chance(CONSENT_SHARE):
            continue
        key = {"user_id": person.user_id, "workspace_id": person.company.workspace_id}
        asked_at = signed_up_at[person.user_id] - dice.whole(1_000, 9_000)
        is_granted = not dice.chance(REFUSAL_SHARE)
        rows.append(key | {"granted": is_granted, "at": as_zulu(asked_at)})
        if dice.chance(MARKETING_SHARE):
            rows.append(key | {"purpose": "marketing", "granted": dice.chance(0.5), "at": as_zulu(asked_at)})
        if is_granted and dice.chance(WITHDRAWAL_SHARE):
            withdrawn_at = asked_at + dice.whole(5, 45) * 86_400_000
            if withdrawn_at <= calendar.end:
                rows.append(key | {"purpose": "analytics", "granted": False, "at": as_zulu(withdrawn_at)})
    return rows
