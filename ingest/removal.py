"""Taking events out of raw: the bookkeeping of repeated ids becomes that of a warehouse which never saw them.

The caller names the events in raw.leaving_events (load_id, line), whatever the reason; the statements here do the rest,
in the same transaction. Set-based SQL, the same on every engine.
"""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.base import Transaction


def delete_events(tx: "Transaction", reason: str, run_id: str, clock: datetime, *, is_rebuilt: bool = True) -> int:
    """Remove the leaving events for a policy, and write down in raw.deletions how many; return that number.

    Args:
        reason: consent, erased or beyond_retention.
        clock: UTC, naive; kept with the numbers.
        is_rebuilt: whether the next build redoes their sessions and days without them.
    """
    # Postgres would take the table for as empty as it was after the last removal.
    tx.execute("analyze raw.leaving_events")
    rows = tx.fetch("select count(*) from raw.leaving_events")[0][0]
    if not rows:
        return 0
    tx.execute(
        """
        insert into raw.deletions (run_id, load_id, workspace_id, reason, rows, deleted_at)
        select $1, events.load_id, events.workspace_id, $2, count(*), $3
        from raw.events as events
        inner join raw.leaving_events as leaving on leaving.load_id = events.load_id and leaving.line = events.line
        group by events.load_id, events.workspace_id
        """,
        (run_id, reason, clock),
    )
    take_out_events(tx, is_rebuilt=is_rebuilt)
    return rows


def take_out_events(tx: "Transaction", *, is_rebuilt: bool = True) -> None:
    """Remove the leaving events, and no word about it.

    What the build has to redo is written to raw.pending: the position of every event that goes, and of every other copy
    of its id, for one of those survives now.
    """
    if is_rebuilt:
        _note_positions(tx)
    _forget_copies(tx)
    tx.execute(
        """
        delete from raw.events as events
        where exists (
            select 1 from raw.leaving_events as leaving
            where leaving.load_id = events.load_id and leaving.line = events.line
        )
        """
    )
    tx.execute("delete from raw.leaving_events")


_LEAVING_IDS = """
    select distinct copies.workspace_id, copies.event_id
    from raw.repeated_events as copies
    inner join raw.leaving_events as leaving on leaving.load_id = copies.load_id and leaving.line = copies.line
"""


def _note_positions(tx: "Transaction") -> None:
    tx.execute(
        f"""
        insert into raw.pending (kind, workspace_id, user_key, touched_at)
        select 'position', workspace_id, user_key, created_at
        from (
            select events.workspace_id, events.user_key, events.created_at
            from raw.events as events
            inner join raw.leaving_events as leaving on leaving.load_id = events.load_id and leaving.line = events.line
            union
            select copies.workspace_id, copies.user_key, copies.created_at
            from raw.repeated_events as copies
            inner join ({_LEAVING_IDS}) as ids
                on ids.workspace_id = copies.workspace_id and ids.event_id = copies.event_id
        ) as positions
        """
    )


def _forget_copies(tx: "Transaction") -> None:
    """Neither the leaving copies of an id, nor the last one that stays: an id of one copy is not repeated any more."""
    tx.execute(
        f"""
        delete from raw.repeated_events
        where (workspace_id, event_id) in (
            select copies.workspace_id, copies.event_id
            from raw.repeated_events as copies
            inner join ({_LEAVING_IDS}) as ids
                on ids.workspace_id = copies.workspace_id and ids.event_id = copies.event_id
            left join raw.leaving_events as leaving
                on leaving.load_id = copies.load_id and leaving.line = copies.line
            group by copies.workspace_id, copies.event_id
            having count(*) - count(leaving.line) <= 1
        )
        """
    )
    tx.execute(
        """
        delete from raw.repeated_events as copies
        where exists (
            select 1 from raw.leaving_events as leaving
            where leaving.load_id = copies.load_id and leaving.line = copies.line
        )
        """
    )
