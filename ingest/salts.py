"""Salts of IP addresses: one for each period of load dates, destroyed when it has served its time.

They are files under FOOTFALL_HOME, whatever the warehouse's engine is, and never rows: a deleted row lives on in
DuckDB's file, in Postgres' heap and log, and in every backup of them. Homes that load into one warehouse have salts of
their own.
"""

import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

SALT_BYTES = 32
KEPT_AFTER_END = timedelta(hours=48)
_DAY = timedelta(days=1)
_FILE_NAME = re.compile(r"\d{4}-\d\d-\d\d_(\d{4}-\d\d-\d\d)\.salt")


class IpSalts:
    """The salts of a folder, which is made when it is needed; only its owner may read it.

    Args:
        days: how many UTC dates of loads share one salt.
    """

    def __init__(self, folder: Path, days: int = 1) -> None:
        self._folder = folder
        self._days = days

    def salt(self, clock: datetime) -> bytes:
        """The 32 random bytes of the period that the UTC date of the clock (aware) is in; made on first use."""
        ordinal = clock.astimezone(UTC).date().toordinal()
        first = date.fromordinal(ordinal - ordinal % self._days)
        file = self._folder / f"{first}_{first + (self._days - 1) * _DAY}.salt"
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return self._make(file)

    def destroy_expired(self, clock: datetime) -> int:
        """Destroy every salt whose last day ended 48 hours before the clock (aware); return how many there were."""
        expired = [file for file, last_day in self._files() if clock >= _end_of(last_day) + KEPT_AFTER_END]
        for file in expired:
            # Overwritten first, for where the file system writes in place.
            with open(file, "r+b", buffering=0) as salt:
                salt.write(bytes(SALT_BYTES))
                os.fsync(salt.fileno())
            file.unlink()
        return len(expired)

    def _make(self, file: Path) -> bytes:
        """Linked into place whole, so that of two processes at once both use the salt of the first."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(SALT_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(staged, file)
        except FileExistsError:
            pass
        finally:
            staged.unlink()
        return file.read_bytes()

    def _files(self) -> Iterator[tuple[Path, date]]:
        """Every salt's file, and the last day that it served."""
        if not self._folder.is_dir():
            return
        for file in self._folder.iterdir():
            if name := _FILE_NAME.fullmatch(file.name):
                yield file, date.fromisoformat(name.group(1))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + _DAY, time(), UTC)
