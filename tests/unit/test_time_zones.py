"""One source of local time: the table made from the tzdata package says what the package says, at every moment."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from ingest.time_zones import load_zone, refresh_time_zones, zone_days, zone_names
from warehouse.duckdb import DuckDBWarehouse

LAST = date(2027, 12, 31)
ODD_ZONES = (
    "UTC",
    "America/New_York",
    "America/St_Johns",  # changed at one minute past midnight until 2011
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Europe/Dublin",
    "Africa/Casablanca",  # daylight saving pauses in Ramadan
    "Pacific/Apia",  # skipped 30 December 2011
    "Pacific/Kiritimati",
    "America/Caracas",
    "Antarctica/Troll",  # two hours of daylight saving
    "Asia/Pyongyang",
)


def local_by_table(rows: dict[date, dict], moment: datetime) -> datetime:
    row = rows[moment.date()]
    has_changed = row["changes_at"] is not None and moment >= row["changes_at"]
    return moment + timedelta(seconds=row["offset_seconds_after" if has_changed else "offset_seconds"])


@pytest.mark.parametrize("name", ODD_ZONES)
def test_local_time_by_the_table_is_local_time_by_the_package(name):
    zone = load_zone(name)
    rows = {row["utc_date"]: row for row in zone_days(name, LAST).to_pylist()}
    assert (min(rows), max(rows), len(rows)) == (date(1990, 1, 1), LAST, (LAST - date(1990, 1, 1)).days + 1)
    random = Random(name)
    moments = [datetime(1990, 1, 1) + timedelta(seconds=random.randrange(38 * 365 * 86_400)) for _ in range(500)]
    for row in rows.values():
        if row["changes_at"] is not None:
            moments += [row["changes_at"] - timedelta(milliseconds=1), row["changes_at"]]
    for moment in moments:
        expected = moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        assert local_by_table(rows, moment) == expected, moment


def test_spring_and_autumn_changes_of_new_york_are_where_they_belong():
    changes = {row["utc_date"]: row for row in zone_days("America/New_York", LAST).to_pylist() if row["changes_at"]}
    spring, autumn = changes[date(2026, 3, 8)], changes[date(2026, 11, 1)]
    assert (spring["changes_at"], spring["offset_seconds"], spring["offset_seconds_after"]) == (
        datetime(2026, 3, 8, 7),
        -5 * 3600,
        -4 * 3600,
    )
    assert (autumn["changes_at"], autumn["offset_seconds_after"]) == (datetime(2026, 11, 1, 6), -5 * 3600)


def test_links_are_zones_too_and_other_names_are_not():
    assert "US/Eastern" in zone_names()
    with pytest.raises(KeyError, match="Mars/Olympus"):
        load_zone("Mars/Olympus")
    with pytest.raises(KeyError):
        load_zone("../zones")


class TestRefresh:
    """Which workspaces are marked as pending, and until when."""

    TODAY = date(2026, 5, 1)

    @pytest.fixture
    def warehouse(self, tmp_path):
        opened = DuckDBWarehouse(tmp_path)
        opened.prepare()
        return opened

    def name_zone(self, warehouse, zone: str | None, updated_at: datetime, content_hash: str = "a") -> None:
        with warehouse.transaction() as tx:
            tx.execute(
                "insert into raw.workspaces (load_id, line, workspace_id, timezone, updated_at, content_hash)"
                " values (1, 1, 'shop', $1, $2, $3)",
                (zone, updated_at, content_hash),
            )

    def pending(self, warehouse) -> list[tuple]:
        with warehouse.transaction() as tx:
            return tx.fetch("select kind, workspace_id from raw.pending")

    def test_without_workspaces_only_utc_is_written(self, warehouse):
        assert refresh_time_zones(warehouse, self.TODAY) == []
        with warehouse.transaction() as tx:
            assert tx.fetch("select timezone, min(utc_date), max(utc_date) from raw.time_zone_days group by 1") == [
                ("UTC", date(1990, 1, 1), date(2027, 12, 31))
            ]

    def test_a_zone_that_is_not_the_default_marks_the_workspace_once(self, warehouse):
        self.name_zone(warehouse, "Europe/Berlin", datetime(2026, 1, 1))
        assert refresh_time_zones(warehouse, self.TODAY) == ["shop"]
        assert refresh_time_zones(warehouse, self.TODAY) == []
        assert self.pending(warehouse) == [("workspace", "shop")]

    def test_the_newest_row_decides_then_the_greatest_content_hash(self, warehouse):
        self.name_zone(warehouse, "Asia/Tokyo", datetime(2026, 2, 1), "a")
        self.name_zone(warehouse, "Asia/Kolkata", datetime(2026, 2, 1), "b")
        self.name_zone(warehouse, "Europe/Berlin", datetime(2026, 1, 1), "c")
        refresh_time_zones(warehouse, self.TODAY)
        with warehouse.transaction() as tx:
            assert tx.fetch("select * from raw.workspace_time_zones") == [("shop", "Asia/Kolkata")]

    def test_a_zone_named_utc_is_no_change(self, warehouse):
        self.name_zone(warehouse, "UTC", datetime(2026, 1, 1))
        assert refresh_time_zones(warehouse, self.TODAY) == []

    def test_a_change_that_is_taken_back_before_a_publication_stays_pending(self, warehouse):
        self.name_zone(warehouse, "Asia/Tokyo", datetime(2026, 2, 1))
        refresh_time_zones(warehouse, self.TODAY)
        self.name_zone(warehouse, "UTC", datetime(2026, 3, 1))
        assert refresh_time_zones(warehouse, self.TODAY) == ["shop"]
        assert self.pending(warehouse) == [("workspace", "shop")] * 2

    def test_offsets_of_another_tzdata_release_are_written_anew(self, warehouse):
        refresh_time_zones(warehouse, self.TODAY)
        with warehouse.transaction() as tx:
            tx.execute("update raw.time_zone_versions set tzdata_version = '2001a'")
            tx.execute("update raw.time_zone_days set offset_seconds = 1 where utc_date = $1", (date(2020, 5, 5),))
        refresh_time_zones(warehouse, self.TODAY)
        with warehouse.transaction() as tx:
            assert tx.fetch(
                "select sum(offset_seconds), count(*) - count(distinct utc_date) from raw.time_zone_days"
            ) == [(0, 0)]

    def test_the_next_year_is_added_when_it_comes_near(self, warehouse):
        refresh_time_zones(warehouse, self.TODAY)
        refresh_time_zones(warehouse, date(2027, 1, 1))
        with warehouse.transaction() as tx:
            assert tx.fetch("select max(utc_date), count(*) - count(distinct utc_date) from raw.time_zone_days") == [
                (date(2028, 12, 31), 0)
            ]
        assert self.pending(warehouse) == []
