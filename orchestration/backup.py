"""Backup and restore: a folder that holds the warehouse as it was between two runs, and who had been erased.

The keys are not in it: FOOTFALL_SECRET_KEY and FOOTFALL_ROTATION_KEYS are kept apart, or the backup would undo the
pseudonyms. Nor are the salts of IP addresses, which are destroyed after 48 hours and would live on in it, nor the
landing files.

Who was erased after the backup was made must not come back with it. A backup cannot know them, so a restore asks for
what does: the list in a later backup, or the certificates of the erasures.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from ingest.erase import Person, carry_out_requests, in_list, keep_out, request_erasure
from ingest.load import utc_naive
from ingest.privacy import Keys
from ingest.removal import tables_of_users
from orchestration.key_ring import check_keys
from orchestration.refresh import open_refresh
from orchestration.settings import Settings, utc_now
from serving.tokens import token_file
from warehouse.base import Warehouse, WarehouseError
from warehouse.open import open_warehouse
from warehouse.owner_only import make_private

_DESCRIPTION = "backup.json"
ERASURES = "erasures.json"
_TOKENS = "tokens.json"


class BackupError(WarehouseError):
    """The backup cannot be made there, or is not one that can be restored here; the message says why."""


@dataclass(frozen=True)
class Erased:
    """Somebody who was erased, as a certificate or a backup names them. tombstone: see Keys.tombstone."""

    workspace_id: str
    tombstone: str
    mode: str


def make_backup(settings: Settings, folder: Path) -> dict[str, object]:
    """Write a backup; a run in progress is waited for, and none begins meanwhile.

    Args:
        folder: must not exist; it appears when it is complete.

    Returns:
        What is written to backup.json: when, of what, and the SHA-256 of every file.

    Raises:
        BackupError: the folder exists.
        WarehouseError: another run did not end in time, or the warehouse is unreachable.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists: name a folder that does not")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        description = _write(settings, partial)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return description


def _write(settings: Settings, folder: Path) -> dict[str, object]:
    with open_refresh(settings, str(uuid.uuid4())) as refresh:
        refresh.warehouse.back_up(folder)
        with refresh.warehouse.transaction() as tx:
            erased = tx.fetch(
                "select distinct workspace_id, tombstone, mode from raw.tombstones where lifted_at is null"
                " order by workspace_id, tombstone, mode"
            )
            publication = tx.fetch("select max(publication_id) from ops.publications")[0][0]
        if token_file(settings.home).exists():
            shutil.copyfile(token_file(settings.home), folder / _TOKENS)
    names = ("workspace_id", "tombstone", "mode")
    (folder / ERASURES).write_text(json.dumps([dict(zip(names, row, strict=True)) for row in erased], indent=2))
    description = {
        "made_at": refresh.clock.isoformat(timespec="seconds"),
        "engine": refresh.warehouse.engine,
        "footfall": version("footfall"),
        "publication": publication,
        "erased": len(erased),
        "files": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
    }
    (folder / _DESCRIPTION).write_text(json.dumps(description, indent=2))
    for path in folder.iterdir():
        make_private(path)
    return description


def restore_backup(settings: Settings, folder: Path, erased: Sequence[Erased]) -> int:
    """Put a backup into an empty installation, without those who were erased since; return how many were in it.

    Until the next run readers see what was published, or nothing yet when somebody had to go.

    Raises:
        BackupError: it is no backup, is damaged, is of the other engine, or there is a warehouse already.
        SettingsError: the keys are others than those the backup was made with; what was restored is taken away again.
    """
    description = _checked(settings, folder)
    warehouse = open_warehouse(settings)
    keys = settings.keys()
    if warehouse.holds_loads():
        raise BackupError(
            "there is a warehouse with loaded rows already: restore into an empty FOOTFALL_HOME, or an empty database"
        )
    warehouse.restore(folder)
    try:
        with warehouse.lock(settings.lock_wait_seconds):
            with warehouse.transaction() as tx:
                check_keys(tx, keys)
            gone = _keep_erased(warehouse, keys, erased, utc_now())
            if not gone and description["publication"] is not None:
                warehouse.restore_publication(folder, int(description["publication"]))
    except BaseException:
        warehouse.discard()
        raise
    if (folder / _TOKENS).exists():
        shutil.copyfile(folder / _TOKENS, token_file(settings.home))
        make_private(token_file(settings.home))
    return gone


def read_erased(files: Sequence[Path]) -> list[Erased]:
    """Who was erased, from lists of backups and certificates in any mixture.

    Raises:
        BackupError: a file is neither.
    """
    erased = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            for one in content if isinstance(content, list) else [content]:
                erased.append(Erased(one["workspace_id"], one["tombstone"], one["mode"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = type(error).__name__
            raise BackupError(f"{file} is neither {ERASURES} of a backup nor a certificate ({problem})") from None
    return erased


def _checked(settings: Settings, folder: Path) -> dict:
    try:
        description = json.loads((folder / _DESCRIPTION).read_text())
        engine, files = description["engine"], description["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{folder} is no backup: it has no readable {_DESCRIPTION}") from None
    if engine != settings.target:
        raise BackupError(f"{folder} is a backup of {engine}: restore it with --target {engine}")
    for name, digest in files.items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise BackupError(f"{folder / name} is missing or not as it was written: take another backup")
    return description


_PEOPLE = " union ".join(
    f"select workspace_id, user_key from {table}"
    for table in ("raw.events", "raw.users", "raw.consents", "ops.archived_sessions", "ops.archived_user_days")
)


def _keep_erased(warehouse: Warehouse, keys: Keys, erased: Sequence[Erased], clock: datetime) -> int:
    """Take those who were erased out of raw and of what readers see, and keep them out; how many there were."""
    with warehouse.transaction() as tx:
        known = set(tx.fetch("select workspace_id, tombstone from raw.tombstones where lifted_at is null"))
        new = {(one.workspace_id, one.tombstone): one for one in erased}
        new = {who: one for who, one in new.items() if who not in known}
        if not new:
            return 0
        if keys.ring_marks:
            raise BackupError(
                "user keys have rotated, so nobody can tell by a certificate whose rows they are: restore with"
                " --none-erased and erase them again by their user_id before anybody reads"
            )
        people = [
            Person(workspace_id, user_key, None, tombstone, new[workspace_id, tombstone].mode)
            for workspace_id, user_key in tx.fetch(_PEOPLE)
            if (workspace_id, tombstone := keys.tombstone(user_key)) in new
        ]
        for one in new.values():
            keep_out(tx, one.workspace_id, one.tombstone, one.mode, utc_naive(clock))
        for person in people:
            request_erasure(tx, person)
    if people:
        carry_out_requests(warehouse, str(uuid.uuid4()), utc_naive(clock))
        with warehouse.transaction() as tx:
            theirs = in_list(person.user_key for person in people)
            for table in tables_of_users(tx, is_published=True):
                tx.execute(f"delete from {table} where user_key in {theirs}")
    return len(people)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
