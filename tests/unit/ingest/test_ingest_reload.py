"""Reloading mended files: raw then holds what it would hold had the files always been as they are."""

import gzip
import itertools
import json
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.load import load_landing
from ingest.reload import ReloadError, ReloadReport, check_reload, reload_files
from tests.unit.ingest.conftest import Landing
from tests.unit.ingest.event_rows import CLOCK, event
from warehouse.duckdb import DuckDBTransaction, DuckDBWarehouse

DAY = timedelta(days=1)
EVENTS = "select event_id, os, load_id, line from raw.events order by 1, 2, 3, 4"
REPEATED = "select event_id, load_id, line from raw.repeated_events order by 1, 2, 3"


def reload(landing: Landing, *names: str, clock=CLOCK + DAY, **options) -> ReloadReport:
    options = {"run_id": "reload", "settle_seconds": 0, **options}
    return reload_files(landing.warehouse, str(landing.root), names, landing.keys, clock=clock, **options)


def positions(landing: Landing) -> set[tuple]:
    return set(landing.fetch("select user_key, touched_at from raw.pending where kind = 'position'"))


def key_of(landing: Landing, user_id: str) -> str:
    return landing.keys.user_key("default", user_id)


def test_rows_of_a_mended_file_are_replaced_in_one_transaction(landing):
    landing.write("events/a.ndjson", [event(event_id="1"), event(event_id="2"), event(event_type="?")])
    landing.write("events/b.ndjson", [event(event_id="3")])
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="1", os="mended")])
    report = reload(landing, "events/a.ndjson")
    assert (report.removed_loads, report.removed_rows, report.total("loaded")) == (1, 2, 1)
    assert [(row[0], row[2]) for row in landing.fetch(EVENTS)] == [("1", 3), ("3", 2)]
    assert landing.fetch("select count(*) from raw.rejected") == [(0,)]
    assert landing.fetch("select load_id, run_id from raw.replaced_loads") == [(1, "reload")]
    assert landing.fetch("select load_id, rows_read from raw.loads order by 1") == [(1, 3), (2, 1), (3, 1)]
    assert landing.fetch("select path, load_id from raw.files order by 1") == [
        ("events/a.ndjson", 3),
        ("events/b.ndjson", 2),
    ]
    kinds = "select kind, load_id from raw.pending where kind <> 'position' order by load_id"
    assert landing.fetch(kinds) == [("removal", 1), ("load", 2), ("load", 3)]
    assert landing.load(CLOCK + DAY).files == []


def test_every_earlier_content_of_the_file_goes(landing):
    for number in range(3):
        landing.write("events/a.ndjson", [event(event_id=str(number))] * (number + 1))
        landing.load()
    landing.write("events/a.ndjson", [event(event_id="last")])
    report = reload(landing, "events/a.ndjson")
    assert (report.removed_loads, report.removed_rows) == (3, 6)
    assert [row[0] for row in landing.fetch(EVENTS)] == ["last"]


def test_mended_file_that_is_not_reloaded_is_a_new_file(landing):
    landing.write("events/a.ndjson", [event(event_id="1")])
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="2"), event(event_id="3")])
    landing.load()
    assert [row[0] for row in landing.fetch(EVENTS)] == ["1", "2", "3"]


def test_unchanged_file_is_read_anew(landing):
    landing.write("events/a.ndjson", [event(event_id="1"), event(event_id="2", created_at="2300-01-01")])
    landing.load()
    report = reload(landing, "events/a.ndjson", clock=CLOCK + 400 * 365 * DAY)
    assert (report.total("loaded"), report.total("rejected")) == (2, 0)
    assert [row[2] for row in landing.fetch(EVENTS)] == [2, 2]


def test_surviving_copy_in_another_file_takes_over(landing):
    early, late = event(event_id="e", user_id="ann"), event(event_id="e", user_id="bob", created_at="2026-01-05")
    landing.write("events/a.ndjson", [early, early, event(event_id="only")])
    landing.write("events/b.ndjson", [late])
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="only")])
    reload(landing, "events/a.ndjson")
    assert [(row[0], row[2]) for row in landing.fetch(EVENTS)] == [("e", 2), ("only", 3)]
    assert landing.fetch(REPEATED) == []
    touched = {(key, at.date().isoformat()) for key, at in positions(landing)}
    assert {(key_of(landing, "ann"), "2026-01-02"), (key_of(landing, "bob"), "2026-01-05")} <= touched


