"""The report tables of one person, from the person's rows in the published facts.

They are what the tables would hold of a segment whose only member is the person, so far as the document reads them: the
counts are mostly 0 and 1, and what the facts say of a day, a session or a score is taken as it is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

from serving.person_facts import Pages, PersonFacts
from warehouse.base import Transaction

Row = dict[str, Any]

STEPS = 5
KEPT_PATHS = 100
KEPT_PATHS_OF_A_GOAL = 20
LAST_COHORT_DAY = 90
COHORT_DAYS = (1, 7, 14, 30, 60, 90)
LAPSED_AFTER = timedelta(days=30)
DAYS_OF_HABIT = 3
WEEKS_OF_HABIT = 3
_HUNDREDTH = Decimal("0.01")


class PersonRows:
    """Where the document of one person comes from; the parameters are those of PersonFacts."""

    def __init__(self, tx: Transaction, workspace_id: str, timeframe: str, as_of_date: date, user_key: str) -> None:
        self.as_of_date = as_of_date
        self._facts = PersonFacts(tx, workspace_id, timeframe, as_of_date, user_key)

    def today(self) -> tuple[int, int, int]:
        """Users, sessions and events of the day after as_of_date."""
        tomorrow = self.as_of_date + timedelta(1)
        rows = self._facts.fetch("fct_user_days", "sessions, events", "activity_date = $3", tomorrow)
        return len(rows), sum(sessions for sessions, _ in rows), sum(events for _, events in rows)

    def fetch(self, table: str, columns: Sequence[str], *, ranks: int | None = None) -> list[tuple]:
        """What the rows of a report table would be. ranks: no path_rank beyond this one."""
        rows = _TABLES[table](self)
        return [tuple(row[name] for name in columns) for row in rows if ranks is None or row["path_rank"] <= ranks]

    def top(self, table: str, columns: Sequence[str], counted: str) -> list[tuple]:
        """The same: one person's rows are few."""
        return self.fetch(table, columns)

    def activity(self) -> list[Row]:
        facts = self._facts
        counts: Row = {}
        for name, length in (("dau", 1), ("wau", 7), ("mau", 30)):
            now, before = (
                int(facts.is_active(last - timedelta(length - 1), last))
                for last in (self.as_of_date, facts.starts_on - timedelta(1))
            )
            counts |= {name: now, f"{name}_change": _ratio(100 * (now - before), before)}
        is_active, was_active = facts.is_active_now, facts.was_active_before
        is_new = facts.first_active_date is not None and facts.first_active_date >= facts.starts_on
        bounces = [bounced for *_, bounced in facts.sessions if bounced is not None]
        score, change = facts.scores or (None, None)
        return [
            {
                **counts,
                "new_users": int(is_new),
                "returning_users": int(is_active and was_active),
                "reactivated_users": int(is_active and not was_active and not is_new),
                "churned_users": int(was_active and not is_active),
                "avg_sessions_per_user": _ratio(len(facts.sessions), int(is_active)),
                "avg_session_seconds": _mean(seconds for seconds, *_ in facts.sessions),
                "bounce_rate": _ratio(100 * sum(bounces), len(bounces)),
                "engagement_score": score,
                "engagement_change": change,
            }
        ]

    def activity_by_date(self) -> list[Row]:
        by_day = {day: (1, sessions, events) for day, sessions, events in self._facts.days}
        dates = [self._facts.starts_on + timedelta(number) for number in range(self._facts.length)]
        names = ("active_users", "sessions", "events")
        return [{"activity_date": day, **dict(zip(names, by_day.get(day, (0, 0, 0)), strict=True))} for day in dates]

    def activity_by_hour(self) -> list[Row]:
        rows = self._facts.fetch(
            "fct_user_hours",
            "hour_of_day, cast(sum(events) as bigint)",
            "activity_date between $3 and $4 group by hour_of_day",
            *self._facts.days_of_timeframe,
        )
        return [{"hour_of_day": hour, "events": events} for hour, events in rows]

    def activity_by_weekday(self) -> list[Row]:
        events_of: Counter[int] = Counter()
        for day, _, events in self._facts.days:
            if day >= self._facts.starts_on:
                events_of[day.isoweekday()] += events
        return [{"iso_weekday": weekday, "events": events} for weekday, events in events_of.items()]

    def sessions(self) -> list[Row]:
        lengths = sorted(seconds for seconds, *_ in self._facts.sessions)
        middle_two = (lengths[(len(lengths) - 1) // 2], lengths[len(lengths) // 2]) if lengths else ()
        return [{"sessions": len(lengths), "avg_seconds": _mean(lengths), "median_seconds": _mean(middle_two)}]

    def session_breakdown(self) -> list[Row]:
        counts = Counter(
            (dimension, value or "unknown")
            for _, *values, _, _ in self._facts.sessions
            for dimension, value in zip(
                ("length_bucket", "device_type", "browser", "country_code"), values, strict=True
            )
        )
        return [
            {"dimension": dimension, "value": value, "sessions": sessions, "users": 1}
            for (dimension, value), sessions in counts.items()
        ]

    def features(self) -> list[Row]:
        """Every feature of the workspace, with the person's use of it."""
        facts = self._facts
        sums = ", ".join(
            f"cast(coalesce(sum(case when activity_date between {days} then {column} end), 0) as {kind})"
            for column, kind, days in (
                ("usage_count", "bigint", "$4 and $3"),
                ("usage_count", "bigint", "$5 and $6"),
                ("seconds_spent", "decimal(38, 4)", "$4 and $3"),
                ("timed_uses", "bigint", "$4 and $3"),
            )
        )
        rows = facts.fetch(
            "fct_user_feature_days",
            f"feature_name, {sums}, max(activity_date)",
            "activity_date <= $3 group by feature_name",
            self.as_of_date,
            facts.starts_on,
            *facts.days_before,
        )
        used = {name: rest for name, *rest in rows}
        features = facts.tx.fetch(
            "select feature_name, category from marts.dim_features where workspace_id = $1", (facts.workspace_id,)
        )
        return [
            self._feature(name, category, *used.get(name, (0, 0, Decimal(0), 0, None))) for name, category in features
        ]

    def _feature(
        self, name: str, category: str, now: int, before: int, seconds: Decimal, timed_uses: int, last: date | None
    ) -> Row:
        """now, before: uses in the timeframe and in the one before; last: day of the latest use up to as_of_date."""
        return {
            "feature_name": name,
            "category": category,
            "usage_count": now,
            "unique_users": int(now > 0),
            "avg_time_spent": _ratio(seconds, timed_uses),
            "adoption_rate": _ratio(100 * int(now > 0), int(self._is_known)),
            "retention_rate": _ratio(100 * int(now > 0 and before > 0), int(before > 0)),
            "trend": _trend(now, before),
            "last_used_date": last,
        }

    def adoption_funnel(self) -> list[Row]:
        uses = self._facts.fetch(
            "fct_user_feature_days",
            "feature_name, activity_date",
            "activity_date between $3 and $4",
            *self._facts.days_of_timeframe,
        )
        days_of: dict[str, set[date]] = defaultdict(set)
        for name, day in uses:
            days_of[name].add(day)
        stages = {
            "Known": self._is_known,
            "Active in timeframe": self._facts.is_active_now,
            "Used any feature": bool(days_of),
            "Repeated a feature": any(len(days) >= 2 for days in days_of.values()),
            "Habitual": any(map(self._is_habit, days_of.values())),
        }
        reached = [int(is_reached) for is_reached in stages.values()]
        rates = [None, *(_ratio(100 * (before - users), before) for before, users in pairwise(reached))]
        return [
            {"stage_order": order, "stage": stage, "users": users, "dropoff_rate": rate}
            for order, (stage, users, rate) in enumerate(zip(stages, reached, rates, strict=True), start=1)
        ]

    def _is_habit(self, days: set[date]) -> bool:
        """Contract section 5: three ISO weeks do not fit into seven days, where three days do."""
        if self._facts.length == 7:
            return len(days) >= DAYS_OF_HABIT
        return len({day.isocalendar()[:2] for day in days}) >= WEEKS_OF_HABIT

    @property
    def _is_known(self) -> bool:
        """By as_of_date."""
        return self._facts.scores is not None

    def paths(self) -> list[Row]:
        return [
            {
                "path_rank": rank,
                "path": _joined(path),
                "frequency": frequency,
                "avg_completion": _ratio(100 * sum(reached), len(path) * reached[0]),
            }
            for rank, path, frequency, reached in self._common_paths
        ]

    def path_steps(self) -> list[Row]:
        return [
            {"path_rank": rank, "step": step, "dropoff_rate": _ratio(100 * (here - further), here)}
            for rank, _, _, reached in self._common_paths
            for step, (here, further) in enumerate(pairwise(reached), start=1)
        ]

    @cached_property
    def _common_paths(self) -> list[tuple[int, Pages, int, list[int]]]:
        """(rank, path, its frequency, how many sessions start with its first 1, 2, … steps)."""
        paths = Counter(path for _, _, path in self._facts.exits)
        starts: Counter[Pages] = Counter()
        for path, frequency in paths.items():
            for steps in range(1, len(path) + 1):
                starts[path[:steps]] += frequency
        longer = {path: frequency for path, frequency in paths.items() if len(path) >= 2}
        return [
            (rank, path, frequency, [starts[path[:steps]] for steps in range(1, len(path) + 1)])
            for rank, (path, frequency) in enumerate(_ranked(longer)[:KEPT_PATHS], start=1)
        ]

    def entry_pages(self) -> list[Row]:
        bounces_of: dict[str, list[bool]] = defaultdict(list)
        for *_, entry_page, bounced in self._facts.sessions:
            if entry_page is not None:
                bounces_of[entry_page].append(bounced)
        return [
            {"page": page, "sessions": len(bounces), "bounce_rate": _ratio(100 * sum(bounces), len(bounces))}
            for page, bounces in bounces_of.items()
        ]

    def exit_pages(self) -> list[Row]:
        seconds_of: dict[str, list[Decimal]] = defaultdict(list)
        for exit_page, seconds, _ in self._facts.exits:
            seconds_of[exit_page].append(seconds)
        return [
            {"page": page, "sessions": len(seconds), "avg_seconds_before_exit": _mean(seconds)}
            for page, seconds in seconds_of.items()
        ]

    def conversion_paths(self) -> list[Row]:
        """A rate is of the sessions that hold the path's steps, consecutively, wherever they stand in the session."""
        counts_of: dict[str, Counter[Pages]] = defaultdict(Counter)
        for goal, path in self._facts.goals:
            counts_of[goal][path] += 1
        holding = self._sessions_that_hold({path for _, path in self._facts.goals if path})
        return [
            {
                "goal_name": goal,
                "path_rank": rank,
                "path": _joined(path),
                "conversions": conversions,
                "conversion_rate": _ratio(100 * conversions, holding[path]),
            }
            for goal, counts in counts_of.items()
            for rank, (path, conversions) in enumerate(_ranked(counts)[:KEPT_PATHS_OF_A_GOAL], start=1)
        ]

    def _sessions_that_hold(self, paths: set[Pages]) -> Counter[Pages]:
        """How many sessions of the timeframe hold each of these runs of pages."""
        pages_of: dict[str, list[str]] = defaultdict(list)
        for session_id, page in self._facts.steps if paths else ():
            pages_of[session_id].append(page)
        holding: Counter[Pages] = Counter()
        for pages in pages_of.values():
            runs = {
                tuple(pages[start : start + steps])
                for steps in range(1, STEPS + 1)
                for start in range(len(pages) - steps + 1)
            }
            holding.update(runs & paths)
        return holding

    def retention_curve(self) -> list[Row]:
        return [
            {"day": number, "retention_rate": _ratio(100 * int(is_active), 1), "retained_users": int(is_active)}
            for number, is_active in enumerate(self._cohort_days)
        ]

    def cohorts(self) -> list[Row]:
        if not self._cohort_days:
            return []
        active = dict(enumerate(self._cohort_days))
        rates = {
            f"day{number}": _ratio(100 * int(active[number]), 1) if number in active else None for number in COHORT_DAYS
        }
        return [{"cohort_start": self._facts.first_active_date, "cohort_users": 1, **rates}]

    @cached_property
    def _cohort_days(self) -> list[bool]:
        """Whether the person was active on day 0, 1, 2, … after the first one; none unless that is in the timeframe."""
        first = self._facts.first_active_date
        if first is None or first < self._facts.starts_on:
            return []
        active = {day for day, *_ in self._facts.days}
        last_number = min(LAST_COHORT_DAY, (self.as_of_date - first).days)
        return [first + timedelta(number) in active for number in range(last_number + 1)]

    def churn(self) -> list[Row]:
        facts = self._facts
        last_active_date, lifetime_days, _ = facts.profile
        lapsed = last_active_date is not None and facts.starts_on <= last_active_date + LAPSED_AFTER <= self.as_of_date
        churned = facts.was_active_before and not facts.is_active_now
        return [
            {
                "churn_rate": _ratio(100 * int(churned), int(facts.was_active_before)),
                "avg_lifetime_days": _ratio(lifetime_days, 1) if lapsed else None,
            }
        ]

    def churn_risk(self) -> list[Row]:
        """Probabilities are the workspace's, as for every segment."""
        states = self._facts.tx.fetch(
            """
            select risk_state, churn_probability, characteristics
            from marts.rpt_churn_risk
            where workspace_id = $1 and segment_id = 'all'
            """,
            (self._facts.workspace_id,),
        )
        _, _, own_state = self._facts.profile
        return [
            {
                "risk_state": state,
                "users": int(state == own_state),
                "churn_probability": probability,
                "characteristics": words,
            }
            for state, probability, words in states
        ]


_TABLES = {
    "rpt_activity": PersonRows.activity,
    "rpt_activity_by_date": PersonRows.activity_by_date,
    "rpt_activity_by_hour": PersonRows.activity_by_hour,
    "rpt_activity_by_weekday": PersonRows.activity_by_weekday,
    "rpt_sessions": PersonRows.sessions,
    "rpt_session_breakdown": PersonRows.session_breakdown,
    "rpt_features": PersonRows.features,
    "rpt_adoption_funnel": PersonRows.adoption_funnel,
    "rpt_paths": PersonRows.paths,
    "rpt_path_steps": PersonRows.path_steps,
    "rpt_entry_pages": PersonRows.entry_pages,
    "rpt_exit_pages": PersonRows.exit_pages,
    "rpt_conversion_paths": PersonRows.conversion_paths,
    "rpt_retention_curve": PersonRows.retention_curve,
    "rpt_cohorts": PersonRows.cohorts,
    "rpt_churn": PersonRows.churn,
    "rpt_churn_risk": PersonRows.churn_risk,
}


def _ratio(numerator: int | Decimal, denominator: int | Decimal) -> Decimal | None:
    """As the macro `ratio` of the models: two places, half away from zero; None of a denominator of 0."""
    if not denominator:
        return None
    return (Decimal(numerator) / Decimal(denominator)).quantize(_HUNDREDTH, ROUND_HALF_UP)


def _mean(values: Iterable[Decimal]) -> Decimal | None:
    values = list(values)
    return _ratio(sum(values), len(values))


def _trend(now: int, before: int) -> str:
    """The ±10 % words of contract section 5, on whole numbers so that exactly 10 % is stable."""
    if before == 0:
        return "increasing" if now else "stable"
    if 10 * now > 11 * before:
        return "increasing"
    return "decreasing" if 10 * now < 9 * before else "stable"


def _joined(path: Pages) -> str:
    """As the models' macro joined_path has it."""
    return " > ".join(page.replace(" > ", "%20%3E%20") for page in path)


def _ranked(counts: dict[Pages, int]) -> list[tuple[Pages, int]]:
    """The most frequent first; equals by their text, then by their pages, in the order of their bytes."""
    return sorted(
        counts.items(),
        key=lambda item: (-item[1], _joined(item[0]).encode(), [page.encode() for page in item[0]]),
    )
