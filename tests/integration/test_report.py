"""The JSON document: its numbers by hand, its form by its schema, the same from every engine."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import jsonschema
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from serving.report import TIMEFRAMES, ReportError, build_report, document_schema
from tests.pipeline import SECRET, Pipeline
from warehouse.open import open_warehouse

CLOCK = datetime(2026, 3, 11, 6, tzinfo=UTC)  # a Wednesday
ANA = {"workspace_id": "acme", "user_id": "ana", "device_type": "desktop", "browser": "Firefox", "country_code": "DE"}
BOB = {"workspace_id": "acme", "user_id": "bob", "device_type": "mobile"}
LANDING = {
    "workspaces": [{"workspace_id": "acme", "timezone": "UTC"}, {"workspace_id": "silent", "timezone": "UTC"}],
    "users": [{"workspace_id": "acme", "user_id": "cid", "created_at": "2026-03-01"}],
    "features": [{"feature_name": "import"}],
    "goals": [{"goal_name": "Saw b", "page_path": "/b"}],
    "events": [
        {**BOB, "event_type": "page_view", "page_path": "/a", "created_at": "2026-03-09T23:59:50Z"},
        {**ANA, "event_type": "page_view", "page_path": "/a", "created_at": "2026-03-10T10:00:00Z"},
        {**ANA, "event_type": "page_view", "page_path": "/b", "created_at": "2026-03-10T10:00:20Z"},
        {
            **ANA,
            "event_type": "feature_use",
            "event_name": "export",
            "metadata": {"category": "Files", "duration": 4},
            "created_at": "2026-03-10T10:00:30Z",
        },
        {**ANA, "event_type": "login", "created_at": "2026-03-11T05:00:00Z"},
    ],
}


def by_hour(**events: int) -> list[int]:
    return [events.get(f"h{hour}", 0) for hour in range(24)]


EXPECTED = {
    "userId": None,
    "workspaceId": "acme",
    "timeframe": "7d",
    "asOfDate": "2026-03-10",
    "today": {"activeUsers": 1, "sessions": 1, "events": 1},
    "activityMetrics": {
        "dau": 1,
        "wau": 2,
        "mau": 2,
        "dauChange": None,
        "wauChange": None,
        "mauChange": None,
        "newUsers": 2,
        "returningUsers": 0,
        "reactivatedUsers": 0,
        "churnedUsers": 0,
        "avgSessionsPerUser": 1.0,
        "avgSessionDuration": 15.0,
        "bounceRate": 50.0,
        # Ana 40/20 + 20·3/20 + 20·1/5 + 20·30/600 = 10, Bob 40/20 + 20·1/20 = 3
        "engagementScore": 6.5,
        "engagementTrend": "increasing",
        "activityByHour": by_hour(h10=3, h23=1),
        "activityByDayOfWeek": [1, 3, 0, 0, 0, 0, 0],
        "activityByDate": [
            *({"date": f"2026-03-0{day}", "activeUsers": 0, "sessions": 0, "events": 0} for day in range(4, 9)),
            {"date": "2026-03-09", "activeUsers": 1, "sessions": 1, "events": 1},
            {"date": "2026-03-10", "activeUsers": 1, "sessions": 1, "events": 3},
        ],
    },
    "sessionAnalytics": {
        "totalSessions": 2,
        "avgSessionLength": 15.0,
        "medianSessionLength": 15.0,
        "sessionLengthDistribution": {"0-30s": 1, "30s-2m": 1, "2m-5m": 0, "5m-15m": 0, "15m-30m": 0, "30m+": 0},
        "deviceBreakdown": {"desktop": 1, "mobile": 1, "tablet": 0},
        "browserBreakdown": {"Firefox": 1, "unknown": 1},
        "locationBreakdown": {"DE": {"users": 1, "sessions": 1}, "unknown": {"users": 1, "sessions": 1}},
    },
    "featureUsage": {
        "features": [
            {
                "featureName": "export",
                "category": "Files",
                "usageCount": 1,
                "uniqueUsers": 1,
                "avgTimeSpent": 4.0,
                "adoptionRate": 33.33,
                "retentionRate": None,
            },
            {
                "featureName": "import",
                "category": "Uncategorized",
                "usageCount": 0,
                "uniqueUsers": 0,
                "avgTimeSpent": None,
                "adoptionRate": 0.0,
                "retentionRate": None,
            },
        ],
        "adoptionFunnel": [
            {"stage": "Known", "users": 3, "dropoffRate": None},
            {"stage": "Active in timeframe", "users": 2, "dropoffRate": 33.33},
            {"stage": "Used any feature", "users": 1, "dropoffRate": 50.0},
            {"stage": "Repeated a feature", "users": 0, "dropoffRate": 100.0},
            {"stage": "Habitual", "users": 0, "dropoffRate": None},
        ],
        "topFeatures": [{"feature": "export", "usage": 1, "trend": "increasing"}],
        "unusedFeatures": [{"feature": "import", "lastUsed": None}],
    },
    "userJourney": {
        "commonPaths": [
            {
                "path": ["/a", "/b"],
                "frequency": 1,
                "avgCompletion": 75.0,
                "dropoffPoints": [{"step": 1, "dropoffRate": 50.0}],
            }
        ],
        "entryPoints": [{"page": "/a", "count": 2, "bounceRate": 50.0}],
        "exitPoints": [
            {"page": "/a", "count": 1, "avgTimeBeforeExit": 0.0},
            {"page": "/b", "count": 1, "avgTimeBeforeExit": 20.0},
        ],
        "conversionPaths": [
            {"goal": "Saw b", "paths": [{"steps": ["/a", "/b"], "conversions": 1, "conversionRate": 100.0}]}
        ],
    },
    "retention": {
        "retentionCurve": [
            {"day": 0, "retentionRate": 100.0, "activeUsers": 2},
            {"day": 1, "retentionRate": 0.0, "activeUsers": 0},
        ],
        "cohorts": [
            {
                "cohortDate": "2026-03-09",
                "cohortSize": 1,
                "retention": {"day1": 0.0, **dict.fromkeys(("day7", "day14", "day30", "day60", "day90"))},
            },
            {
                "cohortDate": "2026-03-10",
                "cohortSize": 1,
                "retention": dict.fromkeys(("day1", "day7", "day14", "day30", "day60", "day90")),
            },
        ],
        "churnAnalysis": {
            "churnRate": None,
            "avgLifetime": None,
            "riskSegments": [
                ("Engaged", 2, None),
                ("At risk", 0, None),
                ("Cooling", 0, None),
                ("Slipping away", 0, None),
            ],
        },
    },
    "segments": [
        ("Casual", 2),
        ("New", 2),
        ("Desktop-first", 1),
        ("Mobile-first", 1),
        ("Lapsed", 0),
        ("Power users", 0),
        ("Regular", 0),
    ],
}


@pytest.fixture(scope="module")
def published(make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    landing = tmp_path_factory.mktemp("report-landing")
    for entity, rows in LANDING.items():
        (landing / entity).mkdir()
        (landing / entity / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pipeline = make_pipeline()
    pipeline.run(landing, clock=CLOCK)
    return pipeline


@pytest.fixture
def document(published: Pipeline) -> Iterator[Callable[..., dict]]:
    """document(workspace, timeframe, segment, user_key=None): what is published now."""
    with open_warehouse(published.settings).published() as tx:
        yield lambda *asked, **person: build_report(tx, *asked, **person)


def test_every_number_by_hand(document: Callable[..., dict]) -> None:
    found = document("acme", "7d")
    jsonschema.Draft202012Validator(document_schema()).validate(found)
    risks, segments = found["retention"]["churnAnalysis"]["riskSegments"], found["segments"]
    assert all(each["characteristics"] for each in (*risks, *segments))
    found["retention"]["churnAnalysis"]["riskSegments"] = [
        (risk["segment"], risk["users"], risk["churnProbability"]) for risk in risks
    ]
    found["segments"] = [(segment["segmentName"], segment["userCount"]) for segment in segments]
    assert found == EXPECTED


def test_segments_by_name_and_by_id(document: Callable[..., dict], published: Pipeline) -> None:
    mobile = document("acme", "30d", "Mobile-first")
    ids = {row["segment_name"]: row["segment_id"] for row in published.rows("dim_segments", workspace_id="acme")}
    assert document("acme", "30d", ids["Mobile-first"]) == mobile
    assert mobile["activityMetrics"]["mau"] == 1
    assert mobile["today"] == {"activeUsers": 0, "sessions": 0, "events": 0}
    assert document("acme", "30d", "Desktop-first")["today"] == {"activeUsers": 1, "sessions": 1, "events": 1}
    assert document("acme", "30d", "Lapsed")["sessionAnalytics"]["totalSessions"] == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("nobody's", "30d"), 'no workspace "nobody\'s"'),
        (("silent", "30d"), "'silent' has no events yet"),
        (("acme", "31d"), "no timeframe '31d'; there are 7d, 30d"),
        (("acme", "30d", "' or 1=1 --"), "there are all, Casual, Desktop-first"),
    ],
)
def test_a_report_that_is_not_there_says_what_is(document: Callable[..., dict], asked: tuple, words: str) -> None:
    with pytest.raises(ReportError) as error:
        document(*asked)
    assert words in str(error.value)


def test_command_prints_document_and_schema(
    published: Pipeline, document: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_HOME", str(published.settings.home))
    run = CliRunner().invoke
    printed = run(main, ["report", "--workspace", "acme", "--timeframe", "90d", "--segment", "New"])
    assert json.loads(printed.output) == document("acme", "90d", "New")
    assert json.loads(run(main, ["report", "--schema"]).output) == document_schema()
    refused = run(main, ["report", "--workspace", "elsewhere"])
    assert (refused.exit_code, refused.output) == (1, "Error: no workspace 'elsewhere' in what is published\n")


def test_command_takes_a_person_by_id_and_by_key(
    published: Pipeline, document: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_HOME", str(published.settings.home))
    monkeypatch.setenv("FOOTFALL_SECRET_KEY", SECRET)
    key = published.settings.keys().user_key("acme", "ana")
    expected = document("acme", "7d", user_key=key)
    assert (expected["userId"], expected["sessionAnalytics"]["totalSessions"]) == (key, 1)
    of_acme = ["report", "--workspace", "acme", "--timeframe", "7d"]

    def run(*options: str) -> Result:
        return CliRunner().invoke(main, [*of_acme, *options])

    for who in (["--user", "ana"], ["--user-key", key]):
        assert json.loads(run(*who).output) == expected
        assert "ana" not in run(*who).output.replace(key, "")
    unknown = run("--user", "nobody")
    assert unknown.exit_code == 1 and "no user with the key" in unknown.output and "nobody" not in unknown.output
    for options, words in (
        (["--user", "ana", "--segment", "New"], "give --segment or --user"),
        (["--user", "ana", "--user-key", key], "either --user or --user-key"),
        (["--user-key", "ana"], "is no user key"),
        (["--user", ""], "say who"),
    ):
        refused = run(*options)
        assert refused.exit_code == 2 and words in refused.output


def test_a_document_is_not_of_a_segment_and_a_person(document: Callable[..., dict]) -> None:
    with pytest.raises(ReportError, match="name one of them"):
        document("acme", "7d", "New", user_key="0" * 32)


def test_documents_of_both_engines_are_the_same(demo_warehouse: Callable[[str], Pipeline]) -> None:
    documents = {engine: list(_documents(demo_warehouse(engine))) for engine in ("duckdb", "postgres")}
    assert documents["duckdb"] == documents["postgres"]
    validator = jsonschema.Draft202012Validator(document_schema())
    for each in documents["duckdb"]:
        validator.validate(each)
    assert len(documents["duckdb"]) >= 3 * 4 * 8


def _documents(pipeline: Pipeline) -> Iterator[dict]:
    segments = [(row["workspace_id"], row["segment_id"]) for row in pipeline.rows("dim_segments")]
    workspaces = [(row["workspace_id"], "all") for row in pipeline.rows("dim_workspaces")]
    with open_warehouse(pipeline.settings).published() as tx:
        for workspace_id, segment_id in sorted(segments + workspaces):
            for timeframe in TIMEFRAMES:
                yield build_report(tx, workspace_id, timeframe, segment_id)
