"""How one person's rates are rounded and paths ranked: as the models do it."""

from collections import Counter
from decimal import Decimal

import pytest

from serving.person import _ranked, _ratio


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 200, "0.01"),
        (-1, 200, "-0.01"),
        (100, 3, "33.33"),
        (Decimal("2.345"), 1, "2.35"),
        (0, 7, "0.00"),
        (Decimal("1E+20"), 3, "33333333333333333333.33"),
    ],
)
def test_quotients_are_rounded_half_away_from_zero(numerator: int | Decimal, denominator: int, expected: str) -> None:
    assert str(_ratio(numerator, denominator)) == expected


def test_nothing_of_a_denominator_of_zero() -> None:
    assert _ratio(1, 0) is None


def test_paths_that_count_the_same_are_in_the_order_of_their_bytes() -> None:
    counts = Counter({("/b",): 1, ("/a > b", "/c"): 1, ("/a%20%3E%20b", "/c"): 1, ("/é",): 2, ("/z",): 2, ("/Z",): 1})
    assert [path for path, _ in _ranked(counts)] == [
        ("/z",),
        ("/é",),
        ("/Z",),
        ("/a > b", "/c"),
        ("/a%20%3E%20b", "/c"),
        ("/b",),
    ]
