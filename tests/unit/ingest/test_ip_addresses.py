"""One address has one hash on the days of one salt, and none that lasts."""

import ipaddress
import stat
from datetime import UTC, datetime, timedelta

import pytest

from ingest.addresses import normalized_address
from ingest.privacy import PrivacyRules
from ingest.salts import SALT_BYTES, IpSalts
from tests.unit.ingest.event_rows import event

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "normalized"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"),
        ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::", "::"),
        ("fe80::1%", None),
        ("203.0.113.7%eth0", None),
        ("203.0.113.007", None),
        ("203.0.113", None),
        ("203.0.113.256", None),
        ("203.0.113.7:80", None),
        ("203.0.113.7, 10.0.0.1", None),
        ("[::1]", None),
        ("2001:db8::1/64", None),
        ("2001:db8:::1", None),
        ("12345", None),
        ("unknown", None),
        ("ana@example.com", None),
        ("", None),
        ("1\0", None),
        ("é", None),
    ],
)
def test_address_has_one_form(given, normalized):
    assert normalized_address(given) == normalized
    if normalized is not None:
        assert str(ipaddress.ip_address(normalized)) == normalized


def test_event_is_kept_with_the_hash_of_the_one_form(read):
    forms = [
        "203.0.113.7",
        "::ffff:203.0.113.7",
        "2001:DB8::1",
        "2001:db8:0::1%en1",
        "not an address",
        None,
        "10.0.0.1",
    ]
    rows, rejected = read("events", [event(event_id=str(n), ip_address=form) for n, form in enumerate(forms)])
    assert rejected == []
    hashes = [row["ip_hash"] for row in rows]
    assert hashes[0] == hashes[1] and hashes[2] == hashes[3]
    assert hashes[4] is None and hashes[5] is None
    assert len({hashes[0], hashes[2], hashes[6]}) == 3
    assert all(len(one) == 32 for one in hashes if one)


def test_salt_serves_its_days_and_is_destroyed_48_hours_after_the_last(tmp_path):
    salts = IpSalts(tmp_path / "salts", days=1)
    first = salts.salt(NOON)
    assert len(first) == SALT_BYTES and salts.salt(NOON + timedelta(hours=11)) == first
    second = salts.salt(NOON + DAY)
    assert second != first
    end_of_first = datetime(2026, 3, 11, tzinfo=UTC)
    assert salts.destroy_expired(end_of_first + timedelta(hours=48) - timedelta(microseconds=1)) == 0
    assert salts.salt(NOON) == first
    assert salts.destroy_expired(end_of_first + timedelta(hours=48)) == 1
    assert [file.name for file in (tmp_path / "salts").iterdir()] == ["2026-03-11_2026-03-11.salt"]
    assert salts.salt(NOON) != first
    assert salts.salt(NOON + DAY) == second


def test_date_of_a_salt_is_utc_whatever_the_zone_of_the_clock(tmp_path):
    salts = IpSalts(tmp_path)
    midnight = datetime.fromisoformat("2026-03-11T00:30:00+02:00")
    assert salts.salt(midnight) == salts.salt(NOON)


def test_salt_of_several_days_changes_with_the_period(tmp_path):
    salts = IpSalts(tmp_path, days=7)
    found = [salts.salt(NOON + number * DAY) for number in range(15)]
    changes = [number for number in range(1, 15) if found[number] != found[number - 1]]
    assert len(changes) == 2 and changes[1] - changes[0] == 7


def test_only_the_owner_can_read_a_salt(tmp_path):
    IpSalts(tmp_path / "salts").salt(NOON)
    (file,) = (tmp_path / "salts").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_hashes_of_two_load_dates_cannot_be_linked(landing, tmp_path):
    rules = PrivacyRules(ip_salts=IpSalts(tmp_path / "salts"))

    def load(number: int, clock: datetime) -> str:
        rows = [
            event(event_id=str(number), ip_address="203.0.113.7"),
            event(event_id=f"{number} bad", ip_address="203.0.113.7", created_at="never"),
        ]
        landing.write(f"events/{number}.ndjson", rows)
        rules.ip_salts.destroy_expired(clock)
        landing.load(clock=clock, privacy_rules=rules)
        return landing.fetch(f"select ip_hash from raw.events where event_id = '{number}'")[0][0]

    today = load(1, NOON)
    assert load(2, NOON + timedelta(hours=3)) == today
    assert load(3, NOON + DAY) != today
    assert load(4, NOON + 4 * DAY) not in (today, None)
    assert len(list((tmp_path / "salts").iterdir())) == 1
    # The same rejected row is another one on another day.
    payloads = landing.fetch("select payload from raw.rejected order by load_id")
    addresses = [payload.split('"ip_address":"')[1].split('"')[0] for (payload,) in payloads]
    assert addresses[0] == addresses[1] and len(set(addresses)) == 3
