"""The rules of each entity as SQL expressions of the reader: what a field means, and why a row is refused."""

from ingest.entities import (
    BUILT_IN_SEGMENTS,
    CONSENTS,
    ERASURE_MODES,
    ERASURES,
    EVENT_TYPES,
    EVENTS,
    FUNNELS,
    GOALS,
    SEGMENT_TYPES,
    SEGMENTS,
    WORKSPACES,
    Entity,
)
from ingest.fields import quoted

EARLIEST_TIMESTAMP = "1990-01-01"
FUTURE_HOURS = 24
MAXIMUM_WINDOW_HOURS = 8760
# Texts that identify a published row: Postgres indexes keys of at most 2,704 bytes, and a page flow has three of them.
MAXIMUM_KEY_BYTES = 800
_TEXTS_OF_KEYS = (
    "workspace_id",
    "event_id",
    "event_name",
    "page_path",
    "device_type",
    "browser",
    "os",
    "country_code",
    "feature_name",
    "goal_name",
    "segment_name",
    "funnel_name",
)

_ISO_8601 = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?"
)
DECIMAL_PATTERN = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?"
DATE_PATTERN = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"


def timestamp_sql(text: str) -> str:
    """UTC timestamp of ISO-8601 text or epoch milliseconds, truncated to milliseconds; null when it is neither.

    The pattern comes first because the engine's cast takes `24:00`, `infinity` and other forms, and ignores an offset.
    """
    zone = f"regexp_extract(substr({text}, 11), '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
    digits = f"replace({zone}, ':', '')"
    minutes = f"60 * cast(substr({digits}, 2, 2) as integer) + coalesce(try_cast(substr({digits}, 4, 2) as integer), 0)"
    sign = f"case when left({zone}, 1) = '-' then -1 else 1 end"
    wall_clock = f"try_cast(left(left({text}, length({text}) - length({zone})), 23) as timestamp)"
    return f"""case
        when not regexp_full_match({text}, '{_ISO_8601}')
            then case when regexp_full_match({text}, '-?[0-9]{{1,15}}') then epoch_ms(cast({text} as bigint)) end
        when right({text}, 1) = 'Z' then try_cast(left(left({text}, -1), 23) as timestamp)
        when {zone} = '' then try_cast(left({text}, 23) as timestamp)
        else {wall_clock} - to_minutes({sign} * ({minutes}))
    end"""


def decimal_sql(text: str) -> str:
    """decimal(18,4) of a number's text, rounded half away from zero; null when it is no number or out of range."""
    return f"case when regexp_full_match({text}, '{DECIMAL_PATTERN}') then try_cast({text} as decimal(18, 4)) end"


def date_sql(text: str) -> str:
    """The date of `YYYY-MM-DD`; null for any other text."""
    return f"case when regexp_full_match({text}, '{DATE_PATTERN}') then try_cast({text} as date) end"


def referrer_host_sql(referrer: str = "referrer") -> str:
    """The lower-case host of a referrer, nothing else of it; null when there is none."""
    scheme, login, host = "[A-Za-z][A-Za-z0-9+.-]*://", r"([^/?#\\]*@)?", r"(\[[0-9A-Fa-f:.]+\]|[^/?#:@\\\s]+)"
    with_scheme = f"regexp_extract({referrer}, '^{scheme}{login}{host}', 2)"
    bare = f"regexp_extract({referrer}, '^(([A-Za-z0-9-]+[.])+[A-Za-z]{{2,}})([/?#:]|$)', 1)"
    host = f"coalesce(nullif({with_scheme}, ''), nullif({bare}, ''))"
    return f"case when {referrer} is not null and length({host}) <= 253 then lower({host}) end"


def given_sql(entity: Entity, name: str) -> str:
    """A field as it counts: empty text is null, an alias stands in for it, then its default."""
    names = [name] + [alias for alias, target in entity.aliases if target == name]
    sources = [f"nullif({quoted(source)}, '')" for source in names]
    sources += [_literal(value) for target, value in entity.defaults if target == name]
    return f"coalesce({', '.join(sources)})" if len(sources) > 1 else sources[0]


