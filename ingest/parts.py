"""Small files share a chunk, for what it costs by itself (planning its statements) is what 8,000 rows cost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from ingest.lines import CHUNK_BYTES, CHUNK_LINES, LineChunk


@dataclass(frozen=True)
class Parts:
    """Which load, and which line of its file, a line of a chunk is.

    Attributes:
        load_ids, names: of each part, with the landing path of its file.
        first_lines: the number in the chunk of the first line of each part, ascending.
        shifts: what is added to a number in the chunk to get that in the file.
    """

    load_ids: np.ndarray
    names: tuple[str, ...]
    first_lines: np.ndarray
    shifts: np.ndarray

    @classmethod
    def of_file(cls, load_id: int, name: str) -> "Parts":
        """A chunk of one file, whose lines are numbered as in the file."""
        return cls(np.array([load_id]), (name,), np.array([0]), np.array([0]))

    def rows_by_load(self, lines: np.ndarray) -> dict[int, int]:
        """How many of these lines of the chunk each load has."""
        load_ids, counts = np.unique(self.load_ids[self._parts_of(lines)], return_counts=True)
        return dict(zip(load_ids.tolist(), counts.tolist(), strict=True))

    def places(self, lines: Iterable[int]) -> Iterator[tuple[int, str, int]]:
        """(load_id, landing path, line in the file) of lines of the chunk."""
        numbers = np.fromiter(lines, np.int64)
        for part, line in zip(self._parts_of(numbers), numbers, strict=True):
            yield int(self.load_ids[part]), self.names[part], int(line + self.shifts[part])

    def placed(self, rows: pa.Table) -> pa.Table:
        """Rows whose column `line` is that of the chunk, with those of their load and file as load_id and line."""
        lines = rows["line"].to_numpy()
        parts = self._parts_of(lines)
        for name, numbers in (("load_id", self.load_ids[parts]), ("line", lines + self.shifts[parts])):
            rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(numbers, pa.int64()))
        return rows

    def _parts_of(self, lines: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.first_lines, lines, side="right") - 1


def shared_chunks(chunks: Iterable[tuple[int, str, LineChunk]]) -> Iterator[tuple[LineChunk, Parts]]:
    """Join chunks (load_id, landing path, lines) while they are small, up to the size of one that is not; those of
    long lines stay alone."""
    waiting: list[tuple[int, str, LineChunk]] = []
    size = lines = 0
    for part in chunks:
        chunk = part[2]
        if chunk.has_long_lines:
            if waiting:
                yield _joined(waiting)
            yield _joined([part])
            waiting, size, lines = [], 0, 0
            continue
        if waiting and (size + len(chunk.text) > CHUNK_BYTES or lines + len(chunk) > CHUNK_LINES):
            yield _joined(waiting)
            waiting, size, lines = [], 0, 0
        waiting.append(part)
        size += len(chunk.text)
        lines += len(chunk)
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[int, str, LineChunk]]) -> tuple[LineChunk, Parts]:
    load_ids, names, chunks = zip(*parts, strict=True)
    if len(parts) == 1:
        return chunks[0], Parts.of_file(load_ids[0], names[0])
    offsets = np.cumsum([0, *(len(chunk.text) for chunk in chunks)])
    first_lines = np.cumsum([1, *(len(chunk) for chunk in chunks)])[:-1]
    shifts = np.array([chunk.first_line for chunk in chunks]) - first_lines
    starts = [chunk.starts[:-1] + offset for chunk, offset in zip(chunks, offsets[:-1], strict=True)]
    oversize = [
        replace(one, line=one.line - int(shift))
        for chunk, shift in zip(chunks, shifts, strict=True)
        for one in chunk.oversize
    ]
    text = b"".join(chunk.text for chunk in chunks)
    joined = LineChunk(1, text, np.concatenate([*starts, offsets[-1:]]), oversize)
    return joined, Parts(np.array(load_ids), names, first_lines, shifts)
