"""What the warehouse remembers of loads: set-based SQL over the raw tables, the same on every engine."""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.entities import EVENTS, Entity

if TYPE_CHECKING:
    from warehouse.base import Transaction


def known_files(tx: "Transaction", root: str) -> set[tuple[str, int, str]]:
    """(path, size in bytes, modified) of every file of this landing root that needs no second look."""
    return set(tx.fetch("select path, size_bytes, modified_ns from raw.files where landing_root = $1", (root,)))


def sha256_of(path: str) -> str:
    """The hash by which the ledger knows the content of a local file."""
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_over_file(tx: "Transaction", root: str, was: tuple[str, int, str], becomes: tuple[int, str, str]) -> None:
    """Know a file whose rows were loaded by what is left of it; one that was not loaded stays unknown.

    Args:
        was: path, size in bytes and modified of the file as it was.
        becomes: size in bytes, modified and hash of what is left.
    """
    tx.execute(
        """
        insert into raw.files (landing_root, path, size_bytes, modified_ns, file_hash, load_id, dated_at)
        select landing_root, path, $5, $6, $7, load_id, dated_at
        from raw.files
        where landing_root = $1 and path = $2 and size_bytes = $3 and modified_ns = $4
        """,
        (root, *was, *becomes),
    )


def next_load_id(tx: "Transaction") -> int:
    return tx.fetch("select coalesce(max(load_id), 0) + 1 from raw.loads")[0][0]


def loads_of_contents(tx: "Transaction", entity: Entity, file_hashes: Sequence[str]) -> dict[str, int]:
    """By file hash, the load that took in the same bytes for the same entity, if its rows were not replaced.

    The bytes may be those that were left of its file when a person was erased.
    """
    placeholders = ", ".join(f"${number}" for number in range(2, len(file_hashes) + 2))
    sql = f"""
        select contents.file_hash, min(loads.load_id)
        from (
            select file_hash, load_id from raw.loads
            union
            select file_hash, load_id from raw.files
        ) as contents
        inner join raw.loads loads on loads.load_id = contents.load_id
        where loads.entity = $1 and loads.status = 'loaded' and contents.file_hash in ({placeholders})
            and loads.load_id not in (select load_id from raw.replaced_loads)
        group by contents.file_hash
    """
    return dict(tx.fetch(sql, (entity.name, *file_hashes)))


def count_repeated_events(tx: "Transaction", first_load_id: int, last_load_id: int) -> dict[int, tuple[int, int]]:
    """Keep all copies of every id of the newest loads that occurs more than once.

    The history is searched by its ids alone, once for all loads, and only the copies of repeated ids are read.

    Returns: (duplicates, conflicts) of each load that has any.
    """
    tx.execute(
        """
        insert into raw.repeated_events
            (load_id, line, workspace_id, event_id, user_key, created_at, content_hash)
        with loaded_ids as (
            select workspace_id, event_id, count(*) as copies
            from raw.events where load_id between $1 and $2
            group by workspace_id, event_id
        ),
        repeated_ids as (
            select workspace_id, event_id from loaded_ids where copies > 1
            union
            select i.workspace_id, i.event_id
            from raw.events e
            inner join loaded_ids i on i.workspace_id = e.workspace_id and i.event_id = e.event_id
            where e.load_id < $1
        )
        select c.load_id, c.line, c.workspace_id, c.event_id, c.user_key, c.created_at, c.content_hash
        from raw.events c
        inner join repeated_ids r on r.workspace_id = c.workspace_id and r.event_id = c.event_id
        where not exists (
            select 1 from raw.repeated_events known
            where known.workspace_id = c.workspace_id and known.event_id = c.event_id
                and known.load_id = c.load_id and known.line = c.line
        )
        """,
        (first_load_id, last_load_id),
    )
    loads = tx.fetch(
        "select distinct load_id from raw.repeated_events where load_id between $1 and $2",
        (first_load_id, last_load_id),
    )
    return {load_id: _repeated_events_of(tx, load_id) for (load_id,) in loads}


