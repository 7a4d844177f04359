"""How single values are read from landing rows and written to tables."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
EARLIEST = datetime(1990, 1, 1)
LATEST_AFTER_LOAD = timedelta(hours=24)
WHOLE_NUMBER = re.compile(r"-?\d+", re.ASCII)
DECIMAL_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


class Rejected(ValueError):
    """A landing row that the contract does not accept."""


def text(value: object) -> str | None:
    """Text is exact, an empty string is null, and other scalars are taken as text."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def required_text(row: dict, name: str) -> str:
    value = text(row.get(name))
    if value is None:
        raise Rejected(f"{name} is missing")
    return value


def timestamp(value: object) -> datetime | None:
    """Naive UTC, truncated to milliseconds, of ISO-8601 or epoch milliseconds; a time without a zone is UTC."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Rejected(f"not a timestamp: {value!r}")
    else:
        moment = _parsed(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _parsed(value: int | float | str) -> datetime:
    try:
        if not isinstance(value, str) or WHOLE_NUMBER.fullmatch(value):
            return EPOCH + timedelta(milliseconds=int(value))
        return datetime.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise Rejected(f"not a timestamp: {value!r}") from error


def timestamp_in_range(value: object, loaded_at: datetime) -> datetime | None:
    """The timestamp, rejected before 1990 and later than 24 h after the load (both ends themselves are accepted)."""
    moment = timestamp(value)
    if moment is not None and not EARLIEST <= moment <= loaded_at + LATEST_AFTER_LOAD:
        raise Rejected(f"timestamp_out_of_range: {value!r}")
    return moment


def metadata_object(value: object) -> dict:
    """The metadata as a dict; text that holds a JSON object is that object, anything else rejects the row."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Rejected(f"metadata is not JSON: {value!r}") from error
    if not isinstance(value, dict):
        raise Rejected(f"metadata is not an object: {value!r}")
    return value


def number(value: object) -> Decimal | None:
    """A JSON number or a decimal string as decimal(18,4); null when it is neither or out of range."""
    if isinstance(value, str) and DECIMAL_TEXT.fullmatch(value):
        exact = Decimal(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        exact = Decimal(repr(value))
    else:
        return None
    if not exact.is_finite() or abs(exact) >= 10**14:
        return None
    rounded_to_scale = exact.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return rounded_to_scale if abs(rounded_to_scale) < 10**14 else None


@cache
def time_zone_names() -> frozenset[str]:
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """The zone from the tzdata package: the host's own zone files, which ZoneInfo(name) prefers, may be older."""
    if name not in time_zone_names():
        raise Rejected(f"unknown time zone {name!r}")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock in `zone` at a naive UTC moment."""
    return moment.replace(tzinfo=UTC).astimezone(zone)


def milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def seconds(duration_milliseconds: int) -> Decimal:
    """Seconds with three places."""
    return Decimal(duration_milliseconds).scaleb(-3)


def rounded(value: Fraction | int | None) -> Decimal | None:
    """Two places, half away from zero."""
    if value is None:
        return None
    hundredths = int(abs(value) * 100 + Fraction(1, 2))
    return Decimal(-hundredths if value < 0 else hundredths).scaleb(-2)


def mean(total: int | Decimal, count: int) -> Fraction | None:
    return Fraction(total) / count if count else None


def rate(name: str, numerator: int | None, denominator: int | None) -> dict:
    """The percentage and the two columns beside it. A rate that is not defined has nulls in all three."""
    percentage = rounded(Fraction(100 * numerator, denominator)) if denominator else None
    return {name: percentage, f"{name}_numerator": numerator, f"{name}_denominator": denominator}


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included; none when last lies before first."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
