"""The keys a warehouse was built with, and their rotation: user_key' = HMAC(new key, user_key).

FOOTFALL_SECRET_KEY makes the first user key of every person, and each of FOOTFALL_ROTATION_KEYS the next one. The whole
ring is needed for as long as the warehouse is used: new events pass through all of it.
"""

import logging
from datetime import datetime

import pyarrow as pa

from ingest.entities import RAW_TABLES
from ingest.load import utc_naive
from ingest.privacy import Keys
from ingest.purge import ARCHIVED
from orchestration.settings import Settings, SettingsError, utc_now
from warehouse.base import Transaction
from warehouse.open import open_warehouse

log = logging.getLogger("footfall")

_TABLES = (
    *(table.qualified_name for table in RAW_TABLES if "user_key" in table.column_names),
    *(f"ops.archived_{name}" for name in ARCHIVED),
)


def check_keys(tx: Transaction, keys: Keys) -> None:
    """Refuse other keys than those the warehouse was built with; write them down where there are none yet.

    With another secret every user would count as a new one, and no repeated event would be recognised.

    Raises:
        SettingsError: the secret or the ring is another one.
    """
    if _is_new(tx, keys):
        _record(tx, keys, 0, utc_now())
    elif len(keys.ring_marks) > _check_ring(tx, keys):
        raise SettingsError(
            "FOOTFALL_ROTATION_KEYS holds a key that was not applied to this warehouse yet. "
            "Apply it with `footfall rotate-key`, or take it out again."
        )


def rotate_keys(settings: Settings) -> int:
    """Apply the keys of the ring that are new: every user key in raw changes, in one transaction, and everything is
    noted to be rebuilt. Returns how many people there are; 0 when no key is new.

    Raises:
        SettingsError: the secret or the applied part of the ring is another one.
        LockTimeout: another run held the warehouse too long.
    """
    keys = settings.keys()
    warehouse = open_warehouse(settings)
    waiting = "waiting for another run (%s)"
    with (
        warehouse.lock(settings.lock_wait_seconds, lambda holder: log.info(waiting, holder)),
        warehouse.transaction() as tx,
    ):
        return apply_ring(tx, keys, utc_now())


def apply_ring(tx: Transaction, keys: Keys, clock: datetime) -> int:
    """`rotate_keys` in the caller's transaction. clock: aware, kept with the keys."""
    if _is_new(tx, keys):
        _record(tx, keys, 0, clock)
        return 0
    applied = _check_ring(tx, keys)
    if applied == len(keys.ring_marks):
        return 0
    people = _rewrite_user_keys(tx, keys, applied)
    _record(tx, keys, applied, clock)
    tx.execute("delete from ops.replaced_sessions")
    for kind in ("rotation", "everything"):
        tx.execute("insert into raw.pending (kind) values ($1)", (kind,))
    return people


def _is_new(tx: Transaction, keys: Keys) -> bool:
    """Whether nothing was built yet; then the secret is the warehouse's from now on."""
    mark = keys.hash("fingerprint", "footfall warehouse")
    known = tx.fetch("select mark from ops.secret_marks")
    if not known:
        tx.execute("insert into ops.secret_marks (mark) values ($1)", (mark,))
        return True
    if known != [(mark,)]:
        raise SettingsError(
            "FOOTFALL_SECRET_KEY is not the key this warehouse was built with. With another one every user would "
            "count as new and repeated events would count twice. Set the old key again; to change keys, leave it and "
            "add a new one to FOOTFALL_ROTATION_KEYS."
        )
    return False


def _check_ring(tx: Transaction, keys: Keys) -> int:
    """How many keys of the ring are applied. Raises SettingsError when these are not the first ones of the ring."""
    applied = tx.fetch("select fingerprint, applied_at from raw.key_ring order by position")
    for place, (fingerprint, applied_at) in enumerate(applied):
        if keys.ring_marks[place : place + 1] != (fingerprint,):
            raise SettingsError(
                f"key {place + 1} of FOOTFALL_ROTATION_KEYS is not the one that was applied on {applied_at:%Y-%m-%d}: "
                "every user would count as new. Set the keys again in the order they came; "
                "`footfall rotate-key` applies those added at the end."
            )
    return len(applied)


def _record(tx: Transaction, keys: Keys, first: int, clock: datetime) -> None:
    for place, mark in enumerate(keys.ring_marks[first:], start=first + 1):
        tx.execute(
            "insert into raw.key_ring (position, fingerprint, applied_at) values ($1, $2, $3)",
            (place, mark, utc_naive(clock)),
        )


def _rewrite_user_keys(tx: Transaction, keys: Keys, applied: int) -> int:
    """Set-based, by a table of old and new keys that is gone before the transaction ends."""
    every_key = " union ".join(f"select user_key from {table} where user_key is not null" for table in _TABLES)
    old_keys = [user_key for (user_key,) in tx.fetch(every_key)]
    # Made from a column of the tables, so that the texts compare alike on every engine.
    tx.execute("create table raw.rotated_keys as select user_key, user_key as new_key from raw.events where 1 = 0")
    new_keys = [keys.rotated(user_key, applied) for user_key in old_keys]
    tx.append("raw.rotated_keys", pa.table({"user_key": pa.array(old_keys, pa.string()), "new_key": new_keys}))
    for table in _TABLES:
        tx.execute(
            f"update {table} set user_key = rotated.new_key from raw.rotated_keys as rotated"
            f" where {table}.user_key = rotated.user_key"
        )
    tx.execute("drop table raw.rotated_keys")
    return len(old_keys)