def test_repeated_ids_stay_repeated_while_two_copies_are_left(landing):
    for name in "abc":
        landing.write(f"events/{name}.ndjson", [event(event_id="e", os=name), event(event_id=name)])
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="a"), event(event_id="b", os="again")])
    report = reload(landing, "events/a.ndjson")
    (file,) = report.files
    assert (file.loaded, file.duplicates, file.conflicts) == (1, 1, 1)
    assert landing.fetch(REPEATED) == [("b", 2, 2), ("b", 4, 2), ("e", 2, 1), ("e", 3, 1)]


def test_crash_at_any_step_leaves_the_old_rows(landing, monkeypatch):
    landing.write("events/a.ndjson", [event(event_id="1"), event(event_id="1", os="x")])
    landing.write("users/a.ndjson", [{"user_id": "u"}])
    landing.load()
    before = landing.everything()
    landing.write("events/a.ndjson", [event(event_id="2")])
    execute = DuckDBTransaction.execute

    def reload_until(step: int | None) -> int:
        steps = itertools.count(1)

        def counted(tx, sql, parameters=()):
            if next(steps) == step:
                raise RuntimeError("power cut")
            return execute(tx, sql, parameters)

        with monkeypatch.context() as patch:
            patch.setattr(DuckDBTransaction, "execute", counted)
            reload(landing, "events", "users")
        return next(steps)

    for step in (1, 10, 20):
        with pytest.raises(RuntimeError, match="power cut"):
            reload_until(step)
        assert landing.everything() == before
    assert reload_until(None) > 20
    assert [row[0] for row in landing.fetch(EVENTS)] == ["2"]


@pytest.mark.parametrize("damage", ["cut", "gone while reading"])
def test_file_that_cannot_be_read_changes_nothing(landing, monkeypatch, damage):
    path = landing.write("events/a.ndjson.gz", [event(event_id=str(number)) for number in range(1000)])
    landing.load()
    before = landing.everything()
    path.write_bytes(path.read_bytes()[:-9] if damage == "cut" else gzip.compress(b"{}\n"))
    if damage != "cut":
        monkeypatch.setattr("ingest.ledger.sha256_of", lambda local_path: os.unlink(path))
    with pytest.raises(ReloadError, match=r"events/a.ndjson.gz: .*Nothing was changed"):
        reload(landing, "events/a.ndjson.gz")
    assert landing.everything() == before


def test_names_that_cannot_be_reloaded_are_refused_together(landing, tmp_path):
    for name in ("kept", "gone", "emptied"):
        landing.write(f"events/{name}.ndjson", [event(event_id=name)])
    landing.load()
    (landing.root / "events/gone.ndjson").unlink()
    landing.write("events/emptied.ndjson", b"")
    landing.write("events/new.ndjson", [event(event_id="new")])
    before = landing.everything()
    names = [
        "events/kept.ndjson",
        "events/gone.ndjson",
        "events/emptied.ndjson",
        "events/new.ndjson",
        "events/nowhere.ndjson",
        "/somewhere/else.ndjson",
        "s3://bucket/events/kept.ndjson",
        "events/new*",
    ]
    for attempt in (
        lambda: reload(landing, *names),
        lambda: check_reload(landing.warehouse, str(landing.root), names, forget=False),
    ):
        with pytest.raises(ReloadError) as refusal:
            attempt()
        words = str(refusal.value).splitlines()
        assert [line.split(": ")[0] for line in words[:-1]] == names[1:]
        for line, reason in zip(
            words,
            ("no longer in the landing folder", "empty", "never loaded", *["no such file"] * 3, "no file there"),
            strict=False,
        ):
            assert reason in line
    assert landing.everything() == before


