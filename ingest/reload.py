"""Files that were mended after they had been loaded: their old rows go and the new ones come, in one transaction.

Which rows go is told by the ledger: those of every load that took in an earlier content of the path. What raw then
holds is what it would hold had the file always been as it is now.
"""

import os
import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ingest.discover import (
    DEFAULT_SETTLE_SECONDS,
    Discovery,
    FileChanged,
    LandingFile,
    Note,
    discover,
    landing_root,
    storable_path,
)
from ingest.entities import ENTITIES
from ingest.lines import CorruptFile
from ingest.load import load_within
from ingest.load_report import LoadReport
from ingest.privacy import Keys
from ingest.read import DEFAULT_MAX_ROW_BYTES, Reader
from ingest.replace import take_out

if TYPE_CHECKING:
    from warehouse.base import Transaction, Warehouse


class ReloadError(Exception):
    """The files cannot be reloaded; nothing was changed. The message names each one and says what to do."""


@dataclass
class ReloadReport(LoadReport):
    """The files as they were loaded anew, and how many earlier loads and stored rows went for them."""

    removed_loads: int = 0
    removed_rows: int = 0


@dataclass(frozen=True)
class _KnownFile:
    """A line of the ledger: a file under this landing root at one time."""

    path: str
    size: int
    modified: str
    load_id: int
    dated_at: datetime | None


@dataclass(frozen=True)
class _Selection:
    """Paths whose rows are to go, in no order, and notes on others of their folder or pattern that stay."""

    paths: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


def check_reload(warehouse: "Warehouse", root: str, names: Sequence[str], *, forget: bool) -> None:
    """Raises ReloadError for what `reload_files` would refuse by the names alone, LandingError as `discover` does."""
    discovery = discover(root, ENTITIES, known_files=(), settle_seconds=0)
    with warehouse.transaction() as tx:
        _select(root, names, discovery, {file.path for file in _known_files(tx, root)}, forget)


def reload_files(
    warehouse: "Warehouse",
    root: str,
    names: Sequence[str],
    keys: Keys,
    *,
    run_id: str,
    clock: datetime,
    forget: bool = False,
    max_row_bytes: int = DEFAULT_MAX_ROW_BYTES,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
) -> ReloadReport:
    """Replace the rows of loaded files by those the files hold now: of all of them, or of none.

    A file of the same content under another name is loaded anew with it. One that is no longer there keeps the rows,
    and a note says so.

    Args:
        names: files, folders or patterns with `*`, `?` and `[…]`; relative to the landing root, absolute, or URLs.
        clock: the load's time, aware. Rows without updated_at keep the time of the load they replace.
        forget: take the rows of files out that are no longer in the landing folder, and load nothing.

    Raises:
        ReloadError: a name fits no loaded file, or a file cannot be read.
        LandingError: the landing root cannot be read.
    """
    discovery = discover(root, ENTITIES, known_files=(), settle_seconds=settle_seconds)
    ledger_root = landing_root(root)
    utc_clock = clock.astimezone(UTC).replace(tzinfo=None)
    with warehouse.transaction() as tx:
        known = _known_files(tx, root)
        selection = _select(root, names, discovery, {file.path for file in known}, forget)
        affected_loads = {file.load_id for file in known if file.path in selection.paths}
        reloaded = {} if forget else _files_to_load(discovery, known, selection.paths, affected_loads)
        for file in known:
            if file.path in selection.paths or (file.path in reloaded and file.load_id in affected_loads):
                tx.execute(
                    "delete from raw.files where landing_root = $1 and path = $2 and load_id = $3",
                    (ledger_root, file.path, file.load_id),
                )
        report = ReloadReport(notes=selection.notes)
        for load_id in sorted(affected_loads):
            holders = _holders(tx, load_id, selection.paths)
            if holders:
                report.notes.append(_leave_to(tx, holders[0], load_id))
            else:
                report.removed_loads += 1
                report.removed_rows += take_out(tx, load_id, run_id, utc_clock)
        if reloaded:
            with Reader(keys, clock, max_row_bytes) as reader:
                for file in reloaded.values():
                    report.files.append(
                        _load(
                            tx,
                            reader,
                            file,
                            root=ledger_root,
                            run_id=run_id,
                            clock=clock,
                            dated_at=_dated_at(file, known, selection.paths, affected_loads) or utc_clock,
                        )
                    )
    return report


def _known_files(tx: "Transaction", root: str) -> list[_KnownFile]:
    sql = "select path, size_bytes, modified_ns, load_id, dated_at from raw.files where landing_root = $1"
    return [_KnownFile(*row) for row in tx.fetch(sql, (landing_root(root),))]


