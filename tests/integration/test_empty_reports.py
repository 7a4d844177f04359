"""What reports say where there is little or nothing to report: zeros and nulls, and no error.

Each case is a workspace of its own in one warehouse, reported over the 7 days that end on Tuesday, 30 June 2026.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.property.edges import CRAWLER

CLOCK = datetime(2026, 7, 1, 12, tzinfo=UTC)
LAST_DAY = date(2026, 6, 30)
DAYS = [LAST_DAY - timedelta(days=ago) for ago in range(6, -1, -1)]
TUESDAY = 2


def event(workspace_id: str, event_type: str, created_at: str, **fields: str) -> dict:
    return {
        "event_id": f"{workspace_id} {event_type} {created_at}",
        "workspace_id": workspace_id,
        "user_id": "ana",
        "event_type": event_type,
        "created_at": created_at,
        **fields,
    }


LANDING = {
    "events": [
        event("no users", "page_view", "2026-06-30T09:00:00Z", page_path="/a", user_agent=CRAWLER),
        event("one user", "login", "2026-06-30T09:15:00Z"),
        event("no sessions", "page_view", "2024-01-10T09:00:00Z", page_path="/a"),
        event("no sessions", "feature_use", "2024-01-10T09:01:00Z", event_name="export"),
        event("no page views", "feature_use", "2026-06-29T23:00:00Z", event_name="export"),
        event("no page views", "api_call", "2026-06-29T23:01:00Z"),
        event("no features", "page_view", "2026-06-30T09:00:00Z", page_path="/a"),
        event("no features", "page_view", "2026-06-30T09:00:08Z", page_path="/b"),
        event("no goals", "page_view", "2026-06-30T09:00:00Z", page_path="/a"),
    ],
    "features": [{"workspace_id": "one user", "feature_name": "export", "category": "data"}],
    "goals": [{"workspace_id": "no features", "goal_name": "pay", "event_type": "custom", "event_name": "paid"}],
    "users": [{"workspace_id": "no events", "user_id": "ana"}],
}


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def reports(request, make_pipeline, tmp_path_factory) -> dict[str, list[dict]]:
    """Every table of reports, the data tests passed."""
    landing = tmp_path_factory.mktemp("landing")
    for entity, rows in LANDING.items():
        (landing / entity).mkdir()
        (landing / entity / "rows.ndjson").write_text("\n".join(map(json.dumps, rows)))
    pipeline = make_pipeline(request.param)
    pipeline.run(landing, clock=CLOCK, data_tests=True)
    return {mart.name: pipeline.rows(mart.name, mart.key) for mart in pipeline.marts() if mart.name.startswith("rpt_")}


def of_7_days(rows: list[dict], workspace_id: str) -> list[dict]:
    """The rows of everybody, without the key that they share and what is said in words."""
    shared = {"workspace_id": workspace_id, "segment_id": "all", "timeframe": "7d"}
    return [
        {column: value for column, value in row.items() if column not in {*shared, "characteristics"}}
        for row in rows
        if all(row.get(column, value) == value for column, value in shared.items())
    ]


def activity(**values: object) -> list[dict]:
    """The row of rpt_activity; what is not named is 0, or null for what needs a divisor."""
    counts = "dau wau mau new_users returning_users reactivated_users churned_users"
    quotients = "dau_change wau_change mau_change avg_sessions_per_user avg_session_seconds engagement_score"
    rate = {"bounce_rate": None, "bounce_rate_numerator": 0, "bounce_rate_denominator": 0}
    nothing = dict.fromkeys(counts.split(), 0) | dict.fromkeys(quotients.split()) | {"engagement_change": None}
    return [{"as_of_date": LAST_DAY} | nothing | rate | values]


def dense(column: str, members: list, active: object = None, events: int = 0) -> list[dict]:
    """A row for each member; `active` has one user with one session of so many events."""
    return [
        {column: member, "active_users": 1, "sessions": 1, "events": events}
        if member == active
        else {column: member, "active_users": 0, "sessions": 0, "events": 0}
        for member in members
    ]


def sessions(count: int, seconds: Decimal | None) -> list[dict]:
    return [{"sessions": count, "avg_seconds": seconds, "median_seconds": seconds}]


def breakdown(length_bucket: str | None = None) -> list[dict]:
    """rpt_session_breakdown of one session about whose device nothing is known, or of none."""
    rows = [
        {
            "dimension": "length_bucket",
            "value": bucket,
            "value_order": order,
            "users": int(bucket == length_bucket),
            "sessions": int(bucket == length_bucket),
            "share": None if length_bucket is None else Decimal(100 if bucket == length_bucket else 0),
        }
        for order, bucket in enumerate(("0-30s", "30s-2m", "2m-5m", "5m-15m", "15m-30m", "30m+"), start=1)
    ]
    traits = ("device_type", "browser", "os", "country_code") if length_bucket else ()
    return rows + [
        {"dimension": trait, "value": "unknown", "value_order": None, "users": 1, "sessions": 1, "share": Decimal(100)}
        for trait in traits
    ]


def funnel(known: int, active: int, used: int) -> list[dict]:
    """rpt_adoption_funnel of at most one user, who repeats nothing."""
    stages = ("Known", "Active in timeframe", "Used any feature", "Repeated a feature", "Habitual")
    reached = (known, active, used, 0, 0)
    return [
        {
            "stage_order": order + 1,
            "stage": stages[order],
            "users": reached[order],
            "dropoff_rate": Decimal(100 * (before - reached[order])) if before else None,
            "dropoff_rate_numerator": before - reached[order] if order else None,
            "dropoff_rate_denominator": before,
        }
        for order, before in enumerate((None, *reached[:-1]))
    ]


def feature(**values: object) -> dict:
    """A row of rpt_features of one feature; what is not named says that nobody is there."""
    rates = ("adoption_rate", "active_adoption_rate", "retention_rate")
    parts = {f"{rate}_{part}": 0 for rate in rates for part in ("numerator", "denominator")}
    usage = {"usage_count": 0, "unique_users": 0, "avg_time_spent": None, "usage_rank": 1}
    usage |= {"trend": "stable", "trend_order": 2}
    return {"feature_name": "export", **usage, **dict.fromkeys(rates), **parts, "is_unused": True} | values


def first_day(day: date, day1: Decimal | None = None) -> list[dict]:
    """rpt_cohorts of one user who came on `day`."""
    later = dict.fromkeys(("day7", "day14", "day30", "day60", "day90"))
    return [{"cohort_start": day, "cohort_users": 1, "day1": day1, **later}]


def curve(*retained: int) -> list[dict]:
    """rpt_retention_curve of one user, from day 0 on."""
    return [
        {
            "day": day,
            "eligible_users": 1,
            "retained_users": users,
            "retention_rate": Decimal(100 * users),
            "retention_rate_numerator": users,
            "retention_rate_denominator": 1,
        }
        for day, users in enumerate(retained)
    ]


def entry(page: str, bounced: int) -> list[dict]:
    parts = {"bounce_rate_numerator": bounced, "bounce_rate_denominator": 1}
    return [{"page": page, "sessions": 1, "users": 1, "bounce_rate": Decimal(100 * bounced), **parts}]


def leave(page: str, seconds: int) -> list[dict]:
    return [{"page": page, "sessions": 1, "users": 1, "avg_seconds_before_exit": Decimal(seconds)}]


def flow(step: int, from_page: str, to_page: str) -> dict:
    return {"step": step, "from_page": from_page, "to_page": to_page, "sessions": 1, "users": 1}


def reached(step: int, page: str, **dropoff: object) -> dict:
    """A row of rpt_path_steps; the last step has no drop-off."""
    nothing = dict.fromkeys(("dropoff_rate", "dropoff_rate_numerator", "dropoff_rate_denominator"))
    return {"path_rank": 1, "step": step, "page": page, "reached": 1} | nothing | dropoff


def by_part(day: date | None = None, hour: int | None = None, weekday: int | None = None, events: int = 0) -> dict:
    return {
        "rpt_activity_by_date": dense("activity_date", DAYS, day, events),
        "rpt_activity_by_hour": dense("hour_of_day", list(range(24)), hour, events),
        "rpt_activity_by_weekday": dense("iso_weekday", list(range(1, 8)), weekday, events),
    }


def state(is_active: bool) -> dict[str, list[dict]]:
    """Churn, risk and stickiness of one user who was there on one of the last days, or of nobody."""
    churn = {"churned_users": 0, "churn_rate": None, "churn_rate_numerator": 0, "churn_rate_denominator": 0}
    users = {"Engaged": int(is_active), "Cooling": 0, "At risk": 0, "Slipping away": 0}
    return {
        "rpt_churn": [churn | {"avg_lifetime_days": None}],
        "rpt_churn_risk": [
            {"risk_state": name, "risk_order": order, "users": count, "churn_probability": None, "sample_size": 0}
            for order, (name, count) in enumerate(users.items(), start=1)
        ],
        "rpt_stickiness": [
            {
                "active_days": days,
                "users": int(is_active and days == 1),
                "share": Decimal(100 * (days == 1)) if is_active else None,
                "active_users": int(is_active),
            }
            for days in range(1, 29)
        ],
    }


def began() -> dict[str, list[dict]]:
    """The first bracket of one user, the only one that is over."""
    bracket = {"first_day": 0, "last_day": 0, "eligible_users": 1, "retained_users": 1}
    rate = {"retention_rate": Decimal(100), "retention_rate_numerator": 1, "retention_rate_denominator": 1}
    return {"rpt_retention_brackets": [bracket | rate]}


ONE_NEW_USER = {"wau": 1, "mau": 1, "new_users": 1, "avg_sessions_per_user": Decimal(1)}
BOUNCED = {"bounce_rate": Decimal(100), "bounce_rate_numerator": 1, "bounce_rate_denominator": 1}
NOT_BOUNCED = {"bounce_rate": Decimal(0), "bounce_rate_numerator": 0, "bounce_rate_denominator": 1}
NO_SESSIONS = {"rpt_sessions": sessions(0, None), "rpt_session_breakdown": breakdown(), **by_part(), **state(False)}
ONE_ACTIVE_USER = {**state(True), **began()}

# A report that is not named has no row.
EXPECTED = {
    # Without any event there is no report.
    "no events": {},
    # A crawler's visit makes reports, of nobody.
    "no users": {"rpt_activity": activity(), "rpt_adoption_funnel": funnel(0, 0, 0), **NO_SESSIONS},
    # One login: score 40 * 1/20 + 20 * 1/20. The feature of the catalogue is unused.
    "one user": {
        "rpt_activity": activity(dau=1, avg_session_seconds=Decimal(0), engagement_score=Decimal(3), **ONE_NEW_USER),
        **by_part(LAST_DAY, 9, TUESDAY, events=1),
        **ONE_ACTIVE_USER,
        "rpt_sessions": sessions(1, Decimal(0)),
        "rpt_session_breakdown": breakdown("0-30s"),
        "rpt_adoption_funnel": funnel(1, 1, 0),
        "rpt_features": [
            feature(
                category="data",
                adoption_rate=Decimal(0),
                adoption_rate_denominator=1,
                active_adoption_rate=Decimal(0),
                active_adoption_rate_denominator=1,
                last_used_date=None,
            )
        ],
        "rpt_cohorts": first_day(LAST_DAY),
        "rpt_retention_curve": curve(1),
    },
    # All that happened is older than any timeframe.
    "no sessions": {
        "rpt_activity": activity(),
        **NO_SESSIONS,
        "rpt_adoption_funnel": funnel(1, 0, 0),
        "rpt_features": [
            feature(
                category="Uncategorized",
                adoption_rate=Decimal(0),
                adoption_rate_denominator=1,
                last_used_date=date(2024, 1, 10),
            )
        ],
    },
    # Two events in 60 s: score 40 * 1/20 + 20 * 2/20 + 20 * 1/5 + 20 * 60/600.
    "no page views": {
        "rpt_activity": activity(avg_session_seconds=Decimal(60), engagement_score=Decimal(10), **ONE_NEW_USER),
        **by_part(LAST_DAY - timedelta(days=1), 23, TUESDAY - 1, events=2),
        **ONE_ACTIVE_USER,
        "rpt_sessions": sessions(1, Decimal(60)),
        "rpt_session_breakdown": breakdown("30s-2m"),
        "rpt_adoption_funnel": funnel(1, 1, 1),
        "rpt_features": [
            feature(
                category="Uncategorized",
                usage_count=1,
                unique_users=1,
                adoption_rate=Decimal(100),
                adoption_rate_numerator=1,
                adoption_rate_denominator=1,
                active_adoption_rate=Decimal(100),
                active_adoption_rate_numerator=1,
                active_adoption_rate_denominator=1,
                trend="increasing",
                trend_order=1,
                is_unused=False,
                last_used_date=date(2026, 6, 29),
            )
        ],
        "rpt_cohorts": first_day(date(2026, 6, 29), day1=Decimal(0)),
        "rpt_retention_curve": curve(1, 0),
    },
    # /a, then /b after 8 s: score 40 * 1/20 + 20 * 2/20 + 20 * 8/600. Nobody reached the goal.
    "no features": {
        "rpt_activity": activity(
            dau=1, avg_session_seconds=Decimal(8), engagement_score=Decimal("4.27"), **ONE_NEW_USER, **NOT_BOUNCED
        ),
        **by_part(LAST_DAY, 9, TUESDAY, events=2),
        **ONE_ACTIVE_USER,
        "rpt_sessions": sessions(1, Decimal(8)),
        "rpt_session_breakdown": breakdown("0-30s"),
        "rpt_adoption_funnel": funnel(1, 1, 0),
        "rpt_cohorts": first_day(LAST_DAY),
        "rpt_retention_curve": curve(1),
        "rpt_paths": [{"path_rank": 1, "path": "/a > /b", "frequency": 1, "users": 1, "avg_completion": Decimal(100)}],
        "rpt_path_steps": [
            reached(1, "/a", dropoff_rate=Decimal(0), dropoff_rate_numerator=0, dropoff_rate_denominator=1),
            reached(2, "/b"),
        ],
        "rpt_page_flows": [flow(1, "/a", "/b"), flow(2, "/b", "(exit)")],
        "rpt_entry_pages": entry("/a", bounced=0),
        "rpt_exit_pages": leave("/b", seconds=8),
    },
    # One page: no path of two steps, a bounce.
    "no goals": {
        "rpt_activity": activity(
            dau=1, avg_session_seconds=Decimal(0), engagement_score=Decimal(3), **ONE_NEW_USER, **BOUNCED
        ),
        **by_part(LAST_DAY, 9, TUESDAY, events=1),
        **ONE_ACTIVE_USER,
        "rpt_sessions": sessions(1, Decimal(0)),
        "rpt_session_breakdown": breakdown("0-30s"),
        "rpt_adoption_funnel": funnel(1, 1, 0),
        "rpt_cohorts": first_day(LAST_DAY),
        "rpt_retention_curve": curve(1),
        "rpt_page_flows": [flow(1, "/a", "(exit)")],
        "rpt_entry_pages": entry("/a", bounced=1),
        "rpt_exit_pages": leave("/a", seconds=0),
    },
}


@pytest.mark.parametrize("case", EXPECTED)
def test_reports_of_little_or_nothing(case, reports):
    for name, rows in reports.items():
        assert in_order(of_7_days(rows, case)) == in_order(EXPECTED[case].get(name, [])), name


def in_order(rows: list[dict]) -> list[dict]:
    """By all that is neither a decimal nor null: Decimal(0) equals 0.00, but reads differently."""
    return sorted(rows, key=lambda row: [str(row[c]) for c in sorted(row) if isinstance(row[c], (str, date, int))])