@pytest.mark.parametrize("spelling", ["relative", "absolute", "link", "from the working folder", "folder", "pattern"])
def test_names_may_be_spelled_as_people_spell_them(landing, tmp_path, monkeypatch, spelling):
    landing.write("events/2026/a[1].ndjson", [event(event_id="old")])
    landing.write("events/2026/note.ndjson", [event(event_id="note")])
    landing.load()
    landing.write("events/2026/a[1].ndjson", [event(event_id="new")])
    (landing.root / "events/2026/note.ndjson").unlink()
    (tmp_path / "link").symlink_to(landing.root)
    monkeypatch.chdir(tmp_path)
    name = {
        "relative": "./events//2026/a[1].ndjson",
        "absolute": str(landing.root / "events/2026/a[1].ndjson"),
        "link": str(tmp_path / "link/events/2026/a[1].ndjson"),
        "from the working folder": "landing/events/2026/a[1].ndjson",
        "folder": "events/2026/",
        "pattern": "events/*/a*",
    }[spelling]
    report = reload(landing, name)
    assert [row[0] for row in landing.fetch(EVENTS)] == ["new", "note"]
    notes = [("events/2026/note.ndjson", "no longer there; its rows stay")] if spelling == "folder" else []
    assert [(note.path, note.reason) for note in report.notes] == notes


def test_files_of_a_url_are_reloaded(landing):
    url = landing.root.as_uri()
    landing.write("events/a.ndjson", [event(event_id="old")])
    landing.load(root=url)
    landing.write("events/a.ndjson", [event(event_id="new"), event(event_id="more")])
    for name in ("events/a.ndjson", f"{url}/events/a.ndjson"):
        reload_files(landing.warehouse, url, [name], landing.keys, run_id="r", clock=CLOCK, settle_seconds=0)
        assert [row[0] for row in landing.fetch(EVENTS)] == ["more", "new"]


def test_file_of_the_same_content_under_another_name_keeps_its_rows(landing):
    content = [event(event_id="1"), event(event_type="?")]
    landing.write("events/a.ndjson", content)
    landing.write("events/b.ndjson", content)
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="2")])
    reload(landing, "events/a.ndjson")
    assert [row[0] for row in landing.fetch(EVENTS)] == ["1", "2"]
    assert landing.fetch("select path, reason from raw.rejected") == [("events/b.ndjson", "unknown_event_type")]
    landing.write("events/b.ndjson", [event(event_id="3")])
    reload(landing, "events/b.ndjson")
    assert [row[0] for row in landing.fetch(EVENTS)] == ["2", "3"]
    assert landing.load(CLOCK + DAY).files == []


def test_archived_file_of_the_same_content_keeps_its_rows_until_it_is_forgotten(landing):
    landing.write("events/monday.ndjson", [event(event_id="monday")])
    landing.load()
    (landing.root / "events/monday.ndjson").rename(landing.root / "events/tuesday.ndjson")
    landing.load()
    landing.write("events/tuesday.ndjson", [event(event_id="tuesday")])
    (note,) = reload(landing, "events/tuesday.ndjson").notes
    assert note.path == "events/monday.ndjson" and "the rows of load 1 stay" in note.reason
    assert f"--forget --landing {landing.root} events/monday.ndjson" in note.reason
    assert [row[0] for row in landing.fetch(EVENTS)] == ["monday", "tuesday"]
    report = reload(landing, "events/monday.ndjson", forget=True)
    assert (report.files, report.removed_rows) == ([], 1)
    assert [row[0] for row in landing.fetch(EVENTS)] == ["tuesday"]


def test_landing_folder_that_was_moved_holds_nothing_back(landing, tmp_path):
    landing.write("events/a.ndjson", [event(event_id="old")])
    landing.load()
    landing.root = landing.root.rename(tmp_path / "moved")
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="new")])
    assert reload(landing, "events/a.ndjson").notes == []
    assert [row[0] for row in landing.fetch(EVENTS)] == ["new"]


def test_mended_content_that_another_file_has_loads_once(landing):
    landing.write("events/a.ndjson", [event(event_id="1")])
    landing.write("events/b.ndjson", [event(event_id="2")])
    landing.load()
    landing.write("events/a.ndjson", [event(event_id="2")])
    (file,) = reload(landing, "events/a.ndjson").files
    assert (file.status, file.load_id) == ("known", 2)
    assert [row[0] for row in landing.fetch(EVENTS)] == ["2"]


def test_files_that_are_still_there_are_not_forgotten(landing):
    landing.write("events/a.ndjson", [event()])
    landing.load()
    with pytest.raises(ReloadError, match="still in the landing folder, so the next run would load it again"):
        reload(landing, "events/a.ndjson", forget=True)
    with pytest.raises(ReloadError, match="every loaded file is still there"):
        reload(landing, "events", forget=True)


