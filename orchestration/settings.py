"""Every setting of Footfall, read from the environment by one class."""

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.privacy import MINIMUM_SECRET_LENGTH

# Named for the type checker only, and imported where they are used: pydantic holds on to this module until the process
# ends, and to what it names; through these it would be DuckDB's types, of whose leak a run then ended with forty lines.
if TYPE_CHECKING:
    from ingest.privacy import Keys, PrivacyRules

PROJECT_ROOT = Path(__file__).resolve().parents[1]


class SettingsError(Exception):
    """A setting is missing or has an unusable value; the message names it and says what to do."""


class Settings(BaseSettings):
    """The settings of one installation; each is the environment variable FOOTFALL_<NAME>.

    Everything that a run writes lives under `home`; nothing is read from any other place than the
    environment, the landing folder and the project itself.
    """

    model_config = SettingsConfigDict(env_prefix="FOOTFALL_", extra="ignore", hide_input_in_errors=True)

    home: Path = Field(PROJECT_ROOT / ".footfall", description="folder that holds everything a run writes")
    target: Literal["duckdb", "postgres"] = Field("duckdb", description="engine that holds the warehouse")
    landing: str | None = Field(None, description="landing folder or fsspec URL; default: <home>/landing")
    secret_key: SecretStr | None = Field(None, description="secret from which every pseudonym key is derived")
    rotation_keys: SecretStr | None = Field(
        None, description="secrets that rotated the user keys since, in their order, separated by commas"
    )
    ip_salt_days: int = Field(1, ge=1, le=366, description="days of loads that one salt of IP addresses serves")
    keep_query_parameters: str = Field(
        "", description="parameters of queries that stay in page paths, separated by commas"
    )
    postgres_dsn: SecretStr | None = Field(
        None, description="postgresql://user:password@host:port/database; unset: an embedded server is started"
    )
    session_timeout_minutes: int = Field(30, ge=1, le=1440, description="longest gap inside a session")
    session_key: Literal["inactivity", "client"] = Field(
        "inactivity", description="client: a separate sequence per client session_id, then the gap rule"
    )
    consent_policy: str = Field(
        "none", description='opt_in, opt_out or none; by workspace as JSON: {"acme": "opt_in", "*": "opt_out"}'
    )
    retain_raw_days: int | None = Field(
        None, ge=1, description="events older than so many days are dropped, and deleted by a purge; unset: never"
    )
    retain_users_days: int | None = Field(
        None,
        ge=1,
        description="a purge deletes the rows of users whose last event is older than so many days; unset: never",
    )
    small_group: int = Field(5, ge=1, description="marts_safe hides groups of fewer users; 1 hides none")
    role_prefix: str = Field(
        "",
        pattern="^[a-z0-9_]{0,30}$",
        description="before the names of Postgres roles, which a server shares",
    )
    schedule_cron: str = Field("0 6 * * *", description="cron expression of the daily refresh")
    schedule_timezone: str = Field("UTC", description="IANA time zone of the cron expression")
    purge_cron: str = Field("0 7 * * *", description="cron expression of the daily purge")
    sensor_seconds: int = Field(30, ge=5, description="seconds between two looks at the landing folder")
    settle_seconds: float = Field(
        2.0, ge=0, description="a file younger than this is looked at twice before it is read"
    )
    max_row_bytes: int = Field(1_048_576, ge=1024, description="a longer row is rejected")
    max_event_names: int = Field(
        10_000, ge=1, description="distinct event names a workspace may have; more than a person can read hold ids"
    )
    max_page_paths: int = Field(
        200_000, ge=1, description="distinct page paths a workspace may have; more than a large site has hold ids"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="what commands say while they work: lines for people, or JSON objects for machines"
    )
    alert_webhook: SecretStr | None = Field(
        None, description="https address that is sent JSON when a run fails or is blocked, or data is stale"
    )
    stale_hours: int = Field(26, ge=1, description="a longer time without a run that ended well is stale")
    watch_cron: str = Field("0 9 * * *", description="cron expression of the daily look for stale data")
    lock_wait_seconds: int = Field(600, ge=0, description="how long a run waits for another one to end")
    serve_requests_per_minute: int = Field(120, ge=1, description="requests a minute that the service answers a token")
    serve_cache_bytes: int = Field(67_108_864, ge=0, description="bytes of answers that the service keeps at most")
    duckdb_memory_limit: str = Field("3GB", description="memory limit of the DuckDB warehouse; a run takes 1 GB more")
    duckdb_threads: int | None = Field(None, ge=1, description="threads of the DuckDB warehouse; default: all cores")
    dbt_threads: int | None = Field(
        None, ge=1, description="models that dbt builds at once; default: 2 on DuckDB, 4 on Postgres"
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("consent_policy")
    @classmethod
    def _known_policy(cls, text: str) -> str:
        from ingest.policies import ConsentPolicy

        ConsentPolicy.parse(text)
        return text

    @field_validator("retain_users_days")
    @classmethod
    def _not_before_their_events(cls, users: int | None, info: ValidationInfo) -> int | None:
        events = info.data.get("retain_raw_days")
        if users is not None and (events is None or events > users):
            raise ValueError(
                "needs FOOTFALL_RETAIN_RAW_DAYS, with no more days than it has itself: rows of users are made of events"
            )
        return users

    @field_validator("schedule_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError):
            raise ValueError("is no IANA time zone; write it like Europe/Berlin") from None
        return name

    @field_validator("schedule_cron", "purge_cron", "watch_cron")
    @classmethod
    def _five_fields(cls, cron: str) -> str:
        if len(cron.split()) != 5:
            raise ValueError("is no cron expression of five fields; write it like 0 6 * * *")
        return cron

    @field_validator("postgres_dsn")
    @classmethod
    def _complete_url(cls, dsn: SecretStr | None) -> SecretStr | None:
        """Checked here, for a driver quotes what it cannot read, password and all."""
        if dsn is None or not dsn.get_secret_value():
            return None
        form = "postgresql://user:password@host:port/database, special characters of the password percent-encoded"
        try:
            parts = urlsplit(dsn.get_secret_value())
            is_complete = parts.scheme in ("postgresql", "postgres") and parts.hostname and parts.path.strip("/")
            options = dict(parse_qsl(parts.query))
            _ = parts.port
        except ValueError:
            is_complete, options = False, {}
        if not is_complete:
            raise ValueError(f"is not of the form {form}")
        if options.keys() - {"sslmode"}:
            raise ValueError("has options besides sslmode, which dbt would not get; leave them out")
        return dsn

    @field_validator("alert_webhook")
    @classmethod
    def _encrypted_unless_local(cls, address: SecretStr | None) -> SecretStr | None:
        if address is None or not address.get_secret_value():
            return None
        try:
            parts = urlsplit(address.get_secret_value())
            is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
            is_usable = parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
            _ = parts.port
        except ValueError:
            is_usable = False
        if not is_usable:
            raise ValueError("is no https:// address, nor http:// on localhost")
        return address

    @property
    def landing_root(self) -> str:
        """Where raw files land: a local folder or an fsspec URL."""
        return self.landing or str(self.home / "landing")

    @cached_property
    def dbt_target_path(self) -> Path:
        """Where dbt writes its manifest, compiled SQL and run results."""
        return self.home / "dbt" / self.target

    def required_secret(self) -> str:
        """The secret key.

        Raises:
            SettingsError: it is not set; there is no default, for a guessable key protects nobody.
        """
        if self.secret_key is None or not self.secret_key.get_secret_value():
            raise SettingsError(
                "FOOTFALL_SECRET_KEY is not set. It keys every pseudonym, so Footfall does not start without one. "
                "Make one with `openssl rand -hex 32`, keep it as carefully as the data, and export it."
            )
        if len(self.secret_key.get_secret_value()) < MINIMUM_SECRET_LENGTH:
            raise SettingsError(
                f"FOOTFALL_SECRET_KEY is shorter than {MINIMUM_SECRET_LENGTH} characters. "
                "Make one with `openssl rand -hex 32`, keep it as carefully as the data, and export it."
            )
        return self.secret_key.get_secret_value()

    def keys(self) -> "Keys":
        """The keys of every pseudonym.

        Raises:
            SettingsError: the secret key, or one of the rotation keys, is missing or too short.
        """
        from ingest.privacy import Keys

        rotation = self.rotation_keys.get_secret_value() if self.rotation_keys else ""
        ring = [secret.strip() for secret in rotation.split(",")] if rotation.strip() else []
        try:
            return Keys(self.required_secret(), ring)
        except ValueError as error:
            raise SettingsError(str(error)) from None

    @cached_property
    def privacy_rules(self) -> "PrivacyRules":
        """What is decided here about personal data; the salts are files under `home`."""
        from ingest.privacy import PrivacyRules
        from ingest.salts import IpSalts

        parameters = (name.strip() for name in self.keep_query_parameters.split(","))
        return PrivacyRules(IpSalts(self.home / "salts", self.ip_salt_days), frozenset(filter(None, parameters)))


def utc_now() -> datetime:
    """The clock of a run: the present moment, aware, UTC, to the microsecond."""
    return datetime.now(UTC)


def latest_yesterday(now: datetime) -> date:
    """The local yesterday of the zone that is furthest ahead (UTC+14): no workspace may be shown later than it."""
    return now.astimezone(ZoneInfo("Pacific/Kiritimati")).date() - timedelta(days=1)
