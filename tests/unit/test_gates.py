"""The rule of the gates: what blocks, what warns, and what is as usual."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.gates import DROP, ENOUGH_ROWS, Memory, Profile, judge_day, judge_rejected, judge_silence

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
TYPES = {"page_view": 0.7, "feature_use": 0.28, "error": 0.02}
FILLED = {"page_path": 0.7, "event_name": 0.3, "os": 1.0, "revenue": 0.001}


def profile(events: int, types: dict[str, float] = TYPES, filled: dict[str, float] = FILLED) -> Profile:
    return Profile(
        events,
        {name: round(share * events) for name, share in types.items()},
        {name: round(share * events) for name, share in filled.items()},
    )


def business_weeks(weeks: int, weekday: int = 1000, weekend: int = 200) -> Memory:
    days = [MONDAY - number * DAY for number in range(1, 7 * weeks + 1)]
    return Memory({day: profile(weekend if day.weekday() >= 5 else weekday) for day in days})


def found(day: date, seen: Profile, memory: Memory) -> list[tuple[str, str, bool]]:
    return [(one.gate, one.subject, one.blocks) for one in judge_day("acme", day, seen, memory)]


@pytest.mark.parametrize(
    ("words", "day", "seen", "expected"),
    [
        ("as usual", MONDAY, profile(1000), []),
        ("a weekend", MONDAY + 5 * DAY, profile(200), []),
        ("a holiday with a fifth of the events", MONDAY, profile(200), []),
        ("nine tenths fewer", MONDAY, profile(100), [("volume", "", True)]),
        ("a weekday's events on a weekend", MONDAY + 5 * DAY, profile(1000), []),
        ("ten times as many", MONDAY, profile(10_000), [("surge", "", False)]),
        ("a column is gone", MONDAY, profile(1000, filled=FILLED | {"os": 0}), [("column", "os", True)]),
        ("half a column", MONDAY, profile(1000, filled=FILLED | {"os": 0.5}), [("nulls", "os", False)]),
        ("a rare column is not there", MONDAY, profile(1000, filled=FILLED | {"revenue": 0}), []),
        ("a new column", MONDAY, profile(1000, filled=FILLED | {"browser": 0.1}), [("new_column", "browser", False)]),
        (
            "an event type is gone",
            MONDAY,
            profile(1000, types={"page_view": 0.98, "error": 0.02}),
            [("event_type", "feature_use", True)],
        ),
        ("a rare event type is gone", MONDAY, profile(1000, types={"page_view": 0.72, "feature_use": 0.28}), []),
        (
            "another mix",
            MONDAY,
            profile(1000, types={"page_view": 0.3, "feature_use": 0.68, "error": 0.02}),
            [("mix", "", False)],
        ),
    ],
)  # fmt: skip
def test_day_against_four_weeks_of_a_business_product(words, day, seen, expected):
    assert found(day, seen, business_weeks(4)) == expected, words


@pytest.mark.parametrize(
    ("words", "memory"),
    [
        ("nothing is known", Memory({})),
        ("six days are known", Memory({MONDAY - number * DAY: profile(1000) for number in range(1, 7)})),
        ("few rows are usual", business_weeks(4, weekday=99, weekend=10)),
        ("all days are too long ago", Memory({MONDAY - number * DAY: profile(1000) for number in range(57, 90)})),
        ("its Mondays are free", Memory({d: p for d, p in business_weeks(6).days.items() if d.weekday() != 0})),
    ],
)
def test_nothing_is_judged_without_memory(words, memory):
    assert found(MONDAY, profile(1), memory) == [], words


def test_finding_says_by_how_much_against_what_and_keeps_its_id():
    (finding,) = judge_day("acme", MONDAY, profile(40), business_weeks(4))
    assert finding.sentence == (
        "workspace acme, Monday 2026-03-02: 40 events, usually 1,000 (median of 4 Mondays): 96 % fewer"
    )
    (again,) = judge_day("acme", MONDAY, profile(30), business_weeks(5))
    (other_day,) = judge_day("acme", MONDAY + DAY, profile(40), business_weeks(4))
    assert finding.finding_id == again.finding_id != other_day.finding_id


def test_one_unusual_monday_is_not_taken_for_a_usual_one():
    days = dict(business_weeks(1).days)
    days[MONDAY - 7 * DAY] = profile(50_000)
    assert found(MONDAY, profile(1000), Memory(days)) == []


def test_lasting_change_forgets_what_was_usual_until_enough_days_are_known_again():
    start = MONDAY - 7 * DAY
    without = FILLED | {"os": 0}
    days = {day: profile(1000, filled=FILLED if day < start else without) for day in business_weeks(6).days}
    days[MONDAY] = profile(1000, filled=without)
    assert ("column", "os", True) in found(MONDAY + DAY, profile(1000, filled=without), Memory(days))
    lasting = Memory(days, {("column", "os"): start})
    assert found(MONDAY + DAY, profile(1000, filled=without), lasting) == []
    assert ("new_column", "os", False) in found(MONDAY + DAY, profile(1000), lasting)


@given(
    st.lists(st.integers(0, 5000), min_size=7, max_size=56),
    st.integers(1, 50_000),
)
def test_block_means_few_against_every_usual_day_and_more_events_never_make_it_worse(history, events):
    days = {MONDAY - number * DAY: profile(size) for number, size in enumerate(history, start=1) if size}
    memory = Memory(days)
    if ("volume", "", True) in found(MONDAY, profile(events), memory):
        assert events <= DROP * max(history) and max(history) >= ENOUGH_ROWS
        assert len(days) >= 7
    else:
        assert ("volume", "", True) not in found(MONDAY, profile(events + 1), memory)


@pytest.mark.parametrize(
    ("silent_days", "gap", "is_found"), [(2, 1, False), (3, 1, True), (4, 3, False), (5, 3, True), (57, 3, False)]
)
def test_silence_is_longer_than_the_longest_usual_gap(silent_days, gap, is_found):
    last = MONDAY - silent_days * DAY
    days = [last - gap * number * DAY for number in range(10)]
    assert bool(judge_silence("acme", MONDAY, days)) == is_found


@pytest.mark.parametrize(
    ("rejected", "rows", "earlier", "is_found"),
    [
        (500, 1000, [0.0] * 7, True),
        (499, 1000, [0.0] * 7, False),
        (99, 100, [0.0] * 7, False),
        (500, 1000, [0.0] * 6, False),
        (500, 1000, [0.3] * 7, False),
    ],
)
def test_rejected_rows_block_when_hardly_any_is_usual(rejected, rows, earlier, is_found):
    findings = judge_rejected(MONDAY, rejected, rows, "missing_field user_id", earlier)
    assert [one.blocks for one in findings] == [True] * is_found
