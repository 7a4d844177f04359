"""The figures of `make churn`, on rows that can be checked by hand."""

from dataclasses import replace
from datetime import date

import pytest

from ingest.privacy import Keys
from tests.benchmarks.churn import Calibration, Outcome, auc, calibration, outcomes_of, report
from tests.benchmarks.yardstick import PurchaseHistory
from tests.pipeline import SECRET


def test_calibration_compares_the_predicted_with_the_observed_share():
    outcomes = [
        Outcome("Cooling", 60.0, 8, 2, True, 50.0),
        Outcome("Engaged", 25.0, 1, 9, False, 30.0),
        Outcome("Cooling", 60.0, 9, 2, True, 60.0),
        Outcome("Cooling", 60.0, 10, 3, False, 90.0),
        Outcome("Cooling", 60.0, 11, 2, True, 88.0),
    ]
    assert calibration(outcomes) == [
        Calibration("Engaged", 1, 25.0, 0.0, 30.0),
        Calibration("Cooling", 4, 60.0, 75.0, 72.0),
    ]


@pytest.mark.parametrize(
    ("scores", "left", "expected"),
    [
        ([1, 2, 3, 4], [False, False, True, True], 1.0),
        ([4, 3, 2, 1], [False, False, True, True], 0.0),
        ([5, 5, 5], [True, False, False], 0.5),
        # Leavers at 2 and 3, stayers at 1 and 2: of four pairs three are won and one is a tie.
        ([1, 2, 2, 3], [False, False, True, True], 3.5 / 4),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(scores, left, expected):
    assert auc(scores, left) == expected


def test_auc_needs_both_outcomes():
    with pytest.raises(ValueError, match="who left and users who stayed"):
        auc([1, 2], [True, True])


def test_only_activity_after_the_as_of_date_keeps_a_user():
    def user(name: str, risk_state: str | None) -> dict:
        probability = 50 if risk_state else None
        key = Keys(SECRET).user_key("cdnow", name)
        return {
            "user_key": key, "risk_state": risk_state, "churn_probability": probability, "days_since_last_active": 3,
        }  # fmt: skip

    published = [user("stays", "Engaged"), user("leaves", "Cooling"), user("lapsed", None)]
    histories = [
        PurchaseHistory(published[0]["user_key"], 4, 90, 93),
        PurchaseHistory(published[1]["user_key"], 1, 7, 10),
    ]
    days = [("stays", date(1998, 6, 1)), ("leaves", date(1998, 5, 31)), ("lapsed", date(1998, 6, 2))]
    assert outcomes_of(published, histories, days, date(1998, 5, 31)) == [
        Outcome("Engaged", 50.0, 3, 5, False),
        Outcome("Cooling", 50.0, 3, 2, True),
    ]
    yardstick = {published[0]["user_key"]: 20.0, published[1]["user_key"]: 80.0}
    with_yardstick = outcomes_of(published, histories, days, date(1998, 5, 31), yardstick)
    assert [outcome.bg_nbd for outcome in with_yardstick] == [20.0, 80.0]


OUTCOMES = [Outcome("Engaged", 40.0, 1, 9, False, 10.0), Outcome("Engaged", 40.0, 2, 2, True, 60.0)]


def printed(capsys: pytest.CaptureFixture) -> list[list[str]]:
    """The words of each line, blank ones and rules left out."""
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    return [words for words in lines if words and not words[0].startswith("─")]


def test_the_yardstick_stands_in_both_tables(capsys):
    report(OUTCOMES, date(1998, 5, 31), None)
    lines = printed(capsys)
    assert ["Engaged", "2", "50.00", "40.00", "+10.00", "35.00", "+15.00"] in lines
    assert lines[-4:] == [
        ["churn_probability", "0.500"],
        ["days", "since", "last", "active", "1.000"],
        ["active", "days", "so", "far,", "fewest", "first", "1.000"],
        ["BG/NBD", "1.000"],
    ]


def test_a_yardstick_left_out_is_named_with_the_reason(capsys):
    report([replace(outcome, bg_nbd=None) for outcome in OUTCOMES], date(1998, 5, 31), "nobody was there")
    lines = printed(capsys)
    assert ["Engaged", "2", "50.00", "40.00", "+10.00"] in lines
    assert lines[-1] == ["BG/NBD", "left", "out:", "nobody", "was", "there"]
