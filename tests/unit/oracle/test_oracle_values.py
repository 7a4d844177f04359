"""Reading numbers and rounding."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.oracle.values import number, rate, rounded, text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Fraction(1, 8), "0.13"),
        (Fraction(-1, 8), "-0.13"),
        (Fraction(5, 1000), "0.01"),
        (Fraction(4999, 1_000_000), "0.00"),
        (7, "7.00"),
    ],
)
def test_half_is_rounded_away_from_zero(value: Fraction, written: str) -> None:
    assert str(rounded(value)) == written


@pytest.mark.parametrize(
    ("value", "decimal"),
    [
        (1, "1.0000"),
        (0.1, "0.1000"),
        ("0.00005", "0.0001"),
        ("-.5", "-0.5000"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("99999999999999.99995", None),
        (10**14, None),
        ("12a", None),
        ("", None),
        ("NaN", None),
        (True, None),
        ([1], None),
        (None, None),
    ],
)
def test_number(value: object, decimal: str | None) -> None:
    assert number(value) == (Decimal(decimal) if decimal else None)


def test_rate_over_nothing_is_null() -> None:
    assert rate("x_rate", 0, 0) == {"x_rate": None, "x_rate_numerator": 0, "x_rate_denominator": 0}


@pytest.mark.parametrize(("value", "expected"), [(7, "7"), (" a ", " a "), ("", None), (None, None), (False, "false")])
def test_text(value: object, expected: str | None) -> None:
    assert text(value) == expected
