"""What decides whether an accepted row may be kept, consent, erasure and retention, and why it is dropped if not.

Rows are dropped inside the reader's private engine: what must not be kept never reaches the warehouse, not even to be
deleted there, for a database file keeps the bytes of deleted rows.
"""

# Only names from entities.py are put into SQL; values are parameters, variables or Arrow tables

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.entities import CONSENTS, EVENTS, USERS, Entity
from ingest.privacy import tombstone_sql, user_key_sql
from ingest.retention import OTHER_WORKSPACES, horizons

if TYPE_CHECKING:
    from warehouse.base import Transaction

CONSENT_POLICIES = ("none", "opt_in", "opt_out")
PURPOSE = "analytics"
EVERY_OTHER = "*"
_FORM = '"opt_in", "opt_out" or "none", or JSON such as {"acme": "opt_in", "*": "opt_out"}'


@dataclass(frozen=True)
class ConsentPolicy:
    """Whose decisions count where.

    Attributes:
        default: the policy of workspaces that are not named.
        by_workspace: those of workspaces of their own.
    """

    default: str = "none"
    by_workspace: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "ConsentPolicy":
        """The policy that a setting's text names. Raises ValueError with words on what it should be."""
        if text in CONSENT_POLICIES:
            return cls(text)
        try:
            given = json.loads(text, object_pairs_hook=_without_repetition)
        except ValueError as error:
            raise ValueError(f"is neither a policy nor JSON ({error}); write {_FORM}") from None
        if not isinstance(given, dict):
            raise ValueError(f"is no JSON object; write {_FORM}")
        for workspace_id, policy in given.items():
            if policy not in CONSENT_POLICIES:
                raise ValueError(f"gives workspace {workspace_id!r} an unknown policy; write {_FORM}")
        return cls(given.pop(EVERY_OTHER, "none"), given)

    @property
    def rows(self) -> dict[str, str]:
        """Policies by workspace as they are kept in raw.consent_policies, `*` for every other one; none: no row."""
        own = {name: policy for name, policy in self.by_workspace.items() if policy != self.default}
        return own if self.default == "none" else own | {EVERY_OTHER: self.default}


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a workspace is named twice")
    return found


NO_POLICY = ConsentPolicy()


@dataclass(frozen=True)
class Rule:
    """One reason to drop accepted rows of an entity.

    Attributes:
        reason: as in raw.loads, after `dropped_`.
        is_dropped: DuckDB condition over a row of `accepted` and of what `joins` adds to it. The chunk as read is in
            table `checked`.
        joins: further parts of the from clause; each row of `accepted` stays one row.
        tables: what these read, by name; small, held by the reader's engines.
    """

    reason: str
    is_dropped: str
    joins: str = ""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Policies:
    """What is in force for the rows of one entity; without rules nothing is asked of them.

    Attributes:
        rules: in the order of the contract; the first that drops a row gives the reason.
        tombstones: of people of whom not even a rejected row may tell.
    """

    rules: tuple[Rule, ...] = ()
    tombstones: frozenset[str] = frozenset()

    def install(self, engine: duckdb.DuckDBPyConnection) -> None:
        """Hand the rules' tables to an engine that `sift` is called with."""
        for rule in self.rules:
            for name, table in rule.tables.items():
                engine.register("given_table", table)
                engine.execute(f"create or replace temp table {name} as select * from given_table")
                engine.unregister("given_table")

    def sift(
        self, engine: duckdb.DuckDBPyConnection, accepted: pa.Table
    ) -> tuple[pa.Table, dict[tuple[int, str], int]]:
        """(rows that may be kept, number of the others by load_id and reason)."""
        if not self.rules or not accepted.num_rows:
            return accepted, {}
        reasons = " ".join(f"when {rule.is_dropped} then '{rule.reason}'" for rule in self.rules)
        joins = " ".join(rule.joins for rule in self.rules)
        engine.register("accepted", accepted)
        judged = engine.sql(
            f"select accepted.*, case {reasons} end as dropped_for from accepted {joins}"
        ).to_arrow_table()
        is_kept = pc.is_null(judged["dropped_for"])
        dropped = judged.filter(pc.invert(is_kept)).group_by(["load_id", "dropped_for"]).aggregate([([], "count_all")])
        counts = {(row["load_id"], row["dropped_for"]): row["count_all"] for row in dropped.to_pylist()}
        return judged.filter(is_kept).drop_columns("dropped_for"), counts


