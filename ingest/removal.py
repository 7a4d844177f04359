"""Taking events, and rows of users, out of raw: the bookkeeping becomes that of a warehouse which never saw them.

The caller names the events in raw.leaving_events (load_id, line), whatever the reason; the statements here do the rest,
in the same transaction. Set-based SQL, the same on every engine.
"""

# Only names from entities.py and the engine's catalogue, and the callers' own queries, are put into SQL

from datetime import datetime
from typing import TYPE_CHECKING

from ingest.entities import Entity

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


# Where keys stand that are no rows of a person: requests, and work that is pending or under way.
NO_ROWS_OF_USERS = ("raw.erasures", "raw.pending", "raw.leaving_users", "ops.erasures", "ops.replaced_sessions")
_TABLES_OF_USERS = """
select columns.table_schema || '.' || columns.table_name
from information_schema.columns as columns
inner join information_schema.tables as tables
    on tables.table_schema = columns.table_schema and tables.table_name = columns.table_name
where columns.column_name = 'user_key' and tables.table_type = 'BASE TABLE' and columns.table_schema {schemas}
order by 1
"""


def tables_of_users(tx: "Transaction", *, is_published: bool = False) -> list[str]:
    """`schema.table` of every table with rows of users: of what is published, or of everything behind it."""
    tables = tx.fetch(_TABLES_OF_USERS.format(schemas="= 'marts'" if is_published else "<> 'marts'"))
    return [table for (table,) in tables if table not in NO_ROWS_OF_USERS]


def delete_rows_of_users(
    tx: "Transaction", entity: Entity, keys: str, reason: str, run_id: str, clock: datetime
) -> None:
    """Delete rows of an entity, the parts of their documents, and the note that another row repeated one of them.

    Args:
        keys: the query of the users' keys.
        reason: erased or beyond_retention.
        clock: UTC, naive; kept with the numbers.
    """
    table = entity.table.qualified_name
    theirs = f"select load_id, line from {table} where user_key in ({keys})"
    if entity.exploded:
        tx.execute(f"delete from {entity.exploded.qualified_name} where (load_id, line) in ({theirs})")
    tx.execute(
        f"delete from raw.repeated_rows where entity = '{entity.name}' and (kept_load_id, kept_line) in ({theirs})"
    )
    tx.execute(
        f"""
        insert into raw.deletions (run_id, load_id, workspace_id, reason, rows, deleted_at)
        select $1, load_id, workspace_id, $2, count(*), $3
        from {table}
        where user_key in ({keys})
        group by load_id, workspace_id
        """,
        (run_id, reason, clock),
    )
    tx.execute(f"delete from {table} where user_key in ({keys})")


def note_whole_histories(tx: "Transaction", users: str, parameters: tuple = ()) -> None:
    """Have all made anew that the built tables may hold of users.

    Args:
        users: query of workspace_id and user_key.
    """
    tx.execute(
        f"""
        insert into raw.pending (kind, workspace_id, user_key, touched_at, touched_until)
        select 'position', workspace_id, user_key, timestamp '1900-01-01 00:00:00', timestamp '2999-12-31 00:00:00'
        from ({users}) as users
        """,
        parameters,
    )
