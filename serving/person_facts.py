"""One person's rows of the published facts, each table asked once."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from warehouse.base import Transaction

Pages = tuple[str, ...]
_PAGES = "page_1, page_2, page_3, page_4, page_5"
_OF_TIMEFRAME = "session_date between $3 and $4"


def is_person(tx: Transaction, workspace_id: str, user_key: str) -> bool:
    """Whether dim_users has the person."""
    sql = "select 1 from marts.dim_users where workspace_id = $1 and user_key = $2"
    return bool(tx.fetch(sql, (workspace_id, user_key)))


@dataclass(frozen=True)
class PersonFacts:
    """What is published of somebody whom `is_person` knows.

    Args:
        tx: a look at one publication.
        timeframe: `7d` and so on, ending at as_of_date.
    """

    tx: Transaction
    workspace_id: str
    timeframe: str
    as_of_date: date
    user_key: str

    @property
    def length(self) -> int:
        """Days of the timeframe."""
        return int(self.timeframe.removesuffix("d"))

    @property
    def starts_on(self) -> date:
        return self.as_of_date - timedelta(self.length - 1)

    @property
    def days_of_timeframe(self) -> tuple[date, date]:
        """The first and the last."""
        return self.starts_on, self.as_of_date

    @property
    def days_before(self) -> tuple[date, date]:
        """The first and the last of the timeframe before."""
        return self.starts_on - timedelta(self.length), self.starts_on - timedelta(1)

    def fetch(self, table: str, columns: str, condition: str, *parameters: date | str) -> list[tuple]:
        """The person's rows of a table; parameters are $3 and on."""
        sql = f"select {columns} from marts.{table} where workspace_id = $1 and user_key = $2 and {condition}"
        return self.tx.fetch(sql, (self.workspace_id, self.user_key, *parameters))

    @cached_property
    def profile(self) -> tuple[date | None, int | None, str | None]:
        """Last active date, lifetime in days, risk state."""
        (row,) = self.fetch("dim_users", "last_active_date, lifetime_days, risk_state", "true")
        return row

    @cached_property
    def scores(self) -> tuple[Decimal | None, Decimal | None] | None:
        """Engagement score and its change; None for who is not known by as_of_date, and therefore has no row."""
        rows = self.fetch(
            "fct_user_engagement", "engagement_score, engagement_change", "timeframe = $3", self.timeframe
        )
        return rows[0] if rows else None

    @cached_property
    def days(self) -> list[tuple[date, int, int]]:
        """(activity_date, sessions, events) of every day up to as_of_date, in order."""
        columns = "activity_date, sessions, events"
        return self.fetch("fct_user_days", columns, "activity_date <= $3 order by activity_date", self.as_of_date)

    @property
    def first_active_date(self) -> date | None:
        return self.days[0][0] if self.days else None

    def is_active(self, first: date, last: date) -> bool:
        """Whether any day from first to last is an active one."""
        return any(first <= day <= last for day, *_ in self.days)

    @cached_property
    def is_active_now(self) -> bool:
        """In the timeframe."""
        return self.is_active(*self.days_of_timeframe)

    @cached_property
    def was_active_before(self) -> bool:
        """In the timeframe before."""
        return self.is_active(*self.days_before)

    @cached_property
    def sessions(self) -> list[tuple]:
        """(duration_seconds, length_bucket, device_type, browser, country_code, entry_page, is_bounce) of each that
        started in the timeframe."""
        return self.fetch(
            "fct_sessions",
            "duration_seconds, length_bucket, device_type, browser, country_code, entry_page, is_bounce",
            f"not is_bot and {_OF_TIMEFRAME}",
            *self.days_of_timeframe,
        )

    @cached_property
    def exits(self) -> list[tuple[str, Decimal, Pages]]:
        """(exit_page, seconds_before_exit, path) of those that have a page."""
        columns = f"exit_page, seconds_before_exit, {_PAGES}"
        rows = self.fetch("fct_session_paths", columns, _OF_TIMEFRAME, *self.days_of_timeframe)
        return [(exit_page, seconds, _path(pages)) for exit_page, seconds, *pages in rows]

    @cached_property
    def goals(self) -> list[tuple[str, Pages]]:
        """(goal_name, the pages before it) of each goal that a session of the timeframe reached."""
        rows = self.fetch("fct_session_goals", f"goal_name, {_PAGES}", _OF_TIMEFRAME, *self.days_of_timeframe)
        return [(goal, _path(pages)) for goal, *pages in rows]

    @cached_property
    def steps(self) -> list[tuple[str, str]]:
        """(session_id, page) of every step of the sessions of the timeframe, one session after the other, in order."""
        condition = f"{_OF_TIMEFRAME} order by session_id, step"
        return self.fetch("fct_session_steps", "session_id, page", condition, *self.days_of_timeframe)


def _path(pages: list[str | None]) -> Pages:
    return tuple(page for page in pages if page is not None)
