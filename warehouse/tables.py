"""The tables that Footfall itself writes (dbt makes all others), as portable data."""

from collections.abc import Collection

from ingest.entities import BIGINT, BOOLEAN, DATE, EVENT_TYPES, RAW_TABLES, TEXT, TIMESTAMP, RawTable

INTEGER = "integer"
SMALLINT = "smallint"
SECONDS = "decimal(18,3)"
SUM = "decimal(38,4)"

# One source of time zones for every engine: a row per zone and UTC day, so that local time is an equi-join and an
# addition, and no engine's own tzdata has a say.
TIME_ZONE_DAYS = RawTable(
    "time_zone_days",
    (
        ("timezone", TEXT),
        ("utc_date", DATE),
        ("offset_seconds", INTEGER),
        ("changes_at", TIMESTAMP),
        ("offset_seconds_after", INTEGER),
    ),
    (("timezone", "utc_date"),),
)

TIME_ZONE_VERSIONS = RawTable("time_zone_versions", (("timezone", TEXT), ("tzdata_version", TEXT), ("last_date", DATE)))

# The zone each workspace was last built with, so that a change is seen.
WORKSPACE_TIME_ZONES = RawTable("workspace_time_zones", (("workspace_id", TEXT), ("timezone", TEXT)))

# Columns of raw.events that files may leave out; how many rows have them is remembered by load and day.
OPTIONAL_COLUMNS = (
    "event_name",
    "page_path",
    "client_session_key",
    "ip_hash",
    "user_agent_hash",
    "referrer_host",
    "device_type",
    "browser",
    "os",
    "country_code",
    "metadata",
    "metadata_category",
    "seconds_spent",
    "revenue",
)

RAW = (*RAW_TABLES, TIME_ZONE_DAYS, TIME_ZONE_VERSIONS, WORKSPACE_TIME_ZONES)

