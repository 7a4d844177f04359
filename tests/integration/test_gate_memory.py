"""The gates over a real warehouse, on both engines: files are loaded, judged, accepted and published day by day."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from ingest.erase import Person
from orchestration.erasure import erase
from orchestration.gate_memory import NothingToAccept, accept
from orchestration.gates import Finding
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse
from warehouse.publications import record_publication

DAY = timedelta(days=1)
MONDAY = date(2026, 3, 2)
FIRST_DAY = MONDAY - 21 * DAY
ZONE_HOURS = 9  # Tokyo: its days begin at 15:00 UTC


class Shop:
    """A warehouse that is given a file a day of workspaces in Tokyo, whose weekends have a fifth of the events."""

    def __init__(self, pipeline: Pipeline, landing: Path) -> None:
        self.pipeline = pipeline
        self.landing = landing
        for folder in ("events", "workspaces"):
            (landing / folder).mkdir(parents=True)
        zones = (
            {"workspace_id": name, "timezone": "Asia/Tokyo", "updated_at": "2026-01-01T00:00:00Z"}
            for name in ("acme", "basalt", "cobalt", "dolomite", "new")
        )
        (landing / "workspaces" / "all.ndjson").write_text("\n".join(map(json.dumps, zones)))

    def land(self, day: date, events: int | None = None, name: str = "", workspace: str = "acme", **fields) -> None:
        """A file of a local day, spread over it up to its last minute; with the usual number of events, or so many."""
        if events is None:
            events = 120 if day.weekday() >= 5 else 600
        begins = datetime.combine(day, time(), UTC) - timedelta(hours=ZONE_HOURS)
        rows = (
            {
                "event_id": f"{workspace} {day} {name} {number}",
                "workspace_id": workspace,
                "user_id": f"u{number % 20}",
                "event_type": "page_view" if number % 2 else "feature_use",
                "event_name": None if number % 2 else "export",
                "page_path": f"/{number % 7}",
                "created_at": (begins + number * (DAY / events)).isoformat(),
                **fields,
            }
            for number in range(events)
        )
        self._write(f"{workspace}-{day}{name}", rows)

    def _write(self, name: str, rows: Iterable[dict]) -> None:
        (self.landing / "events" / f"{name}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def load(self, day: date, *, silence: bool = False, later: timedelta = DAY, **request) -> dict[str, Finding]:
        """What the gates say of a run in the morning after the day, by gate and subject, accepted ones left out.

        It publishes unless something blocks.

        Args:
            silence: keep what is said of workspaces that were given no more files.
            later: from the day to that morning.
        """
        clock = datetime.combine(day + later, time(6), UTC) - timedelta(hours=ZONE_HOURS)
        with self.pipeline.loaded(self.landing, clock=clock, **request) as (refresh, _):
            findings, accepted = refresh.judge_loads()
            left = {
                f"{one.gate} {one.subject}".strip(): one
                for one in findings
                if one.finding_id not in accepted and (silence or one.gate != "freshness")
            }
            if not any(one.blocks for one in left.values()):
                self._publish(refresh)
        return left

    def _publish(self, refresh) -> None:
        """What of a publication the gates look at; building every table would take a minute a day."""
        with refresh.warehouse.transaction() as tx:
            tx.execute("create schema if not exists intermediate")
            tx.execute("create table if not exists intermediate.int_as_of_dates (newest_event_at timestamp)")
            record_publication(tx, refresh.warehouse.next_publication_id(tx), refresh.run_id, "", None)

    def accept(self, finding: Finding, *, is_lasting: bool = False) -> None:
        with open_warehouse(self.pipeline.settings).transaction() as tx:
            accept(tx, finding.finding_id, "ada", "a test", datetime.now(UTC), is_lasting=is_lasting)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def shop(request, make_pipeline, tmp_path_factory) -> Shop:
    """Three weeks are loaded and published; the tests below go on from there, each with weeks of its own workspace."""
    shop = Shop(make_pipeline(request.param), tmp_path_factory.mktemp("gates"))
    days = [FIRST_DAY + number * DAY for number in range(21)]
    for workspace in ("acme", "basalt", "cobalt"):
        for day in days:
            shop.land(day, workspace=workspace)
    assert shop.load(days[-1]) == {}, "a first load is compared with nothing"
    return shop


def test_drop_of_nine_tenths_blocks_until_it_is_accepted_and_only_that_finding_is(shop):
    shop.land(MONDAY, events=40)
    (finding,) = shop.load(MONDAY).values()
    assert (finding.blocks, finding.workspace_id, finding.day) == (True, "acme", MONDAY)
    assert finding.words == "40 events, usually 600 (median of 3 Mondays): 93 % fewer"
    assert list(shop.load(MONDAY)) == ["volume"], "it is found again until something is done about it"

    shop.accept(finding)
    assert shop.load(MONDAY) == {}
    shop.land(MONDAY + DAY, events=40)
    assert list(shop.load(MONDAY + DAY)) == ["volume"], "the same on another day is another finding"
    shop.land(MONDAY + DAY, name="the rest")
    assert shop.load(MONDAY + DAY) == {}, "it goes away when the rest of the day arrives"
    with pytest.raises(NothingToAccept):
        shop.accept(Finding("acme", MONDAY, "volume", "other", 0, 0, True, ""))
    kept = shop.pipeline.fetch("select accepted_by, reason, gate, words from ops.accepted_findings")
    assert kept == [("ada", "a test", "volume", finding.words)]


def test_weekend_hours_backfills_and_new_workspaces_are_as_usual(shop):
    saturday = MONDAY + 5 * DAY
    shop.land(saturday, workspace="basalt")
    assert shop.load(saturday) == {}, "a fifth of Friday's events is a Saturday"
    shop.land(saturday + DAY, workspace="basalt")
    shop.land(saturday + 2 * DAY, events=1, workspace="basalt")
    assert shop.load(saturday + DAY) == {}, "a day that is not over is not judged"
    shop.land(FIRST_DAY + 8 * DAY, events=3, name="late", workspace="basalt")
    shop.land(FIRST_DAY - 60 * DAY, events=3, name="old", workspace="basalt")
    for number in range(15):
        shop.land(FIRST_DAY + number * DAY, events=400 // (number + 1), workspace="new")
    assert shop.load(saturday + DAY) == {}, "old days and a first load are not judged"
    shop.land(saturday + 2 * DAY, events=599, name="rest", workspace="basalt")
    assert shop.load(saturday + 2 * DAY) == {}, "hours of a day add up"


def test_last_day_of_history_that_is_loaded_piece_by_piece_is_not_over(shop):
    """Dolomite's files hold days of UTC: each ends nine hours into a day of Tokyo, and all are a year old."""
    year = timedelta(days=365)
    tuesday = FIRST_DAY + 22 * DAY

    def land(day: date) -> None:
        shop.land(day, workspace="dolomite")
        shop.land(day + DAY, events=30, name="first hours", workspace="dolomite")

    for number in range(22):
        land(FIRST_DAY + number * DAY)
    assert shop.load(MONDAY, later=year) == {}
    land(tuesday)
    assert shop.load(tuesday, later=year) == {}, "Wednesday has begun, no more"
    shop.land(tuesday + 2 * DAY, events=40, workspace="dolomite")
    land(tuesday + 3 * DAY)
    (finding,) = shop.load(tuesday + 3 * DAY, later=year).values()
    assert (finding.gate, finding.day) == ("volume", tuesday + 2 * DAY), "days before the last one are over"
    shop.accept(finding)
    assert shop.load(tuesday + 3 * DAY, later=year) == {}


