"""Deleting the rows of users who have been silent for too long; what they added to the aggregates stays, without them.

Each of the tables ops.expired_… holds numbers of the grain of a mart: how many expired users did this, on that day. The
models add them to what they count of the users who are there, in a full refresh too, so no aggregate changes. A purge
adds its numbers to those of the ones before.
"""

# Only names from this module and the engine's catalogue are put into SQL; values are parameters

from datetime import datetime
from typing import TYPE_CHECKING

from ingest.entities import CONSENTS, USERS
from ingest.removal import delete_rows_of_users, tables_of_users
from ingest.retention import OTHER_WORKSPACES

if TYPE_CHECKING:
    from warehouse.base import Transaction

# Decisions outlive the rows they decided about: who denied stays denied after coming back.
_KEPT = (CONSENTS.table.qualified_name,)
_LEAVING = "inner join raw.leaving_users as leaving on leaving.user_key = counted.user_key"

# Table of schema ops -> the columns that name a row, those that add up, and what the leaving users add.
_CONTRIBUTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "expired_days": (
        ("workspace_id", "activity_date"),
        ("users", "feature_users", "sessions", "events", "feature_uses", "bot_events"),
        f"""
        select
            counted.workspace_id,
            counted.activity_date,
            case when is_bot then 0 else 1 end as users,
            case when not is_bot and feature_uses > 0 then 1 else 0 end as feature_users,
            case when is_bot then 0 else sessions end as sessions,
            case when is_bot then 0 else events end as events,
            case when is_bot then 0 else feature_uses end as feature_uses,
            case when is_bot then events else 0 end as bot_events
        from intermediate.int_user_days as counted
        {_LEAVING}
        """,
    ),
    "expired_hours": (
        ("workspace_id", "activity_date", "hour_of_day"),
        ("users", "sessions", "events"),
        f"""
        select counted.workspace_id, activity_date, hour_of_day, 1 as users, sessions, events
        from intermediate.int_user_hours as counted
        {_LEAVING}
        """,
    ),
    "expired_windows": (
        ("workspace_id", "window_days", "class", "edge_date"),
        ("users_change",),
        "select * from intermediate.int_leaving_windows",
    ),
    "expired_periods": (
        ("workspace_id", "grain", "period_index"),
        ("active_users", "new_users", "returning_users", "reactivated_users", "leaving_users"),
        "select * from intermediate.int_leaving_periods",
    ),
    "expired_cohorts": (
        ("workspace_id", "grain", "cohort_index", "period_number"),
        ("retained_users", "last_seen_users"),
        "select * from intermediate.int_leaving_cohorts",
    ),
}


def expire_users(tx: "Transaction", run_id: str, clock: datetime) -> int:
    """Delete the rows of users whose last event is from before raw.horizons says, and return how many users there were.

    Nothing may be pending, and no day hidden: the tables of the last build stand for what readers see. Events of the
    users must be gone already. Who has no event goes by the profile's time and sign-up.

    Args:
        clock: UTC, naive; kept with the numbers.
    """
    if not tx.fetch("select 1 from raw.horizons where users_kept_from is not null limit 1"):
        return 0
    _name_users(tx)
    tx.execute("analyze raw.leaving_users")
    users = tx.fetch("select count(*) from raw.leaving_users")[0][0]
    if users:
        for name, (keys, numbers, contribution) in _CONTRIBUTIONS.items():
            _add_up(tx, name, keys, numbers, contribution)
        _add_up_features(tx)
        keys = "select user_key from raw.leaving_users"
        delete_rows_of_users(tx, USERS, keys, "beyond_retention", run_id, clock)
        # From the built tables too: what is done over, a build writes down by user.
        for table in [*tables_of_users(tx), "raw.pending"]:
            if table not in _KEPT:
                tx.execute(f"delete from {table} where user_key in ({keys})")
        tx.execute("insert into raw.pending (kind) values ('dates')")
    tx.execute("delete from raw.leaving_users")
    return users


def _name_users(tx: "Transaction") -> None:
    tx.execute(
        f"""
        insert into raw.leaving_users (workspace_id, user_key)
        with
        last_days as (
            select workspace_id, user_key, max(activity_date) as last_date
            from intermediate.int_user_days
            group by workspace_id, user_key
        ),
        last_profiles as (
            select
                profiles.workspace_id,
                profiles.user_key,
                cast(max(greatest(updated_at, coalesce(created_at, updated_at))) as date) as last_date
            from raw.users as profiles
            left join last_days on last_days.user_key = profiles.user_key
            where last_days.user_key is null
            group by profiles.workspace_id, profiles.user_key
        ),
        users as (
            select * from last_days
            union all
            select * from last_profiles
        )
        select users.workspace_id, users.user_key
        from users
        left join raw.horizons as own on own.workspace_id = users.workspace_id
        left join raw.horizons as other on other.workspace_id = '{OTHER_WORKSPACES}'
        where users.last_date < coalesce(own.users_kept_from, other.users_kept_from)
            and users.user_key not in (select user_key from raw.events where user_key is not null)
        """
    )


def _add_up(tx: "Transaction", name: str, keys: tuple[str, ...], numbers: tuple[str, ...], contribution: str) -> None:
    """Write the table anew: a row a key, with what was in it and what is added."""
    columns = ", ".join((*keys, *numbers))
    totals = ", ".join(f"cast(sum({number}) as bigint)" for number in numbers)
    merge = _next_merge(tx, name)
    tx.execute(
        f"""
        insert into ops.{name} ({columns}, merge)
        select {", ".join(keys)}, {totals}, $1
        from (
            select {columns} from ops.{name}
            union all
            select {columns} from ({contribution}) as contribution
        ) as parts
        group by {", ".join(keys)}
        """,
        (merge,),
    )
    tx.execute(f"delete from ops.{name} where merge < $1", (merge,))


def _add_up_features(tx: "Transaction") -> None:
    """As `_add_up`; of the categories that the events of a day gave a feature the latest stays."""
    merge = _next_merge(tx, "expired_features")
    columns = "workspace_id, feature_name, activity_date, users, usage_count, seconds_spent, timed_uses"
    tx.execute(
        f"""
        insert into ops.expired_features ({columns}, category, category_at, merge)
        select
            workspace_id,
            feature_name,
            activity_date,
            cast(sum(users) as bigint),
            cast(sum(usage_count) as bigint),
            cast(sum(seconds_spent) as decimal(38, 4)),
            cast(sum(timed_uses) as bigint),
            max(case when place = 1 then category end),
            max(case when place = 1 then category_at end),
            $1
        from (
            select *, row_number() over (
                partition by workspace_id, feature_name, activity_date
                order by case when category is null then 1 else 0 end, category_at desc, category desc
            ) as place
            from (
                select {columns}, category, category_at from ops.expired_features
                union all
                select
                    counted.workspace_id, feature_name, activity_date, 1, usage_count, seconds_spent, timed_uses,
                    category, category_at
                from intermediate.int_feature_days as counted
                {_LEAVING}
            ) as parts
        ) as placed
        group by workspace_id, feature_name, activity_date
        """,
        (merge,),
    )
    tx.execute("delete from ops.expired_features where merge < $1", (merge,))


def _next_merge(tx: "Transaction", name: str) -> int:
    return tx.fetch(f"select coalesce(max(merge), 0) + 1 from ops.{name}")[0][0]