OPS: dict[str, tuple[tuple[str, str], ...]] = {
    "ops.publications": (
        ("publication_id", BIGINT),
        ("run_id", TEXT),
        ("published_at", TIMESTAMP),
        ("fingerprint", TEXT),
        ("as_of_argument", DATE),
        ("newest_event_at", TIMESTAMP),
        ("newest_load_id", BIGINT),
    ),
    # The number that the run in progress will publish under; one row.
    "ops.next_publication": (("publication_id", BIGINT),),
    # Sessions as readers see them that a build since the last publication has replaced; emptied by publishing.
    "ops.replaced_sessions": (
        ("session_id", TEXT),
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("client_session_key", TEXT),
        ("is_bot", BOOLEAN),
        ("started_at", TIMESTAMP),
        ("ended_at", TIMESTAMP),
    ),
    # What the models made of events that a purge has deleted since; they read it back, a full refresh included.
    "ops.archived_sessions": (
        ("session_id", TEXT),
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("client_session_key", TEXT),
        ("is_bot", BOOLEAN),
        ("session_date", DATE),
        ("hour_of_day", SMALLINT),
        ("started_at", TIMESTAMP),
        ("ended_at", TIMESTAMP),
        ("events", BIGINT),
        ("page_views", BIGINT),
        ("feature_uses", BIGINT),
        ("custom_events", BIGINT),
        ("entry_page", TEXT),
        ("exit_page", TEXT),
        ("device_type", TEXT),
        ("browser", TEXT),
        ("os", TEXT),
        ("country_code", TEXT),
        ("duration_seconds", SECONDS),
    ),
    "ops.archived_session_paths": (
        ("session_id", TEXT),
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        *((f"page_{step}", TEXT) for step in range(1, 6)),
        ("exit_page", TEXT),
        ("steps", INTEGER),
        ("seconds_before_exit", SECONDS),
        ("session_date", DATE),
        ("started_at", TIMESTAMP),
    ),
    "ops.archived_user_days": (
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("is_bot", BOOLEAN),
        ("activity_date", DATE),
        ("events", BIGINT),
        ("page_views", BIGINT),
        ("feature_uses", BIGINT),
        ("sessions", BIGINT),
        ("revenue", SUM),
    ),
    "ops.archived_user_hours": (
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("activity_date", DATE),
        ("hour_of_day", SMALLINT),
        ("events", BIGINT),
        ("sessions", BIGINT),
    ),
    "ops.archived_feature_days": (
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("feature_name", TEXT),
        ("activity_date", DATE),
        ("usage_count", BIGINT),
        ("seconds_spent", SUM),
        ("timed_uses", BIGINT),
        ("category", TEXT),
        ("category_event_id", TEXT),
        ("category_at", TIMESTAMP),
    ),
    # What users who were silent for too long added to the aggregates, without the users, at the grain of a mart.
    # `merge` numbers the rewriting that a row is of.
    "ops.expired_days": (
        ("workspace_id", TEXT),
        ("activity_date", DATE),
        ("users", BIGINT),
        ("feature_users", BIGINT),
        ("sessions", BIGINT),
        ("events", BIGINT),
        ("feature_uses", BIGINT),
        ("bot_events", BIGINT),
        ("merge", BIGINT),
    ),
    "ops.expired_hours": (
        ("workspace_id", TEXT),
        ("activity_date", DATE),
        ("hour_of_day", SMALLINT),
        ("users", BIGINT),
        ("sessions", BIGINT),
        ("events", BIGINT),
        ("merge", BIGINT),
    ),
    "ops.expired_features": (
        ("workspace_id", TEXT),
        ("feature_name", TEXT),
        ("activity_date", DATE),
        ("users", BIGINT),
        ("usage_count", BIGINT),
        ("seconds_spent", SUM),
        ("timed_uses", BIGINT),
        ("category", TEXT),
        ("category_at", TIMESTAMP),
        ("merge", BIGINT),
    ),
    "ops.expired_windows": (
        ("workspace_id", TEXT),
        ("window_days", INTEGER),
        ("class", TEXT),
        ("edge_date", DATE),
        ("users_change", BIGINT),
        ("merge", BIGINT),
    ),
    "ops.expired_periods": (
        ("workspace_id", TEXT),
        ("grain", TEXT),
        ("period_index", INTEGER),
        ("active_users", BIGINT),
        ("new_users", BIGINT),
        ("returning_users", BIGINT),
        ("reactivated_users", BIGINT),
        ("leaving_users", BIGINT),
        ("merge", BIGINT),
    ),
    "ops.expired_cohorts": (
        ("workspace_id", TEXT),
        ("grain", TEXT),
        ("cohort_index", INTEGER),
        ("period_number", INTEGER),
        ("retained_users", BIGINT),
        ("last_seen_users", BIGINT),
        ("merge", BIGINT),
    ),
    # At most so many distinct values of a column of raw.events; see orchestration/distinct_values.py.
    "ops.distinct_values": (
        ("workspace_id", TEXT),
        ("field", TEXT),
        ("at_most", BIGINT),
    ),
    # What each load held of each local day: the memory of the gates (orchestration/gate_memory.py).
    "ops.load_profiles": (
        ("load_id", BIGINT),
        ("workspace_id", TEXT),
        ("activity_date", DATE),
        ("events", BIGINT),
        *((f"type_{name}", BIGINT) for name in EVENT_TYPES),
        *((f"with_{name}", BIGINT) for name in OPTIONAL_COLUMNS),
    ),
    # What the gates found in a run, and what people accepted of it.
    "ops.findings": (
        ("run_id", TEXT),
        ("finding_id", TEXT),
        ("workspace_id", TEXT),
        ("activity_date", DATE),
        ("gate", TEXT),
        ("subject", TEXT),
        ("seen", SUM),
        ("usual", SUM),
        ("blocks", BOOLEAN),
        ("is_accepted", BOOLEAN),
        ("words", TEXT),
    ),
    "ops.accepted_findings": (
        ("finding_id", TEXT),
        ("workspace_id", TEXT),
        ("activity_date", DATE),
        ("gate", TEXT),
        ("subject", TEXT),
        ("words", TEXT),
        ("accepted_at", TIMESTAMP),
        ("accepted_by", TEXT),
        ("reason", TEXT),
        ("is_lasting", BOOLEAN),
    ),
    "ops.fence": (("token", BIGINT),),
    # What ran, how it ended and what it found (orchestration/history.py). A run that is `running` while nobody holds
    # the lock did not finish.
    "ops.runs": (
        ("run_id", TEXT),
        ("kind", TEXT),
        ("started_at", TIMESTAMP),
        ("ended_at", TIMESTAMP),
        ("seconds", SECONDS),
        ("outcome", TEXT),
        ("rows_read", BIGINT),
        ("rows_loaded", BIGINT),
        ("publication_id", BIGINT),
        ("message", TEXT),
    ),
    "ops.steps": (
        ("run_id", TEXT),
        ("step_number", INTEGER),
        ("step", TEXT),
        ("started_at", TIMESTAMP),
        ("seconds", SECONDS),
        ("rows", BIGINT),
        ("has_failed", BOOLEAN),
    ),
    "ops.checks": (
        ("run_id", TEXT),
        ("name", TEXT),
        ("passed", BOOLEAN),
        ("blocks", BOOLEAN),
        ("detail", TEXT),
    ),
    # People who were erased, with the certificate of it. Until completed_at the storage may hold bytes of them; their
    # user_key stands here until the tables were searched for it.
    "ops.erasures": (
        ("erasure_id", TEXT),
        ("workspace_id", TEXT),
        ("tombstone", TEXT),
        ("mode", TEXT),
        ("run_id", TEXT),
        ("user_key", TEXT),
        ("deletes_landing", BOOLEAN),
        ("erased_at", TIMESTAMP),
        ("completed_at", TIMESTAMP),
        ("certificate", TEXT),
    ),
    # A keyed hash of a constant: tells whether a run has the key this warehouse was built with.
    "ops.secret_marks": (("mark", TEXT),),
}

TABLES: dict[str, tuple[tuple[str, str], ...]] = {**{table.qualified_name: table.columns for table in RAW}, **OPS}


COLUMNS_PRESENT = """
select table_schema || '.' || table_name, column_name
from information_schema.columns
where table_schema in ('raw', 'ops')
"""


def add_columns(present: Collection[tuple[str, str]], spellings: dict[str, str]) -> list[str]:
    """Statements that give tables made by an earlier version the columns that came since.

    Args:
        present: the answer to COLUMNS_PRESENT.
        spellings: as of `create_table`.
    """
    return [
        f'alter table {name} add column "{column}" {spellings.get(kind, kind)}'
        for name, columns in TABLES.items()
        for column, kind in columns
        if (name, column) not in present
    ]


def create_table(name: str, spellings: dict[str, str]) -> str:
    """The `create table if not exists` statement of one table.

    Args:
        name: `schema.table`.
        spellings: how the engine writes a portable type, where it differs.
    """
    columns = ", ".join(f'"{column}" {spellings.get(kind, kind)}' for column, kind in TABLES[name])
    return f"create table if not exists {name} ({columns})"
