"""Writes rows as a landing folder."""

import json
from dataclasses import fields
from pathlib import Path
from random import Random

from tests.oracle import Landing


def write_landing(landing: Landing, folder: Path, *, files: int = 1, rng: Random) -> None:
    """One sub-folder an entity, its rows shuffled and dealt to `files` NDJSON files; entities without rows get none.

    events/ is always there, as it is the one folder that a landing must have.
    """
    (Path(folder) / "events").mkdir(parents=True, exist_ok=True)
    for entity in fields(landing):
        rows = list(getattr(landing, entity.name))
        rng.shuffle(rows)
        hands = [rows[n::files] for n in range(files)]
        for n, hand in enumerate(filter(None, hands)):
            path = Path(folder) / entity.name / f"part-{n}.ndjson"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in hand), encoding="utf-8")
