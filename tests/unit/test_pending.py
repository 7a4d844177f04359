"""What calls for a build besides new files: as-of dates that move, other models or settings, a wish."""

from datetime import UTC, date, datetime

import pytest

from orchestration.pending import as_of_date, note_changes, pending_kinds
from warehouse.duckdb import DuckDBWarehouse

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
NEWEST = datetime(2026, 5, 10, 11)


@pytest.mark.parametrize(
    ("zone", "clock", "as_of", "newest", "expected"),
    [
        ("UTC", NOON, None, NEWEST, date(2026, 5, 9)),  # today is not over
        ("UTC", NOON, None, datetime(2026, 5, 1, 23, 59), date(2026, 5, 1)),  # the data ends earlier
        ("Pacific/Kiritimati", NOON, None, NEWEST, date(2026, 5, 10)),  # UTC+14: already the 11th
        ("Pacific/Pago_Pago", NOON.replace(hour=5), None, NEWEST, date(2026, 5, 8)),  # UTC-11: still the 9th
        ("Asia/Tokyo", NOON, None, datetime(2026, 5, 1, 15), date(2026, 5, 2)),  # midnight in Tokyo
        ("Asia/Tokyo", NOON, None, datetime(2026, 5, 1, 14, 59, 59), date(2026, 5, 1)),
        ("UTC", NOON, None, None, date(2026, 5, 9)),  # no event at all
        ("UTC", NOON, date(2026, 4, 1), NEWEST, date(2026, 4, 1)),
        ("UTC", NOON, date(2026, 5, 8), datetime(2026, 5, 1), date(2026, 5, 8)),  # may lie after the data
        ("UTC", NOON, date(2026, 5, 10), NEWEST, date(2026, 5, 9)),  # but not after local yesterday
    ],
)
def test_as_of_date(zone, clock, as_of, newest, expected):
    assert as_of_date(zone, clock, as_of, newest) == expected


@pytest.fixture
def published(tmp_path):
    """A warehouse whose last publication, of fingerprint `f`, showed workspace times up to 9 May."""
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.prepare()
    with warehouse.transaction() as tx:
        tx.execute("create schema intermediate")
        tx.execute("create table intermediate.int_as_of_dates (timezone text, as_of_date date)")
        tx.execute("insert into intermediate.int_as_of_dates values ('UTC', $1)", (date(2026, 5, 9),))
        tx.execute(
            "insert into ops.publications (publication_id, fingerprint, newest_event_at) values (1, 'f', $1)", (NEWEST,)
        )
    return warehouse


def kinds(warehouse, fingerprint="f", clock=NOON, as_of=None, full_refresh=False) -> list[str]:
    with warehouse.transaction() as tx:
        note_changes(tx, fingerprint, clock, as_of, full_refresh)
        return list(pending_kinds(tx))


def test_nothing_is_pending_when_nothing_changed(published):
    assert kinds(published) == []


def test_first_build_is_everything(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path)
    warehouse.prepare()
    assert kinds(warehouse) == ["everything"]


def test_other_models_or_settings_are_everything_until_published_even_if_taken_back(published):
    assert kinds(published, fingerprint="g") == ["everything"]
    assert kinds(published, fingerprint="f") == ["everything"]


def test_a_wish_for_a_full_refresh_is_everything(published):
    assert kinds(published, full_refresh=True) == ["everything"]


def test_next_day_moves_the_dates(published):
    assert kinds(published, clock=datetime(2026, 5, 11, 0, 0, 1, tzinfo=UTC)) == ["dates"]


def test_next_month_moves_no_date_beyond_the_data(published):
    with published.transaction() as tx:
        tx.execute("update ops.publications set newest_event_at = $1", (datetime(2026, 5, 9, 20),))
    assert kinds(published, clock=datetime(2026, 6, 11, tzinfo=UTC)) == []


def test_another_as_of_is_pending_and_stays_so(published):
    assert kinds(published, as_of=date(2026, 5, 9)) == ["dates"], "later days are hidden, though the date is the same"
    assert kinds(published) == ["dates"]
