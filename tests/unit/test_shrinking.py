"""The search for the fewest rows that fail."""

from tests.property.arrivals import Arrival
from tests.property.shrinking import Rows, smallest_failing

ROWS = [Arrival(number % 8, "events", {"event_id": str(number)}) for number in range(60)]


def test_rows_that_fail_together_are_found() -> None:
    needed = {"3", "17", "58"}
    steps = []

    def which_fail(candidates: list[Rows]) -> list[bool]:
        steps.append(candidates)
        return [needed <= {arrival.row["event_id"] for arrival in rows} for rows in candidates]

    found = smallest_failing(ROWS, which_fail, seconds=60)
    assert {arrival.row["event_id"] for arrival in found} == needed
    assert len(steps) < 20


def test_search_ends_when_time_is_up() -> None:
    assert smallest_failing(ROWS, lambda candidates: [True for _ in candidates], seconds=0) == ROWS