def _repeated_events_of(tx: "Transaction", load_id: int) -> tuple[int, int]:
    """(duplicates, conflicts) of a load as things stood after it."""
    (counts,) = tx.fetch(
        """
        with loaded_ids as (
            select workspace_id, event_id, count(*) as copies
            from raw.repeated_events where load_id = $1
            group by workspace_id, event_id
        ),
        known_copies as (
            select r.workspace_id, r.event_id, min(r.load_id) as first_load_id,
                count(distinct r.content_hash) as contents
            from raw.repeated_events r
            inner join loaded_ids i on i.workspace_id = r.workspace_id and i.event_id = r.event_id
            where r.load_id <= $1
            group by r.workspace_id, r.event_id
        ),
        per_id as (
            select i.copies - case when k.first_load_id < $1 then 0 else 1 end as duplicates, k.contents
            from loaded_ids i
            inner join known_copies k on k.workspace_id = i.workspace_id and k.event_id = i.event_id
        )
        select
            cast(coalesce(sum(duplicates), 0) as bigint),
            cast(coalesce(sum(case when contents > 1 then duplicates else 0 end), 0) as bigint)
        from per_id
        """,
        (load_id,),
    )
    return counts


def remove_repeated_rows(tx: "Transaction", entity: Entity, load_id: int, clock: datetime) -> int:
    """Take rows that change nothing out of a load of any entity but events; return how many there were.

    A row that carries updated_at (or a consent) repeats one of the same key and content. One without it, whose
    updated_at is the load's clock, repeats the latest version of its key when the content is the same. Which row it
    repeats is written down, so that it can take that one's place should a reload remove it.
    """
    if entity is EVENTS:
        raise ValueError("events are an immutable log; see count_repeated_events")
    table = entity.table.qualified_name
    has_versions = "updated_at" in entity.table.column_names
    keys = [key for key in entity.keys if key != "decided_at"]
    is_same_key = " and ".join(f"coalesce(o.{key}, '') = coalesce(n.{key}, '')" for key in keys)
    is_later_key = " and ".join(f"coalesce(later.{key}, '') = coalesce(o.{key}, '')" for key in keys)
    is_current = f"""
        n.updated_at <> $2 or not exists (
            select 1 from {table} later
            where {is_later_key} and later.load_id < $1
                and (later.updated_at > o.updated_at
                    or (later.updated_at = o.updated_at and later.content_hash > o.content_hash))
        )
    """
    parameters = (load_id, clock) if has_versions else (load_id,)
    # The first of equal rows is never itself one that is left out.
    tx.execute(
        f"""
        insert into raw.repeated_rows (entity, load_id, line, kept_load_id, kept_line, updated_at)
        select '{entity.name}', load_id, line, kept_load_id, kept_line, updated_at
        from (
            select
                n.load_id,
                n.line,
                o.load_id as kept_load_id,
                o.line as kept_line,
                {"n.updated_at" if has_versions else "cast(null as timestamp)"} as updated_at,
                row_number() over (partition by n.line order by o.load_id, o.line) as place
            from {table} n
            inner join {table} o on {is_same_key} and o.content_hash = n.content_hash
            where n.load_id = $1 and (
                (o.load_id = $1 and o.line < n.line)
                or (o.load_id < $1 and ({is_current if has_versions else "1 = 1"}))
            )
        ) as repetitions
        where place = 1
        """,
        parameters,
    )
    repeated_lines = f"from raw.repeated_rows where entity = '{entity.name}' and load_id = $1"
    for holder in filter(None, (entity.table, entity.exploded)):
        tx.execute(
            f"delete from {holder.qualified_name} where load_id = $1 and line in (select line {repeated_lines})",
            (load_id,),
        )
    return tx.fetch(f"select count(*) {repeated_lines}", (load_id,))[0][0]
