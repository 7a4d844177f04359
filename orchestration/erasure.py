"""What an erasure has to do beyond the rows of raw: proof that nothing is left, bytes, landing files, the certificate.

`ingest/erase.py` takes people out of raw and notes them in ops.erasures. The run that publishes the tables without them
comes here; a run that breaks off leaves the rest to the next one.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.erase import Person, carry_out_requests, in_list, request_erasure
from ingest.load import utc_naive
from ingest.mentions import Mentions, find_mentions
from ingest.removal import tables_of_users
from orchestration.settings import Settings, utc_now
from warehouse.base import Transaction, Warehouse

if TYPE_CHECKING:
    from orchestration.refresh import Refresh

log = logging.getLogger("footfall")

_KEYS_A_SEARCH = 20  # a table is read once for so many


class StillThere(Exception):
    """Tables hold rows that name somebody who was erased; the message says which."""


@dataclass(frozen=True)
class _Erasure:
    """A line of ops.erasures that is not completed. user_key: None once the tables were searched for it."""

    erasure_id: str
    workspace_id: str
    tombstone: str
    mode: str
    user_key: str | None
    deletes_landing: bool
    erased_at: datetime
    certificate: dict


def erase(refresh: "Refresh", person: Person, *, deletes_landing: bool) -> None:
    """Take the person out of raw, for the next build to publish the tables without them."""
    with refresh.warehouse.transaction() as tx:
        request_erasure(tx, person)
    carry_out_requests(refresh.warehouse, refresh.run_id, utc_naive(refresh.clock), deletes_landing=deletes_landing)


def is_unfinished(tx: Transaction) -> bool:
    """Whether an erasure waits for its end."""
    return bool(tx.fetch("select 1 from ops.erasures where completed_at is null limit 1"))


def has_erased(tx: Transaction, run_id: str) -> bool:
    """Whether this run has taken somebody out of raw."""
    return bool(tx.fetch("select 1 from ops.erasures where run_id = $1 limit 1", (run_id,)))


def finish_erasures(settings: Settings, warehouse: Warehouse, landing: str, clock: datetime) -> int:
    """Bring every erasure to its end whose people are in no published table any more; return how many there were.

    Args:
        clock: the moment of the run, aware.

    Raises:
        StillThere: a table still names one of them.
    """
    with warehouse.transaction() as tx:
        erasures = _unfinished(tx)
    if not erasures:
        return 0
    _search_tables(warehouse, [erasure for erasure in erasures if erasure.user_key])
    mentions = _search_landing(settings, warehouse, landing, clock, erasures)
    storage = warehouse.scrub()
    with warehouse.transaction() as tx:
        publication_id = tx.fetch("select max(publication_id) from ops.publications")[0][0]
        for erasure in _unfinished(tx):
            completed_at = utc_naive(utc_now())
            certificate = {
                "erasure_id": erasure.erasure_id,
                "workspace_id": erasure.workspace_id,
                "tombstone": erasure.tombstone,
                "mode": erasure.mode,
                "erased_at": f"{erasure.erased_at}Z",
                "completed_at": f"{completed_at}Z",
                "engine": warehouse.engine,
                "publication": publication_id,
                **erasure.certificate,
                "storage": storage,
                "landing": _landing_words(landing, mentions, erasure.tombstone),
            }
            tx.execute(
                "update ops.erasures set completed_at = $2, certificate = $3 where erasure_id = $1",
                (erasure.erasure_id, completed_at, json.dumps(certificate)),
            )
    log.info("erased %d people: every table searched, storage written anew", len(erasures))
    return len(erasures)


def last_certificate(warehouse: Warehouse, tombstone: str) -> dict | None:
    """The certificate of the latest completed erasure of a person."""
    sql = """
        select certificate from ops.erasures
        where tombstone = $1 and completed_at is not null
        order by completed_at desc
        limit 1
    """
    with warehouse.transaction() as tx:
        found = tx.fetch(sql, (tombstone,))
    return json.loads(found[0][0]) if found else None


def _unfinished(tx: Transaction) -> list[_Erasure]:
    rows = tx.fetch(
        """
        select erasure_id, workspace_id, tombstone, mode, user_key, deletes_landing, erased_at, certificate
        from ops.erasures
        where completed_at is null
        order by erased_at, erasure_id
        """
    )
    return [_Erasure(*values, json.loads(certificate)) for *values, certificate in rows]


def _search_tables(warehouse: Warehouse, erasures: Sequence[_Erasure]) -> None:
    """Remove what only a build writes down of the people, search every table for them, and forget their keys."""
    if not erasures:
        return
    keys = [erasure.user_key for erasure in erasures]
    with warehouse.transaction() as tx:
        for table in [*tables_of_users(tx), "ops.replaced_sessions"]:
            tx.execute(f"delete from {table} where user_key in {in_list(keys)}")
        tx.execute(f"update ops.erasures set user_key = null where user_key in {in_list(keys)}")
        searched, left = _rows_naming(tx, keys)
        if "marts" not in {table.split(".")[0] for table in searched}:
            with warehouse.published() as reader:
                searched_marts, left_in_marts = _rows_naming(reader, keys)
            searched, left = searched + searched_marts, left | left_in_marts
        if left:
            places = ", ".join(f"{table} ({rows} rows)" for table, rows in sorted(left.items()))
            raise StillThere(f"somebody who was erased is still named in {places}; remove it there and run again")
        for erasure in erasures:
            certificate = erasure.certificate | {"search": {"tables": len(searched), "rows_left": 0}}
            tx.execute(
                "update ops.erasures set certificate = $2 where erasure_id = $1",
                (erasure.erasure_id, json.dumps(certificate)),
            )


_TEXT_COLUMNS = """
select columns.table_schema || '.' || columns.table_name, columns.column_name
from information_schema.columns as columns
inner join information_schema.tables as tables
    on tables.table_schema = columns.table_schema and tables.table_name = columns.table_name
