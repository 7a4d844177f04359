"""A landing root behind an fsspec URL: listing it, and spooling one file at a time to a local copy."""

# os.path rather than pathlib: names may hold bytes that are no UTF-8: text as the system gives it

import os
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec

from ingest.discover import Entry, FileChanged, LandingError, Note, storable_path
from ingest.temporary import temporary_folder

_COPY_BYTES = 8 * 1024 * 1024


def list_remote(root: str, notes: list[Note]) -> Iterator[Entry]:
    """Every file below the URL. Raises LandingError when it cannot be listed."""
    try:
        filesystem, base = fsspec.core.url_to_fs(root)
        filesystem.invalidate_cache()
        base = base.rstrip("/")
        found = filesystem.find(base, detail=True)
    except Exception as error:  # each filesystem has errors of its own
        raise LandingError(
            f"the landing root {root} cannot be listed: {error}. Check the URL, the credentials and AWS_ENDPOINT_URL."
        ) from error
    if not found and not filesystem.exists(base):
        raise LandingError(
            f"the landing root {root} does not exist. Create it, or set FOOTFALL_LANDING to the right one."
        )
    return _entries(base, found, notes)


def _entries(base: str, found: dict[str, dict[str, Any]], notes: list[Note]) -> Iterator[Entry]:
    for name, details in sorted(found.items()):
        path = name.removeprefix(base).lstrip("/")
        if not path or path.endswith("/"):
            continue
        if ".." in path.split("/"):
            notes.append(Note(storable_path(path), "refused: a key with `..` in it"))
            continue
        yield Entry(storable_path(path), name, int(details.get("size") or 0), _modified(details))


def _modified(details: dict[str, Any]) -> str:
    for name in ("ETag", "etag", "LastModified", "last_modified", "mtime", "created"):
        if details.get(name):
            return str(details[name])
    return ""


@contextmanager
def spooled(root: str, entry: Entry) -> Iterator[str]:
    """A local copy of the file, removed afterwards. Raises FileChanged when its size is not the listed one."""
    filesystem, _ = fsspec.core.url_to_fs(root)
    with temporary_folder("footfall-spool-") as folder:
        local_path = os.path.join(folder, "copy" + posixpath.splitext(entry.path)[1][:10])
        with filesystem.open(entry.real_path, "rb") as remote, open(local_path, "wb") as local:
            shutil.copyfileobj(remote, local, _COPY_BYTES)
        if os.path.getsize(local_path) != entry.size:
            raise FileChanged("changed while it was fetched; left for the next run")
        yield local_path
