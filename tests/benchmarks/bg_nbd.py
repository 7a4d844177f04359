"""BG/NBD: the probability that a customer buys nothing in the days to come, by pymc-marketing.

    .venv-bg_nbd/bin/python -I tests/benchmarks/bg_nbd.py [--days 30] [HISTORIES]

Runs in an environment of its own (bg_nbd_requirements.txt) and imports nothing of Footfall.

Reads CSV from HISTORIES, else from standard input, one line a customer: user, frequency (purchase days after the
first), recency (days from the first purchase to the last), T (days from the first purchase to the end of the data).
Writes CSV to standard output: user, probability (0 to 1). The model is fitted to all customers, but who never bought
again has no line: for them pymc-marketing 1.3.0 counts a drop-out after the first purchase, which BG/NBD does not know.

Model: Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way. Fit: maximum a posteriori, with the library's
default priors. Probability: Fader and Hardie 2019, A Step-by-Step Derivation of the BG/NBD Model, equation 34.
"""

import argparse
import sys
from contextlib import redirect_stdout

import pandas as pd
from pymc_marketing.clv import BetaGeoModel

SEED = 1


def no_purchase_probabilities(histories: pd.DataFrame, days: int) -> pd.DataFrame:
    """Columns user and probability, for the users with a frequency above 0.

    Args:
        histories: columns user (text), frequency, recency and T (whole days).
        days: how far to look beyond T.
    """
    customers = histories.rename(columns={"user": "customer_id"})
    model = BetaGeoModel()
    model.fit(data=customers, method="map", progressbar=False, random_seed=SEED)
    repeated = customers[customers.frequency > 0]
    probabilities = model.expected_probability_no_purchase(t=days, data=repeated)
    return pd.DataFrame({"user": repeated.customer_id, "probability": probabilities.to_numpy().ravel()})


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bg_nbd.py", description="Probabilities of no purchase by BG/NBD.")
    parser.add_argument("histories", nargs="?", default=sys.stdin, help="CSV; default: standard input")
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    histories = pd.read_csv(options.histories, dtype={"user": str})
    with redirect_stdout(sys.stderr):
        answer = no_purchase_probabilities(histories, options.days)
    answer.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    main()
