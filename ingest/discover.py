"""The landing folder → the files the ledger does not know yet. Names are data: never globbed, never part of SQL."""

# os.path rather than pathlib: names may hold bytes that are no UTF-8: text as the system gives it

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.entities import Entity

DEFAULT_SETTLE_SECONDS = 2.0
FORMATS = {".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson", ".csv": "csv", ".parquet": "parquet"}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_UNFINISHED = (".tmp", ".part")


class LandingError(Exception):
    """The landing root itself cannot be read; the message says what to do."""


class FileChanged(Exception):
    """A file was written to while it was read; it is left for the next run."""


KnownFiles = Collection[tuple[str, int, str]]


@dataclass(frozen=True)
class LandingFile:
    """A file to load.

    path: relative to the landing root, `/` between folders, as text every engine can hold; its name in the ledger.
    modified: modification time in nanoseconds, or a remote file's etag; with path and size it tells a seen file.
    format: "ndjson", "csv" or "parquet"; compression: None, "gzip" or "zstd".
    opener: a context manager that gives the path of a local copy. It raises FileChanged on leaving when the file is not
        the one that was discovered any more.
    """

    entity: Entity
    path: str
    size: int
    modified: str
    format: str
    compression: str | None
    opener: Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class Note:
    """A file or folder that was left alone, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Discovery:
    files: list[LandingFile]
    notes: list[Note]


@dataclass(frozen=True)
class Entry:
    """A file as it was listed, before anything is known of its content. `real_path` is what to open it by."""

    path: str
    real_path: str
    size: int
    modified: str


def discover(
    root: str | os.PathLike,
    entities: Sequence[Entity],
    known_files: KnownFiles,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
) -> Discovery:
    """New files of a local landing folder or an fsspec URL, in loading order: by entity, then by path in bytes.

    known_files: (path, size, modified) of every file the ledger knows; those are not opened.
    settle_seconds: a local file modified within this time is looked at twice; one that still grows is left.

    Raises LandingError when the root does not exist or is no folder.
    """
    notes: list[Note] = []
    if "://" in os.fspath(root):
        from ingest.remote import list_remote, spooled

        entries, open_entry = list_remote(os.fspath(root), notes), spooled
    else:
        entries, open_entry = _list_local(Path(root), notes), _unchanged
    candidates = _recognized(entries, entities, known_files, notes)
    if open_entry is _unchanged:
        candidates = _settled(candidates, settle_seconds, notes)
    order = {entity.name: rank for rank, entity in enumerate(entities)}
    files = [
        LandingFile(entity, entry.path, entry.size, entry.modified, *kind, opener=_opener(open_entry, root, entry))
        for entity, entry, kind in candidates
    ]
    files.sort(key=lambda file: (order[file.entity.name], file.path.encode()))
    return Discovery(files, sorted(notes, key=lambda note: note.path.encode()))


def _opener(open_entry: Callable, root: str | os.PathLike, entry: Entry) -> Callable[[], AbstractContextManager[str]]:
    return lambda: open_entry(os.fspath(root), entry)


def landing_root(root: str | os.PathLike) -> str:
    """The root as the ledger names it: the same folder under any spelling, an URL as it is."""
    text = os.fspath(root)
    return text if "://" in text else storable_path(os.path.realpath(text))


def storable_path(path: str) -> str:
    """A file name as text every engine can hold: bytes that are not UTF-8 become `\\udc..` escapes."""
    return path.encode("utf-8", "backslashreplace").decode()


def _recognized(
    entries: Iterator[Entry], entities: Sequence[Entity], known_files: KnownFiles, notes: list[Note]
) -> list[tuple[Entity, Entry, tuple[str, str | None]]]:
    """Entries of a known folder and format that the ledger does not know."""
    folders = {entity.folder: entity for entity in entities}
    recognized = []
    for entry in entries:
        folder, *below = entry.path.split("/")
        if _is_ignored(entry.path):
            continue
        if not below:
            notes.append(Note(entry.path, f"not in an entity's folder ({', '.join(sorted(folders))})"))
        elif folder not in folders:
            notes.append(Note(entry.path, f"the folder {folder}/ is none of {', '.join(sorted(folders))}"))
        elif (kind := _format_of(entry.path)) is None:
            notes.append(
                Note(
                    entry.path, f"unknown file type; known are {', '.join(FORMATS)}, but for Parquet also .gz and .zst"
                )
            )
        elif entry.size == 0:
            notes.append(Note(entry.path, "empty"))
        elif (entry.path, entry.size, entry.modified) not in known_files:
            recognized.append((folders[folder], entry, kind))
    return recognized


def _is_ignored(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/")) or path.lower().endswith(_UNFINISHED)


def _format_of(path: str) -> tuple[str, str | None] | None:
    stem, extension = os.path.splitext(path.lower())
    compression = COMPRESSIONS.get(extension)
    if compression:
        extension = os.path.splitext(stem)[1]
    kind = FORMATS.get(extension)
    return None if kind is None or (kind == "parquet" and compression) else (kind, compression)


def _list_local(root: Path, notes: list[Note]) -> Iterator[Entry]:
    try:
        if not root.is_dir():
            raise LandingError(
                f"the landing root {root} is not a folder. Create it, or set FOOTFALL_LANDING to the right one."
            )
        real_root = root.resolve()
        with os.scandir(root) as scan:
            next(scan, None)
    except OSError as error:
        raise LandingError(
            f"the landing root {root} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    return _walk(str(real_root), str(real_root), "", {str(real_root)}, notes)


def _walk(real_root: str, folder: str, prefix: str, open_folders: set[str], notes: list[Note]) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as scan:
            found = sorted(scan, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        notes.append(Note(storable_path(prefix) or ".", f"unreadable: {error.strerror}"))
        return
    for entry in found:
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if _is_ignored(entry.name):
            continue
        try:
            yield from _visit(real_root, entry, path, open_folders, notes)
        except OSError as error:
            notes.append(Note(storable_path(path), f"unreadable: {error.strerror}"))


def _visit(real_root: str, entry: os.DirEntry, path: str, open_folders: set[str], notes: list[Note]) -> Iterator[Entry]:
    real_path = os.path.realpath(entry.path)
    if real_path != real_root and not real_path.startswith(os.path.join(real_root, "")):
        notes.append(Note(storable_path(path), "refused: a symbolic link that leads out of the landing root"))
        return
    status = os.stat(entry.path)
    if stat.S_ISDIR(status.st_mode):
        if real_path in open_folders:
            notes.append(Note(storable_path(path), "refused: a symbolic link to a folder that holds it"))
        else:
            yield from _walk(real_root, entry.path, path, open_folders | {real_path}, notes)
    elif not stat.S_ISREG(status.st_mode):
        notes.append(Note(storable_path(path), "refused: not a regular file"))
    elif not os.access(entry.path, os.R_OK):
        notes.append(Note(storable_path(path), "unreadable: permission denied"))
    else:
        yield Entry(storable_path(path), real_path, status.st_size, str(status.st_mtime_ns))


def _settled(candidates: list[tuple], settle_seconds: float, notes: list[Note]) -> list[tuple]:
    """Without the files that grow or change while we wait once for all of them."""
    now = time.time()
    is_fresh = [now - int(entry.modified) / 1e9 < settle_seconds for _, entry, _ in candidates]
    if any(is_fresh):
        time.sleep(min(settle_seconds, 1.0))
    settled = []
    for candidate, looked_at_twice in zip(candidates, is_fresh, strict=True):
        entry = candidate[1]
        if looked_at_twice and not _is_unchanged(entry):
            notes.append(Note(entry.path, "still being written; left for the next run"))
        else:
            settled.append(candidate)
    return settled


def _is_unchanged(entry: Entry) -> bool:
    try:
        status = os.stat(entry.real_path)
    except OSError:
        return False
    return (status.st_size, str(status.st_mtime_ns)) == (entry.size, entry.modified)


@contextmanager
def _unchanged(root: str, entry: Entry) -> Iterator[str]:
    """A local file is read where it is. Raises LandingError when the whole landing root is gone."""
    if not _is_unchanged(entry):
        raise _changed(root, "changed since it was found; left for the next run")
    try:
        yield entry.real_path
    finally:  # also when reading failed: half a file is not a damaged one
        if not _is_unchanged(entry):
            raise _changed(root, "changed while it was read; left for the next run")


def _changed(root: str, words: str) -> Exception:
    if os.path.isdir(root):
        return FileChanged(words)
    return LandingError(
        f"the landing root {root} vanished during the run. Bring it back and run again: "
        "what was loaded stays, the rest is loaded then."
    )
