"""Many histories through many loads, and after each one the same rows in a fresh warehouse that gets them at once."""

import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from tests import oracle
from tests.pipeline import BuildFailed, Pipeline
from tests.property.arrivals import (
    Arrival,
    dealt,
    event,
    landed,
    let_in,
    moment_of,
    on_purpose,
    with_zone_changes,
    write_load,
)
from tests.property.batches import drawn, in_own_workspaces
from tests.property.comparison import Difference, compare_rows, compare_tables, oracle_settings
from tests.property.consents import consent_policy, dealt_decisions, with_consents
from tests.property.edges import CRAWLER
from tests.property.histories import landings
from tests.property.landing_files import write_landing
from tests.property.loads import Load, plans

# Events go missing between two builds. A data test says so and stops the build there; the next load touches the session
# that they are of, and so brings them back.
FAULT = "delete from intermediate.int_events where workspace_id = 'touched by {load}'"
FAILING_TEST = "surviving_events_are_kept_once"


@dataclass(frozen=True)
class Batch:
    """Histories that share a warehouse and its loads, each in workspaces of its own.

    Attributes:
        plan: the loads.
        histories: of each history its rows; those that define something for every workspace are not among them.
        shared: what is of no history.
    """

    plan: Sequence[Load]
    histories: Sequence[Sequence[Arrival]]
    shared: Sequence[Arrival]

    @cached_property
    def arrivals(self) -> list[Arrival]:
        return [*self.shared, *(arrival for history in self.histories for arrival in history)]

    def anchors(self) -> list[Arrival]:
        """The newest events of people after each load: as_of_date, which is everybody's, depends on them."""
        found = []
        for number in range(len(self.plan)):
            events = [
                arrival
                for arrival in self.arrivals
                if arrival.load <= number and arrival.entity == "events" and arrival.row.get("user_agent") != CRAWLER
            ]
            if events:
                newest = max(events, key=lambda arrival: moment_of(arrival.row))
                found.append(replace(newest, row=newest.row | {"workspace_id": "anchor"}))
        return found


def batch_of(
    histories: int,
    loads: int,
    trouble: tuple[dict, ...],
    *,
    last_day: date,
    random_seed: int,
    loads_of_nobody: int = 0,
) -> Batch:
    """Random histories and a random plan, the same ones for the same seed.

    Args:
        loads: how many, those that are published and those whose audit fails.
        trouble: what befalls loads, see `loads.TROUBLE`.
        last_day: about the newest local day of the histories.
        loads_of_nobody: so many loads come first that hold no event of a person.
    """
    rng, consent_rng = random.Random(random_seed), random.Random(random_seed)
    (plan,) = drawn(plans(last_day, loads, trouble), 1, random_seed)
    clocks = [load.clock for load in plan[loads_of_nobody:]]
    strategy = landings(last_day, most_visits=9, most_events=7).filter(lambda landing: landing.events)
    found = []
    for number, landing in enumerate(drawn(strategy, histories, random_seed)):
        moved = with_consents(with_zone_changes(in_own_workspaces(landing, number), rng), consent_rng)
        found.append(dealt(moved, clocks, rng) + dealt_decisions(moved, len(clocks), consent_rng))
    shared = on_purpose(clocks)
    shared += [arrival for arrival in found[0] if arrival.holds_everywhere]
    found[0] = [arrival for arrival in found[0] if not arrival.holds_everywhere]
    if loads_of_nobody:
        shared, *found = ([put_off(arrival, loads_of_nobody, rng) for arrival in rows] for rows in (shared, *found))
        crawl = event("k", clocks[0].date() - timedelta(days=1), 10, 0, user_agent=CRAWLER, workspace_id="only bots")
        shared.append(Arrival(loads_of_nobody - 1, "events", crawl))
    return Batch(plan, [let_in(history, plan) for history in found], let_in(shared, plan))


def put_off(arrival: Arrival, loads: int, rng: random.Random) -> Arrival:
    """An event so many loads later; every other row of users, workspaces, features and goals stays before it."""
    return replace(arrival, load=arrival.load + loads) if arrival.entity == "events" or rng.random() < 0.5 else arrival


