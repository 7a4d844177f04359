"""What the next build has to redo, kept in `raw.pending` until a publication shows it.

Rows are written when a change is first seen and removed only by publishing. A build that fails, or a setting that is
changed back in between, therefore leaves the work where it is, and doing it twice changes nothing. Kinds:

    load        rows of a load are new
    removal     a reload took the rows of a load out
    position    an event left this place of a user's history
    range       this stretch of a user's history is to be rebuilt
    workspace   a workspace's local time is another one
    dates       as_of_date moved, or users expired; no event did
    rotation    every user key is another one: with `everything`, and no session is the one it was
    everything  models or lasting settings changed, or somebody asked for it: a full refresh
"""

from datetime import UTC, date, datetime, timedelta

from ingest.time_zones import load_zone
from warehouse.base import Transaction

_LAST_PUBLICATION = """
select fingerprint, as_of_argument, newest_event_at
from ops.publications
order by publication_id desc
limit 1
"""


def note_changes(tx: Transaction, fingerprint: str, clock: datetime, as_of: date | None, full_refresh: bool) -> None:
    """Add to the pending work what other things than loads call for.

    Args:
        fingerprint: of models and lasting settings, now.
        clock: the moment of the run, aware.
        as_of: the `--as-of` of the run.
        full_refresh: whether somebody asked for one.
    """
    publications = tx.fetch(_LAST_PUBLICATION)
    if full_refresh or not publications or publications[0][0] != fingerprint:
        _add(tx, "everything")
        return
    _, last_as_of, newest_event_at = publications[0]
    if as_of != last_as_of or _dates_moved(tx, clock, as_of, newest_event_at):
        _add(tx, "dates")


def is_built_with(tx: Transaction, fingerprint: str) -> bool:
    """Whether the last publication was built by these models and settings."""
    publications = tx.fetch(_LAST_PUBLICATION)
    return bool(publications) and publications[0][0] == fingerprint


def is_built_as_of(tx: Transaction) -> bool:
    """Whether the last publication hides the days after some `--as-of`."""
    publications = tx.fetch(_LAST_PUBLICATION)
    return bool(publications) and publications[0][1] is not None


def pending_kinds(tx: Transaction) -> dict[str, int]:
    """How many changes of each kind wait for a publication; empty when there is nothing to do."""
    return dict(tx.fetch("select kind, count(*) from raw.pending group by kind order by kind"))


def _dates_moved(tx: Transaction, clock: datetime, as_of: date | None, newest_event_at: datetime | None) -> bool:
    built = tx.fetch("select timezone, as_of_date from intermediate.int_as_of_dates")
    return any(as_of_date(zone, clock, as_of, newest_event_at) != shown for zone, shown in built)


def as_of_date(zone_name: str, clock: datetime, as_of: date | None, newest_event_at: datetime | None) -> date:
    """The last day that reports of a workspace in this zone cover (contract section 2).

    Args:
        zone_name: IANA name.
        clock: the moment of the run, aware.
        as_of: the `--as-of` of the run; it may lie after the data, but not after local yesterday.
        newest_event_at: UTC moment (naive) of the newest event of a user in the whole warehouse.
    """
    zone = load_zone(zone_name)
    yesterday = clock.astimezone(zone).date() - timedelta(days=1)
    if as_of is not None:
        return min(as_of, yesterday)
    if newest_event_at is None:
        return yesterday
    return min(newest_event_at.replace(tzinfo=UTC).astimezone(zone).date(), yesterday)


def _add(tx: Transaction, kind: str) -> None:
    if kind not in pending_kinds(tx):
        tx.execute("insert into raw.pending (kind) values ($1)", (kind,))