def _select(root: str, names: Sequence[str], discovery: Discovery, known: Collection[str], forget: bool) -> _Selection:
    """Raises ReloadError with a line for each name that selects no file."""
    present = {file.path for file in discovery.files}
    reasons = {note.path: note.reason for note in discovery.notes}
    selection, problems = _Selection(), []
    for name in names:
        meant = [_matching(path, present | reasons.keys() | set(known)) for path in _spellings(root, name)]
        found, is_one_file = next(filter(lambda match: match[0], meant), ((), True))
        chosen = {path for path in found if path in known and (path in present) != forget}
        selection.paths.update(chosen)
        if not found:
            problems.append(f"{name}: no such file under {root}, and none was ever loaded from there")
        elif not chosen:
            problems.append(
                _refusal(found[0], present, reasons, known, forget) if is_one_file else f"{name}: {_NONE_THERE[forget]}"
            )
        elif not forget:
            selection.notes.extend(
                Note(path, "no longer there; its rows stay") for path in found if path in known and path not in present
            )
    if problems:
        raise ReloadError("\n".join([*problems, "Nothing was changed."]))
    return selection


_NONE_THERE = {
    False: "no file there was loaded before; `footfall run` loads new ones",
    True: "every loaded file is still there; --forget is for those that were removed",
}


def _refusal(path: str, present: Collection[str], reasons: dict[str, str], known: Collection[str], forget: bool) -> str:
    if forget and path in present:
        return f"{path}: still in the landing folder, so the next run would load it again; remove it there first"
    if path not in known:
        return f"{path}: never loaded, so there is nothing to replace; `footfall run` loads new files"
    reason = reasons.get(path, "no longer in the landing folder")
    return f"{path}: {reason}. Put it right, or take its rows out with `footfall reload --forget`"


def _spellings(root: str, name: str) -> Iterator[str]:
    """The path within the landing root that a name may stand for, likeliest first; nothing when it lies elsewhere."""
    if "://" in root or "://" in name:
        inside = name.removeprefix(root.rstrip("/") + "/")
        if "://" not in inside:
            yield storable_path(posixpath.normpath(inside))
        return
    if not os.path.isabs(name):
        yield storable_path(os.path.normpath(name))
    for base, path in ((os.path.abspath(root), os.path.abspath(name)), map(os.path.realpath, (root, name))):
        inside = os.path.relpath(path, base)
        if inside.split("/")[0] != "..":
            yield storable_path(inside)


def _matching(path: str, candidates: Collection[str]) -> tuple[list[str], bool]:
    """The candidates that a path names, and whether it is the path of one file rather than a folder or pattern."""
    if path in candidates:
        return [path], True
    below = "" if path == "." else path + "/"
    found = [one for one in candidates if one.startswith(below) or fnmatchcase(one, path)]
    return sorted(found), False


def _files_to_load(
    discovery: Discovery, known: Collection[_KnownFile], paths: Collection[str], affected_loads: Collection[int]
) -> dict[str, LandingFile]:
    """The files of the paths, and those whose present content is the same as an earlier one of theirs."""
    holding = {(file.path, file.size, file.modified) for file in known if file.load_id in affected_loads}
    return {
        file.path: file
        for file in discovery.files
        if file.path in paths or (file.path, file.size, file.modified) in holding
    }


def _dated_at(
    file: LandingFile, known: Collection[_KnownFile], paths: Collection[str], affected_loads: Collection[int]
) -> datetime | None:
    """When the rows that go were loaded."""
    times = [
        one.dated_at
        for one in known
        if one.path == file.path and one.dated_at and (file.path in paths or one.load_id in affected_loads)
    ]
    return max(times, default=None)


def _holders(tx: "Transaction", load_id: int, paths: Collection[str]) -> list[tuple[str, str]]:
    """(landing root, path) of the other files that stand for a load.

    The same path under a local landing root that is gone is the same file, before the landing folder was moved.
    """
    holders = tx.fetch("select landing_root, path from raw.files where load_id = $1 order by 1, 2", (load_id,))
    return [(root, path) for root, path in holders if path not in paths or "://" in root or os.path.isdir(root)]


def _leave_to(tx: "Transaction", holder: tuple[str, str], load_id: int) -> Note:
    """Let a load be that of another file with the same content; its rows stay."""
    root, path = holder
    tx.execute("update raw.rejected set path = $2 where load_id = $1", (load_id, path))
    return Note(
        path,
        f"had the same content, so the rows of load {load_id} stay; if they are void too, take them out with "
        f"`footfall reload --forget --landing {root} {path}`",
    )


def _load(tx: "Transaction", reader: Reader, file: LandingFile, **load):
    try:
        return load_within(tx, reader, file, **load)
    except (CorruptFile, FileChanged, OSError) as error:
        raise ReloadError(f"{file.path}: {error}. Nothing was changed.") from error