class Replay:
    """A warehouse that takes in one load after the other, and beside it one that is filled anew after each.

    Args:
        pipeline: a warehouse; what it holds goes.
        fresh: another one with the same settings.
        folder: for landing files.
    """

    def __init__(self, pipeline: Pipeline, fresh: Pipeline, folder: Path, batch: Batch) -> None:
        self.pipeline = pipeline
        self.fresh = fresh
        self.folder = folder
        self.landing = folder / "landing"
        self.fresh_landing = folder / "fresh landing"
        self.batch = batch
        self.rng = random.Random(len(batch.arrivals))
        for warehouse in (pipeline, fresh):
            setting = {"consent_policy": consent_policy(batch.arrivals)}
            warehouse.settings = warehouse.settings.model_copy(update=setting)
        pipeline.empty()
        shutil.rmtree(self.landing, ignore_errors=True)

    def differences(self, loads: Iterable[int] | None = None) -> Iterator[tuple[int, list[Difference]]]:
        """Each load that was published, with the differences after it. loads: compare after these only."""
        for number, load in enumerate(self.batch.plan):
            self.run(number)
            if load.audit_fails:
                continue
            yield number, self.compare(number) if loads is None or number in loads else []

    def run(self, number: int) -> None:
        """Let one load happen."""
        load = self.batch.plan[number]
        write_load(self.batch.arrivals, number, self.landing, self.rng)
        if load.is_broken_off:
            self.pipeline.interrupted_run(self.landing, built=load.broken_off_after, clock=load.clock)
        if load.audit_fails:
            self.fail_audit(number)
        else:
            self.pipeline.run(self.landing, clock=load.clock, as_of=load.as_of)
        built = self.pipeline.builds[-1]
        assert number == 0 or "everything" not in built, (
            f"load {number} was no incremental build but a full refresh ({built}): did somebody edit dbt_project/?"
        )

    def fail_audit(self, number: int) -> None:
        """A run whose data test fails, and that readers see nothing of."""
        before = self.pipeline.digests()
        with self.pipeline.loaded(self.landing, clock=self.batch.plan[number].clock) as (refresh, _):
            with refresh.warehouse.transaction() as tx:
                tx.execute(FAULT.format(load=number + 1))
            try:
                self.pipeline.build(refresh, data_tests=True)
            except BuildFailed as failure:
                assert FAILING_TEST in str(failure), failure
            else:
                raise AssertionError(f"{FAILING_TEST} did not notice that events are missing")
        assert self.pipeline.digests() == before, "a build that failed changed what is published"

    def compare(self, number: int) -> list[Difference]:
        """What a fresh warehouse shows otherwise that is given all rows so far at once, in other files and order."""
        load = self.batch.plan[number]
        self.fresh.empty()
        shutil.rmtree(self.fresh_landing, ignore_errors=True)
        write_landing(landed(self.batch.arrivals, number + 1), self.fresh_landing, files=3, rng=self.rng)
        self.fresh.run(self.fresh_landing, clock=load.clock, as_of=load.as_of)
        ours, theirs = self.pipeline.digests(), self.fresh.digests()
        marts = {mart.name: mart for mart in self.pipeline.marts()}
        found = []
        for table, workspace_id in sorted(ours.keys() | theirs.keys()):
            if ours.get((table, workspace_id)) != theirs.get((table, workspace_id)):
                rows = (warehouse.rows(table, workspace_id=workspace_id) for warehouse in (self.pipeline, self.fresh))
                found += compare_rows(marts[table], *rows)
        return found

    def differences_from_oracle(self) -> list[Difference]:
        """What is published after the last load against what the oracle says."""
        load = self.batch.plan[-1]
        settings = oracle_settings(self.pipeline, [self.landing], load.clock, load.as_of)
        expected = oracle.published_with_segments(landed(self.batch.arrivals, len(self.batch.plan)), settings)
        return compare_tables(self.pipeline.marts(), self.pipeline.tables(), expected)
