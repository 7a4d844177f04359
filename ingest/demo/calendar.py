"""The demo's days, counted in a company's local dates, and the one clock of all events: UTC milliseconds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 183
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """The local days of one time zone, numbered from 0 to DAYS - 1; days before the demo have negative numbers."""

    last_day: date
    timezone: str = "UTC"

    @property
    def first_day(self) -> date:
        return self.last_day - timedelta(days=DAYS - 1)

    def is_weekend(self, day: int) -> bool:
        return (self.first_day + timedelta(days=day)).weekday() >= SATURDAY

    def milliseconds(self, day: int, hour: int = 0, seconds: int = 0) -> int:
        """UTC epoch milliseconds of a local wall-clock time, `seconds` after the full hour."""
        minute, second = divmod(seconds, 60)
        local = datetime.combine(
            self.first_day + timedelta(days=day), time(hour, minute, second), ZoneInfo(self.timezone)
        )
        return (local - EPOCH) // MILLISECOND

    @property
    def end(self) -> int:
        """The first moment that no longer belongs to the demo."""
        return self.milliseconds(DAYS)


def as_datetime(milliseconds: int) -> datetime:
    return EPOCH + milliseconds * MILLISECOND


def as_zulu(milliseconds: int) -> str:
    """ISO-8601 in UTC with milliseconds: `2026-06-01T08:15:30.123Z`."""
    return as_datetime(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
