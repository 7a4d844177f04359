"""`make churn`: what the churn probabilities said of CDNOW's customers, and what those did in the 30 days after.

    python -m tests.benchmarks.churn [--home DIR] [--yardstick yes|no]

The pipeline runs as of 30 days before the last day of the data, so that no estimate sees the days it is judged by.
A BG/NBD fit to the published purchase days is the yardstick; where it is left out the table says why.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ingest.privacy import Keys
from orchestration.summary import print_table
from tests.benchmarks.yardstick import (
    PurchaseHistory,
    bg_nbd,
    no_purchase_probabilities,
    purchase_histories,
    reason_left_out,
)
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
        active_days: of the whole history up to then.
        left: without activity in the held-out days.
        bg_nbd: the yardstick's probability of no purchase in them, in percent; None where it was left out.
    """

    risk_state: str
    probability: float
    days_since_last_active: int
    active_days: int
    left: bool
    bg_nbd: float | None = None


@dataclass(frozen=True)
class Calibration:
    """One risk state: its users, and the predicted and observed share of them who left, in percent.

    Attributes:
        bg_nbd: the mean of the yardstick's probabilities, in percent; None where it was left out.
    """

    risk_state: str
    users: int
    predicted: float
    observed: float
    bg_nbd: float | None = None


def calibration(outcomes: Sequence[Outcome]) -> list[Calibration]:
    """One entry a state that has users, in the order of STATES."""
    found = []
    for state in STATES:
        users = [outcome for outcome in outcomes if outcome.risk_state == state]
        if users:
            predicted = sum(user.probability for user in users) / len(users)
            observed = 100 * sum(user.left for user in users) / len(users)
            by_yardstick = [user.bg_nbd for user in users if user.bg_nbd is not None]
            bg_nbd_predicted = sum(by_yardstick) / len(users) if by_yardstick else None
            found.append(Calibration(state, len(users), predicted, observed, bg_nbd_predicted))
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


def outcomes_of(
    published: Sequence[Mapping],
    histories: Sequence[PurchaseHistory],
    days: Sequence[tuple[str, date]],
    as_of: date,
    yardstick: Mapping[str, float] | None = None,
) -> list[Outcome]:
    """What became of the users of `dim_users` who have a risk state.

    Args:
        histories: of all of these users.
        days: (user id, day) of activity, held-out days included.
        yardstick: by user_key, a percentage for each of these users; None where it was left out.
    """
    keys = Keys(SECRET)
    active_after = {keys.user_key(WORKSPACE, user_id) for user_id, day in days if day > as_of}
    active_days = {history.user_key: history.frequency + 1 for history in histories}
    return [
        Outcome(
            user["risk_state"],
            float(user["churn_probability"]),
            user["days_since_last_active"],
            active_days[user["user_key"]],
            user["user_key"] not in active_after,
            yardstick[user["user_key"]] if yardstick is not None else None,
        )
        for user in published
        if user["risk_state"] is not None
    ]


def report(outcomes: Sequence[Outcome], as_of: date, left_out: str | None) -> None:
    """Print calibration and AUC.

    Args:
        left_out: why there is no yardstick; None where the outcomes have its probabilities.
    """
    columns = ("risk_state", "users", "observed %", "churn_probability %", "difference")
    rows = [
        (row.risk_state, row.users, f"{row.observed:.2f}", *_predicted(row.predicted, row.observed),
         *(_predicted(row.bg_nbd, row.observed) if row.bg_nbd is not None else ()))
        for row in calibration(outcomes)
    ]  # fmt: skip
    print_table(
        columns if left_out else (*columns, "BG/NBD %", "difference"),
        rows,
        title=f"Calibration: predicted as of {as_of}, observed in the {HELD_OUT_DAYS} days after",
    )
    left = [outcome.left for outcome in outcomes]

    def auc_of(scores: Sequence[float]) -> str:
        return f"{auc(scores, left):.3f}"

    print_table(
        ("ranked by", "AUC"),
        [
            ("churn_probability", auc_of([outcome.probability for outcome in outcomes])),
            ("days since last active", auc_of([outcome.days_since_last_active for outcome in outcomes])),
            ("active days so far, fewest first", auc_of([-outcome.active_days for outcome in outcomes])),
            ("BG/NBD", f"left out: {left_out}" if left_out else auc_of([outcome.bg_nbd for outcome in outcomes])),
        ],
        title=f"AUC over {len(outcomes):,} users, {sum(left):,} of whom left",
    )


def _predicted(predicted: float, observed: float) -> tuple[str, str]:
    return f"{predicted:.2f}", f"{observed - predicted:+.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make churn", description="Judge the churn probabilities on CDNOW.")
    parser.add_argument("--home", type=Path, help="keep the warehouse here; default: a temporary folder")
    parser.add_argument("--yardstick", choices=("yes", "no"), default="yes", help="whether to fit BG/NBD too")
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
        histories = purchase_histories(published, pipeline.rows("fct_user_days", workspace_id=WORKSPACE))
    left_out = reason_left_out(options.yardstick == "yes")
    yardstick = None
    if left_out is None:
        print(f"Fitting BG/NBD to {len(histories):,} customers; the first time can take minutes.", file=sys.stderr)
        yardstick = no_purchase_probabilities(histories, HELD_OUT_DAYS, bg_nbd())
    report(outcomes_of(published, histories, days, as_of, yardstick), as_of, left_out)


if __name__ == "__main__":
    main()