def test_row_of_another_file_that_repeated_a_removed_one_is_stored(landing):
    at = {"updated_at": "2026-01-01"}
    rows = [{"workspace_id": "w", "timezone": "Asia/Tokyo", **at}, {"workspace_id": "v", **at}]
    for name in "abc":
        landing.write(f"workspaces/{name}.ndjson", rows)
        rows = rows[:1] + [{"workspace_id": "v", "name": name, **at}]
    landing.load()
    stored = "select workspace_id, load_id, line from raw.workspaces order by 1, 2, 3"
    assert landing.fetch(stored) == [("v", 1, 2), ("v", 2, 2), ("v", 3, 2), ("w", 1, 1)]
    landing.write("workspaces/a.ndjson", [{"workspace_id": "v", **at}])
    reload(landing, "workspaces/a.ndjson")
    assert landing.fetch(stored) == [("v", 2, 2), ("v", 3, 2), ("v", 4, 1), ("w", 2, 1)]
    assert landing.fetch("select load_id, kept_load_id from raw.repeated_rows") == [(3, 2)]
    landing.write("workspaces/b.ndjson", [{"workspace_id": "x", **at}])
    reload(landing, "workspaces/b.ndjson")
    assert landing.fetch(stored) == [("v", 3, 2), ("v", 4, 1), ("w", 3, 1), ("x", 5, 1)]
    assert landing.fetch("select count(*) from raw.repeated_rows") == [(0,)]


def newest(landing: Landing) -> dict[str, str]:
    rows = landing.fetch("select workspace_id, workspace_name from raw.workspaces order by updated_at, content_hash")
    return dict(rows)


def test_rows_without_updated_at_keep_the_time_of_the_load_they_replace(landing):
    for month, name in enumerate(("January", "February", "February")):
        landing.write(
            f"workspaces/{month}.ndjson", [{"workspace_id": "w", "name": name, "timezone": "UTC"}] * (month + 1)
        )
        landing.load(CLOCK + month * DAY)
    landing.write("workspaces/0.ndjson", [{"workspace_id": "w", "name": "January, mended"}])
    for later in (10, 11):
        reload(landing, "workspaces/0.ndjson", clock=CLOCK + later * DAY)
        assert newest(landing) == {"w": "February"}
    landing.write("workspaces/1.ndjson", [{"workspace_id": "w", "name": "February, mended"}])
    reload(landing, "workspaces/1.ndjson", clock=CLOCK + 12 * DAY)
    assert newest(landing) == {"w": "February"}  # what the third file says, though it was left out as a repetition
    landing.write("workspaces/2.ndjson", [{"workspace_id": "other"}])
    reload(landing, "workspaces/2.ndjson", clock=CLOCK + 13 * DAY)
    assert newest(landing) == {"w": "February, mended", "other": None}


def test_version_mended_into_the_midst_lets_the_later_repetition_win_again(landing):
    for day, name in enumerate(("same", "same", "same")):
        landing.write(f"workspaces/{day}.ndjson", [{"workspace_id": "w", "name": name}, {"workspace_id": f"x{day}"}])
        landing.load(CLOCK + day * DAY)
    landing.write("workspaces/1.ndjson", [{"workspace_id": "w", "name": "other"}])
    reload(landing, "workspaces/1.ndjson", clock=CLOCK + 9 * DAY)
    assert newest(landing)["w"] == "same"


class Files:
    """Random landing files and random changes to them."""

    def __init__(self, landing: Landing, rng: random.Random) -> None:
        self.landing = landing
        self.rng = rng
        self.rows: dict[str, list[dict]] = {}
        self.landed_at: dict[str, int] = {}

    def change(self, name: str, day: int) -> None:
        make = {"events": self._event, "users": self._user, "workspaces": self._workspace}[name.split("/")[0]]
        self.rows[name] = [make(number) for number in range(self.rng.randint(1, 6))]
        self.landed_at.setdefault(name, day)
        self.write(self.landing, name)

    def copy(self, name: str, other: str, day: int) -> None:
        """Give a file the content of another one."""
        self.rows[name] = self.rows[other]
        self.landed_at.setdefault(name, day)
        self.write(self.landing, name)

    def write(self, landing: Landing, name: str) -> Path:
        return landing.write(name, self.rows[name])

    def _event(self, _: int) -> dict:
        kind = "?" if self.rng.random() < 0.1 else "login"
        at = f"2026-01-0{self.rng.randint(1, 3)}"
        user = self.rng.choice("ab")
        return {"event_id": self.rng.choice("12345678"), "user_id": user, "event_type": kind, "created_at": at}

    def _user(self, _: int) -> dict:
        at = {"updated_at": f"2020-01-0{self.rng.randint(1, 3)}"}
        return {"user_id": self.rng.choice("abc"), "plan": self.rng.choice("xy"), **at}

    def _workspace(self, number: int) -> dict:
        """Without updated_at: the time of the load decides, and a key comes once a file."""
        zone = self.rng.choice(("UTC", "Asia/Tokyo", "Mars/Olympus"))
        return {"workspace_id": f"w{number}", "name": self.rng.choice("mn"), "timezone": zone}


