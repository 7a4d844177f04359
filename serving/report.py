"""The JSON document of contract section 9: of one workspace and timeframe, and of a segment or a person.

Its rows come from `serving.segment` or `serving.person`, all of one publication; `report.schema.json` beside this file
describes it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from serving.person import PersonRows
from serving.person_facts import is_person
from serving.segment import EVERYBODY, LIST_LENGTH, SegmentRows
from warehouse.base import Transaction

TIMEFRAMES = ("7d", "30d", "90d", "365d")
BOTH_ASKED = "a document is of a segment or of a person: name one of them"
SCHEMA_FILE = Path(__file__).with_name("report.schema.json")

PATHS_OF_A_GOAL = 5
_STEADY_PERCENT = 10
_DAYS_AFTER = (1, 7, 14, 30, 60, 90)
_DEVICES = ("desktop", "mobile", "tablet")
STEP_SEPARATOR = " > "
_CONDITION_SEPARATOR = "; "


class ReportError(Exception):
    """There is no such report; the message says what there is."""


def build_report(
    tx: Transaction, workspace_id: str, timeframe: str, segment: str = EVERYBODY, user_key: str | None = None
) -> dict[str, Any]:
    """The document, ready for `json.dumps`.

    Args:
        tx: a look at one publication (`Warehouse.published`).
        timeframe: one of TIMEFRAMES, ending at the workspace's as_of_date.
        segment: a segment's id or name; `all` for everybody.
        user_key: of the one person whom the document is of, as if of a segment that has no other member.

    Raises:
        ReportError: the workspace, the segment, the person or the timeframe is not there; both a segment and a person.
    """
    report = _Report(tx, workspace_id, _rows_of(tx, workspace_id, timeframe, segment, user_key))
    return {
        "userId": user_key,
        "workspaceId": workspace_id,
        "timeframe": timeframe,
        "asOfDate": report.rows.as_of_date.isoformat(),
        "today": report.today(),
        **{part: build(report) for part, build in _PARTS.items()},
    }


def build_part(
    tx: Transaction, workspace_id: str, timeframe: str, segment: str, user_key: str | None, part: str
) -> dict[str, Any] | list[dict[str, Any]]:
    """What the document has under the key `part`, one of PARTS; all else as of `build_report`."""
    return _PARTS[part](_Report(tx, workspace_id, _rows_of(tx, workspace_id, timeframe, segment, user_key)))


def document_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json.loads(SCHEMA_FILE.read_bytes())


def _rows_of(
    tx: Transaction, workspace_id: str, timeframe: str, segment: str, user_key: str | None
) -> SegmentRows | PersonRows:
    if timeframe not in TIMEFRAMES:
        raise ReportError(f"no timeframe {timeframe!r}; there are {', '.join(TIMEFRAMES)}")
    found = tx.fetch("select as_of_date from marts.dim_workspaces where workspace_id = $1", (workspace_id,))
    if not found:
        raise ReportError(f"no workspace {workspace_id!r} in what is published")
    if not tx.fetch("select 1 from marts.rpt_activity where workspace_id = $1 limit 1", (workspace_id,)):
        raise ReportError(f"workspace {workspace_id!r} has no events yet")
    ((as_of_date,),) = found
    if user_key is None:
        return SegmentRows(tx, workspace_id, timeframe, as_of_date, _segment_id(tx, workspace_id, segment))
    if segment != EVERYBODY:
        raise ReportError(BOTH_ASKED)
    if not is_person(tx, workspace_id, user_key):
        raise ReportError(f"no user with the key {user_key!r} in workspace {workspace_id!r}")
    return PersonRows(tx, workspace_id, timeframe, as_of_date, user_key)


def _segment_id(tx: Transaction, workspace_id: str, segment: str) -> str:
    if segment == EVERYBODY:
        return segment
    own = tx.fetch("select segment_id, segment_name from marts.dim_segments where workspace_id = $1", (workspace_id,))
    for segment_id, segment_name in own:
        if segment in (segment_id, segment_name):
            return segment_id
    names = ", ".join(sorted(name for _, name in own))
    raise ReportError(f"no segment {segment!r} in workspace {workspace_id!r}; there are {EVERYBODY}, {names}")


@dataclass(frozen=True)
class _Report:
    tx: Transaction
    workspace_id: str
    rows: SegmentRows | PersonRows

    def today(self) -> dict[str, Any]:
        """The local day after as_of_date so far: the day that runs, unless the data or --as-of end earlier."""
        return dict(zip(("activeUsers", "sessions", "events"), self.rows.today(), strict=True))

    def activity(self) -> dict[str, Any]:
        named = {
            "dau": "dau",
            "wau": "wau",
            "mau": "mau",
            "dauChange": "dau_change",
            "wauChange": "wau_change",
            "mauChange": "mau_change",
            "newUsers": "new_users",
            "returningUsers": "returning_users",
            "reactivatedUsers": "reactivated_users",
            "churnedUsers": "churned_users",
            "avgSessionsPerUser": "avg_sessions_per_user",
            "avgSessionDuration": "avg_session_seconds",
            "bounceRate": "bounce_rate",
            "engagementScore": "engagement_score",
            "engagementTrend": "engagement_change",
        }
        metrics = self._only("rpt_activity", named)
        metrics["engagementTrend"] = _trend(metrics["engagementTrend"], metrics["engagementScore"])
        by_hour = dict(self.rows.fetch("rpt_activity_by_hour", ("hour_of_day", "events")))
        by_weekday = dict(self.rows.fetch("rpt_activity_by_weekday", ("iso_weekday", "events")))
        by_date = self._rows(
            "rpt_activity_by_date",
            {"date": "activity_date", "activeUsers": "active_users", "sessions": "sessions", "events": "events"},
        )
        return {
            **metrics,
            "activityByHour": [by_hour.get(hour, 0) for hour in range(24)],
            "activityByDayOfWeek": [by_weekday.get(weekday, 0) for weekday in range(1, 8)],
            "activityByDate": sorted(by_date, key=itemgetter("date")),
        }

    def sessions(self) -> dict[str, Any]:
        named = {
            "totalSessions": "sessions",
            "avgSessionLength": "avg_seconds",
            "medianSessionLength": "median_seconds",
        }
        parts = self.rows.fetch("rpt_session_breakdown", ("dimension", "value", "sessions", "users"))
        values = {
            dimension: sorted(((value, sessions, users) for _, value, sessions, users in of_dimension), key=_by_count)
            for dimension, of_dimension in groupby(sorted(parts), key=itemgetter(0))
        }
        devices = {value: sessions for value, sessions, _ in values.get("device_type", [])}
        lengths = {value: sessions for value, sessions, _ in values.get("length_bucket", [])}
        browsers, countries = (values.get(name, [])[:LIST_LENGTH] for name in ("browser", "country_code"))
        return {
            **self._only("rpt_sessions", named),
            "sessionLengthDistribution": {bucket: lengths.get(bucket, 0) for bucket in _LENGTH_BUCKETS},
            "deviceBreakdown": {device: devices.get(device, 0) for device in _DEVICES},
            "browserBreakdown": {browser: sessions for browser, sessions, _ in browsers},
            "locationBreakdown": {
                country: {"users": users, "sessions": sessions} for country, sessions, users in countries
            },
        }

    def features(self) -> dict[str, Any]:
        features = self._rows(
            "rpt_features",
            {
                "featureName": "feature_name",
                "category": "category",
                "usageCount": "usage_count",
                "uniqueUsers": "unique_users",
                "avgTimeSpent": "avg_time_spent",
                "adoptionRate": "adoption_rate",
                "retentionRate": "retention_rate",
                "trend": "trend",
                "lastUsed": "last_used_date",
            },
        )
        features.sort(key=_by_count_of("usageCount", "featureName"))
        stages = self._rows(
            "rpt_adoption_funnel",
            {"order": "stage_order", "stage": "stage", "users": "users", "dropoffRate": "dropoff_rate"},
        )
        used = [feature for feature in features if feature["usageCount"]]
        return {
            "features": [_without(feature, "trend", "lastUsed") for feature in features],
            "adoptionFunnel": [_without(stage, "order") for stage in sorted(stages, key=itemgetter("order"))],
            "topFeatures": [
                {"feature": feature["featureName"], "usage": feature["usageCount"], "trend": feature["trend"]}
                for feature in used[:LIST_LENGTH]
            ],
            "unusedFeatures": [
                {"feature": feature["featureName"], "lastUsed": feature["lastUsed"]}
                for feature in features
                if not feature["usageCount"]
            ],
        }

    def journeys(self) -> dict[str, Any]:
        dropoffs: dict[int, list] = {}
        for rank, step, rate in sorted(
            self.rows.fetch("rpt_path_steps", ("path_rank", "step", "dropoff_rate"), ranks=LIST_LENGTH),
            key=itemgetter(0, 1),
        ):
            # The last step has nothing after it.
            if rate is not None:
                dropoffs.setdefault(rank, []).append({"step": step, "dropoffRate": _json(rate)})
        paths = self.rows.fetch("rpt_paths", ("path_rank", "path", "frequency", "avg_completion"), ranks=LIST_LENGTH)
        entries = self._top(
            "rpt_entry_pages", {"page": "page", "count": "sessions", "bounceRate": "bounce_rate"}, "sessions"
        )
        exits = self._top(
            "rpt_exit_pages",
            {"page": "page", "count": "sessions", "avgTimeBeforeExit": "avg_seconds_before_exit"},
            "sessions",
        )
        return {
            "commonPaths": [
                {
                    "path": path.split(STEP_SEPARATOR),
                    "frequency": frequency,
                    "avgCompletion": _json(completion),
                    "dropoffPoints": dropoffs.get(rank, []),
                }
                for rank, path, frequency, completion in sorted(paths)
            ],
            "entryPoints": entries,
            "exitPoints": exits,
            "conversionPaths": self._conversion_paths(),
        }

    def _conversion_paths(self) -> list[dict[str, Any]]:
        columns = ("goal_name", "path_rank", "path", "conversions", "conversion_rate")
        found = sorted(self.rows.fetch("rpt_conversion_paths", columns), key=lambda row: (row[0].encode(), row[1]))
        goals = []
        for goal, of_goal in groupby(found, key=itemgetter(0)):
            rows = list(of_goal)
            paths = [
                {
                    "steps": path.split(STEP_SEPARATOR) if path else [],
                    "conversions": conversions,
                    "conversionRate": _json(rate),
                }
                for _, _, path, conversions, rate in rows[:PATHS_OF_A_GOAL]
            ]
            goals.append((goal, sum(row[3] for row in rows), paths))
        return [{"goal": goal, "paths": paths} for goal, _, paths in sorted(goals, key=_by_count)]

    def retention(self) -> dict[str, Any]:
        curve = self._rows(
            "rpt_retention_curve",
            {"day": "day", "retentionRate": "retention_rate", "activeUsers": "retained_users"},
        )
        days = [f"day{number}" for number in _DAYS_AFTER]
        cohorts = self.rows.fetch("rpt_cohorts", ("cohort_start", "cohort_users", *days))
        churn = self._only("rpt_churn", {"churnRate": "churn_rate", "avgLifetime": "avg_lifetime_days"})
        risks = self.rows.fetch("rpt_churn_risk", ("risk_state", "users", "churn_probability", "characteristics"))
        return {
            "retentionCurve": sorted(curve, key=itemgetter("day")),
            "cohorts": [
                {
                    "cohortDate": start.isoformat(),
                    "cohortSize": users,
                    "retention": dict(zip(days, map(_json, rates), strict=True)),
                }
                for start, users, *rates in sorted(cohorts, key=itemgetter(0))
            ],
            "churnAnalysis": {
                **churn,
                "riskSegments": [
                    {
                        "segment": state,
                        "users": users,
                        "churnProbability": _json(probability),
                        "characteristics": _conditions(words),
                    }
                    for state, users, probability, words in sorted(risks, key=_by_count)
                ],
            },
        }

    def segments(self) -> list[dict[str, Any]]:
        """All of the workspace, whatever segment the document is of."""
        found = self.tx.fetch(
            """
            select segment_name, users, segment_type, characteristics, avg_engagement, avg_revenue
            from marts.dim_segments
            where workspace_id = $1
            """,
            (self.workspace_id,),
        )
        return [
            {
                "segmentName": name,
                "segmentType": kind,
                "userCount": users,
                "characteristics": _conditions(words),
                "avgEngagement": _json(engagement),
                "avgRevenue": _json(revenue),
            }
            for name, users, kind, words, engagement, revenue in sorted(found, key=_by_count)
        ]

    def _rows(self, table: str, named: dict[str, str]) -> list[dict[str, Any]]:
        """The rows of a report table as objects. named: key -> column."""
        return _objects(named, self.rows.fetch(table, tuple(named.values())))

    def _only(self, table: str, named: dict[str, str]) -> dict[str, Any]:
        """The one row of a table with a row a report; every report has it."""
        (row,) = self._rows(table, named)
        return row

    def _top(self, table: str, named: dict[str, str], counted: str) -> list[dict[str, Any]]:
        """The first of a table that may be long, by count and then by `page`."""
        rows = _objects(named, self.rows.top(table, tuple(named.values()), counted))
        return sorted(rows, key=_by_count_of("count", "page"))[:LIST_LENGTH]


_PARTS: dict[str, Callable[[_Report], Any]] = {
    "activityMetrics": _Report.activity,
    "sessionAnalytics": _Report.sessions,
    "featureUsage": _Report.features,
    "userJourney": _Report.journeys,
    "retention": _Report.retention,
    "segments": _Report.segments,
}
PARTS = tuple(_PARTS)

_LENGTH_BUCKETS = ("0-30s", "30s-2m", "2m-5m", "5m-15m", "15m-30m", "30m+")


def _objects(named: dict[str, str], rows: Sequence[tuple]) -> list[dict[str, Any]]:
    return [dict(zip(named, map(_json, row), strict=True)) for row in rows]


def _json(value: object) -> object:
    """As JSON has it: decimals of two places as numbers, days as ISO dates."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _trend(change: float | None, score: float | None) -> str:
    """The words of section 5 for a change in per cent."""
    if change is None:
        return "increasing" if score else "stable"
    if abs(change) <= _STEADY_PERCENT:
        return "stable"
    return "increasing" if change > 0 else "decreasing"


def _conditions(words: str) -> list[str]:
    return words.split(_CONDITION_SEPARATOR)


def _by_count(row: tuple) -> tuple[int, bytes]:
    """Order of (name, count, …): the greatest count first, then names by their bytes."""
    return -row[1], row[0].encode()


def _by_count_of(count: str, name: str) -> Callable[[dict[str, Any]], tuple[int, bytes]]:
    return lambda row: (-row[count], row[name].encode())


def _without(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}
