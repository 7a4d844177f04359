"""Deleting events that went over the horizon; what the models made of their days is archived first.

A day of a user is purged whole, with all its sessions, so that what is archived and what can still be rebuilt never
overlap: where a session reaches over the horizon's midnight, the days from its first one on stay until it is past.
The archived rows are copied from the models' own tables, which must therefore be up to date with raw.
"""

# Only names from this module are put into SQL; values are parameters

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.removal import delete_events
from ingest.retention import OTHER_WORKSPACES

if TYPE_CHECKING:
    from warehouse.base import Transaction


class PurgeError(Exception):
    """Nothing can be purged now; nothing was changed. The message says why, and what to do."""


# Table of schema intermediate, and of what day its rows are.
ARCHIVED = {
    "sessions": "session_date",
    "session_paths": "session_date",
    "user_days": "activity_date",
    "user_hours": "activity_date",
    "feature_days": "activity_date",
}
_ZONES_REACH = timedelta(days=2)


def purge_events(tx: "Transaction", run_id: str, clock: datetime) -> int:
    """Archive the days beyond the horizons of raw.horizons and delete their events; return how many there were.

    Nothing may be pending: the tables of the last build stand for what raw says.

    Args:
        clock: UTC, naive; kept with the numbers.
    """
    if not tx.fetch("select 1 from raw.horizons limit 1"):
        return 0
    _name_days(tx)
    _keep_days_of_whole_sessions(tx)
    tx.execute("analyze raw.leaving_days")
    for name, day in ARCHIVED.items():
        _archive(tx, name, day)
    _note_ranges(tx)
    _name_events(tx)
    events = delete_events(tx, "beyond_retention", run_id, clock, is_rebuilt=False)
    tx.execute("delete from raw.leaving_days")
    tx.execute("update raw.horizons set purged_until = kept_from")
    return events


def delete_archived_days(tx: "Transaction", reason: str, run_id: str, clock: datetime) -> int:
    """Delete what is archived of the days named in raw.leaving_days; return how many events stood behind it.

    The next build does without; raw.deletions tells the number, of no load.
    """
    tx.execute("analyze raw.leaving_days")
    if not tx.fetch("select 1 from raw.leaving_days limit 1"):
        return 0
    of_leaving_days = """
        exists (
            select 1 from raw.leaving_days as leaving
            where leaving.user_key = kept.user_key and leaving.activity_date = kept.{day}
        )
    """
    sessions = f"from ops.archived_sessions as kept where {of_leaving_days.format(day='session_date')}"
    events = tx.fetch(f"select cast(coalesce(sum(events), 0) as bigint) {sessions}")[0][0]
    tx.execute(
        f"""
        insert into raw.deletions (run_id, workspace_id, reason, rows, deleted_at)
        select $1, workspace_id, $2, cast(sum(events) as bigint), $3 {sessions} group by workspace_id
        """,
        (run_id, reason, clock),
    )
    tx.execute(
        f"""
        insert into raw.pending (kind, workspace_id, user_key, touched_at, touched_until)
        select 'range', workspace_id, user_key, min(started_at), max(ended_at) {sessions}
        group by workspace_id, user_key
        """
    )
    for name, day in ARCHIVED.items():
        tx.execute(f"delete from ops.archived_{name} as kept where {of_leaving_days.format(day=day)}")
    tx.execute("delete from raw.leaving_days")
    return events


def _name_days(tx: "Transaction") -> None:
    tx.execute(
        f"""
        insert into raw.leaving_days (workspace_id, user_key, activity_date)
        select distinct events.workspace_id, events.user_key, events.activity_date
        from intermediate.int_events as events
        left join raw.horizons as own on own.workspace_id = events.workspace_id
        left join raw.horizons as other on other.workspace_id = '{OTHER_WORKSPACES}'
        where events.activity_date < coalesce(own.kept_from_date, other.kept_from_date)
        """
    )


def _keep_days_of_whole_sessions(tx: "Transaction") -> None:
    """Take days back from which a session goes on into one that stays, and with them those in between.

    Again and again, for a session of another sequence of the same user may end on a day that was taken back.
    """
    earliest = tx.fetch("select min(kept_from) from raw.horizons")[0][0] - _ZONES_REACH
    while True:
        torn_users = tx.fetch(
            """
            select torn.user_key, min(torn.first_date)
            from (
                select
                    events.user_key, min(events.activity_date) as first_date, max(events.activity_date) as last_date
                from intermediate.int_events as events
                inner join (
                    select session_id from intermediate.int_sessions where ended_at >= $1 and started_at < ended_at
                ) as late_sessions on late_sessions.session_id = events.session_id
                where events.user_key in (select user_key from raw.leaving_days)
                group by events.user_key, events.session_id
            ) as torn
            inner join raw.leaving_days as leaving
                on leaving.user_key = torn.user_key and leaving.activity_date = torn.first_date
            left join raw.leaving_days as last_days
                on last_days.user_key = torn.user_key and last_days.activity_date = torn.last_date
            where last_days.user_key is null
            group by torn.user_key
            """,
            (earliest,),
        )
        if not torn_users:
            return
        for user_key, first_date in torn_users:
            tx.execute(
                "delete from raw.leaving_days where user_key = $1 and activity_date >= $2", (user_key, first_date)
            )


def _archive(tx: "Transaction", name: str, day: str) -> None:
    """Copy the rows of the leaving days. One that is archived in part is so no more: the models have added it up."""
    columns = [
        column
        for (column,) in tx.fetch(
            "select column_name from information_schema.columns where table_schema = 'ops' and table_name = $1",
            (f"archived_{name}",),
        )
    ]
    of_leaving_days = f"""
        exists (
            select 1 from raw.leaving_days as leaving
            where leaving.user_key = kept.user_key and leaving.activity_date = kept.{day}
        )
    """
    tx.execute(f"delete from ops.archived_{name} as kept where {of_leaving_days}")
    tx.execute(
        f"""
        insert into ops.archived_{name} ({", ".join(columns)})
        select {", ".join(columns)} from intermediate.int_{name} as kept where {of_leaving_days}
        """
    )


def _note_ranges(tx: "Transaction") -> None:
    """A stretch a user: the models drop the events of it, and read the archived rows back."""
    tx.execute(
        """
        insert into raw.pending (kind, workspace_id, user_key, touched_at, touched_until)
        select 'range', events.workspace_id, events.user_key, min(events.created_at), max(events.created_at)
        from intermediate.int_events as events
        inner join raw.leaving_days as leaving
            on leaving.user_key = events.user_key and leaving.activity_date = events.activity_date
        group by events.workspace_id, events.user_key
        """
    )


def _name_events(tx: "Transaction") -> None:
    """The events of the days, and every other copy of their ids: none of those survives in their place."""
    tx.execute(
        """
        insert into raw.leaving_events (load_id, line)
        with
        leaving as (
            select events.load_id, events.line
            from intermediate.int_events as events
            inner join raw.leaving_days as days
                on days.user_key = events.user_key and days.activity_date = events.activity_date
        )
        select load_id, line from leaving
        union
        select copies.load_id, copies.line
        from raw.repeated_events as copies
        inner join (
            select repeated.workspace_id, repeated.event_id
            from raw.repeated_events as repeated
            inner join leaving on leaving.load_id = repeated.load_id and leaving.line = repeated.line
        ) as ids on ids.workspace_id = copies.workspace_id and ids.event_id = copies.event_id
        """
    )