def contents(landing: Landing) -> dict[str, list]:
    """What raw says, without the numbers of loads: rows by file, survivors, winners, repeated ids."""
    by_file = "select f.path, {columns} from raw.{table} r join raw.files f on f.load_id = r.load_id order by all"
    latest = (
        "select {key}, arg_max(content_hash, (updated_at, content_hash)) from raw.{table} group by {key} order by all"
    )
    return {
        "events": landing.fetch(by_file.format(table="events", columns="r.line, r.event_id, r.content_hash")),
        "repeated": landing.fetch(by_file.format(table="repeated_events", columns="r.line, r.event_id")),
        "rejected": landing.fetch(by_file.format(table="rejected", columns="r.path, r.line, r.reason")),
        "users": landing.fetch("select user_key, content_hash from raw.users order by all"),
        "latest users": landing.fetch(latest.format(table="users", key="user_key")),
        "latest workspaces": landing.fetch(latest.format(table="workspaces", key="workspace_id")),
        "entity rows by file": landing.fetch(
            "select path, count(*) from (select load_id, line from raw.users union all"
            " select load_id, line from raw.workspaces union all select load_id, line from raw.repeated_rows) r"
            " join raw.files using (load_id) group by path order by all"
        ),
    }


def survivors(landing: Landing) -> set[tuple]:
    return set(
        landing.fetch(
            "select event_id, user_key, min(created_at) from raw.events e where not exists (select 1 from raw.events o"
            " where o.event_id = e.event_id and (o.created_at, o.content_hash) < (e.created_at, e.content_hash))"
            " group by 1, 2"
        )
    )


def positions_of_new_loads(landing: Landing) -> set[tuple]:
    """What the build touches for pending loads: their events and every copy of the ids these repeat."""
    return set(
        landing.fetch(
            "with loads as (select load_id from raw.pending where kind = 'load')"
            " select user_key, created_at from raw.events where load_id in (from loads) union"
            " select user_key, created_at from raw.repeated_events where event_id in"
            " (select event_id from raw.repeated_events where load_id in (from loads))"
        )
    )


@pytest.mark.parametrize("seed", range(4))
def test_random_reloads_equal_a_fresh_load_of_the_final_files(landing, tmp_path, keys, seed):
    rng = random.Random(seed)
    files = Files(landing, rng)
    for day in range(8):
        name = f"{rng.choice(('events', 'events', 'users', 'workspaces'))}/{rng.choice('abc')}.ndjson"
        was_known = name in files.rows
        before = survivors(landing)
        twins = [other for other in files.rows if other.split("/")[0] == name.split("/")[0] and other != name]
        if twins and rng.random() < 0.25:
            files.copy(name, rng.choice(twins), day)
        else:
            files.change(name, day)
        with landing.warehouse.transaction() as tx:
            tx.execute("delete from raw.pending")
        if was_known:
            reload(landing, name, clock=CLOCK + day * DAY)
            moved = {(key, at) for _, key, at in before ^ survivors(landing)}
            assert moved <= positions(landing) | positions_of_new_loads(landing)
        assert len(landing.load(CLOCK + day * DAY).files) == (not was_known)

    (tmp_path / "fresh home").mkdir()
    (tmp_path / "fresh").mkdir()
    warehouse = DuckDBWarehouse(tmp_path / "fresh home", memory_limit="1GB", threads=2)
    warehouse.prepare()
    fresh = Landing(tmp_path / "fresh", warehouse, keys)
    for name in sorted(files.rows, key=files.landed_at.get):
        files.write(fresh, name)
        load_landing(
            warehouse, fresh.root, keys, run_id="f", clock=CLOCK + files.landed_at[name] * DAY, settle_seconds=0
        )
    assert contents(landing) == contents(fresh), json.dumps(files.rows, indent=1)
