"""When loads run and what befalls them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, cycle, islice, pairwise

from hypothesis import strategies as st

SPANS, EVENTS, SESSIONS = "int_touched_spans", "int_events", "int_sessions"
GAPS = (
    timedelta(hours=9),
    timedelta(minutes=20),
    timedelta(days=1),
    timedelta(hours=9),
    timedelta(days=2),
    timedelta(hours=5),
    timedelta(days=3),
    timedelta(hours=25),
)


@dataclass(frozen=True)
class Load:
    """One load: files arrive, a run loads them, builds and publishes.

    Attributes:
        clock: the moment of the run, aware.
        as_of: the run's --as-of.
        broken_off_after: models that a first attempt builds before it ends without publishing; none: all of them.
        audit_fails: something in the warehouse is amiss, so that a data test fails and nothing is published; what came
            with this load is published by the next.
        only: entities that come with this load; what else would come waits for the next.
    """

    clock: datetime
    as_of: date | None = None
    broken_off_after: tuple[str, ...] | None = None
    audit_fails: bool = False
    only: tuple[str, ...] | None = None

    def __str__(self) -> str:
        said = [f"{self.clock:%Y-%m-%d %H:%M}"]
        said += [f"--as-of {self.as_of}"] if self.as_of else []
        said += [f"broken off after {self.broken_off_after or 'all models'}"] if self.is_broken_off else []
        said += ["audit fails"] if self.audit_fails else []
        said += [f"only {', '.join(self.only)}"] if self.only else []
        return ", ".join(said)

    @property
    def is_broken_off(self) -> bool:
        return self.broken_off_after is not None


@st.composite
def plans(draw: Callable, last_day: date, loads: int, trouble: tuple[dict, ...]) -> list[Load]:
    """So many loads up to the evening after `last_day`, in a random order of gaps and trouble, each trouble once.

    The first load goes well, and so does the last, for no other one would publish what an audit kept back. After it
    there come events, see `replay.FAULT`.
    """
    gaps = list(islice(cycle(draw(st.permutations(GAPS))), loads - 1))
    first = datetime.combine(last_day, time(20), UTC) - sum(gaps, timedelta())
    clocks = [*accumulate(gaps, initial=first)]
    orders = st.permutations([*trouble, *({} for _ in range(loads - 2 - len(trouble)))])
    between = draw(orders.filter(lambda order: not any("audit_fails" in a and "only" in b for a, b in pairwise(order))))
    return [
        Load(clock, **{name: value(clock) if callable(value) else value for name, value in what.items()})
        for clock, what in zip(clocks, ({}, *between, {}), strict=True)
    ]


def days_before(days: int) -> Callable[[datetime], date]:
    """--as-of so many days before the earliest date that any zone calls yesterday."""
    return lambda clock: clock.date() - timedelta(days=2 + days)


TROUBLE = (
    {"broken_off_after": (SPANS, EVENTS)},
    {"broken_off_after": (SPANS, EVENTS, SESSIONS)},
    {"broken_off_after": ()},
    {"as_of": days_before(3)},
    {"audit_fails": True},
    {"only": ("features",)},
    {"only": ("goals",)},
)
