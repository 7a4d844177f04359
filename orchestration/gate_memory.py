"""What the gates remember and have found: ops.load_profiles, ops.findings, ops.accepted_findings.

The memory is kept by load and local day, not by day alone: files come hourly, daily or late, a day is the sum of its
loads whatever they were, and a reload takes the rows of a file out of its days again. Each load is counted once, when
its rows are checked, so that the cost follows what is new. Set-based SQL, the same on every engine.
"""

# Only names from entities.py and tables.py are put into SQL; values are parameters

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from ingest.entities import EVENT_TYPES
from ingest.load import utc_naive
from ingest.time_zones import DEFAULT_ZONE, load_zone
from orchestration.gates import MEMORY_DAYS, Finding, Memory, Profile, judge_day, judge_rejected, judge_silence
from warehouse.base import Transaction, WarehouseError
from warehouse.tables import OPTIONAL_COLUMNS

# Two weeks more than the gates look back, for days that are loaded late.
KEPT = timedelta(days=MEMORY_DAYS + 14)
# A workspace whose newest day is older is being given history: nothing tells whether that day is whole yet.
HISTORY_ENDED = timedelta(days=2)
_LOADS_COMPARED = 50

_NUMBERS = ("events", *(f"type_{name}" for name in EVENT_TYPES), *(f"with_{name}" for name in OPTIONAL_COLUMNS))
_PENDING = "select load_id from raw.pending where kind = 'load'"
_COUNTS = ",\n    ".join(
    (
        "count(*)",
        *(f"count(case when events.event_type = '{name}' then 1 end)" for name in EVENT_TYPES),
        *(f"count(events.{name})" for name in OPTIONAL_COLUMNS),
    )
)
_PROFILE = f"""
insert into ops.load_profiles (load_id, workspace_id, activity_date, {", ".join(_NUMBERS)})
select
    load_id,
    workspace_id,
    activity_date,
    {_COUNTS}
from (
    select
        events.*,
        cast(
            events.created_at + case
                when events.created_at >= zone_days.changes_at then zone_days.offset_seconds_after
                else zone_days.offset_seconds
            end * interval '1 second' as date
        ) as activity_date
    from raw.events as events
    left join raw.workspace_time_zones as zones on events.workspace_id = zones.workspace_id
    inner join raw.time_zone_days as zone_days
        on zone_days.timezone = coalesce(zones.timezone, '{DEFAULT_ZONE}')
            and zone_days.utc_date = cast(events.created_at as date)
    where events.load_id in ({_PENDING})
        and events.load_id not in (select load_id from ops.load_profiles)
        and events.created_at >= $1
        and not events.is_bot
) as events
group by load_id, workspace_id, activity_date
"""

_DAYS = f"""
select
    workspace_id,
    activity_date,
    load_id in ({_PENDING}) as is_pending,
    {", ".join(f"cast(sum({name}) as bigint)" for name in _NUMBERS)}
from ops.load_profiles
where load_id not in (select load_id from raw.replaced_loads)
    and workspace_id in (select workspace_id from ops.load_profiles where load_id in ({_PENDING}))
group by workspace_id, activity_date, load_id in ({_PENDING})
order by workspace_id, activity_date
"""


# Rows that a policy drops are counted by load and not by day: all of those of a file may be of each of its days.
_DROPPED = f"""
select
    profiles.workspace_id,
    profiles.activity_date,
    cast(sum(loads.dropped_consent + loads.dropped_erased + loads.dropped_beyond_retention) as bigint)
from ops.load_profiles as profiles
inner join raw.loads as loads on profiles.load_id = loads.load_id
where profiles.load_id in ({_PENDING})
group by profiles.workspace_id, profiles.activity_date
"""


def remember_loads(tx: Transaction) -> None:
    """Count what the pending loads hold of each recent day, and forget days of long ago.

    Recent is what is near the newest event: the memory of a history from years ago is of its own last weeks.
    """
    newest = tx.fetch("select max(max_created_at) from raw.loads where entity = 'events'")[0][0]
    if newest is None:
        return
    tx.execute(_PROFILE, (newest - KEPT,))
    tx.execute("delete from ops.load_profiles where activity_date < $1", ((newest - KEPT).date(),))


