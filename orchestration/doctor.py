"""What is set, what is reachable, what is missing: each finding says what to do about it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import version

from pydantic import SecretStr

from ingest.load import utc_naive
from orchestration.finding import Finding
from orchestration.project import build_fingerprint
from orchestration.settings import Settings, SettingsError, utc_now
from orchestration.watch import WATCHED, hook
from warehouse.base import Warehouse, WarehouseError
from warehouse.open import open_warehouse

FREE_BYTES_WANTED = 2_000_000_000
CLOCK_TOLERANCE = timedelta(minutes=5)  # of machines that keep their own time
RAW_DAYS_RECOMMENDED = 395  # 365 of a report, and 30 that the score at its beginning looks back
USERS_DAYS_RECOMMENDED = 760  # 365 of a report, 365 it is compared with, and 30 for data that comes late


def examine(settings: Settings) -> list[Finding]:
    """Every finding, settings first, then what they lead to. Secrets are never shown."""
    findings = [
        _versions(),
        *_settings(settings),
        _secret(settings),
        *_retention(settings),
        _home(settings),
        _landing(settings),
        hook(settings),
    ]
    try:
        warehouse = open_warehouse(settings)
        for check in _WAREHOUSE_CHECKS:
            findings.append(check(warehouse, settings))
        for watch in WATCHED:
            findings += watch(warehouse, settings)
    except Exception as error:  # whatever a driver raises is the finding
        findings.append(Finding("warehouse", str(error).strip(), is_well=False, is_fatal=True))
    return findings


def _versions() -> Finding:
    names = ("dbt-core", "dagster", "duckdb", "great-expectations")
    return Finding("versions", f"Python {sys.version.split()[0]}, " + ", ".join(f"{n} {version(n)}" for n in names))


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        shown = "(set, not shown)" if isinstance(value, SecretStr) else value
        origin = "" if name in settings.model_fields_set else " (default)"
        yield Finding(f"FOOTFALL_{name.upper()}", f"{'unset' if shown is None else shown}{origin}: {field.description}")


def _secret(settings: Settings) -> Finding:
    try:
        settings.keys()
    except SettingsError as error:
        return Finding("secret key", str(error), is_well=False, is_fatal=True)
    return Finding("secret key", "set")


def _retention(settings: Settings) -> Iterator[Finding]:
    for kept, name, days, recommended, why in (
        (
            "events",
            "FOOTFALL_RETAIN_RAW_DAYS",
            settings.retain_raw_days,
            RAW_DAYS_RECOMMENDED,
            "the least that every report of 365 days is whole with",
        ),
        (
            "rows of silent users",
            "FOOTFALL_RETAIN_USERS_DAYS",
            settings.retain_users_days,
            USERS_DAYS_RECOMMENDED,
            "so that no report compares with users who are gone",
        ),
    ):
        advice = f"{recommended} days are recommended, {why}"
        if days is None:
            yield Finding("retention", f"{name} is unset, {kept} are kept for ever; {advice}", False)
        else:
            yield Finding("retention", f"{kept} are kept for {days} days; {advice}", days >= recommended)


def _home(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < FREE_BYTES_WANTED:
        words = f"only {free / 1e9:.1f} GB free under {settings.home}: a run may find no space; make room"
        return Finding("disk", words, is_well=False)
    return Finding("disk", f"{free / 1e9:.0f} GB free under {settings.home}")


def _landing(settings: Settings) -> Finding:
    from ingest.discover import discover
    from ingest.entities import ENTITIES

    try:
        discovery = discover(settings.landing_root, ENTITIES, known_files=(), settle_seconds=0)
    except Exception as error:  # a missing folder, a bucket that refuses, a name that does not resolve
        return Finding("landing", str(error), is_well=False)
    words = f"{len(discovery.files)} files in {settings.landing_root}"
    if not discovery.notes:
        return Finding("landing", words)
    first = discovery.notes[0]
    words += f", {len(discovery.notes)} left alone, the first {first.path}: {first.reason}"
    return Finding("landing", words, is_well=not any("unreadable" in note.reason for note in discovery.notes))


def _connection(warehouse: Warehouse, settings: Settings) -> Finding:
    warehouse.prepare()
    with warehouse.transaction() as tx:
        version_words = tx.fetch("select version()")[0][0]
    return Finding("warehouse", f"{warehouse.engine} reachable: {version_words}")


def _lock(warehouse: Warehouse, settings: Settings) -> Finding:
    holder = warehouse.lock_holder()
    if holder is None:
        return Finding("lock", "free")
    if holder.is_alive is False and holder.release is None:
        words = f"free; {holder.words} died during its run: `footfall run` takes up what it left"
    elif holder.is_alive is False:
        words = f"held by a connection of {holder.words}, which died: free it with `{holder.release}`"
    elif holder.is_alive:
        words = f"a run is in progress ({holder.words}); another one waits for its end"
    else:
        words = f"held from another machine ({holder.words}); should the run be gone, free it with `{holder.release}`"
    return Finding("lock", words, is_well=False)


def _clock(warehouse: Warehouse, settings: Settings) -> Finding:
    now = utc_naive(utc_now())
    with warehouse.transaction() as tx:
        last = tx.fetch(
            "select max(moment) from (select max(loaded_at) as moment from raw.loads"
            " union all select max(published_at) as moment from ops.publications) as moments"
        )[0][0]
    if last is not None and last > now + CLOCK_TOLERANCE:
        words = (
            f"it is {now:%Y-%m-%d %H:%M} UTC here, but the last run was at {last:%Y-%m-%d %H:%M} UTC: set the clock "
            "right (`timedatectl set-ntp true`), or days that are over count as not over yet"
        )
        return Finding("clock", words, is_well=False)
    return Finding("clock", f"{now:%Y-%m-%d %H:%M} UTC, after the last run")


def _loads(warehouse: Warehouse, settings: Settings) -> Finding:
    with warehouse.transaction() as tx:
        files, rows, newest = tx.fetch(
            "select count(*), coalesce(sum(loaded), 0), max(loaded_at) from raw.loads"
            " where status = 'loaded' and load_id not in (select load_id from raw.replaced_loads)"
        )[0]
    return Finding("loads", f"{files:,} files, {int(rows):,} rows, newest {newest or 'never'} UTC")


def _pending(warehouse: Warehouse, settings: Settings) -> Finding:
    from orchestration.pending import pending_kinds

    with warehouse.transaction() as tx:
        kinds = pending_kinds(tx)
    if kinds:
        words = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        return Finding("pending", f"{words}: not published yet, run `footfall run`", is_well=False)
    return Finding("pending", "nothing: all that was loaded is published")


def _publication(warehouse: Warehouse, settings: Settings) -> Finding:
    try:
        with warehouse.published() as reader:
            number, at = reader.fetch("select max(publication_id), max(published_at) from ops.publications")[0]
    except WarehouseError as error:
        return Finding("publication", str(error), is_well=False)
    with warehouse.transaction() as tx:
        fingerprint = tx.fetch("select fingerprint from ops.publications order by publication_id desc limit 1")
    if fingerprint and fingerprint[0][0] != build_fingerprint(settings):
        return Finding(
            "publication", f"{number}, {at} UTC; models or settings changed since: the next run rebuilds", is_well=False
        )
    return Finding("publication", f"{number}, {at} UTC")


# The lock first: while a run has it, DuckDB lets nobody else in.
_WAREHOUSE_CHECKS: tuple[Callable[[Warehouse, Settings], Finding], ...] = (
    _lock,
    _connection,
    _clock,
    _loads,
    _pending,
    _publication,
)
