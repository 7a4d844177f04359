"""Criteria of a segment: what is refused, and the rows that its conditions become. Nothing of them reaches SQL text."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from ingest.entities import CRITERIA_OPERATORS, DATE, DECIMAL, USER_COLUMNS
from ingest.fields import shown_name
from ingest.validate import DATE_PATTERN, DECIMAL_PATTERN

# Every user is compared with every value of every condition: without bounds one segment could stop every refresh.
MAXIMUM_CONDITIONS = 100
MAXIMUM_VALUES = 1_000

_LISTS = ("in", "not_in")
_WITHOUT_VALUE = ("is_null", "not_null")
_DECIMAL = re.compile(DECIMAL_PATTERN)
_DATE = re.compile(DATE_PATTERN)
_FOUR_PLACES = Decimal("0.0001")
_NUMBERS_BELOW = Decimal(10) ** 14


class Refused(ValueError):
    """Criteria that are not accepted: the reason, and the place in the document such as `criteria.all[2].op`."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"{reason} at {place}")
        self.reason = reason
        self.place = place


class Value(NamedTuple):
    """A value as the text it was given in, and as the number and the date that the text holds, if any."""

    text: str
    number: Decimal | None
    date: date | None


class Condition(NamedTuple):
    """One condition; several values for `in` and `not_in`, none for `is_null` and `not_null`."""

    field: str
    op: str
    values: tuple[Value, ...]


class Criteria(NamedTuple):
    """Conditions of which `all` or `any` must hold."""

    combination: str
    conditions: tuple[Condition, ...]


def read_criteria(document: dict[str, Any]) -> Criteria:
    """The conditions of `{"all": [...]}` or `{"any": [...]}`. Raises Refused for what the contract does not accept."""
    if len(document) != 1 or not document.keys() <= {"all", "any"}:
        raise Refused("invalid_criteria", "criteria")
    ((combination, given),) = document.items()
    place = f"criteria.{combination}"
    if not isinstance(given, list):
        raise Refused("invalid_criteria", place)
    if not given:
        raise Refused("empty_list", place)
    if len(given) > MAXIMUM_CONDITIONS:
        raise Refused("too_many_conditions", place)
    conditions = tuple(_condition(one, f"{place}[{number}]") for number, one in enumerate(given))
    if sum(len(condition.values) for condition in conditions) > MAXIMUM_VALUES:
        raise Refused("too_many_conditions", place)
    return Criteria(combination, conditions)


def condition_rows(criteria: Criteria) -> Iterator[tuple]:
    """The rows of `SEGMENT_CONDITIONS` without load_id and line; conditions and values count from 1."""
    for number, (field, op, values) in enumerate(criteria.conditions, start=1):
        for position, value in enumerate(values or (None,), start=1):
            yield criteria.combination, number, field, op, position, *(value or (None, None, None))


def number_of(text: str) -> Decimal | None:
    """decimal(18,4) of a number's text, as `validate.decimal_sql` has it; null when it is no number or out of range."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    number = Decimal(text)
    if abs(number) >= _NUMBERS_BELOW:
        return None
    rounded = number.quantize(_FOUR_PLACES, ROUND_HALF_UP)
    return rounded if abs(rounded) < _NUMBERS_BELOW else None


def date_of(text: str) -> date | None:
    """The date of `YYYY-MM-DD`; null for any other text."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _condition(given: Any, place: str) -> Condition:
    if not isinstance(given, dict):
        raise Refused("invalid_criteria", place)
    for name in given:
        if name not in ("field", "op", "value"):
            raise Refused("invalid_criteria", f"{place}.{shown_name(name)}")
    field, op, value = (given.get(name) for name in ("field", "op", "value"))
    if type(field) is not str or not field:
        raise Refused("unknown_field", f"{place}.field")
    if op not in CRITERIA_OPERATORS:
        raise Refused("unknown_operator", f"{place}.op")
    if op in _WITHOUT_VALUE:
        return Condition(field, op, ())
    if op not in _LISTS:
        return Condition(field, op, (_value(field, value, f"{place}.value"),))
    if not isinstance(value, list):
        raise Refused("wrong_type", f"{place}.value")
    if not value:
        raise Refused("empty_list", f"{place}.value")
    if len(value) > MAXIMUM_VALUES:
        raise Refused("too_many_conditions", f"{place}.value")
    values = (_value(field, one, f"{place}.value[{number}]") for number, one in enumerate(value))
    return Condition(field, op, tuple(values))


def _value(field: str, given: Any, place: str) -> Value:
    """The value, of the kind that the column of dim_users is compared as."""
    if given is None or given == "":
        raise Refused("missing_field", place)
    if isinstance(given, bool):
        value = Value("true" if given else "false", None, None)
    elif isinstance(given, str):  # a number too
        value = Value(str(given), number_of(given), date_of(given))
    else:
        raise Refused("wrong_type", place)
    kind = USER_COLUMNS.get(field)
    if (kind == DECIMAL and value.number is None) or (kind == DATE and value.date is None):
        raise Refused("wrong_type", place)
    return value
