"""Taking the rows of a load out of raw again, so that what stays is what the other loads say: set-based SQL.

A row that was left out of another load because it repeated one that goes now takes its place, and the bookkeeping of
repeated ids is that of a warehouse which never saw the load. Its line in raw.loads stays: a report is not rewritten.
"""

# Only names from entities.py are put into SQL; values are parameters

from datetime import datetime
from typing import TYPE_CHECKING

from ingest.consent import recheck_consent
from ingest.entities import CONSENTS, ENTITIES, EVENTS, Entity
from ingest.removal import take_out_events

if TYPE_CHECKING:
    from warehouse.base import Transaction

_ENTITIES = {entity.name: entity for entity in ENTITIES}


def take_out(tx: "Transaction", load_id: int, run_id: str, clock: datetime) -> int:
    """Remove all rows of a load, pending work and file names included; return how many rows of data there were.

    Args:
        run_id: of the run that replaces the load.
        clock: UTC, naive; kept with it.
    """
    entity = _ENTITIES[tx.fetch("select entity from raw.loads where load_id = $1", (load_id,))[0][0]]
    table = entity.table.qualified_name
    rows = tx.fetch(f"select count(*) from {table} where load_id = $1", (load_id,))[0][0]
    tx.execute("delete from raw.pending where load_id = $1", (load_id,))
    if rows:
        tx.execute("insert into raw.pending (load_id, kind) values ($1, 'removal')", (load_id,))
    if entity is EVENTS:
        tx.execute(
            "insert into raw.leaving_events (load_id, line) select load_id, line from raw.events where load_id = $1",
            (load_id,),
        )
        tx.execute("analyze raw.leaving_events")
        take_out_events(tx)
    else:
        _promote_repetitions(tx, entity, load_id)
    if entity is CONSENTS:
        recheck_consent(tx)
    parts = [entity.exploded.qualified_name] if entity.exploded else []
    for holder in (table, *parts, "raw.rejected", "raw.files"):
        tx.execute(f"delete from {holder} where load_id = $1", (load_id,))
    tx.execute(
        "insert into raw.replaced_loads (load_id, run_id, replaced_at) values ($1, $2, $3)", (load_id, run_id, clock)
    )
    return rows


def redate_rows(tx: "Transaction", entity: Entity, load_id: int, clock: datetime, dated_at: datetime) -> None:
    """Let a load's rows without updated_at, which have its clock there, keep the time of the load they replace.

    Else a mended export of last month would win over this month's.
    """
    if "updated_at" in entity.table.column_names:
        tx.execute(
            f"update {entity.table.qualified_name} set updated_at = $3 where load_id = $1 and updated_at = $2",
            (load_id, clock, dated_at),
        )


def restore_repetitions(tx: "Transaction", entity: Entity, load_id: int) -> None:
    """Store the rows again that repeated the latest version of their key until this load's older rows came between.

    Only a load whose rows are dated in the past can do that.
    """
    if "updated_at" not in entity.table.column_names:
        return
    table = entity.table.qualified_name
    is_same_key = " and ".join(f"coalesce(n.{key}, '') = coalesce(k.{key}, '')" for key in entity.keys)
    restored = f"""(
        select *
        from (
            select
                r.*,
                row_number() over (
                    partition by r.kept_load_id, r.kept_line order by r.updated_at, r.load_id, r.line
                ) as place
            from raw.repeated_rows r
            inner join {table} k on k.load_id = r.kept_load_id and k.line = r.kept_line
            inner join {table} n on {is_same_key}
            where r.entity = '{entity.name}'
                and n.load_id = $1
                and n.updated_at >= k.updated_at
                and n.updated_at < r.updated_at
                and n.content_hash <> k.content_hash
        ) as ranked
        where place = 1
    )"""
    _store(tx, entity, restored, load_id)
    _strike_stored(tx, entity)


def _promote_repetitions(tx: "Transaction", entity: Entity, load_id: int) -> None:
    """The first row of another load that repeated a row of this one is stored in its place; the rest repeat that."""
    tx.execute(f"delete from raw.repeated_rows where entity = '{entity.name}' and load_id = $1", (load_id,))
    first_repetitions = f"""(
        select *
        from (
            select *, row_number() over (partition by kept_line order by load_id, line) as place
            from raw.repeated_rows
            where entity = '{entity.name}' and kept_load_id = $1
        ) as ranked
        where place = 1
    )"""
    _store(tx, entity, first_repetitions, load_id)
    tx.execute(
        f"""
        update raw.repeated_rows as repetitions
        set kept_load_id = repeated.load_id, kept_line = repeated.line
        from {first_repetitions} as repeated
        where repetitions.entity = '{entity.name}'
            and repetitions.kept_load_id = $1
            and repetitions.kept_line = repeated.kept_line
        """,
        (load_id,),
    )
    _strike_stored(tx, entity)


def _store(tx: "Transaction", entity: Entity, repetitions: str, load_id: int) -> None:
    """Store rows that were left out, and the parts of their documents: what each repeats, with what is its own.

    Args:
        repetitions: a query of rows of raw.repeated_rows, with the load_id as its parameter.
    """
    for stored in filter(None, (entity.table, entity.exploded)):
        own = {"load_id", "line", "updated_at"}
        columns = [f"{'repeated' if column in own else 'kept'}.{column}" for column in stored.column_names]
        tx.execute(
            f"""
            insert into {stored.qualified_name} ({", ".join(stored.column_names)})
            select {", ".join(columns)}
            from {stored.qualified_name} kept
            inner join {repetitions} as repeated
                on repeated.kept_load_id = kept.load_id and repeated.kept_line = kept.line
            """,
            (load_id,),
        )


def _strike_stored(tx: "Transaction", entity: Entity) -> None:
    """Rows that are stored now are no longer ones that were left out."""
    tx.execute(
        f"""
        delete from raw.repeated_rows as repetitions
        where entity = '{entity.name}' and exists (
            select 1
            from {entity.table.qualified_name} stored
            where stored.load_id = repetitions.load_id and stored.line = repetitions.line
        )
        """
    )