def policies_of(tx: "Transaction", entity: Entity) -> Policies:
    """What the warehouse says now of rows of this entity, in the order of the contract."""
    tombstones = frozenset(
        tombstone for (tombstone,) in tx.fetch("select tombstone from raw.tombstones where lifted_at is null")
    )
    rules = [
        consent_rule(tx) if entity is EVENTS else None,
        erasure_rule(tombstones) if entity in (EVENTS, USERS, CONSENTS) else None,
        retention_rule(tx) if entity is EVENTS else None,
    ]
    return Policies(tuple(filter(None, rules)), tombstones)


# The decision in force at an event is the last one at or before it; of several at one moment, a denial.
DECISIONS = f"""
    select user_key, decided_at, min(case when is_granted then 1 else 0 end) = 1 as is_granted
    from {CONSENTS.table.qualified_name}
    where purpose = '{PURPOSE}'
    group by user_key, decided_at
"""


def consent_rule(tx: "Transaction") -> Rule | None:
    """Drops events that consent does not cover; None when no workspace has a policy.

    A user_key is of one workspace, so that decisions are found by it alone.
    """
    policies = tx.fetch("select workspace_id, policy from raw.consent_policies order by workspace_id")
    if not policies:
        return None
    decisions = tx.fetch(DECISIONS)
    return Rule(
        reason="consent",
        is_dropped="""coalesce(own_policy.policy, other_policy.policy, 'none') <> 'none' and (
            accepted.is_gpc
            or not coalesce(decision.is_granted, coalesce(own_policy.policy, other_policy.policy) = 'opt_out')
        )""",
        joins=f"""
            left join consent_policies as own_policy on own_policy.workspace_id = accepted.workspace_id
            left join consent_policies as other_policy on other_policy.workspace_id = '{EVERY_OTHER}'
            asof left join (
                select * from consent_decisions where user_key in (select user_key from accepted)
            ) as decision
                on decision.user_key = accepted.user_key and decision.decided_at <= accepted.created_at
        """,
        tables={
            "consent_policies": _table(policies, {"workspace_id": pa.string(), "policy": pa.string()}),
            "consent_decisions": _table(
                decisions, {"user_key": pa.string(), "decided_at": pa.timestamp("us"), "is_granted": pa.bool_()}
            ),
        },
    )


def erasure_rule(tombstones: frozenset[str]) -> Rule | None:
    """Drops rows of people who were erased; None when there are none. Only distinct users are hashed."""
    if not tombstones:
        return None
    return Rule(
        reason="erased",
        is_dropped="erased_user.user_key is not null",
        joins=f"""
            left join (
                select {user_key_sql()} as user_key
                from (select distinct workspace_id, user_id from checked where reason is null) as users
                where {tombstone_sql()} in (select tombstone from tombstones)
            ) as erased_user on erased_user.user_key = accepted.user_key
        """,
        tables={"tombstones": _table([(tombstone,) for tombstone in sorted(tombstones)], {"tombstone": pa.string()})},
    )


def retention_rule(tx: "Transaction") -> Rule | None:
    """Drops events from before the horizon of their workspace; None when events are kept for ever."""
    kept = horizons(tx)
    if kept is None:
        return None
    return Rule(
        reason="beyond_retention",
        is_dropped="accepted.created_at < coalesce(own_horizon.kept_from, other_horizon.kept_from)",
        joins=f"""
            left join horizons as own_horizon on own_horizon.workspace_id = accepted.workspace_id
            left join horizons as other_horizon on other_horizon.workspace_id = '{OTHER_WORKSPACES}'
        """,
        tables={"horizons": kept},
    )


def _table(rows: list[tuple], types: Mapping[str, pa.DataType]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([],) * len(types)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types.values(), strict=True)]
    return pa.table(arrays, names=list(types))
