"""Segments: the built-in ones and those of the segments/ folder, as tests of one user's facts (section 7)."""

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from . import values

SEGMENT_TYPES = ("behavioral", "demographic", "technographic")
ORDER = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
OPS = frozenset((*ORDER, "in", "not_in", "is_null", "not_null"))
# The columns of dim_users, by what they compare as.
TEXT_COLUMNS = ("workspace_id", "user_key", "device_type", "browser", "os", "country_code", "lifecycle_status")
DATE_COLUMNS = ("signup_date", "first_active_date", "last_active_date")
NUMBER_COLUMNS = (
    *("days_since_first_active", "days_since_last_active", "lifetime_days", "active_days_30", "sessions_30"),
    *("events_30", "features_used_30", "revenue_total", "engagement_score", "churn_probability"),
)
COLUMNS = frozenset((*TEXT_COLUMNS, "risk_state", *DATE_COLUMNS, *NUMBER_COLUMNS))


@dataclass(frozen=True)
class Segment:
    segment_name: str
    segment_type: str | None
    holds: Callable[[dict], bool]


def present(facts: dict) -> bool:
    return facts["days_since_last_active"] is not None and facts["days_since_last_active"] <= 29


BUILT_IN = (
    Segment("Power users", "behavioral", lambda f: present(f) and f["engagement_score"] >= 75),
    Segment("Regular", "behavioral", lambda f: present(f) and 40 <= f["engagement_score"] < 75),
    Segment("Casual", "behavioral", lambda f: present(f) and f["engagement_score"] < 40),
    Segment("New", "behavioral", lambda f: f["lifecycle_status"] == "new"),
    Segment("Lapsed", "behavioral", lambda f: f["lifecycle_status"] == "lapsed"),
    Segment("Mobile-first", "technographic", lambda f: present(f) and f["device_type"] == "mobile"),
    Segment("Desktop-first", "technographic", lambda f: present(f) and f["device_type"] == "desktop"),
)


def segment_from(name: str, row: dict) -> Segment:
    return Segment(name, values.text(row.get("segment_type")), criteria_of(row))


def segment_name(row: dict) -> str:
    """The name of a segment row that the contract accepts; raises Rejected for another."""
    name = values.required_text(row, "segment_name")
    if name in {segment.segment_name for segment in BUILT_IN}:
        raise values.Rejected(f"{name!r} is the name of a built-in segment")
    if values.text(row.get("segment_type")) not in (None, *SEGMENT_TYPES):
        raise values.Rejected(f"unknown segment_type {row['segment_type']!r}")
    criteria_of(row)
    return name


def criteria_of(row: dict) -> Callable[[dict], bool]:
    """{"all": [cond, …]} or {"any": [cond, …]} as a test of one user's facts."""
    try:
        criteria = json.loads(row["criteria"]) if isinstance(row["criteria"], str) else row["criteria"]
        ((combination, conditions),) = criteria.items()
        every = {"all": all, "any": any}[combination]
        checks = [(condition["field"], condition["op"], condition.get("value")) for condition in conditions]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise values.Rejected(f"criteria {row.get('criteria')!r}") from error
    if not checks or any(op not in OPS or (op in ("in", "not_in") and not value) for _, op, value in checks):
        raise values.Rejected(f"criteria {row['criteria']!r}: an empty list or an unknown op")
    for field, op, value in checks:
        given = value if op in ("in", "not_in") else [] if op in ("is_null", "not_null") else [value]
        if any(each in (None, "") or is_clash(field, each) for each in given):
            raise values.Rejected(f"criteria {row['criteria']!r}: no value for {field}, or one of another type")
    return lambda facts: every(satisfies(facts.get(field), op, value) for field, op, value in checks)


def is_clash(field: str, value: object) -> bool:
    """Whether a column of dim_users holds numbers, or dates, and the value is none."""
    if field in NUMBER_COLUMNS:
        return as_number(value) is None
    return field in DATE_COLUMNS and as_date(value) is None


def fields_of(row: dict) -> set[str]:
    """What the conditions of an accepted row ask for."""
    criteria = json.loads(row["criteria"]) if isinstance(row["criteria"], str) else row["criteria"]
    return {condition["field"] for conditions in criteria.values() for condition in conditions}


def with_known_fields(rows: list[dict], attributes: set[str]) -> list[dict]:
    """The rows whose every field is a column of dim_users or an attribute that some user has brought."""
    known = []
    for row in rows:
        try:
            segment_name(row)
        except values.Rejected:
            continue
        if fields_of(row) <= COLUMNS | attributes:
            known.append(row)
    return known


def satisfies(fact: object, op: str, value: object) -> bool:
    """A null matches only is_null."""
    if op == "is_null" or fact is None:
        return op == "is_null" and fact is None
    if op == "not_null":
        return True
    if op in ("in", "not_in"):
        return any(compare(fact, "=", each) for each in value) == (op == "in")
    return compare(fact, op, value)


def compare(fact: object, op: str, value: object) -> bool:
    """As numbers when both sides are, else as dates, else as text."""
    for read in (as_number, as_date, values.text):
        left, right = read(fact), read(value)
        if left is not None and right is not None:
            return ORDER[op](left, right)
    return False


def as_number(value: object) -> Fraction | None:
    if isinstance(value, (Fraction, Decimal)):
        return Fraction(value)
    exact = values.number(value)
    return Fraction(exact) if exact is not None else None


def as_date(value: object) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