def judge_loads(tx: Transaction, clock: datetime) -> list[Finding]:
    """What is unusual about the loads that no publication shows yet, compared with what is published.

    A day is judged when it is over, has new rows, and is no older than the newest full day that is published: late
    rows and backfills of older days are not. Nothing is judged of a workspace of which nothing is published. While
    history is loaded piece by piece, the day on which it ends is not over: a piece that holds a day of UTC holds only
    the first hours of the last one in Asia.

    Args:
        clock: the moment of the run, aware.
    """
    zones = _zones(tx)
    published: dict[str, dict[date, Profile]] = defaultdict(dict)
    pending: dict[str, dict[date, Profile]] = defaultdict(dict)
    for workspace_id, day, is_pending, *numbers in tx.fetch(_DAYS):
        (pending if is_pending else published)[workspace_id][day] = _profile(numbers)
    forgotten: dict[str, dict[tuple[str, str], date]] = defaultdict(dict)
    for workspace_id, gate, subject, day in tx.fetch(_LASTING):
        forgotten[workspace_id][gate, subject] = day
    dropped = {(workspace_id, day): rows for workspace_id, day, rows in tx.fetch(_DROPPED)}
    findings = []
    for workspace_id, known in sorted(published.items()):
        new = pending.get(workspace_id, {})
        today = _today(zones, workspace_id, clock)
        newest = max({*known, *new})
        if newest < today - HISTORY_ENDED:
            today = newest
        full_days = [day for day in known if day < today]
        judged = [day for day in sorted(new) if full_days and max(full_days) <= day < today]
        remembered = {day: profile for day, profile in known.items() if judged and day < judged[0]}
        memory = Memory(remembered, forgotten[workspace_id])
        for day in judged:
            seen = _together(new[day], known[day]) if day in known else new[day]
            seen = replace(seen, dropped=dropped[workspace_id, day])
            findings += judge_day(workspace_id, day, seen, memory)
    return [*findings, *_silent(tx, zones, clock), *_rejected(tx), *_attributes(tx, clock)]


def _profile(numbers: list[int]) -> Profile:
    events, types, filled = numbers[0], numbers[1 : 1 + len(EVENT_TYPES)], numbers[1 + len(EVENT_TYPES) :]
    return Profile(events, dict(zip(EVENT_TYPES, types, strict=True)), dict(zip(OPTIONAL_COLUMNS, filled, strict=True)))


def _together(one: Profile, other: Profile) -> Profile:
    return Profile(
        one.events + other.events,
        {name: number + other.types[name] for name, number in one.types.items()},
        {name: number + other.filled[name] for name, number in one.filled.items()},
    )


_LASTING = """
select workspace_id, gate, subject, max(activity_date)
from ops.accepted_findings
where is_lasting
group by workspace_id, gate, subject
"""

_NEWEST_PUBLISHED = "select coalesce(max(newest_load_id), 0) from ops.publications"
_LOADS = """
select load_id, loaded_at, rows_read, rejected
from raw.loads
where entity = 'events' and status = 'loaded' and rows_read > 0
    and load_id not in (select load_id from raw.replaced_loads)
order by load_id desc
"""
_REASON = """
select reason, coalesce(field, '')
from raw.rejected
where entity = 'events' and load_id > $1
group by reason, coalesce(field, '')
order by count(*) desc, reason, coalesce(field, '')
limit 1
"""


def _rejected(tx: Transaction) -> list[Finding]:
    """Rejected rows are of no workspace that could be told, so the loads since the last publication are one."""
    newest_published = tx.fetch(_NEWEST_PUBLISHED)[0][0]
    loads = tx.fetch(_LOADS)
    new = [load for load in loads if load[0] > newest_published]
    rejected = sum(load[3] for load in new)
    if not rejected:
        return []
    earlier = [load[3] / load[2] for load in loads if load[0] <= newest_published][:_LOADS_COMPARED]
    reason = " ".join(tx.fetch(_REASON, (newest_published,))[0]).strip()
    return judge_rejected(new[-1][1].date(), rejected, sum(load[2] for load in new), reason, earlier)


_NEW_ATTRIBUTES = f"""
select distinct field
from raw.user_attributes as new_ones
where load_id in ({_PENDING})
    and not exists (
        select 1 from raw.user_attributes as earlier
        where earlier.field = new_ones.field and earlier.load_id not in ({_PENDING})
    )
    and exists (select 1 from raw.user_attributes where load_id not in ({_PENDING}))
order by field
"""


