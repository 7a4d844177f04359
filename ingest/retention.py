"""How long events are kept: the horizon of each workspace, and what arrives from before it.

A horizon is the beginning of a local day of the workspace. It only moves forward: what a purge has deleted stays beyond
it, even when the setting is raised or taken away, for the days before are archived as they were.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from ingest.time_zones import DEFAULT_ZONE, effective_zones, load_zone

if TYPE_CHECKING:
    from warehouse.base import Transaction

OTHER_WORKSPACES = "*"


@dataclass(frozen=True)
class Retention:
    """Horizons in days before the local day of the run; None: no end.

    Attributes:
        raw_days: of events, by their time.
        users_days: of rows of users, by their last event; not fewer than raw_days.
    """

    raw_days: int | None = None
    users_days: int | None = None


KEEP_EVERYTHING = Retention()


def set_horizons(tx: "Transaction", retention: Retention, clock: datetime) -> None:
    """Write the horizon of every workspace to raw.horizons, those that are not known from workspaces/ as `*`.

    Args:
        clock: the moment of the run, aware.
    """
    purged = dict(tx.fetch("select workspace_id, purged_until from raw.horizons"))
    if not purged and retention.raw_days is None:
        return
    tx.execute("delete from raw.horizons")
    for workspace_id, zone in {OTHER_WORKSPACES: DEFAULT_ZONE, **effective_zones(tx)}.items():
        purged_until = purged.get(workspace_id, purged.get(OTHER_WORKSPACES))
        horizon = purged_until
        today = clock.astimezone(load_zone(zone)).date()
        if retention.raw_days is not None:
            horizon = max(filter(None, (purged_until, _midnight(today - timedelta(days=retention.raw_days), zone))))
        if horizon is not None:
            tx.execute(
                "insert into raw.horizons (workspace_id, kept_from, kept_from_date, purged_until, users_kept_from)"
                " values ($1, $2, $3, $4, $5)",
                (
                    workspace_id,
                    horizon,
                    _local_date(horizon, zone),
                    purged_until,
                    None if retention.users_days is None else today - timedelta(days=retention.users_days),
                ),
            )


def horizons(tx: "Transaction") -> pa.Table | None:
    """workspace_id and kept_from (UTC, naive) of raw.horizons; None when events are kept for ever."""
    rows = tx.fetch("select workspace_id, kept_from from raw.horizons order by workspace_id")
    if not rows:
        return None
    names, moments = zip(*rows, strict=True)
    return pa.table({"workspace_id": pa.array(names, pa.string()), "kept_from": pa.array(moments, pa.timestamp("us"))})


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), load_zone(zone)).astimezone(UTC).replace(tzinfo=None)


def _local_date(moment: datetime, zone: str) -> date:
    return moment.replace(tzinfo=UTC).astimezone(load_zone(zone)).date()