where tables.table_type = 'BASE TABLE'
    and columns.table_schema not in ('pg_catalog', 'information_schema')
    and columns.data_type in ('text', 'character varying', 'VARCHAR')
order by 1, 2
"""


def _rows_naming(tx: Transaction, keys: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """(tables searched, rows by table in which a text holds one of the keys)."""
    columns: dict[str, list[str]] = {}
    for table, column in tx.fetch(_TEXT_COLUMNS):
        columns.setdefault(table, []).append(f'"{column}"')
    left: dict[str, int] = {}
    for table, names in columns.items():
        for start in range(0, len(keys), _KEYS_A_SEARCH):
            group = keys[start : start + _KEYS_A_SEARCH]
            in_list(group)
            names_one = " or ".join(f"strpos(texts, '{key}') > 0" for key in group)
            texts = f"select concat_ws(' ', {', '.join(names)}) as texts from {table}"
            rows = tx.fetch(f"select count(*) from ({texts}) as rows_as_text where {names_one}")[0][0]
            if rows:
                left[table] = left.get(table, 0) + rows
    return list(columns), left


def _search_landing(
    settings: Settings, warehouse: Warehouse, landing: str, clock: datetime, erasures: Iterable[_Erasure]
) -> Mentions:
    return find_mentions(
        warehouse,
        landing,
        settings.keys(),
        {erasure.tombstone for erasure in erasures},
        clock=clock,
        max_row_bytes=settings.max_row_bytes,
        deletes_landing={erasure.tombstone for erasure in erasures if erasure.deletes_landing},
    )


def _landing_words(landing: str, mentions: Mentions, tombstone: str) -> dict[str, object]:
    files = mentions.rows.get(tombstone, {})
    return {
        "root": landing,
        "files_rewritten": {path: rows for path, rows in sorted(files.items()) if path in mentions.rewritten},
        "files_naming_the_person": {
            path: rows for path, rows in sorted(files.items()) if path not in mentions.rewritten
        },
        "unreadable_rows": mentions.unreadable_rows,
        "unread_files": dict(sorted(mentions.unread.items())),
    }