def test_erasure_and_consent_are_no_drop(shop):
    day = MONDAY + 14 * DAY
    for number in range(21):
        shop.land(day - (number + 1) * DAY, workspace="dolomite")
    assert shop.load(day - DAY) == {}
    with shop.pipeline.loaded(shop.landing, clock=datetime.combine(day, time(), UTC)) as (refresh, _):
        for user in range(19):
            person = Person.of_user(shop.pipeline.settings.keys(), "dolomite", f"u{user}")
            erase(refresh, person, deletes_landing=False)
    assert shop.load(day - DAY) == {}, "rows went, and no day is smaller for it"
    shop.land(day, workspace="dolomite")
    assert shop.load(day) == {}, "the rows of a day that are kept out are no drop"
    dropped = "select cast(sum(dropped_erased) as bigint) from raw.loads where path like '%dolomite%'"
    assert shop.pipeline.fetch(dropped) == [(570,)]


def test_missing_column_and_event_type_block_and_a_lasting_acceptance_covers_later_days(shop):
    shop.land(MONDAY, workspace="cobalt", page_path=None, event_type="page_view", country_code="DE")
    found = shop.load(MONDAY)
    assert {name: one.blocks for name, one in found.items()} == {
        "column page_path": True,
        "event_type feature_use": True,
        "new_column country_code": False,
    }
    for one in found.values():
        if one.blocks:
            shop.accept(one, is_lasting=True)
    shop.load(MONDAY)
    shop.land(MONDAY + DAY, workspace="cobalt", page_path=None, event_type="page_view")
    assert [one for one in shop.load(MONDAY + DAY).values() if one.blocks] == []


def test_rejected_rows_block_and_a_reload_of_the_mended_file_mends_it(shop):
    day = MONDAY + 9 * DAY
    shop.land(day, workspace="basalt", user_id=None)
    (finding,) = shop.load(day).values()
    assert (finding.gate, finding.subject, finding.blocks) == ("rejected", "missing_field user_id", True)
    shop.land(day, workspace="basalt")
    assert shop.load(day, reload=[f"events/basalt-{day}.ndjson"]) == {}


def test_rejected_rows_that_a_later_run_without_files_published_are_not_new_again(shop):
    day = MONDAY + 10 * DAY
    shop.land(day, workspace="basalt", user_id=None)
    (finding,) = shop.load(day).values()
    shop.accept(finding)
    assert shop.load(day) == {}
    shop.land(day + DAY, workspace="basalt", user_id=None)
    (finding,) = shop.load(day + DAY).values()
    assert (finding.gate, finding.words.split()[0]) == ("rejected", "600"), "those of the day before are published"
    shop.land(day + DAY, workspace="basalt")
    assert shop.load(day + DAY, reload=[f"events/basalt-{day + DAY}.ndjson"]) == {}


def test_silence_and_new_attributes_warn(shop):
    (shop.landing / "users").mkdir()
    for number, attribute in enumerate(("plan", "planet")):
        row = {"user_id": "u1", "workspace_id": "acme", attribute: "x"}
        (shop.landing / "users" / f"{number}.ndjson").write_text(json.dumps(row))
        found = shop.load(MONDAY + 19 * DAY, silence=True)
    assert {one.blocks for one in found.values()} == {False}
    assert found["freshness"].usual >= 1
    assert found["attribute planet"].words == "attribute planet of users/ was never seen before"


def test_memory_is_of_the_last_weeks_and_holds_each_load_once(shop):
    rows, loads, oldest = shop.pipeline.fetch(
        "select count(*), count(distinct (load_id, workspace_id, activity_date)), min(activity_date)"
        " from ops.load_profiles"
    )[0]
    assert rows == loads
    assert oldest == FIRST_DAY, "the event of a month before was too old to be remembered"
