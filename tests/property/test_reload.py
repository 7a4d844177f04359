"""Files mended and reloaded at random among loads: the tables are those of the files as they are in the end."""

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests import oracle
from tests.oracle import Landing
from tests.pipeline import Pipeline
from tests.property.arrivals import moment_of, with_zone_changes
from tests.property.batches import drawn, together
from tests.property.comparison import compare_tables, oracle_settings, summary
from tests.property.histories import landings, written

LAST_DAY = date(2024, 3, 31)
CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
FILES = {"events": 6, "users": 2, "workspaces": 2}
MOVES = (timedelta(minutes=-31), timedelta(minutes=20), timedelta(hours=5), timedelta(days=-3), timedelta(days=-390))


class MendedFiles:
    """A landing folder whose files change in what they hold.

    Attributes:
        rows: of each file, by its path in the folder.
    """

    def __init__(self, folder: Path, landing: Landing, rng: random.Random) -> None:
        self.folder = folder
        self.rng = rng
        self.rows: dict[str, list[dict]] = {}
        for entity, files in FILES.items():
            rows = list(getattr(landing, entity))
            rng.shuffle(rows)
            for number in range(files):
                self.write(f"{entity}/{number}.ndjson", rows[number::files])

    def write(self, name: str, rows: list[dict]) -> None:
        self.rows[name] = rows
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def remove(self, name: str) -> str:
        """Move a file out of the folder."""
        (self.folder / name).unlink()
        del self.rows[name]
        return name

    def mend(self, names: list[str]) -> list[str]:
        """Drop some rows of the files, hand some on, take some over from any file, and change some."""
        for name in names:
            entity = name.split("/")[0]
            kept = [row for row in self.rows[name] if self.rng.random() < 0.7]
            others = [row for other in self.rows if other.startswith(entity) for row in self.rows[other]]
            taken = self.rng.sample(others, min(len(others), 8))
            self.write(name, [self.changed(row) if entity == "events" else row for row in kept + taken] or others[:1])
        return names

    def changed(self, row: dict) -> dict:
        """The event as it is, or with another payload, user or time."""
        change = self.rng.choice(("none", "none", "payload", "user", "time"))
        if change == "payload":
            return row | {"page_path": "/mended", "event_type": "page_view"}
        if change == "user":
            return row | {"user_id": "u1"}
        return row | {"created_at": written(moment_of(row) + self.rng.choice(MOVES))} if change == "time" else row

    def landing(self) -> Landing:
        """Every row of the files as they are now."""
        whole = Landing()
        for name, rows in self.rows.items():
            getattr(whole, name.split("/")[0]).extend(rows)
        return whole


def compare(pipeline: Pipeline, files: MendedFiles) -> None:
    assert "everything" not in pipeline.builds[-1], "no incremental build: did somebody edit dbt_project/?"
    expected = oracle.published_with_segments(files.landing(), oracle_settings(pipeline, [files.folder], CLOCK))
    found = compare_tables(pipeline.marts(), pipeline.tables(), expected)
    if found:
        pytest.fail(f"landing in {files.folder}: {summary(found)}")


def test_random_reloads_equal_the_final_files(make_pipeline: Callable[..., Pipeline], tmp_path: Path) -> None:
    """The first reload's build is broken off half-way; another reload comes before it is done again."""
    rng = random.Random(1)
    histories = drawn(landings(LAST_DAY, most_visits=9, most_events=7).filter(lambda rows: rows.events), 20, 6)
    files = MendedFiles(tmp_path, with_zone_changes(together(histories), rng), rng)
    pipeline = make_pipeline()
    pipeline.run(tmp_path, clock=CLOCK)

    names = files.mend(["events/0.ndjson", "events/1.ndjson", "users/0.ndjson"])
    pipeline.interrupted_run(tmp_path, built=("int_touched_spans", "int_events"), clock=CLOCK, reload=names)
    names = files.mend(["events/1.ndjson", "events/2.ndjson", "workspaces/1.ndjson"])
    files.write("events/new.ndjson", files.rows["events/3.ndjson"][:20])
    files.write("events/copy.ndjson", files.rows["events/0.ndjson"])
    pipeline.run(tmp_path, clock=CLOCK, reload=names)
    compare(pipeline, files)

    files.mend(["events/0.ndjson", "events/4.ndjson", "users/1.ndjson", "workspaces/0.ndjson"])
    names = ["events/[04].*", "users", str(tmp_path / "workspaces/0.ndjson")]
    pipeline.run(tmp_path, clock=CLOCK, reload=names)
    compare(pipeline, files)

    pipeline.run(tmp_path, clock=CLOCK, reload=[files.remove("events/5.ndjson")], forget=True)
    compare(pipeline, files)
    assert pipeline.run(tmp_path, clock=CLOCK).files == []
