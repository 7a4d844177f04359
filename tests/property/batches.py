"""Many histories in one landing, each in workspaces of its own: a dbt build takes seconds whatever its size."""

import warnings
from dataclasses import fields

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NonInteractiveExampleWarning

from tests.oracle import Landing

# Absent means every workspace there, and `default` in the others. Entity -> the field of its name.
OF_EVERY_WORKSPACE = {
    "features": "feature_name",
    "goals": "goal_name",
    "segments": "segment_name",
    "funnels": "funnel_name",
}
NEAR_COPIES = 5


def drawn(strategy: st.SearchStrategy, number: int, random_seed: int) -> list:
    """Examples of the strategy, the same ones for the same seed.

    Hypothesis follows up each example with near copies of it, so that only one in so many is taken.
    """
    found = []

    @seed(random_seed)
    @settings(
        max_examples=number * NEAR_COPIES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: object) -> None:
        found.append(example)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        collect()
    return found[NEAR_COPIES - 1 :: NEAR_COPIES]


def workspace_of(number: int, workspace_id: str | None) -> str | None:
    """A workspace's id in a batch. History 0 keeps its own, so that one history has events without a workspace."""
    return workspace_id if number == 0 else f"h{number:03d}-{workspace_id or 'default'}"


def history_of(workspace_id: str) -> int:
    """The number of the history that a workspace of a batch belongs to."""
    prefix, dash, _ = workspace_id.partition("-")
    return int(prefix[1:]) if dash else 0


def in_own_workspaces(landing: Landing, number: int) -> Landing:
    """The landing with its workspaces renamed, so that it can stand beside others."""
    renamed = {
        entity.name: [row | {"workspace_id": workspace_of(number, row.get("workspace_id"))} for row in rows]
        for entity in fields(landing)
        if (rows := getattr(landing, entity.name)) and (number == 0 or entity.name not in OF_EVERY_WORKSPACE)
    }
    if number != 0:
        names = {row.get("workspace_id") for row in landing.events + landing.users + landing.workspaces}
        for entity, field in OF_EVERY_WORKSPACE.items():
            rows = getattr(landing, entity)
            own = {(row.get("workspace_id"), row[field]) for row in rows}
            renamed[entity] = [
                row | {"workspace_id": workspace_of(number, name)}
                for row in rows
                for name in sorted(names, key=str)
                if row.get("workspace_id") == name
                # A row for every workspace becomes one of each, but where it is beaten by the workspace's own.
                or (row.get("workspace_id") is None and (name, row[field]) not in own)
            ]
    return Landing(**{name: [_without_nulls(row) for row in rows] for name, rows in renamed.items()})


def together(landings: list[Landing]) -> Landing:
    """All landings as one, each in workspaces of its own."""
    whole = Landing()
    for number, landing in enumerate(landings):
        for name, rows in vars(in_own_workspaces(landing, number)).items():
            getattr(whole, name).extend(rows)
    return whole


def _without_nulls(row: dict) -> dict:
    return {name: value for name, value in row.items() if value is not None}
