"""A stationary stream of events as NDJSON landing files, one a day: every day is drawn alike but for the weekday.

DuckDB makes the rows: each value is a hash of the day, the session and the event, so a day is the same whenever it is
written. Users come into a pool at a steady rate and leave it at the same rate, so the number who may come is the same
on every day.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

HISTORY_DAYS = 180
LAST_HISTORY_DATE = date(2025, 6, 30)  # a Monday, so that the two days after it are alike
EVENTS_PER_SESSION = 8
USERS_PER_DAILY_SESSION = 8
POOL_SHARE = 0.6  # of the users of a history: who may come on any one day
WEEKDAY_FACTOR, WEEKEND_FACTOR = 1.08, 0.8

# workspace, its share of users in percent, its time zone; the last one is known from its events only.
WORKSPACES = (
    ("acme", 50, "America/New_York"),
    ("globex", 30, "Europe/Berlin"),
    ("initech", 15, "Asia/Kolkata"),
    ("umbrella", 5, None),
)
FEATURES = 40
CATALOGUE_ONLY_FEATURES = 5
GOALS = (
    {"goal_name": "purchase", "event_type": "custom", "event_name": "purchase"},
    {"goal_name": "pricing seen", "page_path": "/docs/1*"},
)
BROWSER_VERSIONS = 40
USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0"
    " Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile"
    " Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.0"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36"
    " Edg/{0}.0.0.0",
)
BOT_USER_AGENT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

# Text functions of DuckDB: dice(salt) is even in [0, 1) and the same for the same row and salt.
_MACROS = """
create macro dice(one, two, three, salt) as (hash(one, two, three, salt) % 1000000) / 1000000.0;
create macro pick(options, share) as options[1 + cast(floor(share * len(options)) as integer)];
"""

# Parameters: day number, sessions of the day, first user of the day's pool, users of the pool, midnight, the path.
_DAY = """
copy (
    with visits as (
        select
            range as visit,
            -- The steadier of two candidates comes: some users come often, most seldom.
            pool_start + cast(floor(pool_users * case
                when hash(pool_start + floor(pool_users * dice({day}, range, 0, 'user')), 'zeal')
                    > hash(pool_start + floor(pool_users * dice({day}, range, 0, 'other user')), 'zeal')
                then dice({day}, range, 0, 'user') else dice({day}, range, 0, 'other user')
            end) as bigint) as user_number,
            -- Between 0 h and 22 h UTC with a peak around noon; the longest session ends before midnight.
            79200 * (dice({day}, range, 0, 'start') + dice({day}, range, 0, 'more start')) / 2 as start_second,
            3 + 57 * dice({day}, range, 0, 'pace') as pace,
            -- Quantiles in place of draws: days of few sessions would differ too much in their events.
            least(60, 1 + cast(floor(-7.5 * ln(1 - (range + 0.5) / {sessions})) as integer)) as steps
        from range({sessions}), (select {pool_start} as pool_start, {pool_users} as pool_users)
    ),

    events as (
        select
            *,
            unnest(range(steps)) as step,
            hash(user_number, 'workspace') % 100 as workspace_percentile
        from visits
    ),

    drawn as (
        select
            *,
            100 * dice({day}, visit, step, 'type') as kind,
            dice({day}, visit, step, 'name') as name_share,
            dice({day}, visit, step, 'measure') as measure
        from events
    ),

    typed as (
        select
            *,
            case
                when kind < 60 then 'page_view'
                when kind < 78 then 'feature_use'
                when kind < 88 then 'api_call'
                when kind < 91 then 'login'
                when kind < 93 then 'logout'
                when kind < 95 then 'error'
                else 'custom'
            end as event_type
        from drawn
    )

    select
        md5(concat_ws('-', {day}, visit, step)) as event_id,
        format('user-{{:07d}}', user_number) as user_id,
        case {workspaces} end as workspace_id,
        format('s-{{}}-{{}}', {day}, visit) as session_id,
        event_type,
        case event_type
            when 'feature_use' then format('feature-{{:02d}}', cast(floor({features} * name_share ** 2) as integer))
            when 'api_call' then pick(['list', 'get', 'create', 'update', 'delete'], name_share)
            when 'error' then pick(['timeout', 'not_found', 'forbidden'], name_share)
            when 'custom' then pick(['purchase', 'upgrade', 'invite', 'share'], name_share)
        end as event_name,
        case when event_type in ('page_view', 'error') then
            format(
                '/{{}}/{{}}',
                pick(['', 'docs', 'projects', 'settings', 'reports'], name_share),
                cast(floor(40 * dice({day}, visit, step, 'page') ** 3) as integer)
            )
        end as page_path,
        format('198.18.{{}}.{{}}', hash(user_number, 'net') % 256, hash(user_number, 'host') % 256) as ip_address,
        case when dice({day}, visit, 0, 'bot') < 0.01 then $bot_user_agent
            else $user_agents[1 + cast(hash(user_number, 'agent') % len($user_agents) as integer)]
        end as user_agent,
        case when step = 0 and measure < 0.4
            then pick(['https://www.google.com/', 'https://news.example.org/a?b=1'], measure / 0.4)
        end as referrer,
        pick(['US', 'DE', 'IN', 'FR', 'GB', 'JP'], (hash(user_number, 'country') % 1000) / 1000.0) as country_code,
        cast(case event_type
            when 'feature_use' then format(
                '{{{{"category": "{{}}", "duration": {{:.1f}}}}}}',
                pick(['core', 'sharing', 'reporting', 'admin'], name_share ** 2), 90 * measure
            )
            when 'api_call'
                then format('{{{{"status": 200, "latency_ms": {{}}}}}}', cast(20 + 400 * measure as integer))
            when 'custom' then format('{{{{"revenue": {{:.2f}}, "currency": "EUR"}}}}', 5 + 200 * measure)
        end as json) as metadata,
        strftime(
            timestamp '{midnight}'
            + to_milliseconds(cast(1000 * (start_second + pace * (step + measure)) as bigint)),
            '%Y-%m-%dT%H:%M:%S.%gZ'
        ) as created_at
    from typed
    order by created_at
) to '{path}' (format json)
"""


@dataclass(frozen=True)
class Workload:
    """The stream that spreads `events` events over the days 1 to 180; days before and after are drawn alike."""

    events: int

    @property
    def sessions_per_day(self) -> float:
        return self.events / HISTORY_DAYS / EVENTS_PER_SESSION

    @property
    def users(self) -> int:
        """About how many come in the 180 days."""
        return round(self.sessions_per_day * USERS_PER_DAILY_SESSION)

    def write(self, landing: Path, first_day: int, last_day: int) -> None:
        """The event files of these days, both included, under `landing`/events; day 180 is LAST_HISTORY_DATE."""
        with duckdb.connect(config={"threads": 1}) as connection, ThreadPoolExecutor(2) as threads:
            connection.execute(_MACROS)
            days = range(first_day, last_day + 1)
            list(threads.map(lambda day: self._write_day(connection.cursor(), landing, day), days))

    def write_entities(self, landing: Path) -> None:
        """Workspaces, users, features and goals."""
        _write_rows(
            landing / "workspaces" / "all.ndjson",
            [{"workspace_id": name, "name": name.title(), "timezone": zone} for name, _, zone in WORKSPACES if zone],
        )
        features = [f"feature-{number:02d}" for number in range(FEATURES + CATALOGUE_ONLY_FEATURES)]
        _write_rows(
            landing / "features" / "all.ndjson", [{"feature_name": name, "category": "core"} for name in features]
        )
        _write_rows(landing / "goals" / "all.ndjson", list(GOALS))
        path = landing / "users" / "all.ndjson"
        path.parent.mkdir(parents=True)
        first = self._pool(1)[0]
        last = sum(self._pool(HISTORY_DAYS))
        duckdb.execute(f"""
            copy (
                select
                    format('user-{{:07d}}', range) as user_id,
                    case {_workspace_cases("hash(range, 'workspace') % 100")} end as workspace_id,
                    ['free', 'team', 'business'][1 + cast(hash(range, 'plan') % 3 as integer)] as plan,
                    '2024-12-01T00:00:00Z' as updated_at
                from range({first}, {last})
            ) to '{path}' (format json)
        """)

    def _write_day(self, connection: duckdb.DuckDBPyConnection, landing: Path, day: int) -> None:
        day_date = LAST_HISTORY_DATE + timedelta(days=day - HISTORY_DAYS)
        path = landing / "events" / f"{day_date:%Y/%m}" / f"{day_date:%d}.ndjson"
        path.parent.mkdir(parents=True, exist_ok=True)
        factor = WEEKEND_FACTOR if day_date.isoweekday() > 5 else WEEKDAY_FACTOR
        pool_start, pool_users = self._pool(day)
        sql = _DAY.format(
            day=day,
            sessions=round(self.sessions_per_day * factor),
            pool_start=pool_start,
            pool_users=pool_users,
            workspaces=_workspace_cases("workspace_percentile"),
            features=FEATURES,
            midnight=day_date,
            path=path,
        )
        agents = [agent.format(version) for agent in USER_AGENTS for version in range(100, 100 + BROWSER_VERSIONS)]
        connection.execute(sql, {"user_agents": agents, "bot_user_agent": BOT_USER_AGENT})

    def _pool(self, day: int) -> tuple[int, int]:
        """The number of the first user who may come on this day, and how many may."""
        arrivals_per_day = (1 - POOL_SHARE) * self.users / HISTORY_DAYS
        return round((day + HISTORY_DAYS) * arrivals_per_day), round(POOL_SHARE * self.users)


@dataclass(frozen=True)
class Properties:
    """What a written history turned out to be, read back from its files.

    Attributes:
        day_shares: smallest and greatest share of the events on one of the last 60 days, in percent.
        dau_shares: smallest and greatest share of the users who came on one of the last 60 days, in percent.
    """

    events: int
    users: int
    sessions: int
    day_shares: tuple[float, float]
    dau_shares: tuple[float, float]

    def check(self) -> None:
        """Raises ValueError when the workload is not as stationary as the figures ask for."""
        if self.day_shares[0] < 0.4 or self.day_shares[1] > 0.7:
            raise ValueError(f"a day holds {self.day_shares} % of the events; wanted is 0.4 to 0.7 %")
        if self.dau_shares[0] < 5 or self.dau_shares[1] > 15:
            raise ValueError(f"on a day {self.dau_shares} % of the users come; wanted is 5 to 15 %")

    def __str__(self) -> str:
        return (
            f"{self.events:,} events, {self.users:,} users, {self.sessions:,} sessions; each of the last 60 days holds "
            f"{self.day_shares[0]:.2f} to {self.day_shares[1]:.2f} % of the events, "
            f"and {self.dau_shares[0]:.1f} to {self.dau_shares[1]:.1f} % of the users come"
        )


def properties(landing: Path) -> Properties:
    """The properties of the events under `landing`."""
    columns = "{user_id: 'varchar', session_id: 'varchar', created_at: 'timestamp'}"
    row = duckdb.execute(f"""
        with events as (
            select user_id, session_id, cast(created_at as date) as day
            from read_ndjson('{landing}/events/*/*/*.ndjson', columns = {columns})
        ),
        days as (select day, count(*) as events, count(distinct user_id) as users from events group by day),
        totals as (
            select count(*) as events, count(distinct user_id) as users, count(distinct session_id) as sessions
            from events
        ),
        last_days as (select * from days order by day desc limit 60)
        select
            any_value(totals.events), any_value(totals.users), any_value(totals.sessions),
            min(100 * last_days.events / totals.events), max(100 * last_days.events / totals.events),
            min(100 * last_days.users / totals.users), max(100 * last_days.users / totals.users)
        from last_days, totals
    """).fetchone()
    return Properties(*row[:3], day_shares=row[3:5], dau_shares=row[5:7])


def _workspace_cases(percentile: str) -> str:
    cases, upper = [], 0
    for name, share, _ in WORKSPACES:
        upper += share
        cases.append(f"when {percentile} < {upper} then '{name}'")
    return " ".join(cases)


def _write_rows(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({**row, "updated_at": "2024-12-01T00:00:00Z"}) + "\n" for row in rows))
