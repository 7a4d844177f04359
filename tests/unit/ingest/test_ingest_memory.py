"""Memory does not grow with the file."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

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
