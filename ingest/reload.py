"""Files that were mended after they had been loaded: their old rows go and the new ones come, in one transaction.

Which rows go is told by the ledger: those of every load that took in an earlier content of the path. What raw then
holds is what it would hold had the file always been as it is now.
"""

import os
import posixpath
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from ingest.consent import enforce_consent
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
from ingest.entities import ENTITIES, EVENTS
from ingest.lines import CorruptFile
from ingest.load import load_within, utc_naive
from ingest.load_report import FileResult, LoadReport
from ingest.policies import NO_POLICY, ConsentPolicy, policies_of
from ingest.privacy import DEFAULT_RULES, Keys, PrivacyRules
from ingest.read import DEFAULT_MAX_ROW_BYTES, Reader
from ingest.replace import take_out
from ingest.retention import KEEP_EVERYTHING, Retention, set_horizons

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
class _Plan:
    """What a reload does.

    Attributes:
        paths: whose rows of any earlier content go.
        notes: on other files of the same folder or pattern, which stay.
        known: what the ledger says of this landing root.
        loads: all that the paths were loaded by.
        files: to load anew, in the order of discovery: those of the paths, and those that hold what one of the loads
            took in.
    """

    paths: set[str]
    notes: list[Note]
    known: list[_KnownFile]
    loads: set[int]
    files: list[LandingFile]

    @cached_property
    def entries(self) -> list[_KnownFile]:
        """The lines of the ledger that go."""
        reloaded = {file.path for file in self.files}
        return [
            file
            for file in self.known
            if file.path in self.paths or (file.path in reloaded and file.load_id in self.loads)
        ]

    def dated_at(self, path: str) -> datetime | None:
        """When the rows that go were loaded."""
        return max((entry.dated_at for entry in self.entries if entry.path == path and entry.dated_at), default=None)


def check_reload(warehouse: "Warehouse", root: str, names: Sequence[str], *, forget: bool) -> None:
    """Raises ReloadError for what `reload_files` would refuse by the names alone, LandingError as `discover` does."""
    with warehouse.transaction() as tx:
        _plan(tx, root, names, forget, settle_seconds=0)


def reload_files(
    warehouse: "Warehouse",
    root: str,
    names: Sequence[str],
    keys: Keys,
    *,
    run_id: str,
    clock: datetime,
    forget: bool = False,
    consent_policy: ConsentPolicy = NO_POLICY,
    retention: Retention = KEEP_EVERYTHING,
    privacy_rules: PrivacyRules = DEFAULT_RULES,
    on_progress: Callable[[FileResult], None] = lambda result: None,
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
        consent_policy, retention: as of `load_landing`.
        on_progress: told each file's result.

    Raises:
        ReloadError: a name fits no loaded file, or a file cannot be read.
        LandingError: the landing root cannot be read.
    """
    utc_clock = utc_naive(clock)
    with warehouse.transaction() as tx:
        plan = _plan(tx, root, names, forget, settle_seconds)
        report = _take_out(tx, root, plan, run_id, utc_clock)
        if plan.files:
            with Reader(keys, clock, max_row_bytes, privacy_rules) as reader:
                for entity, files in groupby(plan.files, attrgetter("entity")):
                    if entity is EVENTS:
                        set_horizons(tx, retention, clock)
                        report.withdrawn = enforce_consent(tx, consent_policy, run_id, utc_clock)
                    reader.adopt(policies_of(tx, entity))
                    for file in files:
                        dated_at = plan.dated_at(file.path) or utc_clock
                        load = {"root": landing_root(root), "run_id": run_id, "clock": clock, "dated_at": dated_at}
                        report.files.append(_load(tx, reader, file, **load))
                        on_progress(report.files[-1])
    return report


def _plan(tx: "Transaction", root: str, names: Sequence[str], forget: bool, settle_seconds: float) -> _Plan:
    discovery = discover(root, ENTITIES, known_files=(), settle_seconds=settle_seconds)
    sql = "select path, size_bytes, modified_ns, load_id, dated_at from raw.files where landing_root = $1"
    known = [_KnownFile(*row) for row in tx.fetch(sql, (landing_root(root),))]
    paths, notes = _select(root, names, discovery, {file.path for file in known}, forget)
    loads = {file.load_id for file in known if file.path in paths}
    holding = {(file.path, file.size, file.modified) for file in known if file.load_id in loads}
    files = [file for file in discovery.files if file.path in paths or (file.path, file.size, file.modified) in holding]
    return _Plan(paths, notes, known, loads, [] if forget else files)


def _take_out(tx: "Transaction", root: str, plan: _Plan, run_id: str, utc_clock: datetime) -> ReloadReport:
    """Forget the files, and take out the loads that no other file stands for."""
    for entry in plan.entries:
        tx.execute(
            "delete from raw.files where landing_root = $1 and path = $2 and load_id = $3",
            (landing_root(root), entry.path, entry.load_id),
        )
    report = ReloadReport(notes=list(plan.notes))
    for load_id in sorted(plan.loads):
        holders = _holders(tx, load_id, plan.paths)
        if holders:
            report.notes.append(_leave_to(tx, holders[0], load_id))
        else:
            report.removed_loads += 1
            report.removed_rows += take_out(tx, load_id, run_id, utc_clock)
    return report


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


def _load(tx: "Transaction", reader: Reader, file: LandingFile, **load: object) -> FileResult:
    try:
        return load_within(tx, reader, file, **load)
    except FileChanged as error:
        raise ReloadError(f"{file.path}: changed while it was read; try again. Nothing was changed.") from error
    except (CorruptFile, OSError) as error:
        raise ReloadError(f"{file.path}: {error}. Nothing was changed.") from error


def _select(
    root: str, names: Sequence[str], discovery: Discovery, known: Collection[str], forget: bool
) -> tuple[set[str], list[Note]]:
    """The paths meant by the names. Raises ReloadError with a line for each name that selects no file."""
    present = {file.path for file in discovery.files}
    reasons = {note.path: note.reason for note in discovery.notes}
    gone = {path for path in known if path not in present and reasons.get(path, "empty") == "empty"}
    paths, notes, problems = set(), [], []
    for name in names:
        meant = [_matching(path, present | reasons.keys() | set(known)) for path in _spellings(root, name)]
        found, is_one_file = next(filter(lambda match: match[0], meant), ((), True))
        chosen = {path for path in found if path in known and path in (gone if forget else present)}
        paths |= chosen
        if not found:
            problems.append(f"{name}: no such file under {root}, and none was ever loaded from there")
        elif not chosen:
            one_file = _refusal(found[0], reasons, known, gone)
            problems.append(one_file if is_one_file else f"{name}: {_NONE_THERE[forget]}")
        elif not forget:
            notes += [Note(path, "no longer there; its rows stay") for path in found if path in gone]
    if problems:
        raise ReloadError("\n".join([*problems, "Nothing was changed."]))
    return paths, notes


_NONE_THERE = {
    False: "no file there was loaded before; `footfall run` loads new ones",
    True: "every loaded file is still there; --forget is for those that were removed",
}


def _refusal(path: str, reasons: dict[str, str], known: Collection[str], gone: Collection[str]) -> str:
    """Why a file of this name is not reloaded, or not forgotten."""
    reason = reasons.get(path)
    if path not in known:
        return f"{path}: never loaded, so there is nothing to replace; `footfall run` loads new files"
    if path in gone:
        reason = reason or "no longer in the landing folder"
        return f"{path}: {reason}; put it back, or take its rows out with `footfall reload --forget`"
    if reason:
        return f"{path}: {reason}"
    return f"{path}: still in the landing folder, so the next run would load it again; remove it there first"


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
