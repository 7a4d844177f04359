"""The nine entities and the raw tables, as pure data: fields, types, what is required, what identifies a row.

`read.py` takes the fields of each entity from here, `warehouse/` its DDL. No behaviour belongs here.
"""

from dataclasses import dataclass

TEXT = "text"
BIGINT = "bigint"
BOOLEAN = "boolean"
TIMESTAMP = "timestamp"  # UTC, without zone
DATE = "date"
DECIMAL = "decimal(18,4)"

EVENT_TYPES = ("page_view", "feature_use", "api_call", "login", "logout", "error", "custom")
SEGMENT_TYPES = ("behavioral", "demographic", "technographic")
BUILT_IN_SEGMENTS = ("Power users", "Regular", "Casual", "New", "Lapsed", "Mobile-first", "Desktop-first")
CRITERIA_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "not_in", "is_null", "not_null")
# What conditions can ask of every user, the columns of dim_users, and what their values compare as. Any other field is
# an attribute of users/.
USER_COLUMNS = {
    "workspace_id": TEXT,
    "user_key": TEXT,
    "signup_date": DATE,
    "first_active_date": DATE,
    "last_active_date": DATE,
    "days_since_first_active": DECIMAL,
    "days_since_last_active": DECIMAL,
    "lifetime_days": DECIMAL,
    "active_days_30": DECIMAL,
    "sessions_30": DECIMAL,
    "events_30": DECIMAL,
    "features_used_30": DECIMAL,
    "revenue_total": DECIMAL,
    "device_type": TEXT,
    "browser": TEXT,
    "os": TEXT,
    "country_code": TEXT,
    "lifecycle_status": TEXT,
    "engagement_score": DECIMAL,
    "risk_state": TEXT,
    "churn_probability": DECIMAL,
}

DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True)
class RawTable:
    """A table of schema `raw`: columns in their order as (name, portable type), and the lookups the loader makes.

    `indexes` lists column groups that a row store should index; a column store needs none of them.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def qualified_name(self) -> str:
        return f"raw.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True)
class Entity:
    """One sub-folder of the landing root and what its rows may hold.

    fields: contract fields that hold text, in the landing files' names (a timestamp is text until it is validated).
    timestamps: those of `fields` that are times.
    document: the field that holds a JSON object, of funnels a list, if any.
    exploded: the table of the document's parts, a row each, for joining; they carry the load_id and line of their row.
    collects_other_fields: every field that is not named here goes into `document`.
    refused_fields: those that are not collected either, for they would be personal data in clear.
    refuses_other_fields: a field that is not named here rejects its row: a misspelt one must not pass unseen.
    aliases: other name -> field, used where the field itself is absent.
    defaults: field -> value where it is absent.
    keys: the raw table's columns that identify what a row is about.
    """

    name: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    table: RawTable
    keys: tuple[str, ...]
    timestamps: tuple[str, ...] = ()
    document: str | None = None
    exploded: RawTable | None = None
    collects_other_fields: bool = False
    refused_fields: tuple[str, ...] = ()
    refuses_other_fields: bool = False
    aliases: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        return self.name

    @property
    def contract_fields(self) -> tuple[str, ...]:
        """Every field by its contract name, the document included."""
        return self.fields + ((self.document,) if self.document else ())

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """Names a file may use: contract fields and aliases."""
        return self.contract_fields + tuple(alias for alias, _ in self.aliases)


def _entity_table(name: str, *columns: tuple[str, str], indexes: tuple[tuple[str, ...], ...] = ()) -> RawTable:
    bookkeeping = (("load_id", BIGINT), ("line", BIGINT))
    return RawTable(name, (*bookkeeping, *columns, ("content_hash", TEXT)), (("load_id",), *indexes))


EVENTS = Entity(
    name="events",
    fields=(
        "event_id",
        "user_id",
        "workspace_id",
        "session_id",
        "event_type",
        "event_name",
        "page_path",
        "ip_address",
        "user_agent",
        "referrer",
        "device_type",
        "browser",
        "os",
        "country_code",
        "created_at",
    ),
    required=("user_id", "event_type", "created_at"),
    timestamps=("created_at",),
    document="metadata",
    aliases=(("id", "event_id"),),
    defaults=(("workspace_id", DEFAULT_WORKSPACE),),
    keys=("workspace_id", "event_id"),
    table=_entity_table(
        "events",
        ("workspace_id", TEXT),
        ("event_id", TEXT),
        ("user_key", TEXT),
        ("event_type", TEXT),
        ("event_name", TEXT),
        ("page_path", TEXT),
        ("client_session_key", TEXT),
        ("ip_hash", TEXT),
        ("user_agent_hash", TEXT),
        ("referrer_host", TEXT),
        ("device_type", TEXT),
        ("browser", TEXT),
        ("os", TEXT),
        ("country_code", TEXT),
        ("is_bot", BOOLEAN),
        ("is_gpc", BOOLEAN),
        ("metadata", TEXT),
        ("metadata_category", TEXT),
        ("seconds_spent", DECIMAL),
        ("revenue", DECIMAL),
        ("created_at", TIMESTAMP),
        indexes=(("workspace_id", "event_id"),),
    ),
)

USER_ATTRIBUTES = RawTable(
    "user_attributes",
    (
        ("load_id", BIGINT),
        ("line", BIGINT),
        ("field", TEXT),
        ("value_text", TEXT),
        ("value_number", DECIMAL),
        ("value_date", DATE),
    ),
    (("load_id",), ("field",)),
)

USERS = Entity(
    name="users",
    fields=("user_id", "workspace_id", "created_at", "updated_at"),
    required=("user_id",),
    timestamps=("created_at", "updated_at"),
    document="attributes",
    exploded=USER_ATTRIBUTES,
    collects_other_fields=True,
    refused_fields=("id", "ip_address", "user_agent", "session_id"),
    defaults=(("workspace_id", DEFAULT_WORKSPACE),),
    keys=("workspace_id", "user_key"),
    table=_entity_table(
        "users",
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("created_at", TIMESTAMP),
        ("attributes", TEXT),
        ("updated_at", TIMESTAMP),
        indexes=(("workspace_id", "user_key"),),
    ),
)

WORKSPACES = Entity(
    name="workspaces",
    fields=("workspace_id", "name", "timezone", "updated_at"),
    required=("workspace_id",),
    timestamps=("updated_at",),
    keys=("workspace_id",),
    table=_entity_table(
        "workspaces",
        ("workspace_id", TEXT),
        ("workspace_name", TEXT),
        ("timezone", TEXT),
        ("updated_at", TIMESTAMP),
    ),
)

FEATURES = Entity(
    name="features",
    fields=("workspace_id", "feature_name", "category", "updated_at"),
    required=("feature_name",),
    timestamps=("updated_at",),
    refuses_other_fields=True,
    keys=("workspace_id", "feature_name"),
    table=_entity_table(
        "features",
        ("workspace_id", TEXT),
        ("feature_name", TEXT),
        ("category", TEXT),
        ("updated_at", TIMESTAMP),
    ),
)

GOALS = Entity(
    name="goals",
    fields=("workspace_id", "goal_name", "event_type", "event_name", "page_path", "updated_at"),
    required=("goal_name",),
    timestamps=("updated_at",),
    refuses_other_fields=True,
    keys=("workspace_id", "goal_name"),
    table=_entity_table(
        "goals",
        ("workspace_id", TEXT),
        ("goal_name", TEXT),
        ("event_type", TEXT),
        ("event_name", TEXT),
        ("page_path", TEXT),
        ("updated_at", TIMESTAMP),
    ),
)

# A row per condition and value of it: several for `in` and `not_in`, one without value for `is_null` and `not_null`.
SEGMENT_CONDITIONS = RawTable(
    "segment_conditions",
    (
        ("load_id", BIGINT),
        ("line", BIGINT),
        ("combination", TEXT),
        ("condition_number", BIGINT),
        ("field", TEXT),
        ("op", TEXT),
        ("value_position", BIGINT),
        ("value_text", TEXT),
        ("value_number", DECIMAL),
        ("value_date", DATE),
    ),
    (("load_id",),),
)

SEGMENTS = Entity(
    name="segments",
    fields=("workspace_id", "segment_name", "segment_type", "updated_at"),
    required=("segment_name",),
    timestamps=("updated_at",),
    document="criteria",
    exploded=SEGMENT_CONDITIONS,
    refuses_other_fields=True,
    keys=("workspace_id", "segment_name"),
    table=_entity_table(
        "segments",
        ("workspace_id", TEXT),
        ("segment_name", TEXT),
        ("segment_type", TEXT),
        ("criteria", TEXT),
        ("updated_at", TIMESTAMP),
    ),
)

FUNNEL_STEPS = RawTable(
    "funnel_steps",
    (
        ("load_id", BIGINT),
        ("line", BIGINT),
        ("step", BIGINT),
        ("step_name", TEXT),
        ("event_type", TEXT),
        ("event_name", TEXT),
        ("page_path", TEXT),
    ),
    (("load_id",),),
)

FUNNELS = Entity(
    name="funnels",
    fields=("workspace_id", "funnel_name", "window_hours", "updated_at"),
    required=("funnel_name",),
    timestamps=("updated_at",),
    document="steps",
    exploded=FUNNEL_STEPS,
    refuses_other_fields=True,
    defaults=(("window_hours", "168"),),
    keys=("workspace_id", "funnel_name"),
    table=_entity_table(
        "funnels",
        ("workspace_id", TEXT),
        ("funnel_name", TEXT),
        ("steps", TEXT),
        ("window_hours", BIGINT),
        ("updated_at", TIMESTAMP),
    ),
)

CONSENTS = Entity(
    name="consents",
    fields=("user_id", "workspace_id", "purpose", "granted", "at"),
    required=("user_id", "granted", "at"),
    timestamps=("at",),
    defaults=(("workspace_id", DEFAULT_WORKSPACE), ("purpose", "analytics")),
    keys=("workspace_id", "user_key", "purpose", "decided_at"),
    table=_entity_table(
        "consents",
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("purpose", TEXT),
        ("is_granted", BOOLEAN),
        ("decided_at", TIMESTAMP),
        indexes=(("workspace_id", "user_key"),),
    ),
)

ERASURE_MODES = ("delete", "anonymize")

# Requests that wait to be carried out: their rows go as the person does (see ingest/erase.py).
ERASURES = Entity(
    name="erasures",
    fields=("user_id", "workspace_id", "mode", "requested_at"),
    required=("user_id",),
    timestamps=("requested_at",),
    defaults=(("workspace_id", DEFAULT_WORKSPACE), ("mode", "delete")),
    keys=("workspace_id", "user_key"),
    table=_entity_table(
        "erasures",
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("user_fingerprint", TEXT),  # as rejected rows show the user id; null when the id is not known
        ("tombstone", TEXT),
        ("mode", TEXT),
        ("requested_at", TIMESTAMP),
    ),
)

# In the order they are loaded: what an event is read against comes before the events, and nobody who asked to be erased
# is read first.
ENTITIES = (ERASURES, WORKSPACES, USERS, CONSENTS, FEATURES, GOALS, SEGMENTS, FUNNELS, EVENTS)

REJECTED = RawTable(
    "rejected",
    (
        ("load_id", BIGINT),
        ("entity", TEXT),
        ("path", TEXT),
        ("line", BIGINT),
        ("reason", TEXT),
        ("field", TEXT),
        ("payload", TEXT),
        ("byte_length", BIGINT),
        ("payload_hash", TEXT),
    ),
    (("load_id",),),
)

LOADS = RawTable(
    "loads",
    (
        ("load_id", BIGINT),
        ("run_id", TEXT),
        ("entity", TEXT),
        ("path", TEXT),
        ("file_hash", TEXT),
        ("size_bytes", BIGINT),
        ("status", TEXT),
        ("reason", TEXT),
        ("rows_read", BIGINT),
        ("loaded", BIGINT),
        ("duplicates", BIGINT),
        ("conflicts", BIGINT),
        ("rejected", BIGINT),
        ("dropped_consent", BIGINT),
        ("dropped_erased", BIGINT),
        ("dropped_beyond_retention", BIGINT),
        ("started_at", TIMESTAMP),
        ("loaded_at", TIMESTAMP),
        ("min_created_at", TIMESTAMP),
        ("max_created_at", TIMESTAMP),
    ),
    (("load_id",), ("file_hash",)),
)

FILES = RawTable(
    "files",
    (
        ("landing_root", TEXT),
        ("path", TEXT),
        ("size_bytes", BIGINT),
        ("modified_ns", TEXT),  # nanoseconds for a local file, etag or last-modified for a remote one
        ("file_hash", TEXT),
        ("load_id", BIGINT),
        ("dated_at", TIMESTAMP),  # the load time that stands in for an absent updated_at; a reload keeps it
    ),
)

# Loads whose rows a reload took out again; what raw.loads says of them is what was so at the time.
REPLACED_LOADS = RawTable("replaced_loads", (("load_id", BIGINT), ("run_id", TEXT), ("replaced_at", TIMESTAMP)))

REPEATED_EVENTS = RawTable(
    "repeated_events",
    (
        ("load_id", BIGINT),
        ("line", BIGINT),
        ("workspace_id", TEXT),
        ("event_id", TEXT),
        ("user_key", TEXT),
        ("created_at", TIMESTAMP),
        ("content_hash", TEXT),
    ),
    (("workspace_id", "event_id"), ("load_id",)),
)

# Rows of any entity but events that were left out because a stored row, the kept one, says the same of the same key.
REPEATED_ROWS = RawTable(
    "repeated_rows",
    (
        ("entity", TEXT),
        ("load_id", BIGINT),
        ("line", BIGINT),
        ("kept_load_id", BIGINT),
        ("kept_line", BIGINT),
        ("updated_at", TIMESTAMP),
    ),
    (("load_id",), ("kept_load_id", "kept_line")),
)

# People who were erased and are kept out until `lifted_at`; a tombstone is a keyed hash of the user's key.
TOMBSTONES = RawTable(
    "tombstones",
    (
        ("workspace_id", TEXT),
        ("tombstone", TEXT),
        ("mode", TEXT),
        ("erased_at", TIMESTAMP),
        ("lifted_at", TIMESTAMP),
    ),
)

PENDING = RawTable(
    "pending",
    (
        ("load_id", BIGINT),
        ("kind", TEXT),
        ("workspace_id", TEXT),
        ("user_key", TEXT),
        ("touched_at", TIMESTAMP),
        ("touched_until", TIMESTAMP),  # the end of a range; null for a position
    ),
)

# The consent policy that everything stored follows, by workspace, `*` for those without a row; none: no row.
CONSENT_POLICIES = RawTable("consent_policies", (("workspace_id", TEXT), ("policy", TEXT)))

# One row: the last load whose decisions the stored events follow.
CONSENT_PROGRESS = RawTable("consent_progress", (("load_id", BIGINT),))

# Rows that were loaded and had to go for a policy, by load. What raw.loads says of them is what was so at the time.
DELETIONS = RawTable(
    "deletions",
    (
        ("run_id", TEXT),
        ("load_id", BIGINT),
        ("workspace_id", TEXT),
        ("reason", TEXT),  # consent, erased, beyond_retention
        ("rows", BIGINT),
        ("deleted_at", TIMESTAMP),
    ),
    (("load_id",),),
)

# Events that are about to be removed, named here by one statement for the next ones; empty between transactions.
LEAVING_EVENTS = RawTable("leaving_events", (("load_id", BIGINT), ("line", BIGINT)))

# Days of users whose events a purge is about to remove, named by one statement for the next ones; empty between
# transactions.
LEAVING_DAYS = RawTable("leaving_days", (("workspace_id", TEXT), ("user_key", TEXT), ("activity_date", DATE)))

# Users whose rows are about to be removed, named by one statement for the next ones; empty between transactions.
LEAVING_USERS = RawTable("leaving_users", (("workspace_id", TEXT), ("user_key", TEXT)))

# From when on events are kept, `*` for workspaces without a row; none: nothing is beyond retention.
HORIZONS = RawTable(
    "horizons",
    (
        ("workspace_id", TEXT),
        ("kept_from", TIMESTAMP),
        ("kept_from_date", DATE),  # the local day that begins then
        ("purged_until", TIMESTAMP),  # what a purge has deleted is earlier; null before the first one
        ("users_kept_from", DATE),  # users whose last day is earlier go; null: rows of users stay for ever
    ),
)

# The keys that every user key has passed through since the first one, each known by a keyed hash of a constant.
KEY_RING = RawTable("key_ring", (("position", BIGINT), ("fingerprint", TEXT), ("applied_at", TIMESTAMP)))

EXPLODED_TABLES = (USER_ATTRIBUTES, SEGMENT_CONDITIONS, FUNNEL_STEPS)
BOOKKEEPING_TABLES = (
    REJECTED,
    LOADS,
    FILES,
    REPLACED_LOADS,
    REPEATED_EVENTS,
    REPEATED_ROWS,
    TOMBSTONES,
    PENDING,
    CONSENT_POLICIES,
    CONSENT_PROGRESS,
    DELETIONS,
    LEAVING_EVENTS,
    LEAVING_DAYS,
    LEAVING_USERS,
    HORIZONS,
    KEY_RING,
)
RAW_TABLES = tuple(entity.table for entity in ENTITIES) + EXPLODED_TABLES + BOOKKEEPING_TABLES
