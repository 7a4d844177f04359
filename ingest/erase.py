"""Erasing people from raw: the requests at hand are carried out in one transaction, with the tombstones that keep the
people out from then on.

What is left is what a warehouse would hold that never saw them. In mode `anonymize` their events stay as those of
somebody nobody can name: under a key that was drawn for the purpose and is written down nowhere else. How the bytes go
too, and what proves it, is in `orchestration/erasure.py`. Set-based SQL, the same on every engine.
"""

# Only names from entities.py and the engine's catalogue, and keys that are hexadecimal, are put into SQL

import json
import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.entities import CONSENTS, EVENTS, USERS, Entity
from ingest.privacy import HASH_LENGTH, Keys, shape
from ingest.purge import ARCHIVED
from ingest.removal import delete_events, delete_rows_of_users, note_whole_histories, tables_of_users

if TYPE_CHECKING:
    from warehouse.base import Transaction, Warehouse

# Rows of people who became anonymous are of no file: whoever has the file would find them there again by their line.
ANONYMOUS_LOAD = -1


class NotErased(Exception):
    """There is no tombstone to lift; the message says for whom."""


@dataclass(frozen=True)
class Person:
    """Somebody to be erased.

    Attributes:
        fingerprint: how rejected rows show the user id; None when the id is not known.
        mode: delete or anonymize.
    """

    workspace_id: str
    user_key: str
    fingerprint: str | None
    tombstone: str
    mode: str

    @classmethod
    def of_user(cls, keys: Keys, workspace_id: str, user_id: str, mode: str = "delete") -> "Person":
        """The person whom landing files call by this id."""
        return cls(
            workspace_id,
            keys.user_key(workspace_id, user_id),
            keys.user_fingerprint(user_id),
            keys.tombstone(keys.original_user_key(workspace_id, user_id)),
            mode,
        )

    @classmethod
    def of_key(cls, keys: Keys, workspace_id: str, user_key: str, mode: str = "delete") -> "Person":
        """The person whom the tables call by this key. Raises ValueError when it is none, or when keys have rotated:
        the key before, which keeps the person out, cannot be told from it."""
        if keys.ring_marks:
            raise ValueError("user keys have rotated since the first one: name the person by --user")
        return cls(workspace_id, checked_user_key(user_key), None, keys.tombstone(user_key), mode)


def is_user_key(text: str) -> bool:
    """Whether a text has the form of a user_key."""
    return re.fullmatch(f"[0-9a-f]{{{HASH_LENGTH}}}", text) is not None


def checked_user_key(text: str) -> str:
    """The text. Raises ValueError when it has not the form of a user_key."""
    if not is_user_key(text):
        raise ValueError(f"{text!r} is no user key: those have {HASH_LENGTH} hexadecimal characters, lower case")
    return text


def request_erasure(tx: "Transaction", person: Person) -> None:
    """Put the person beside those whom request files name."""
    tx.execute(
        "insert into raw.erasures (workspace_id, user_key, user_fingerprint, tombstone, mode)"
        " values ($1, $2, $3, $4, $5)",
        (person.workspace_id, person.user_key, person.fingerprint, person.tombstone, person.mode),
    )


def lift_tombstone(tx: "Transaction", person: Person, clock: datetime) -> None:
    """Let rows of the person in again. Raises NotErased. clock: UTC, naive."""
    active = "workspace_id = $1 and tombstone = $2 and lifted_at is null"
    if not tx.fetch(f"select 1 from raw.tombstones where {active}", (person.workspace_id, person.tombstone)):
        raise NotErased(f"nobody by this id is kept out of workspace {person.workspace_id!r}")
    tx.execute(
        f"update raw.tombstones set lifted_at = $3 where {active}", (person.workspace_id, person.tombstone, clock)
    )


def carry_out_requests(warehouse: "Warehouse", run_id: str, clock: datetime, *, deletes_landing: bool = False) -> int:
    """Erase everybody who is in raw.erasures, or nobody; return how many people there were.

    What remains to be done is in ops.erasures until it is done: build, publish, and rid the storage of the bytes.

    Args:
        clock: UTC, naive.
        deletes_landing: whether the landing files are to be rewritten without the people.
    """
    with warehouse.transaction() as tx:
        people = _requested(tx)
    if not people:
        return 0
    keys = [person.user_key for person in people]
    removed = defaultdict(dict)
    if warehouse.has_publication():
        with warehouse.published() as reader:
            _count(reader, keys, tables_of_users(reader, is_published=True), removed)
    with warehouse.transaction() as tx:
        _count(tx, keys, tables_of_users(tx), removed)
        _anonymize(tx)
        _delete_rejected(tx, people, removed)
        _delete_events(tx, run_id, clock)
        for entity in (USERS, CONSENTS):
            _count_parts(tx, entity, removed)
            delete_rows_of_users(tx, entity, "select user_key from raw.erasures", "erased", run_id, clock)
        for table in _kept_by_the_loader(tx):
            tx.execute(f"delete from {table} where user_key in {_REQUESTED_KEYS}")
        for person in people:
            keep_out(tx, person.workspace_id, person.tombstone, person.mode, clock)
            _open_certificate(tx, person, removed[person.user_key], run_id, clock, deletes_landing)
        note_whole_histories(tx, "select distinct workspace_id, user_key from raw.erasures")
        tx.execute("delete from raw.erasures")
    return len(people)


