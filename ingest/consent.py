"""Consent and the events that are stored already: denials that arrive late, and another policy.

The rule itself is that of `policies.consent_rule`, here over raw.events: set-based SQL, the same on every engine.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from ingest.policies import DECISIONS, EVERY_OTHER, ConsentPolicy
from ingest.removal import delete_events

if TYPE_CHECKING:
    from warehouse.base import Transaction


def is_policy_in_force(tx: "Transaction", policy: ConsentPolicy) -> bool:
    """Whether everything stored follows this policy already."""
    return dict(tx.fetch("select workspace_id, policy from raw.consent_policies")) == policy.rows


def enforce_consent(tx: "Transaction", policy: ConsentPolicy, run_id: str, clock: datetime) -> int:
    """Delete the stored events that consent does not cover; return how many there were.

    Asked are the users with decisions that came since the last time; of everybody, when the policy is another one, or
    decisions were taken out by a reload.

    Args:
        policy: the setting; it is in force from now on.
        clock: UTC, naive.
    """
    newest_load = tx.fetch("select coalesce(max(load_id), 0) from raw.consents")[0][0]
    known_load = tx.fetch("select coalesce(max(load_id), 0) from raw.consent_progress")[0][0]
    is_same_policy = is_policy_in_force(tx, policy)
    if is_same_policy and newest_load == known_load:
        return 0
    tx.execute("delete from raw.consent_progress")
    tx.execute("insert into raw.consent_progress (load_id) values ($1)", (newest_load,))
    if not is_same_policy:
        tx.execute("delete from raw.consent_policies")
        for workspace_id, own_policy in sorted(policy.rows.items()):
            tx.execute(
                "insert into raw.consent_policies (workspace_id, policy) values ($1, $2)", (workspace_id, own_policy)
            )
    if not policy.rows:
        return 0
    is_everybody = not is_same_policy or newest_load < known_load
    _name_denied_events(tx, since_load=None if is_everybody else known_load)
    return delete_events(tx, "consent", run_id, clock)


def recheck_consent(tx: "Transaction") -> None:
    """Let the next `enforce_consent` ask everybody: decisions were taken out, which may uncover older denials."""
    tx.execute("delete from raw.consent_progress")
    tx.execute("insert into raw.consent_progress (load_id) values ($1)", (_EVERYBODY,))


_EVERYBODY = 2**62  # later than every load


def _name_denied_events(tx: "Transaction", since_load: int | None) -> None:
    """Write the events that may not stay to raw.leaving_events. since_load: only of users decided by later loads."""
    decided = "select distinct user_key from raw.consents where load_id > $1"
    of_users = "" if since_load is None else f"where user_key in ({decided})"
    tx.execute(
        f"""
        insert into raw.leaving_events (load_id, line)
        with
        decisions as (
            select *, lead(decided_at) over (partition by user_key order by decided_at) as decided_anew_at
            from ({DECISIONS}) as decided
            {of_users}
        ),
        stored as (
            select load_id, line, workspace_id, user_key, created_at, is_gpc
            from raw.events
            {of_users}
        )
        select stored.load_id, stored.line
        from stored
        left join raw.consent_policies as own_policy on own_policy.workspace_id = stored.workspace_id
        left join raw.consent_policies as other_policy on other_policy.workspace_id = '{EVERY_OTHER}'
        left join decisions
            on decisions.user_key = stored.user_key
                and decisions.decided_at <= stored.created_at
                and (decisions.decided_anew_at is null or decisions.decided_anew_at > stored.created_at)
        where coalesce(own_policy.policy, other_policy.policy, 'none') <> 'none'
            and (
                stored.is_gpc
                or not coalesce(
                    decisions.is_granted, coalesce(own_policy.policy, other_policy.policy) = 'opt_out'
                )
            )
        """,
        () if since_load is None else (since_load,),
    )
