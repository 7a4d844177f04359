"""The yardstick of `make churn`: a BG/NBD fit, what is handed to it and how its answer is read.

The fit itself is bg_nbd.py, which runs in an environment of its own.
"""

import csv
import io
import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import PROJECT_ROOT

ENVIRONMENT = PROJECT_ROOT / ".venv-bg_nbd"
SCRIPT = Path(__file__).with_name("bg_nbd.py")
FIT_SECONDS = 1800
HANDED_OVER = ("user", "frequency", "recency", "T")
ANSWERED = ["user", "probability"]


class YardstickFailed(Exception):
    """The fit did not end well, or its answer cannot be used; the message says which."""


@dataclass(frozen=True)
class PurchaseHistory:
    """What BG/NBD knows of a customer, in days.

    Attributes:
        frequency: purchase days after the first.
        recency: from the first purchase to the last.
        age: from the first purchase to the end of the observation; T in the literature.
    """

    user_key: str
    frequency: int
    recency: int
    age: int


def purchase_histories(users: Sequence[Mapping], user_days: Sequence[Mapping]) -> list[PurchaseHistory]:
    """The histories of all users who were ever active, lapsed ones too.

    Args:
        users: rows of `dim_users` of one workspace.
        user_days: its rows of `fct_user_days`, none of them after the as_of_date.
    """
    active_days = Counter(day["user_key"] for day in user_days)
    return [
        PurchaseHistory(
            user["user_key"],
            active_days[user["user_key"]] - 1,
            user["lifetime_days"] - 1,
            user["days_since_first_active"],
        )
        for user in users
        if user["first_active_date"] is not None
    ]


def reason_left_out(wanted: bool, environment: Path = ENVIRONMENT) -> str | None:
    """Why there is no yardstick, in words; None where there is one."""
    if not wanted:
        return "YARDSTICK=no was asked for"
    if not (environment / ".locked").exists():
        return f"{environment.name} is not there; `make churn` sets it up where it finds Python 3.12 or 3.13"
    return None


def bg_nbd(environment: Path = ENVIRONMENT) -> list[str]:
    """The command of the fit; -I keeps this checkout and the caller's own packages out of it."""
    return [str(environment / "bin" / "python"), "-I", str(SCRIPT)]


def no_purchase_probabilities(
    histories: Sequence[PurchaseHistory], days: int, command: Sequence[str]
) -> dict[str, float]:
    """By user_key, the percentage the fit gives to no purchase in the `days` after; users who bought once have none.

    Raises:
        YardstickFailed: the command failed, or did not answer for every user who bought again.
    """
    handed_over = io.StringIO()
    writer = csv.writer(handed_over, lineterminator="\n")
    writer.writerow(HANDED_OVER)
    writer.writerows((history.user_key, history.frequency, history.recency, history.age) for history in histories)
    finished = subprocess.run(
        [*command, "--days", str(days)],
        # The compiled model and the fonts of plots would else be kept in the caller's home folder.
        env={
            **os.environ,
            "PYTENSOR_FLAGS": f"base_compiledir={ENVIRONMENT / 'cache' / 'pytensor'}",
            "MPLCONFIGDIR": str(ENVIRONMENT / "cache" / "matplotlib"),
        },
        input=handed_over.getvalue(),
        capture_output=True,
        text=True,
        timeout=FIT_SECONDS,
    )
    if finished.returncode != 0:
        raise YardstickFailed(f"the BG/NBD fit ended with {finished.returncode}:\n{finished.stderr[-2000:]}")
    answer = csv.DictReader(io.StringIO(finished.stdout))
    if answer.fieldnames != ANSWERED:
        raise YardstickFailed(f"the BG/NBD fit answered with the columns {answer.fieldnames}, not {ANSWERED}")
    probabilities = {row["user"]: 100 * float(row["probability"]) for row in answer}
    unanswered = {history.user_key for history in histories if history.frequency > 0} - probabilities.keys()
    if unanswered:
        raise YardstickFailed(f"the BG/NBD fit left out {len(unanswered)} users who bought again")
    return probabilities
