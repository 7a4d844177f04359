"""The report tables of one segment, or of everybody, as they are published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.base import Transaction

EVERYBODY = "all"
LIST_LENGTH = 10
_WITHOUT_TIMEFRAME = ("rpt_churn_risk",)


@dataclass(frozen=True)
class SegmentRows:
    """Where the document of a segment comes from.

    Args:
        tx: a look at one publication.
        timeframe: `7d` and so on, ending at as_of_date.
        segment_id: as of dim_segments, or EVERYBODY.
    """

    tx: Transaction
    workspace_id: str
    timeframe: str
    as_of_date: date
    segment_id: str

    def today(self) -> tuple[int, int, int]:
        """Users, sessions and events of the day after as_of_date."""
        is_part = self.segment_id != EVERYBODY
        of_segment = "inner join marts.bridge_user_segments as members on days.user_key = members.user_key"
        (row,) = self.tx.fetch(
            f"""
            select count(*), cast(coalesce(sum(sessions), 0) as bigint), cast(coalesce(sum(events), 0) as bigint)
            from marts.fct_user_days as days
            {of_segment if is_part else ""}
            where days.workspace_id = $1 and days.activity_date = $2
                {"and members.segment_id = $3" if is_part else ""}
            """,
            (self.workspace_id, self.as_of_date + timedelta(days=1), *((self.segment_id,) if is_part else ())),
        )
        return row

    def fetch(self, table: str, columns: Sequence[str], *, ranks: int | None = None) -> list[tuple]:
        """The rows of a report table. ranks: no path_rank beyond this one."""
        return self._fetch(table, columns, "true" if ranks is None else f"path_rank <= {ranks:d}")

    def top(self, table: str, columns: Sequence[str], counted: str) -> list[tuple]:
        """Of a table that may be long, the LIST_LENGTH rows that count most, and those equal to the last of them."""
        return self._fetch(
            table,
            columns,
            f"""{counted} >= coalesce((
                select {counted}
                from marts.{table}
                where workspace_id = $1 and segment_id = $2 and timeframe = $3
                order by {counted} desc
                limit 1 offset {LIST_LENGTH - 1}
            ), 0)""",
        )

    def _fetch(self, table: str, columns: Sequence[str], condition: str) -> list[tuple]:
        has_timeframe = table not in _WITHOUT_TIMEFRAME
        return self.tx.fetch(
            f"""
            select {", ".join(columns)}
            from marts.{table}
            where workspace_id = $1 and segment_id = $2 {"and timeframe = $3" if has_timeframe else ""} and {condition}
            """,
            (self.workspace_id, self.segment_id, *((self.timeframe,) if has_timeframe else ())),
        )
