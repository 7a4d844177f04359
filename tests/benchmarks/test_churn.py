"""The figures of `make churn`, on rows that can be checked by hand."""

from datetime import date

import pytest

from ingest.privacy import Keys
from tests.benchmarks.churn import Calibration, Outcome, auc, calibration, outcomes_of
from tests.pipeline import SECRET


def test_calibration_compares_the_predicted_with_the_observed_share():
    outcomes = [
        Outcome("Cooling", 60.0, 8, True),
        Outcome("Engaged", 25.0, 1, False),
        Outcome("Cooling", 60.0, 9, True),
        Outcome("Cooling", 60.0, 10, False),
        Outcome("Cooling", 60.0, 11, True),
    ]
    assert calibration(outcomes) == [Calibration("Engaged", 1, 25.0, 0.0), Calibration("Cooling", 4, 60.0, 75.0)]


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
    days = [("stays", date(1998, 6, 1)), ("leaves", date(1998, 5, 31)), ("lapsed", date(1998, 6, 2))]
    assert outcomes_of(published, days, date(1998, 5, 31)) == [
        Outcome("Engaged", 50.0, 3, False),
        Outcome("Cooling", 50.0, 3, True),
    ]
