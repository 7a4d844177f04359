"""The document of one person is that of a segment whose only member is the person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import jsonschema
import pytest

from serving.report import TIMEFRAMES, ReportError, build_report, document_schema
from tests.oracle import Landing
from tests.pipeline import Pipeline
from tests.property.arrivals import moment_of
from tests.property.batches import drawn, together
from tests.property.histories import landings, written
from tests.property.landing_files import write_landing
from warehouse.open import open_warehouse

LAST_DAY = date(2024, 3, 31)
CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
SHOP = "shop"
# Beside the one who is busy: what else a person may be.
LOGIN_ONLY, SILENT, LATE, UNSEEN, CRAWLED = "login only", "silent since", "from today on", "unseen", "beside a crawler"
ONLY_CRAWLER = "a crawler"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PAGES = (*"aaabbbccdefghijklmno", "p > q")
DEVICES, COUNTRIES = ("desktop", "mobile"), "ABCDEFGHIJKLM"


def at(days_ago: int, hour: int = 12) -> str:
    return written(CLOCK.replace(hour=hour, minute=0) - timedelta(days=days_ago))


def view(user: str, page: str, created_at: str) -> dict:
    return {"user_id": user, "event_type": "page_view", "page_path": page, "created_at": created_at}


def use(user: str, feature: str, created_at: str) -> dict:
    return {"user_id": user, "event_type": "feature_use", "event_name": feature, "created_at": created_at}


def busy_days(user: str, rng: Random) -> list[dict]:
    """Two years of visits, with more pages, features and paths than lists show."""
    rows = []
    for _ in range(260):
        moment = CLOCK - timedelta(days=rng.choice((rng.randrange(10), rng.randrange(60), rng.randrange(760))), hours=5)
        for _ in range(rng.randrange(1, 12)):
            moment += timedelta(seconds=rng.randrange(1, 400))
            kind = rng.choice(("page_view", "page_view", "page_view", "feature_use", "login"))
            row = {"user_id": user, "event_type": kind, "created_at": written(moment)}
            if kind == "page_view":
                row["page_path"] = f"/{rng.choice(PAGES)}"
            if kind == "feature_use":
                row |= {"event_name": f"feature {rng.randrange(14)}", "metadata": {"duration": rng.randrange(9)}}
            rows.append(
                row | {"device_type": rng.choice(("desktop", "mobile")), "country_code": rng.choice("ABCDEFGHIJKLM")}
            )
    return rows


def shop() -> Landing:
    rng = Random(3)
    events = [
        *busy_days("busy", rng),
        *busy_days("crowd", rng),
        {"user_id": LOGIN_ONLY, "event_type": "login", "created_at": at(3)},
        view(SILENT, "/a", at(45)),
        view(SILENT, "/b", at(41)),
        view(LATE, "/a", at(0)),
        # Lapsed on the last day of the timeframes, and on the last one before those of 7 days; of either as_of_date.
        *(view(f"last seen {days} days ago", "/a", at(days)) for days in (31, 32, 38, 39, 40)),
        # 10 uses before, in the timeframes of 7 days as many, a tenth more or less, and more or less than that.
        *(use("steady", f"{count} after 10", at(11)) for count in range(8, 13) for _ in range(10)),
        *(use("steady", f"{count} after 10", at(3)) for count in range(8, 13) for _ in range(count)),
        view(CRAWLED, "/a", at(2)),
        *({**view(CRAWLED, page, at(2, 13)), "user_agent": CRAWLER} for page in ("/b", "/c")),
        {**view(ONLY_CRAWLER, "/c", at(2)), "user_agent": CRAWLER},
    ]
    events = [row | {"workspace_id": SHOP, "event_id": f"s{number}"} for number, row in enumerate(events)]
    return Landing(
        events=events,
        users=[{"workspace_id": SHOP, "user_id": UNSEEN}],
        workspaces=[{"workspace_id": SHOP, "timezone": "Europe/Berlin"}],
        features=[{"workspace_id": SHOP, "feature_name": "unused"}],
        goals=[
            {"workspace_id": SHOP, "goal_name": "saw c", "page_path": "/c"},
            {"workspace_id": SHOP, "goal_name": "used", "event_type": "feature_use"},
            {"workspace_id": SHOP, "goal_name": "never", "page_path": "/nowhere"},
        ],
    )


def with_segments_of_one(whole: Landing) -> tuple[Landing, list[tuple[str, str]]]:
    """Everybody gets an attribute of their own and a segment that asks for it; also who there is: (workspace, user)."""
    first_seen: dict[tuple[str, str], str] = {}
    for row in sorted((row for row in whole.events if row["user_id"] != ONLY_CRAWLER), key=moment_of):
        first_seen.setdefault((row.get("workspace_id", "default"), row["user_id"]), written(moment_of(row)))
    described = [row | {"person": row["user_id"]} for row in whole.users]
    known = {(row.get("workspace_id", "default"), row["user_id"]) for row in described}
    described += [
        {"workspace_id": workspace, "user_id": user, "created_at": moment, "person": user}
        for (workspace, user), moment in first_seen.items()
        if (workspace, user) not in known
    ]
    people = sorted(known | set(first_seen))
    segments = [
        {
            "workspace_id": workspace,
            "segment_name": f"only {user}",
            "criteria": {"all": [{"field": "person", "op": "=", "value": user}]},
        }
        for workspace, user in people
    ]
    return replace(whole, users=described, segments=segments), people


@pytest.mark.parametrize(("engine", "as_of"), [("duckdb", None), ("postgres", LAST_DAY - timedelta(days=2))])
def test_document_of_a_person_is_that_of_a_segment_of_one(
    engine: str, as_of: date | None, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    histories = drawn(landings(LAST_DAY, most_visits=9, most_events=7).filter(lambda rows: rows.events), 5, 11)
    whole, people = with_segments_of_one(together([*histories, shop()]))
    write_landing(whole, tmp_path, rng=Random(1))
    pipeline = make_pipeline(engine)
    pipeline.run(tmp_path, clock=CLOCK, as_of=as_of)
    user_keys = {person: pipeline.settings.keys().user_key(*person) for person in people}
    published = {row["user_key"] for row in pipeline.rows("dim_users")}
    validator = jsonschema.Draft202012Validator(document_schema())
    compared = set()
    with open_warehouse(pipeline.settings).published() as tx:
        for (workspace, user), user_key in user_keys.items():
            if user_key not in published:
                continue
            for timeframe in TIMEFRAMES:
                found = build_report(tx, workspace, timeframe, user_key=user_key)
                expected = build_report(tx, workspace, timeframe, f"only {user}") | {"userId": user_key}
                for key in expected:
                    assert found[key] == expected[key], (workspace, user, timeframe, key)
                validator.validate(found)
            compared.add(user)
        with pytest.raises(ReportError, match="no user with the key"):
            build_report(
                tx, f"h005-{SHOP}", "7d", user_key=pipeline.settings.keys().user_key(f"h005-{SHOP}", ONLY_CRAWLER)
            )
    hidden = {LATE} if as_of else set()
    assert {"busy", LOGIN_ONLY, SILENT, LATE, UNSEEN, CRAWLED} - hidden <= compared
    assert len(compared) > 10 and not hidden & compared
