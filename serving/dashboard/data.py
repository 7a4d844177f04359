"""All that the dashboard shows, read from one publication and kept until there is another one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import streamlit as st

from serving.dashboard import members
from serving.report import build_report
from warehouse.base import Transaction

# Answers kept at once, over all readers; a publication makes all earlier ones useless.
_KEPT_ANSWERS = 400


@dataclass(frozen=True)
class Published:
    """The publication that a page is drawn from.

    Attributes:
        publication_id: 1, 2, 3, …
        run_id: of the run that published; with it the key of everything kept.
        published_at: UTC.
        newest_event_at: of the newest event that was loaded, UTC; None without events.
    """

    publication_id: int
    run_id: str
    published_at: datetime
    newest_event_at: datetime | None


@dataclass(frozen=True)
class Workspace:
    """A row of dim_workspaces."""

    workspace_id: str
    name: str
    zone: str
    as_of_date: date


def newest_publication(tx: Transaction) -> Published:
    """The publication that the transaction sees."""
    ((publication_id, run_id, published_at, newest_event_at),) = tx.fetch(
        """
        select publication_id, run_id, published_at, newest_event_at
        from ops.publications
        order by publication_id desc
        limit 1
        """
    )
    return Published(publication_id, run_id, published_at, newest_event_at)


def workspaces(tx: Transaction, allowed: frozenset[str] | None) -> list[Workspace]:
    """The workspaces that are published, by name. allowed: only these; None: all."""
    rows = tx.fetch("select workspace_id, workspace_name, timezone, as_of_date from marts.dim_workspaces")
    found = [Workspace(*row) for row in rows if allowed is None or row[0] in allowed]
    return sorted(found, key=lambda workspace: (workspace.name.casefold(), workspace.workspace_id))


def segments(tx: Transaction, workspace_id: str) -> list[tuple[str, str]]:
    """(segment_id, segment_name) of a workspace, by name."""
    rows = tx.fetch("select segment_id, segment_name from marts.dim_segments where workspace_id = $1", (workspace_id,))
    return sorted(rows, key=lambda row: row[1].casefold())


@dataclass(frozen=True)
class View:
    """What the selectors say, and all numbers of it.

    The reader's right to the workspace is to be checked before one is made.

    Attributes:
        segment_id: `all` or a segment's id; segment_name is None for `all`.
    """

    tx: Transaction
    published: Published
    workspace: Workspace
    timeframe: str
    segment_id: str
    segment_name: str | None

    @property
    def document(self) -> dict[str, Any]:
        """The report of contract section 9."""
        return self._kept("document", lambda: build_report(self.tx, *self._report_key))

    @property
    def growth(self) -> list[dict[str, Any]]:
        """See `members.growth_by_period`."""
        return self._kept("growth", lambda: members.growth_by_period(self.tx, *self._report_key, self._as_of))

    @property
    def hours(self) -> list[list[int]]:
        """See `members.sessions_by_weekday_and_hour`."""
        return self._kept(
            "hours",
            lambda: members.sessions_by_weekday_and_hour(self.tx, *self._report_key, self._as_of, self.workspace.zone),
        )

    @property
    def cohorts(self) -> list[dict[str, Any]]:
        """See `members.cohort_triangle`."""
        return self._kept("cohorts", lambda: members.cohort_triangle(self.tx, *self._report_key, self._as_of))

    def rows(self, table: str, columns: Sequence[str], has_timeframe: bool = True) -> list[dict[str, Any]]:
        """The rows of a report table for the selectors, in no order.

        Args:
            table, columns: names of the marts, never what a reader typed.
            has_timeframe: whether the table has one.
        """
        of_timeframe = "and timeframe = $3" if has_timeframe else ""
        sql = f"""
            select {", ".join(columns)}
            from marts.{table}
            where workspace_id = $1 and segment_id = $2 {of_timeframe}
        """
        key = (self.workspace.workspace_id, self.segment_id, *((self.timeframe,) if has_timeframe else ()))
        return self._kept(sql, lambda: [dict(zip(columns, row, strict=True)) for row in self.tx.fetch(sql, key)])

    @property
    def _report_key(self) -> tuple[str, str, str]:
        return self.workspace.workspace_id, self.timeframe, self.segment_id

    @property
    def _as_of(self) -> date:
        return self.workspace.as_of_date

    def _kept(self, question: str, answer: Callable[[], Any]) -> Any:
        return _answer(self.published.publication_id, self.published.run_id, *self._report_key, question, answer)


@st.cache_data(max_entries=_KEPT_ANSWERS, show_spinner=False)
def _answer(
    publication_id: int,
    run_id: str,
    workspace_id: str,
    timeframe: str,
    segment_id: str,
    question: str,
    _read: Callable[[], Any],
) -> Any:
    """An answer, by everything that it depends on; `_read` is left out of the key by its underscore."""
    return _read()