def _kept_by_the_loader(tx: "Transaction") -> list[str]:
    """Tables with rows of users that no build makes anew, so that what is left in them would be counted again."""
    made_anew = ("staging.", "intermediate.", "candidate.")
    return [table for table in tables_of_users(tx) if not table.startswith(made_anew)]


def names_person_sql(fingerprint: str, workspace_shape: str) -> str:
    """Condition over `payload` of raw.rejected: whether the row shows this id, and a workspace of this shape.

    Args:
        fingerprint, workspace_shape: SQL expressions of `Keys.user_fingerprint` and `privacy.shape`.
    """
    return (
        f"""strpos(payload, '"user_id":"hmac:' || {fingerprint} || '"') > 0"""
        f""" and strpos(payload, '"workspace_id":"' || {workspace_shape} || '"') > 0"""
    )


def in_list(keys: Iterable[str]) -> str:
    """Keys as the right side of `in`, for readers that offer no parameters. Raises ValueError for what is no key."""
    keys = list(keys)
    if not all(map(is_user_key, keys)):
        raise ValueError("not a user key")
    return "(" + ", ".join(f"'{key}'" for key in keys) + ")"


def _requested(tx: "Transaction") -> list[Person]:
    """One request a person; who is to be deleted is not kept as anonymous."""
    rows = tx.fetch(
        """
        select workspace_id, user_key, max(user_fingerprint), max(tombstone), max(mode)
        from raw.erasures
        group by workspace_id, user_key
        order by workspace_id, user_key
        """
    )
    return [Person(*row) for row in rows]


def _count(tx: "Transaction", keys: Collection[str], tables: Iterable[str], removed: dict[str, dict[str, int]]) -> None:
    for table in tables:
        sql = f"select user_key, count(*) from {table} where user_key in {in_list(keys)} group by user_key"
        for user_key, rows in tx.fetch(sql):
            removed[user_key][table] = rows


_REQUESTED_KEYS = "(select user_key from raw.erasures)"
_ANONYMOUS = """
    (
        select user_key
        from raw.erasures
        group by user_key
        having max(mode) = 'anonymize'
    )
"""


def _anonymize(tx: "Transaction") -> None:
    """Copy what is counted of those who are to be anonymous, under keys that a thrown-away salt makes.

    Ids of events keep their order within a user, which decides between events of one moment.
    """
    if not tx.fetch(f"select 1 from {_ANONYMOUS} as anonymous limit 1"):
        return
    salt = secrets.token_hex(32)
    for entity, source, columns in (
        (EVENTS, _SURVIVING_EVENTS, _ANONYMOUS_EVENT),
        (USERS, _LATEST_PROFILES, _ANONYMOUS_PROFILE),
        (CONSENTS, f"select * from raw.consents where user_key in {_ANONYMOUS}", _ANONYMOUS_DECISION),
    ):
        table = entity.table.qualified_name
        made = _BOOKKEEPING | columns
        values = [made.get(name, f"kept.{name}") for name in entity.table.column_names]
        tx.execute(
            f"""
            insert into {table} ({", ".join(entity.table.column_names)})
            select {", ".join(values).format(table=table)}
            from ({source}) as kept
            """,
            (salt,),
        )
    for name in ARCHIVED:
        ids = ["user_key = md5($1 || user_key)"]
        if "session" in name:
            ids.append("session_id = md5($1 || session_id)")
        if name == "sessions":
            ids.append("client_session_key = md5($1 || client_session_key)")
        tx.execute(f"update ops.archived_{name} set {', '.join(ids)} where user_key in {_ANONYMOUS}", (salt,))
    anonymous = f"select distinct workspace_id, user_key from raw.erasures where user_key in {_ANONYMOUS}"
    renamed = f"select workspace_id, md5($1 || user_key) as user_key from ({anonymous}) as people"
    note_whole_histories(tx, renamed, (salt,))


