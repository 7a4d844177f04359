"""Alerts reach a hook on this machine, say what is wrong and no secret, and never fail a run."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import ValidationError

from orchestration import alerts
from orchestration.doctor import examine
from orchestration.history import Check
from orchestration.recording import recorded
from orchestration.refresh import open_refresh
from orchestration.settings import Settings
from orchestration.watch import alert_if_stale
from tests.pipeline import SECRET
from warehouse.base import LockTimeout, WarehouseError
from warehouse.open import open_warehouse

PATH = "/services/T0/secret-part"


class Hook:
    """What was posted, and the status to answer with."""

    def __init__(self) -> None:
        self.posted: list[dict] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert (self.path, self.headers["Content-Type"]) == (PATH, "application/json")
                hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}{PATH}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, daemon=True)
    thread.start()
    yield hook
    hook.close()
    thread.join()


@pytest.fixture
def settings(hook, tmp_path, monkeypatch) -> Settings:
    monkeypatch.setattr(alerts, "PAUSES_SECONDS", (0, 0))
    return Settings(home=tmp_path, target="duckdb", secret_key=SECRET, alert_webhook=hook.address, lock_wait_seconds=0)


def history(settings: Settings, *statements: tuple[str, tuple]) -> None:
    warehouse = open_warehouse(settings)
    warehouse.prepare()
    with warehouse.transaction() as tx:
        for sql, parameters in statements:
            tx.execute(sql, parameters)


def doctor(settings: Settings, subject: str) -> list[tuple[bool, str]]:
    return [(one.is_well, one.words) for one in examine(settings) if one.subject == subject]


def test_failed_and_blocked_runs_are_told_and_those_that_end_well_are_not(settings, hook):
    with open_refresh(settings, "good") as refresh, recorded(refresh):
        pass
    with (
        open_refresh(settings, "bad") as refresh,
        pytest.raises(ZeroDivisionError),
        recorded(refresh) as recorder,
        recorder.step("dbt_models"),
    ):
        raise ZeroDivisionError(f"{hook.address} {SECRET}")
    with open_refresh(settings, "odd") as refresh, recorded(refresh) as recorder:
        recorder.check(Check("loads_as_usual", False, "90 % fewer", is_gate=True))
    assert [(one["event"], one["run_id"], one["details"]) for one in hook.posted] == [
        ("failed", "bad", ["dbt_models: ZeroDivisionError: … …"]),
        ("blocked", "odd", ["loads_as_usual: 90 % fewer"]),
    ]
    assert hook.posted[1]["text"].endswith("a gate blocked publishing\nloads_as_usual: 90 % fewer")
    assert doctor(settings, "last run")[0][0] is False


def test_run_that_was_killed_is_told_by_the_next_one(settings, hook):
    now = datetime.now(UTC).replace(tzinfo=None)
    killed = "insert into ops.runs (run_id, kind, started_at, outcome) values ('killed', 'run', $1, 'running')"
    history(settings, (killed, (now,)))
    for run_id in ("next", "later"):
        with open_refresh(settings, run_id) as refresh, recorded(refresh):
            pass
    (posted,) = hook.posted
    assert (posted["run_id"], "(killed) did not finish" in posted["text"]) == ("next", True)


def test_run_whose_warehouse_went_away_is_told(settings, hook, monkeypatch):
    def gone(*_: object) -> None:
        raise WarehouseError("the server closed the connection")

    with open_refresh(settings, "cut off") as refresh, pytest.raises(WarehouseError), recorded(refresh) as recorder:
        monkeypatch.setattr(refresh.warehouse, "transaction", gone)
        with recorder.step("published_tables"):
            raise WarehouseError("lost")
    (posted,) = hook.posted
    assert posted["details"] == ["published_tables: lost"]


def test_run_that_cannot_begin_is_told(settings, hook):
    with open_warehouse(settings).lock(0), pytest.raises(LockTimeout), open_refresh(settings, "second"):
        pass
    (posted,) = hook.posted
    assert (posted["event"], posted["run_id"]) == ("failed", "second")
    assert "another run" in posted["details"][0]


def test_hook_that_fails_is_asked_three_times_and_logged_without_its_address(settings, hook, caplog):
    hook.status = 500
    with open_refresh(settings, "bad") as refresh, recorded(refresh) as recorder:
        recorder.check(Check("any", False))
    assert len(hook.posted) == 3
    hook.close()
    assert not alerts.send_alert(settings, "failed", ["again"])
    assert "it answered 500" in caplog.text
    assert "ConnectionRefusedError" in caplog.text
    assert "secret-part" not in caplog.text


def test_stale_is_a_run_long_ago_or_a_workspace_that_went_silent(settings, hook):
    now = datetime.now(UTC).replace(tzinfo=None)
    insert_run = "insert into ops.runs (run_id, kind, started_at, ended_at, outcome) values ($1, 'run', $2, $2, $3)"
    history(settings, (insert_run, ("recent", now - timedelta(hours=25), "published")))
    assert alert_if_stale(settings) == []
    assert doctor(settings, "stale")[0][0] is True
    insert_day = (
        "insert into ops.load_profiles (load_id, workspace_id, activity_date, events) values (1, 'acme', $1, 5)"
    )
    history(
        settings,
        ("update ops.runs set ended_at = $1", (now - timedelta(hours=27),)),
        (insert_run, ("failed since", now, "failed")),
        *((insert_day, (now.date() - timedelta(days=number),)) for number in range(5, 14)),
    )
    stale = alert_if_stale(settings)
    assert [("ended well" in line, "workspace acme" in line) for line in stale] == [(True, False), (False, True)]
    assert [(one["event"], one["details"]) for one in hook.posted] == [("stale", stale)]
    assert [is_well for is_well, _ in doctor(settings, "stale")] == [False, False]


def test_doctor_names_a_run_that_did_not_finish_and_one_that_a_gate_blocked(settings):
    now = datetime.now(UTC).replace(tzinfo=None)
    insert_run = "insert into ops.runs (run_id, kind, started_at, outcome) values ($1, 'run', $2, $3)"
    history(settings, (insert_run, ("killed", now - timedelta(hours=2), "running")))
    ((is_well, words),) = doctor(settings, "last run")
    assert (is_well, "did not finish, it was killed" in words) == (False, True)
    with open_warehouse(settings).lock(0):
        assert doctor(settings, "last run")[0][0] is True, "a run in progress is no fault"
    history(
        settings,
        (insert_run, ("blocked", now, "blocked")),
        (
            "insert into ops.findings (run_id, finding_id, workspace_id, activity_date, gate, subject, seen, usual,"
            " blocks, words) values ('blocked', '0', 'acme', $1, 'volume', '', 1, 100, true, '99 % fewer')",
            (now.date(),),
        ),
    )
    ((_, words),) = doctor(settings, "blocked")
    assert "99 % fewer; mend the files, or accept it: footfall accept " in words


def test_doctor_knows_whether_the_hook_answers_and_shows_no_address(settings, hook):
    assert doctor(settings, "alert hook") == [(True, "127.0.0.1 answers")]
    hook.close()
    ((is_well, words),) = doctor(settings, "alert hook")
    assert (is_well, "does not answer" in words) == (False, True)
    assert not any("secret-part" in one.words for one in examine(settings))


@pytest.mark.parametrize("address", ["http://example.com/hook", "ftp://localhost/", "https://", "hook", "https://[::1"])
def test_only_encrypted_or_local_addresses_are_taken(address, tmp_path):
    with pytest.raises(ValidationError, match="alert_webhook"):
        Settings(home=tmp_path, alert_webhook=address)
