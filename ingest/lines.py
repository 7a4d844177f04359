"""The bytes of a landing file, decompressed as a stream and cut into lines; memory does not grow with the file."""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import pyarrow as pa

CHUNK_BYTES = 24 * 1024 * 1024
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
    """The content of an open file as a stream. `compression`: None, "gzip", "zstd" (several members or frames too)."""
    return pa.CompressedInputStream(pa.PythonFile(file), compression) if compression else file


def line_chunks(
    stream: BinaryIO, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC], chunk_bytes: int = CHUNK_BYTES
) -> Iterator[LineChunk]:
    """Cut a stream into chunks of whole lines.

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
            chunk = _chunk(next_line, text, max_row_bytes, start_hash)
            del text
            if passed_over:
                chunk.oversize.append(passed_over)
            next_line += len(chunk)
            yield chunk
    if tail:
        yield _chunk(next_line, tail.removesuffix(b"\n") + b"\n", max_row_bytes, start_hash)


def _chunk(first_line: int, text: bytes, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC]) -> LineChunk:
    """The chunk of a text that ends with a line feed."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_FEED) + 1
    chunk = LineChunk(first_line, text, np.concatenate(([0], ends)))
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
