"""Landing files that still name people who were erased: found by their content, and rewritten without it if asked.

Rows are found as a load would read them, whatever the format. A rewritten text file keeps an empty line for each one
that went, so that the line numbers of the other rows, which the raw tables hold, stay right.
"""

import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.discover import FileChanged, LandingFile, discover, landing_root
from ingest.entities import ENTITIES
from ingest.ledger import sha256_of, take_over_file
from ingest.lines import CorruptFile, decompressed
from ingest.privacy import Keys
from ingest.read import Mention, Reader, Source

if TYPE_CHECKING:
    from warehouse.base import Warehouse

_UNSEEN = ("unreadable", "refused")
_ROWS_A_GROUP = 65_536
_NAMING = [entity for entity in ENTITIES if "user_id" in entity.fields]


@dataclass
class Mentions:
    """What the landing files say of some people.

    Attributes:
        rows: by tombstone, the number of rows by path.
        rewritten: paths of files that hold those rows no more.
        unreadable_rows: rows whose fields cannot be read, so that nobody knows whom they name.
        unread: path -> why it could not be read, or not be rewritten.
    """

    rows: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rewritten: set[str] = field(default_factory=set)
    unreadable_rows: int = 0
    unread: dict[str, str] = field(default_factory=dict)


def find_mentions(
    warehouse: "Warehouse",
    root: str,
    keys: Keys,
    tombstones: Set[str],
    *,
    clock: datetime,
    max_row_bytes: int,
    deletes_landing: Set[str] = frozenset(),
) -> Mentions:
    """Read every file of the landing root that can name people.

    Args:
        tombstones: of the people who are looked for.
        clock: aware.
        deletes_landing: tombstones of those whose rows are to leave the files; the root is a local folder then.

    Raises:
        LandingError: the landing root cannot be read.
    """
    found = Mentions()
    discovery = discover(root, _NAMING, known_files=(), settle_seconds=0)
    found.unread = {note.path: note.reason for note in discovery.notes if note.reason.startswith(_UNSEEN)}
    with Reader(keys, clock, max_row_bytes) as reader:
        for file in discovery.files:
            try:
                with file.opener() as local_path:
                    source = Source(local_path, file.path, file.format, file.compression)
                    mentions, unreadable = reader.mentions(file.entity, source, tombstones)
                found.unreadable_rows += unreadable
                for mention in mentions:
                    found.rows[mention.tombstone][file.path] += 1
                leaving = [mention for mention in mentions if mention.tombstone in deletes_landing]
                if leaving:
                    _rewrite(warehouse, root, file, leaving)
                    found.rewritten.add(file.path)
            except (CorruptFile, FileChanged, OSError) as error:
                found.unread[file.path] = str(error)
    return found


def _rewrite(warehouse: "Warehouse", root: str, file: LandingFile, leaving: list[Mention]) -> None:
    """Replace the file by one without the rows, in one step; the ledger learns of it first, so that no run loads it."""
    with file.opener() as local_path:
        path = Path(local_path)
        made = path.with_name(f".{path.name}.erasing")
        try:
            with open(path, "rb") as old, open(made, "xb") as new:
                os.fchmod(new.fileno(), path.stat().st_mode & 0o7777)
                if file.format == "parquet":
                    _copy_parquet(old, new, {mention.first_line for mention in leaving})
                else:
                    _copy_text(old, new, file.compression, leaving)
            with open(made, "rb") as written:
                os.fsync(written.fileno())
            status = made.stat()
            with warehouse.transaction() as tx:
                take_over_file(
                    tx,
                    landing_root(root),
                    (file.path, file.size, file.modified),
                    (status.st_size, str(status.st_mtime_ns), sha256_of(str(made))),
                )
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    # Left unchanged until here, or the opener would have said so.
    os.replace(made, path)


def _copy_text(old: BinaryIO, new: BinaryIO, compression: str | None, leaving: Iterable[Mention]) -> None:
    emptied = {line for one in leaving for line in range(one.first_line, one.first_line + one.lines)}
    with _compressed(new, compression) as target:
        for number, line in enumerate(_lines(decompressed(old, compression)), start=1):
            target.write(b"\n" if number in emptied else line)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream as they are, cut at line feeds alone."""
    tail = b""
    while data := stream.read(1 << 20):
        *lines, tail = (tail + data).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if tail:
        yield tail


def _compressed(file: BinaryIO, compression: str | None) -> AbstractContextManager[BinaryIO]:
    if compression == "gzip":
        return gzip.GzipFile(filename="", fileobj=file, mode="wb")
    return pa.CompressedOutputStream(pa.PythonFile(file, mode="w"), compression) if compression else nullcontext(file)


def _copy_parquet(old: BinaryIO, new: BinaryIO, rows: Set[int]) -> None:
    with pq.ParquetFile(old) as source, pq.ParquetWriter(new, source.schema_arrow) as target:
        first = 1
        for batch in source.iter_batches(_ROWS_A_GROUP):
            stays = ~np.isin(np.arange(first, first + batch.num_rows), list(rows))
            target.write_batch(batch.filter(pa.array(stays)))
            first += batch.num_rows
