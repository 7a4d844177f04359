"""A history after which the tables differ: alone, and without the rows that the difference does not need."""

import json
import random
import time
from collections.abc import Callable, Sequence

from tests.property.arrivals import Arrival
from tests.property.comparison import Difference, summary
from tests.property.replay import Batch, Replay

Rows = Sequence[Arrival]
SHARES = (1 / 8, 1 / 4, 1 / 2)
SAMPLES_OF_A_SHARE = 50


def smallest_failing(rows: Rows, which_fail: Callable[[list[Rows]], list[bool]], seconds: float) -> Rows:
    """As few of the rows as still fail, so that none of them can be left out, unless time runs out before.

    A step tries many candidates at once, for a build costs the same whatever its size: random shares of the rows, and
    all of them but one.

    Args:
        rows: they fail together.
        which_fail: told candidates, says of each whether it fails.
        seconds: no step begins after that long.
    """
    rng = random.Random(len(rows))
    deadline = time.monotonic() + seconds
    while len(rows) > 1 and time.monotonic() < deadline:
        places = [
            sorted(rng.sample(range(len(rows)), max(1, int(share * len(rows)))))
            for share in SHARES
            for _ in range(SAMPLES_OF_A_SHARE)
        ]
        candidates = [[rows[place] for place in chosen] for chosen in places]
        candidates += [[*rows[:place], *rows[place + 1 :]] for place in range(len(rows))]
        failing = [found for found, fails in zip(candidates, which_fail(candidates), strict=True) if fails]
        if not failing:
            break
        rows = min(failing, key=len)
    return rows


def explanation(replay: Replay, load: int, found: list[Difference], seconds: float = 600) -> str:
    """Words on the differences after a load, with the fewest rows of one history that bring one about.

    Args:
        replay: the one that met them; its warehouses are used again.
        seconds: how long to look for fewer rows.
    """
    batch = replay.batch
    plan = "\n".join(f"  load {number}: {step}" for number, step in enumerate(batch.plan[: load + 1]))
    said = f"after load {load} the tables are not those of a fresh warehouse: {summary(found)}\nthe loads:\n{plan}\n"
    # History 0 is that of the shared rows too: their workspaces have names that say what they are.
    failing_histories = {difference.history for difference in found if difference.history}
    if not failing_histories:
        return said
    number = min(failing_histories, key=lambda failing: len(batch.histories[failing]))

    def which_fail(candidates: list[Rows]) -> list[bool]:
        numbered = list(enumerate(candidates, start=1))
        histories = [[arrival.in_workspaces_of(number) for arrival in rows] for number, rows in numbered]
        side_by_side = Batch(batch.plan[: load + 1], histories, [*batch.shared, *batch.anchors()])
        again = Replay(replay.pipeline, replay.fresh, replay.folder, side_by_side)
        *_, (_, differences) = again.differences(loads=[load])
        failing = {difference.history for difference in differences}
        return [number in failing for number, _ in numbered]

    rows = batch.histories[number]
    if not which_fail([rows])[0]:
        return f"{said}history {number} alone makes no difference: it takes other histories, or the shared rows, too"
    rows = sorted(smallest_failing(rows, which_fail, seconds), key=lambda arrival: arrival.load)
    lines = [f"  load {row.load} {row.entity}: {json.dumps(row.row, ensure_ascii=False)}" for row in rows]
    return f"{said}of history {number} these rows are enough:\n" + "\n".join(lines)
