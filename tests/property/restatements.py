"""What each publication has to say in the restatement tables, from the oracle's tables before and after it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta

from tests import oracle
from tests.oracle.landing import Landing
from tests.oracle.sessions import Session
from tests.oracle.workspaces import Workspace, read_workspaces
from tests.pipeline import Pipeline
from tests.property.arrivals import moment_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUCKETS = ((HOUR, "<1h"), (DAY, "1h-24h"), (7 * DAY, "1d-7d"), (30 * DAY, "7d-30d"), (90 * DAY, "30d-90d"))
OLDER = "90d+"

# Workspace, measure, grain, period_start, period_number.
Cell = tuple[str, str, str, date, int]
# Value and, of a cohort's cell, the size of the cohort.
Number = tuple[int | None, int | None]
GONE: Number = (None, None)


@dataclass
class Readers:
    """What the readers of a warehouse have seen so far.

    Attributes:
        numbers: every number of a complete period, as last published.
        seen_until: of each workspace the last day of which they have seen a complete number.
        sessions: of each workspace the published sessions, those of hidden days too.
        event_ids: (workspace, event id) that a load has taken in.
        lateness: rows by workspace and bucket that were loaded since the last publication.
    """

    numbers: dict[Cell, Number] = field(default_factory=dict)
    seen_until: dict[str, date] = field(default_factory=dict)
    sessions: dict[str, list[Session]] = field(default_factory=dict)
    event_ids: set[tuple[str, str]] = field(default_factory=set)
    lateness: Counter = field(default_factory=Counter)

    def load(self, rows: Iterable[dict], settings: oracle.Settings) -> None:
        """Take note of the events of one load, in the order in which it reads them."""
        for row in rows:
            workspace_id = row.get("workspace_id") or "default"
            event = (workspace_id, settings.event_id_of(row))
            if event not in self.event_ids:
                self.event_ids.add(event)
                self.lateness[workspace_id, bucket_of(settings.now.astimezone(UTC) - moment_of(row))] += 1

    def read(
        self, publication_id: int, tables: oracle.Tables, landing: Landing, settings: oracle.Settings
    ) -> dict[str, list]:
        """The rows that this publication adds, by table, without the time of the run.

        Args:
            tables: fct_activity_daily, fct_cohort_retention and dim_workspaces as they are published.
            landing: all rows so far.
        """
        unhidden = oracle.Settings(**{**vars(settings), "as_of": None})
        found = {
            "fct_restatements": self._restated(tables),
            "fct_restatement_sessions": self._session_changes(read_workspaces(landing, unhidden), settings.session_key),
            "fct_restatement_lateness": [
                {"workspace_id": workspace_id, "lateness_bucket": bucket, "loaded_rows": rows}
                for (workspace_id, bucket), rows in self.lateness.items()
            ],
        }
        self.lateness.clear()
        return {name: [{"publication_id": publication_id} | row for row in rows] for name, rows in found.items()}

    def _restated(self, tables: oracle.Tables) -> list[dict]:
        now = complete_numbers(tables)
        as_of_dates = {row["workspace_id"]: row["as_of_date"] for row in tables["dim_workspaces"]}
        rows = []
        for cell in now.keys() | self.numbers.keys():
            workspace_id, last_day = cell[0], period_end(cell)
            if last_day > as_of_dates.get(workspace_id, date.max):
                continue
            old, new = self.numbers.get(cell, GONE), now.get(cell, GONE)
            was_seen = cell in self.numbers or last_day <= self.seen_until.get(workspace_id, date.min)
            if was_seen and old != new:
                names = ("workspace_id", "measure", "grain", "period_start", "period_number")
                values = {"old_value": old[0], "new_value": new[0], "value_change": (new[0] or 0) - (old[0] or 0)}
                sizes = {"old_cohort_users": old[1], "new_cohort_users": new[1]}
                rows.append(dict(zip(names, cell, strict=True)) | values | sizes)
            self.numbers[cell] = new
        for cell in now:
            self.seen_until[cell[0]] = max(self.seen_until.get(cell[0], date.min), period_end(cell))
        return rows

    def _session_changes(self, workspaces: list[Workspace], session_key: str) -> list[dict]:
        now = {workspace.workspace_id: workspace.sessions for workspace in workspaces}
        rows = [
            {"workspace_id": workspace_id} | session_changes(self.sessions.get(workspace_id, []), sessions, session_key)
            for workspace_id, sessions in now.items()
        ]
        self.sessions = now
        counts = ("sessions_added", "sessions_retired", "sessions_merged", "sessions_split")
        return [row for row in rows if any(row[count] for count in counts)]


def complete_numbers(tables: oracle.Tables) -> dict[Cell, Number]:
    """Every number of the tables that covers a period which is over."""
    found: dict[Cell, Number] = {}
    for row in tables["fct_activity_daily"]:
        if row["is_complete"]:
            for measure in ("dau", "sessions"):
                found[row["workspace_id"], measure, "day", row["activity_date"], 0] = (row[measure], None)
    for row in tables["fct_cohort_retention"]:
        if row["is_mature"]:
            cell = (row["workspace_id"], "retained_users", row["grain"], row["cohort_start"], row["period_number"])
            found[cell] = (row["retained_users"], row["cohort_users"])
    return found


def period_end(cell: Cell) -> date:
    """The last day that a number covers."""
    _, _, grain, start, number = cell
    if grain == "day":
        return start + number * DAY
    if grain == "week":
        return start + (7 * number + 6) * DAY
    months = start.year * 12 + start.month + number
    return date(months // 12, months % 12 + 1, 1) - DAY


def session_changes(before: list[Session], after: list[Session], session_key: str) -> dict[str, int]:
    """A row of fct_restatement_sessions. Sessions of one sequence of events overlap when they share a moment."""
    ids_before, ids_after = {one.session_id for one in before}, {one.session_id for one in after}
    old, new = by_sequence(before, session_key), by_sequence(after, session_key)
    overlaps = [
        (one.session_id, other.session_id)
        for sequence in old.keys() & new.keys()
        for one in old[sequence]
        for other in new[sequence]
        if one.first.created_at <= other.events[-1].created_at and other.first.created_at <= one.events[-1].created_at
    ]
    into, out_of = Counter(other for _, other in overlaps), Counter(one for one, _ in overlaps)
    return {
        "sessions_before": len(before),
        "sessions_added": len(ids_after - ids_before),
        "sessions_retired": len(ids_before - ids_after),
        "sessions_merged": sum(count > 1 for count in into.values()),
        "sessions_split": sum(count > 1 for count in out_of.values()),
        "sessions_after": len(after),
    }


def by_sequence(sessions: list[Session], session_key: str) -> dict[tuple, list[Session]]:
    """Sessions by user and, where these are apart, client session."""
    groups = defaultdict(list)
    for session in sessions:
        client_session = session.first.client_session_id if session_key == "client" else None
        groups[session.user_key, client_session].append(session)
    return groups


def bucket_of(lateness: timedelta) -> str:
    return next((bucket for bound, bucket in BUCKETS if lateness < bound), OLDER)


def published_restatements(pipeline: Pipeline, publication_id: int) -> dict[str, list[dict]]:
    """The rows of one publication, by table, without the time of the run."""
    left_out = {"run_at", "bucket_order"}
    return {
        mart.name: [
            {name: value for name, value in row.items() if name not in left_out}
            for row in pipeline.rows(mart.name, mart.key)
            if row["publication_id"] == publication_id
        ]
        for mart in pipeline.history_marts()
    }


def in_order(tables: dict[str, list[dict]]) -> dict[str, list[dict]]:
    return {name: sorted(rows, key=lambda row: str(sorted(row.items()))) for name, rows in sorted(tables.items())}
