"""The bytes of a landing file, decompressed as a stream and cut into lines; memory does not grow with the file."""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa

CHUNK_BYTES = 24 * 1024 * 1024
_DISCARD_BYTES = 1024 * 1024
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
    """Consecutive lines without line feeds, the number of the first, and the oversize ones, whose place is empty."""

    first_line: int
    lines: list[bytes]
    oversize: list[OversizeLine] = field(default_factory=list)


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
        whole, line_feed, tail = text.rpartition(b"\n")
        del text, data
        chunk = LineChunk(next_line, whole.split(b"\n") if line_feed else [])
        del whole
        _set_oversize_aside(chunk, max_row_bytes, start_hash)
        if len(tail) > max_row_bytes:
            oversize, tail = _discard(stream, tail, next_line + len(chunk.lines), start_hash)
            chunk.lines.append(b"")
            chunk.oversize.append(oversize)
        if chunk.lines:
            next_line += len(chunk.lines)
            yield chunk
    if tail:
        chunk = LineChunk(next_line, tail.removesuffix(b"\n").split(b"\n"))
        _set_oversize_aside(chunk, max_row_bytes, start_hash)
        yield chunk


def _set_oversize_aside(chunk: LineChunk, max_row_bytes: int, start_hash: Callable[[], hmac.HMAC]) -> None:
    if max(map(len, chunk.lines), default=0) <= max_row_bytes:
        return
    for index, line in enumerate(chunk.lines):
        if len(line) > max_row_bytes:
            running = start_hash()
            running.update(line)
            chunk.oversize.append(OversizeLine(chunk.first_line + index, len(line), _hexadecimal(running)))
            chunk.lines[index] = b""


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
