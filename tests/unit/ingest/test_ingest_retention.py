"""The horizon of each workspace: what arrives from before it is dropped, and it only moves forward."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.policies import ConsentPolicy
from ingest.retention import Retention
from tests.unit.ingest.conftest import Landing
from tests.unit.ingest.event_rows import event

# It is the 23rd already in Kiritimati (UTC+14).
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(moment: datetime, **fields) -> dict:
    return event(event_id=moment.isoformat(), created_at=moment.isoformat(), **fields)


def load(landing: Landing, days: int | None, clock: datetime = NOON, **options):
    return landing.load(clock, retention=Retention(days), **options)


def kept(landing: Landing) -> list[str]:
    return [event_id for (event_id,) in landing.fetch("select event_id from raw.events order by event_id")]


@pytest.mark.parametrize(
    ("zone", "first_moment"),
    [
        ("UTC", datetime(2026, 11, 12, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 11, 12, 10, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 12, 5, tzinfo=UTC)),
    ],
)
def test_days_are_counted_back_from_the_local_day_of_the_run(zone, first_moment, landing):
    """Its zone arrives with the same run."""
    landing.write("workspaces/w.ndjson", [{"workspace_id": "w", "timezone": zone}])
    landing.write("events/a.ndjson", [at(first_moment - SECOND, workspace_id="w"), at(first_moment, workspace_id="w")])
    report = load(landing, 10)
    assert kept(landing) == [first_moment.isoformat()]
    assert (report.total("dropped_beyond_retention"), report.total("loaded")) == (1, 2)
    assert "dropped for a policy (beyond retention): 1 rows" in report.lines()


def test_workspace_that_nothing_describes_is_in_utc(landing):
    midnight = datetime(2026, 11, 12, tzinfo=UTC)
    landing.write("workspaces/w.ndjson", [{"workspace_id": "w", "timezone": "Pacific/Kiritimati"}])
    landing.write("events/a.ndjson", [at(midnight - SECOND), at(midnight)])
    load(landing, 10)
    assert kept(landing) == [midnight.isoformat()]


def test_without_a_setting_everything_is_kept(landing):
    landing.write("events/a.ndjson", [event(created_at="1990-01-01")])
    assert load(landing, None).total("loaded") == 1
    assert landing.fetch("select * from raw.horizons") == []


def test_a_denied_event_beyond_the_horizon_counts_as_denied(landing):
    landing.write("events/a.ndjson", [event(), event(event_id="2", event_type="?")])
    report = load(landing, 10, consent_policy=ConsentPolicy("opt_in"))
    outcomes = [report.total(name) for name in ("rejected", "dropped_consent", "dropped_beyond_retention")]
    assert outcomes == [1, 1, 0]


@pytest.mark.parametrize("days", [None, 60])
def test_what_was_purged_stays_beyond_the_horizon(days, landing):
    """Also for a workspace that is described only after the purge, when the days were those of UTC."""
    load(landing, 10)
    with landing.warehouse.transaction() as tx:
        tx.execute("update raw.horizons set purged_until = kept_from")
    landing.write("workspaces/w.ndjson", [{"workspace_id": "w", "timezone": "America/New_York"}])
    purged_until = datetime(2026, 11, 12, tzinfo=UTC)
    landing.write("events/a.ndjson", [at(purged_until - SECOND, workspace_id="w"), at(purged_until, workspace_id="w")])
    load(landing, days, NOON + timedelta(days=1))
    assert kept(landing) == [purged_until.isoformat()]
    assert landing.fetch("select kept_from_date from raw.horizons where workspace_id = 'w'") == [(date(2026, 11, 11),)]


def test_late_denial_reaches_what_is_archived(landing):
    """The day of a session that began or ended under it, in every table; the days before it and other users' stay."""
    sessions = [
        ("u1", "2026-01-01", "2026-01-01 10:00", "2026-01-01 10:30", 3),
        ("u1", "2026-01-02", "2026-01-02 10:00", "2026-01-02 12:30", 4),
        ("u1", "2026-01-03", "2026-01-03 10:00", "2026-01-03 10:30", 5),
        ("u2", "2026-01-03", "2026-01-03 10:00", "2026-01-03 10:30", 6),
    ]
    with landing.warehouse.transaction() as tx:
        for user, day, start, end, events in sessions:
            key = landing.keys.user_key("default", user)
            tx.execute(
                "insert into ops.archived_sessions (session_id, workspace_id, user_key, session_date, started_at,"
                " ended_at, events) values ($1, 'default', $2, cast($3 as date), cast($4 as timestamp),"
                " cast($5 as timestamp), $6)",
                (f"{user} {day}", key, day, start, end, events),
            )
            tx.execute(
                "insert into ops.archived_user_days (workspace_id, user_key, activity_date, events)"
                " values ('default', $1, cast($2 as date), $3)",
                (key, day, events),
            )
    load(landing, None, consent_policy=ConsentPolicy("opt_out"))
    landing.write("consents/late.ndjson", [{"user_id": "u1", "granted": False, "at": "2026-01-02T12:00:00Z"}])
    report = load(landing, None, consent_policy=ConsentPolicy("opt_out"), run_id="late")
    assert report.withdrawn == 9
    left = "select session_id from ops.archived_sessions order by 1"
    assert landing.fetch(left) == [("u1 2026-01-01",), ("u2 2026-01-03",)]
    assert landing.fetch("select events from ops.archived_user_days order by 1") == [(3,), (6,)]
    assert landing.fetch("select run_id, load_id, reason, rows from raw.deletions") == [("late", None, "consent", 9)]
    ranges = "select touched_at, touched_until from raw.pending where kind = 'range'"
    assert landing.fetch(ranges) == [(datetime(2026, 1, 2, 10), datetime(2026, 1, 3, 10, 30))]
