"""What `make churn` hands to the BG/NBD fit and how it reads the answer; a small program stands for the fit."""

import sys
from datetime import date
from pathlib import Path

import pytest

from tests.benchmarks.yardstick import (
    PurchaseHistory,
    YardstickFailed,
    bg_nbd,
    no_purchase_probabilities,
    purchase_histories,
    reason_left_out,
)

HISTORIES = [PurchaseHistory("k1", 2, 40, 55), PurchaseHistory("k2", 0, 0, 12)]


@pytest.fixture
def program(tmp_path: Path):
    """A command that runs the given Python instead of the fit."""

    def written(text: str) -> list[str]:
        path = tmp_path / "fit.py"
        path.write_text(text)
        return [sys.executable, "-I", str(path)]

    return written


def test_histories_count_days_from_the_first_purchase():
    def user(name: str, first: date | None, lifetime: int | None, age: int | None) -> dict:
        return {
            "user_key": name, "first_active_date": first, "lifetime_days": lifetime, "days_since_first_active": age,
        }  # fmt: skip

    users = [
        user("often", date(1998, 4, 1), 31, 60),
        user("once", date(1998, 5, 31), 1, 0),
        user("never", None, None, None),
    ]
    user_days = [
        {"user_key": "often", "activity_date": date(1998, 4, 1)},
        {"user_key": "often", "activity_date": date(1998, 4, 9)},
        {"user_key": "once", "activity_date": date(1998, 5, 31)},
        {"user_key": "often", "activity_date": date(1998, 5, 1)},
    ]
    assert purchase_histories(users, user_days) == [
        PurchaseHistory("often", 2, 30, 60),
        PurchaseHistory("once", 0, 0, 0),
    ]


def test_the_fit_is_handed_the_histories_and_answers_in_percent(program, tmp_path):
    fit = program(
        "import pathlib, sys\n"
        f"seen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "seen.write_text(' '.join(sys.argv[1:]) + '\\n' + sys.stdin.read())\n"
        "print('user,probability\\nk1,0.25')\n"
    )
    assert no_purchase_probabilities(HISTORIES, 30, fit) == {"k1": 25.0}
    assert (tmp_path / "seen").read_text() == "--days 30\nuser,frequency,recency,T\nk1,2,40,55\nk2,0,0,12\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit('no such model')", "ended with 1:\nno such model"),
        ("print('user,alive\\nk1,0.25')", r"columns \['user', 'alive'\]"),
        ("print('user,probability\\nk2,0.25')", "left out 1 users"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused(program, text, message):
    with pytest.raises(YardstickFailed, match=message):
        no_purchase_probabilities(HISTORIES, 30, program(text))


def test_the_reason_for_leaving_it_out_is_told(tmp_path):
    assert reason_left_out(False, tmp_path) == "YARDSTICK=no was asked for"
    assert "Python 3.12 or 3.13" in reason_left_out(True, tmp_path)
    (tmp_path / ".locked").touch()
    assert reason_left_out(True, tmp_path) is None


def test_the_command_names_files_that_are_there(tmp_path):
    python, *options, script = bg_nbd(tmp_path)
    assert (python, options) == (str(tmp_path / "bin" / "python"), ["-I"])
    assert Path(script).is_file()