def _attributes(tx: Transaction, clock: datetime) -> list[Finding]:
    words = "attribute {} of users/ was never seen before"
    day = clock.astimezone(UTC).date()
    return [
        Finding("", day, "attribute", name, 0, 0, False, words.format(name)) for (name,) in tx.fetch(_NEW_ATTRIBUTES)
    ]


def accepted_ids(tx: Transaction) -> set[str]:
    """Ids of the findings that somebody accepted."""
    return {finding_id for (finding_id,) in tx.fetch("select finding_id from ops.accepted_findings")}


def write_findings(tx: Transaction, run_id: str, findings: list[Finding], accepted: set[str]) -> None:
    """Keep what the gates found in a run, also what was accepted before."""
    for one in findings:
        tx.execute(
            "insert into ops.findings (run_id, finding_id, workspace_id, activity_date, gate, subject, seen, usual,"
            " blocks, is_accepted, words) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            (
                *(run_id, one.finding_id, one.workspace_id, one.day, one.gate, one.subject, one.seen, one.usual),
                *(one.blocks, one.finding_id in accepted, one.words),
            ),
        )


def blocking_findings(tx: Transaction, run_id: str) -> list[Finding]:
    """What blocked a run and was not accepted since."""
    rows = tx.fetch(
        "select workspace_id, activity_date, gate, subject, seen, usual, blocks, words from ops.findings"
        " where run_id = $1 and blocks and finding_id not in (select finding_id from ops.accepted_findings)"
        " order by workspace_id, activity_date, gate, subject",
        (run_id,),
    )
    return [Finding(*row[:4], float(row[4]), float(row[5]), *row[6:]) for row in rows]


def silent_workspaces(tx: Transaction, clock: datetime) -> list[Finding]:
    """Workspaces without events for longer than they usually are. clock: aware."""
    return _silent(tx, _zones(tx), clock)


def _silent(tx: Transaction, zones: dict[str, str], clock: datetime) -> list[Finding]:
    days: dict[str, list[date]] = defaultdict(list)
    for workspace_id, day in tx.fetch(
        "select distinct workspace_id, activity_date from ops.load_profiles"
        " where load_id not in (select load_id from raw.replaced_loads)"
    ):
        days[workspace_id].append(day)
    return [
        finding
        for workspace_id, known in sorted(days.items())
        for finding in judge_silence(workspace_id, _today(zones, workspace_id, clock), known)
    ]


def _zones(tx: Transaction) -> dict[str, str]:
    return dict(tx.fetch("select workspace_id, timezone from raw.workspace_time_zones"))


def _today(zones: dict[str, str], workspace_id: str, clock: datetime) -> date:
    return clock.astimezone(load_zone(zones.get(workspace_id, DEFAULT_ZONE))).date()


class NothingToAccept(WarehouseError):
    """No gate has found anything by this id."""


def accept(tx: Transaction, finding_id: str, by: str, reason: str, clock: datetime, *, is_lasting: bool) -> str:
    """Let the run publish in spite of a finding; return its words.

    Args:
        by: who accepts it.
        is_lasting: whether it is what is usual from that day on, so that the days before it count no more.
        clock: aware.

    Raises:
        NothingToAccept: no run has found it.
    """
    found = tx.fetch(
        "select findings.workspace_id, findings.activity_date, findings.gate, findings.subject, findings.words"
        " from ops.findings as findings left join ops.runs as runs on findings.run_id = runs.run_id"
        " where findings.finding_id = $1 and findings.blocks order by runs.started_at desc limit 1",
        (finding_id,),
    )
    if not found:
        raise NothingToAccept(f"no gate has blocked a run for {finding_id!r}; `footfall doctor` names what is blocked")
    tx.execute("delete from ops.accepted_findings where finding_id = $1", (finding_id,))
    tx.execute(
        "insert into ops.accepted_findings (finding_id, workspace_id, activity_date, gate, subject, words,"
        " accepted_at, accepted_by, reason, is_lasting) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        (finding_id, *found[0], utc_naive(clock), by, reason, is_lasting),
    )
    return found[0][4]
