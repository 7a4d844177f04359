"""Steps of a funnel: what is refused, and the rows that they become (docs/metrics/funnels.md)."""

from typing import Any, NamedTuple

from ingest.fields import shown_name

FEWEST_STEPS = 2
MOST_STEPS = 10  # dbt_project.yml has the same number: the models take one pass a step
PATTERNS = ("event_type", "event_name", "page_path")


class Refused(ValueError):
    """Steps that are not accepted, and the place in the document such as `steps[2].event_name`."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class Step(NamedTuple):
    """What the step is called, and a pattern for each field of an event that it asks about."""

    name: str
    event_type: str | None
    event_name: str | None
    page_path: str | None


def read_steps(document: list[Any]) -> tuple[Step, ...]:
    """The steps of a list of conditions. Raises Refused for another list than the documented one."""
    if not FEWEST_STEPS <= len(document) <= MOST_STEPS:
        raise Refused("steps")
    return tuple(_step(given, f"steps[{number}]") for number, given in enumerate(document))


def _step(given: Any, place: str) -> Step:
    if not isinstance(given, dict):
        raise Refused(place)
    for name, value in given.items():
        if name not in (*PATTERNS, "name"):
            raise Refused(f"{place}.{shown_name(name)}")
        if value is not None and type(value) is not str:
            raise Refused(f"{place}.{name}")
    patterns = [given.get(name) or None for name in PATTERNS]
    named = [pattern for pattern in patterns if pattern is not None]
    if not named:
        raise Refused(place)
    return Step(given.get("name") or ", ".join(named), *patterns)
