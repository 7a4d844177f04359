"""`make churn`: what the churn probabilities said of CDNOW's customers, and what those did in the 30 days after.

    python -m tests.benchmarks.churn [--home DIR]

The pipeline runs as of 30 days before the last day of the data, so that no estimate sees the days it is judged by.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ingest.privacy import Keys
from orchestration.summary import print_table
from tests.pipeline import SECRET, Pipeline
from tests.real_data import FOLDER

LANDING = FOLDER / "cdnow" / "landing"
WORKSPACE = "cdnow"
HELD_OUT_DAYS = 30
STATES = ("Engaged", "Cooling", "At risk", "Slipping away")


@dataclass(frozen=True)
class Outcome:
    """A user who had not lapsed, and whether they left.

    Attributes:
        probability: the published churn_probability, in percent.
        days_since_last_active: at the end of what the estimate saw.
        left: without activity in the held-out days.
    """

    risk_state: str
    probability: float
    days_since_last_active: int
    left: bool


@dataclass(frozen=True)
class Calibration:
    """One risk state: its users, and the predicted and observed share of them who left, in percent."""

    risk_state: str
    users: int
    predicted: float
    observed: float


def calibration(outcomes: Sequence[Outcome]) -> list[Calibration]:
    """One entry a state that has users, in the order of STATES."""
    found = []
    for state in STATES:
        users = [outcome for outcome in outcomes if outcome.risk_state == state]
        if users:
            predicted = sum(user.probability for user in users) / len(users)
            observed = 100 * sum(user.left for user in users) / len(users)
            found.append(Calibration(state, len(users), predicted, observed))
    return found


def auc(scores: Sequence[float], left: Sequence[bool]) -> float:
    """The chance that a user who left scored higher than one who stayed, a tie counting half.

    The Mann-Whitney U statistic over the number of pairs (Hanley and McNeil 1982).

    Raises:
        ValueError: all users left, or none did.
    """
    leavers = sum(left)
    pairs = leavers * (len(left) - leavers)
    if pairs == 0:
        raise ValueError("AUC needs users who left and users who stayed")
    users_of_scores: dict[float, list[int]] = {}
    for score, has_left in zip(scores, left, strict=True):
        users_of_scores.setdefault(score, [0, 0])[has_left] += 1
    stayed_below, won = 0, 0.0
    for score in sorted(users_of_scores):
        stayed_here, left_here = users_of_scores[score]
        won += left_here * (stayed_below + stayed_here / 2)
        stayed_below += stayed_here
    return won / pairs


def active_days(landing: Path) -> list[tuple[str, date]]:
    """(user id, day) of every purchase day, from the files themselves."""
    files = str(landing / "events" / "**" / "*.csv.gz")
    return duckdb.execute(
        "select distinct user_id, cast(created_at as date) from read_csv(?, all_varchar = true)", [files]
    ).fetchall()


def outcomes_of(published: Sequence[dict], days: Sequence[tuple[str, date]], as_of: date) -> list[Outcome]:
    """What became of the users of `dim_users` who have a risk state."""
    keys = Keys(SECRET)
    active_after = {keys.user_key(WORKSPACE, user_id) for user_id, day in days if day > as_of}
    return [
        Outcome(
            user["risk_state"],
            float(user["churn_probability"]),
            user["days_since_last_active"],
            user["user_key"] not in active_after,
        )
        for user in published
        if user["risk_state"] is not None
    ]


def report(outcomes: Sequence[Outcome], as_of: date) -> None:
    """Print calibration and AUC."""
    print_table(
        ("risk_state", "users", "predicted %", "observed %", "difference"),
        [
            (row.risk_state, row.users, f"{row.predicted:.2f}", f"{row.observed:.2f}",
             f"{row.observed - row.predicted:+.2f}")
            for row in calibration(outcomes)
        ],
        title=f"Calibration: predicted as of {as_of}, observed in the {HELD_OUT_DAYS} days after",
    )  # fmt: skip
    left = [outcome.left for outcome in outcomes]
    print_table(
        ("ranked by", "AUC"),
        [
            ("churn_probability", f"{auc([outcome.probability for outcome in outcomes], left):.3f}"),
            ("days since last active", f"{auc([outcome.days_since_last_active for outcome in outcomes], left):.3f}"),
        ],
        title=f"AUC over {len(outcomes):,} users, {sum(left):,} of whom left",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make churn", description="Judge the churn probabilities on CDNOW.")
    parser.add_argument("--home", type=Path, help="keep the warehouse here; default: a temporary folder")
    options = parser.parse_args(arguments)
    if not LANDING.is_dir():
        sys.exit(f"CDNOW is not at {LANDING}: put its landing folder (events/*.csv.gz) there.")
    days = active_days(LANDING)
    as_of = max(day for _, day in days) - timedelta(days=HELD_OUT_DAYS)
    with tempfile.TemporaryDirectory(prefix="footfall-churn-") as temporary:
        home = options.home or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        print(f"Running the pipeline on CDNOW as of {as_of}; this takes a minute or more, mostly dbt.", file=sys.stderr)
        pipeline = Pipeline(home)
        pipeline.run(LANDING, as_of=as_of)
        published = pipeline.rows("dim_users", workspace_id=WORKSPACE)
    report(outcomes_of(published, days, as_of), as_of)


if __name__ == "__main__":
    main()
