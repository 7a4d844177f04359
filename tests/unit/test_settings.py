"""Settings are checked where they enter, in words that hold no secret."""

import pytest
from pydantic import ValidationError

from orchestration.settings import Settings, SettingsError

PASSWORD = "hunter2-of-the-tests"


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=localhost password={PASSWORD} dbname=x",
        f"postgresq://user:{PASSWORD}@localhost/x",
        f"postgresql://user:{PASSWORD}@localhost",
        f"postgresql://user:{PASSWORD}@localhost:port/x",
        f"postgresql://user:{PASSWORD}@localhost/x?host=/tmp",
    ],
)
def test_unusable_dsn_is_refused_without_its_password(dsn, tmp_path):
    with pytest.raises(ValidationError) as refusal:
        Settings(home=tmp_path, postgres_dsn=dsn)
    assert "postgres_dsn" in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


def test_usable_dsn_is_kept_and_hidden(tmp_path):
    dsn = f"postgresql://user:{PASSWORD}@localhost:5433/x?sslmode=require"
    settings = Settings(home=tmp_path, postgres_dsn=dsn)
    assert settings.postgres_dsn.get_secret_value() == dsn
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("schedule_timezone", "Mars/Olympus"), ("schedule_cron", "daily"), ("session_key", "cookie"), ("target", "mysql")],
)
def test_setting_that_cannot_work_is_named(name, value, tmp_path):
    with pytest.raises(ValidationError, match=name):
        Settings(home=tmp_path, **{name: value})


@pytest.mark.parametrize("secret", [None, "", "too short"])
def test_secret_key_that_is_missing_or_short_is_refused(secret, tmp_path):
    with pytest.raises(SettingsError, match="FOOTFALL_SECRET_KEY"):
        Settings(home=tmp_path, secret_key=secret).required_secret()


@pytest.mark.parametrize(("events", "users"), [(None, 760), (761, 760)])
def test_rows_of_users_do_not_expire_before_their_events(events, users):
    with pytest.raises(ValidationError, match="needs FOOTFALL_RETAIN_RAW_DAYS"):
        Settings(retain_raw_days=events, retain_users_days=users)
    assert Settings(retain_raw_days=760, retain_users_days=760).retain_users_days == 760
