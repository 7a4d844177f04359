"""Memory does not grow with the file."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.entities import EVENTS
from ingest.read import Source
from tests.unit.ingest.event_rows import event

MEASURE = """
import sys
from datetime import datetime, timezone
from ingest.entities import EVENTS
from ingest.privacy import Keys
from ingest.read import Reader, Source


def peak_kilobytes():
    # getrusage would do on macOS; on Linux its figure is never below that of the process that started this one.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except FileNotFoundError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


rows = 0
with Reader(Keys("x" * 32), datetime(2026, 11, 22, tzinfo=timezone.utc)) as reader:
    for batch in reader.read(EVENTS, [(Source(sys.argv[1], "a", "ndjson", "gzip"), 1)]):
        rows += sum(batch.rows_read.values())
print(rows, peak_kilobytes() // 1024)
"""


def _rows_and_peak_megabytes(path: Path) -> tuple[int, int]:
    root = Path(__file__).parents[3]
    output = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, cwd=root)
    rows, megabytes = output.stdout.split()
    return int(rows), int(megabytes)


def test_peak_memory_of_a_large_archive_is_bounded(tmp_path):
    """200 MB of text in a small archive: mostly one line that is passed over, as a decompression bomb would have it."""
    path = tmp_path / "bomb.ndjson.gz"
    lines = "".join(
        json.dumps(event(event_id=str(number), page_path="/" + "x" * 300)) + "\n" for number in range(100_000)
    )
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(lines.encode())
        for _ in range(150):
            file.write(b"x" * 1_000_000)
        file.write(b"\n")
    rows, megabytes = _rows_and_peak_megabytes(path)
    assert rows == 100_001
    assert megabytes < 900


@pytest.mark.parametrize(
    ("length", "fields"),
    [
        (100_000, {"event_name": "[" + '"' * 50_000}),
        (18_000, {"metadata": {"series": [1] * 6_000}}),
    ],
)
def test_long_lines_are_read_however_many_there_are(read, length, fields):
    """The engine keeps its memory limit by being given fewer lines at a time: 20 MB of lines that it parses often."""
    short, long = event(event_id="short"), event(**fields)
    assert len(json.dumps(long)) >= length
    numbers = range(20_000_000 // length)
    rows = [short] * 3000 + [{**long, "event_id": str(number)} for number in numbers] + [short] * 3000
    accepted, rejected = read("events", rows)
    assert sorted(row["line"] for row in [*accepted, *rejected]) == list(range(1, len(rows) + 1))


def test_long_lines_of_several_files_keep_their_places(tmp_path, reader):
    """They share no chunk with those of other files; those before and after them do."""
    files = {}
    for load_id, size in enumerate((10, 10, 200_000, 10, 10), start=1):
        path = tmp_path / f"{load_id}.ndjson"
        path.write_text("".join(json.dumps(event(page_path="/" + "x" * size)) + "\n" for _ in range(5)))
        files[load_id] = Source(str(path), path.name, "ndjson")
    batches = list(reader.read(EVENTS, [(source, load_id) for load_id, source in files.items()]))
    assert [sorted(batch.rows_read) for batch in batches] == [[1, 2], [3], [4, 5]]
    assert [rows for batch in batches for rows in batch.rows_read.values()] == [5] * 5