def fault_sql(entity: Entity, may_hold_nul: bool = True) -> str:
    """Over a row's fields: the first reason to refuse it and the field at fault as a struct; null for a good row."""
    faults = [
        f"when {condition} then {{'reason': '{reason}', 'field': {field}}}"
        for condition, reason, field in _rules(entity, may_hold_nul)
    ]
    already_refused = "when early_reason is not null then {'reason': early_reason, 'field': early_field}"
    return f"case {already_refused} {' '.join(faults)} end"


def _rules(entity: Entity, may_hold_nul: bool):
    """(condition, reason, expression of the field) in the order they are tried."""
    if may_hold_nul:
        yield _nul_rule(entity)
    yield _length_rule(entity)
    for name in entity.required:
        yield f"{quoted(name)} is null", "missing_field", f"'{name}'"
    yield from _rules_of_its_own(entity)
    for name in entity.timestamps:
        yield f"{quoted(name)} is not null and {name}_utc is null", "invalid_timestamp", f"'{name}'"
        out_of_range = (
            f"({name}_utc < timestamp '{EARLIEST_TIMESTAMP}' or {name}_utc > getvariable('latest_timestamp'))"
        )
        yield out_of_range, "timestamp_out_of_range", f"'{name}'"


def _nul_rule(entity: Entity) -> tuple[str, str, str]:
    has_nul = "".join(f" when contains({quoted(name)}, chr(0)) then '{name}'" for name in entity.fields)
    everything = ", ".join(map(quoted, entity.fields))
    return f"contains(concat({everything}), chr(0))", "invalid_text", f"case{has_nul} end"


def _length_rule(entity: Entity) -> tuple[str, str, str]:
    lengths = {name: f"strlen({quoted(name)})" for name in entity.fields if name in _TEXTS_OF_KEYS}
    if "page_path" in lengths:  # of which only the path stays
        path = "strlen(regexp_extract(page_path, '^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)', 2))"
        lengths["page_path"] = f"case when strlen(page_path) > {MAXIMUM_KEY_BYTES} then {path} end"
    too_long = "".join(f" when {length} > {MAXIMUM_KEY_BYTES} then '{name}'" for name, length in lengths.items())
    return f"greatest({', '.join(lengths.values())}) > {MAXIMUM_KEY_BYTES}", "text_too_long", f"case{too_long} end"


def _rules_of_its_own(entity: Entity):
    if entity is EVENTS:
        yield f"event_type not in {_literals(EVENT_TYPES)}", "unknown_event_type", "'event_type'"
    elif entity is WORKSPACES:
        yield "not list_contains(getvariable('time_zones'), timezone)", "unknown_timezone", "'timezone'"
    elif entity is GOALS:
        nothing_to_match = "coalesce(event_type, event_name, page_path) is null"
        yield nothing_to_match, "missing_field", "'event_type, event_name or page_path'"
    elif entity is SEGMENTS:
        yield "criteria is null", "missing_field", "'criteria'"
        yield f"segment_type not in {_literals(SEGMENT_TYPES)}", "invalid_value", "'segment_type'"
        yield f"segment_name in {_literals(BUILT_IN_SEGMENTS)}", "built_in_name", "'segment_name'"
    elif entity is FUNNELS:
        yield "steps is null", "missing_field", "'steps'"
        hours = "case when regexp_full_match(window_hours, '[0-9]{1,4}') then cast(window_hours as integer) else 0 end"
        yield f"{hours} not between 1 and {MAXIMUM_WINDOW_HOURS}", "invalid_window", "'window_hours'"
    elif entity is ERASURES:
        yield f"mode not in {_literals(ERASURE_MODES)}", "invalid_value", "'mode'"
    elif entity is CONSENTS:
        yield "lower(granted) not in ('true', 'false')", "invalid_value", "'granted'"


def _literals(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(_literal, values)) + ")"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