_BOOKKEEPING = {
    "load_id": str(ANONYMOUS_LOAD),
    "line": f"""
        coalesce((select max(line) from {{table}} where load_id = {ANONYMOUS_LOAD}), 0)
        + row_number() over (order by md5($1 || kept.content_hash))
    """,
    "user_key": "md5($1 || kept.user_key)",
    "content_hash": "md5($1 || kept.content_hash || kept.load_id || ' ' || kept.line)",
}
_ANONYMOUS_EVENT = {
    "event_id": """
        lpad(
            cast(row_number() over (partition by kept.user_key order by kept.created_at, kept.event_id) as varchar),
            12,
            '0'
        ) || '-' || md5($1 || kept.event_id)
    """,
    "client_session_key": "md5($1 || kept.client_session_key)",
    # No table counts by these, and they tell more than counts do.
    "ip_hash": "null",
    "user_agent_hash": "null",
    "referrer_host": "null",
    "metadata": "null",
}
_ANONYMOUS_PROFILE = {"attributes": "null"}
_ANONYMOUS_DECISION: dict[str, str] = {}

_SURVIVING_EVENTS = f"""
    select events.*
    from raw.events as events
    left join (
        select load_id, line, row_number() over (
            partition by workspace_id, event_id order by created_at, content_hash, load_id, line
        ) as place
        from raw.repeated_events
        where (workspace_id, event_id) in (
            select workspace_id, event_id from raw.repeated_events where user_key in {_REQUESTED_KEYS}
        )
    ) as copies on copies.load_id = events.load_id and copies.line = events.line
    where events.user_key in {_ANONYMOUS} and coalesce(copies.place, 1) = 1
"""
_LATEST_PROFILES = f"""
    select *
    from (
        select *, row_number() over (partition by user_key order by updated_at desc, content_hash desc) as place
        from raw.users
        where user_key in {_ANONYMOUS}
    ) as profiles
    where place = 1
"""


def _delete_rejected(tx: "Transaction", people: list[Person], removed: dict[str, dict[str, int]]) -> None:
    """Rejected rows show an id by its fingerprint, and of the workspace no more than its shape."""
    for workspace_id in {person.workspace_id for person in people if person.fingerprint}:
        is_theirs = f"requested.workspace_id = $1 and {names_person_sql('requested.user_fingerprint', '$2')}"
        parameters = (workspace_id, shape(workspace_id))
        counts = tx.fetch(
            f"""
            select requested.user_key, count(*)
            from raw.rejected as rejected
            inner join (
                select distinct workspace_id, user_key, user_fingerprint from raw.erasures
            ) as requested on {is_theirs}
            group by requested.user_key
            """,
            parameters,
        )
        for user_key, rows in counts:
            removed[user_key]["raw.rejected"] = rows
        tx.execute(
            "delete from raw.rejected as rejected where exists ("
            f"select 1 from raw.erasures as requested where {is_theirs})",
            parameters,
        )


def _delete_events(tx: "Transaction", run_id: str, clock: datetime) -> None:
    tx.execute(
        f"""
        insert into raw.leaving_events (load_id, line)
        select load_id, line from raw.events where user_key in {_REQUESTED_KEYS}
        """
    )
    delete_events(tx, "erased", run_id, clock)


def _count_parts(tx: "Transaction", entity: Entity, removed: dict[str, dict[str, int]]) -> None:
    """Rows of the parts of documents, which have no key of their own."""
    if entity.exploded:
        parts = entity.exploded.qualified_name
        counts = tx.fetch(
            f"""
            select rows_of_users.user_key, count(*)
            from {entity.table.qualified_name} as rows_of_users
            inner join {parts} as parts on parts.load_id = rows_of_users.load_id and parts.line = rows_of_users.line
            where rows_of_users.user_key in {_REQUESTED_KEYS}
            group by rows_of_users.user_key
            """
        )
        for user_key, rows in counts:
            removed[user_key][parts] = rows


def keep_out(tx: "Transaction", workspace_id: str, tombstone: str, mode: str, clock: datetime) -> None:
    """Drop rows of the person from now on, unless they are dropped already. clock: UTC, naive."""
    known = "select 1 from raw.tombstones where workspace_id = $1 and tombstone = $2 and lifted_at is null"
    if not tx.fetch(known, (workspace_id, tombstone)):
        tx.execute(
            "insert into raw.tombstones (workspace_id, tombstone, mode, erased_at) values ($1, $2, $3, $4)",
            (workspace_id, tombstone, mode, clock),
        )


def _open_certificate(
    tx: "Transaction", person: Person, removed: dict[str, int], run_id: str, clock: datetime, deletes_landing: bool
) -> None:
    tx.execute(
        """
        insert into ops.erasures (
            erasure_id, workspace_id, tombstone, mode, run_id, user_key, deletes_landing, erased_at, certificate
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        (
            str(uuid.uuid4()),
            person.workspace_id,
            person.tombstone,
            person.mode,
            run_id,
            person.user_key,
            deletes_landing,
            clock,
            json.dumps({"removed": dict(sorted(removed.items()))}),
        ),
    )
