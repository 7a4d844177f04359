"""The bytes of a landing file, decompressed as a stream and cut into lines; memory does not grow with the file."""

import hmac
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import pyarrow as pa

CHUNK_BYTES = 40 * 1024 * 1024
# A chunk of ordinary events has fewer; one of empty lines had 24 million, and took a gigabyte for every two of them.
CHUNK_LINES = 100_000
# The engine works on 2,048 lines at a time and keeps each parsed, forty bytes for a byte, until it is done with them
# all. Ordinary events hold a sixth of this.
VECTOR_LINES, VECTOR_BYTES = 2048, 4 * 1024 * 1024
# Rows of events are packed to a fiftieth at best, for ids and times differ; gzip gives back a thousand times its bytes.
MAXIMUM_EXPANSION = 250
HARMLESS_BYTES = 16 * 1024 * 1024
_DISCARD_BYTES = 1024 * 1024
_LINE_FEED = ord("\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CorruptFile(Exception):
    """A file that is not what its name says; none of its rows may be kept. The text is the reason, for people."""


@dataclass(frozen=True)
class OversizeLine:
    """A line that was passed over without being held: its number, its length in bytes and its keyed hash."""

    line: int
    byte_length: int
    payload_hash: str


@dataclass
class LineChunk:
    """Consecutive lines as they stand in the file, the number of the first, and the oversize ones.

    text: the lines, each with its line feed; the last line of a file gets one too.
    starts: where each line starts in `text`, and as one more the end of the text: int64, rows + 1.
    """

    first_line: int
    text: bytes
    starts: np.ndarray
    oversize: list[OversizeLine] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def has_long_lines(self) -> bool:
        """Whether they are so long that the engine must not be given as many at a time as of others."""
        return _has_long_lines(self.starts)

    def line(self, index: int) -> bytes:
        """One line without its line feed."""
        return self.text[self.starts[index] : self.starts[index + 1] - 1]

    def lines(self) -> list[bytes]:
        """All lines without line feeds; the place of an oversize one is empty."""
        lines = self.text.split(b"\n")[:-1]
        for oversize in self.oversize:
            lines[oversize.line - self.first_line] = b""
        return lines


def decompressed(file: BinaryIO, compression: str | None) -> BinaryIO:
    """The content of an open file as a stream. `compression`: None, "gzip", "zstd" (several members or frames too).

    A read raises CorruptFile when the archive turns out to be a bomb; see `refuse_bomb`.
    """
    return _Archive(file, compression) if compression else file


def refuse_bomb(packed: int, unpacked: int) -> None:
    """Raises CorruptFile when `unpacked` bytes are more than a file of `packed` bytes can honestly hold."""
    if unpacked > HARMLESS_BYTES and unpacked > MAXIMUM_EXPANSION * packed:
        raise CorruptFile(
            f"the file unpacks to more than {MAXIMUM_EXPANSION} times its size, as no events do. "
            "Deliver it without compression if it is right."
        )


class _Archive:
    """The unpacked content of an archive, as far as it is one of rows."""

    def __init__(self, file: BinaryIO, compression: str) -> None:
        self._packed = os.fstat(file.fileno()).st_size
        self._unpacked = 0
        self._stream = pa.CompressedInputStream(pa.PythonFile(file), compression)

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._unpacked += len(data)
        refuse_bomb(self._packed, self._unpacked)
        return data


def line_chunks(
    stream: BinaryIO, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC], chunk_bytes: int = CHUNK_BYTES
) -> Iterator[LineChunk]:
    """Cut a stream into chunks of whole lines, at most CHUNK_LINES of them; where lines are long, into smaller ones.

    A line over `max_row_bytes` is not held: its bytes go through `start_hash()`, it comes out as an OversizeLine.
    Raises CorruptFile when the archive is damaged or ends early.
    """
    next_line, tail = 1, b""
    is_start = True
    while data := _read(stream, chunk_bytes):
        if is_start:
            data, is_start = data.removeprefix(_BYTE_ORDER_MARK), False
        text = tail + data
        end = text.rfind(b"\n") + 1
        text, tail = text[:end], text[end:]
        del data
        passed_over = None
        if len(tail) > max_row_bytes:
            line = next_line + text.count(b"\n")
            passed_over, tail = _discard(stream, tail, line, start_hash)
            text += b"\n"
        if text:
            for chunk in _chunks(next_line, text, max_row_bytes, start_hash):
                next_line += len(chunk)
                if passed_over and passed_over.line == next_line - 1:
                    chunk.oversize.append(passed_over)
                yield chunk
            del text
    if tail:
        yield from _chunks(next_line, tail.removesuffix(b"\n") + b"\n", max_row_bytes, start_hash)


def _chunks(
    first_line: int, text: bytes, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC]
) -> Iterator[LineChunk]:
    """The chunks of a text that ends with a line feed."""
    starts = np.concatenate(([0], np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_FEED) + 1))
    for index in range(0, len(starts) - 1, CHUNK_LINES):
        lines = starts[index : index + CHUNK_LINES + 1]
        for first, end in _pieces(lines):
            own = lines[first : end + 1]
            yield _chunk(first_line + index + first, text[own[0] : own[-1]], own - own[0], max_row_bytes, start_hash)


def _pieces(starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first, end) of the lines of each chunk: all, or of long ones up to VECTOR_BYTES."""
    count = len(starts) - 1
    if not _has_long_lines(starts):
        yield 0, count
        return
    first = 0
    while first < count:
        end = max(first + 1, int(np.searchsorted(starts, starts[first] + VECTOR_BYTES, side="right")) - 1)
        yield first, end
        first = end


def _has_long_lines(starts: np.ndarray) -> bool:
    """Whether some VECTOR_LINES in a row have over VECTOR_BYTES; fewer lines, their share of it or an eighth."""
    lines = min(VECTOR_LINES, len(starts) - 1)
    return bool((starts[lines:] - starts[:-lines]).max() > VECTOR_BYTES * max(lines / VECTOR_LINES, 1 / 8))


def _chunk(
    first_line: int, text: bytes, starts: np.ndarray, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC]
) -> LineChunk:
    chunk = LineChunk(first_line, text, starts)
    for index in np.flatnonzero(np.diff(chunk.starts) > max_row_bytes + 1):
        line, running = chunk.line(index), start_hash()
        running.update(line)
        chunk.oversize.append(OversizeLine(first_line + int(index), len(line), _hexadecimal(running)))
    return chunk


def _discard(
    stream: BinaryIO, beginning: bytes, line: int, start_hash: Callable[[], hmac.HMAC]
) -> tuple[OversizeLine, bytes]:
    """Read to the end of the line; give back what is known of it and the bytes after it that were read too."""
    running, length, rest = start_hash(), 0, b""
    piece = beginning
    while piece:
        end, line_feed, rest = piece.partition(b"\n")
        running.update(end)
        length += len(end)
        if line_feed:
            break
        piece = _read(stream, _DISCARD_BYTES)
    return OversizeLine(line, length, _hexadecimal(running)), rest


def _hexadecimal(running: hmac.HMAC) -> str:
    return running.hexdigest()[:32]


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (OSError, EOFError) as error:
        raise CorruptFile(f"the archive is damaged or ends early: {error}. Deliver the file again.") from error
