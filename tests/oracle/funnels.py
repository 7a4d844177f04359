"""Ordered funnels (docs/metrics/funnels.md): every start is followed step by step."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from . import values
from .conversions import matches
from .definitions import Funnel, funnel_from
from .events import Event, in_order
from .reports import median
from .workspaces import Workspace


@dataclass(frozen=True)
class Arrival:
    """An event that reached a step, and when and on which local date its chain started."""

    at: datetime
    event_id: str
    started_at: datetime
    start_date: date

    @property
    def milliseconds(self) -> int:
        return (self.at - self.started_at) // timedelta(milliseconds=1)


def chain_from(funnel: Funnel, events: list[Event], start: int) -> list[Arrival]:
    """How far one gets from the event at `start`, each step at the first event that reaches it."""
    arrivals: list[Arrival] = []
    position = start
    for _, patterns in funnel.steps:
        while position < len(events) and not fits(patterns, events[position]):
            position += 1
        if position == len(events) or events[position].created_at > events[start].created_at + funnel.window:
            break
        event, first = events[position], events[start]
        arrivals.append(Arrival(event.created_at, event.event_id, first.created_at, first.activity_date))
        position += 1
    return arrivals


def fits(patterns: dict[str, str], event: Event) -> bool:
    return all(matches(pattern, getattr(event, field)) for field, pattern in patterns.items())


def first_arrivals(funnel: Funnel, events: list[Event], first: date) -> list[Arrival]:
    """By step, the earliest arrival of a chain that starts from day `first` on; of equal ones the last start's."""
    events = sorted(events, key=in_order)
    best: list[Arrival] = []
    for start, event in enumerate(events):
        if event.activity_date < first or not fits(funnel.steps[0][1], event):
            continue
        for step, arrival in enumerate(chain_from(funnel, events, start)):
            if step == len(best):
                best.append(arrival)
            elif (arrival.at, arrival.event_id) <= (best[step].at, best[step].event_id):
                best[step] = arrival
    return best


def last_start(funnel: Funnel, events: list[Event], first: date) -> date | None:
    starts = [e.activity_date for e in events if e.activity_date >= first and fits(funnel.steps[0][1], e)]
    return max(starts, default=None)


def funnel_report(workspace: Workspace, first: date, last: date) -> list[dict]:
    """rpt_funnels: every step of every funnel in force."""
    rows = []
    for funnel in (funnel_from(row) for row in workspace.funnel_rows.values()):
        seen = {
            user: [event for event in events if event.activity_date <= last]
            for user, events in workspace.events_by_user.items()
        }
        reached = [first_arrivals(funnel, events, first) for events in seen.values()]
        starts = [day for events in seen.values() if (day := last_start(funnel, events, first))]
        window_days = -(-funnel.window // timedelta(days=1))
        counts = [sum(len(arrivals) > step for arrivals in reached) for step in range(len(funnel.steps))]
        for step, (name, _) in enumerate(funnel.steps):
            before = counts[step - 1] if step else None
            middle = median([arrivals[step].milliseconds for arrivals in reached if len(arrivals) > step])
            rows.append(
                {
                    "funnel_name": funnel.funnel_name,
                    "step": step + 1,
                    "step_name": name,
                    "users": counts[step],
                    **values.rate("step_rate", counts[step] if step else None, before),
                    **values.rate("conversion_rate", counts[step], counts[0]),
                    "median_seconds": values.rounded(Fraction(middle) / 1000 if middle is not None else None),
                    "is_mature": max(starts) + timedelta(days=window_days) <= last if starts else None,
                }
            )
    return rows
