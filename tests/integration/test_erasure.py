"""An erased person is in no table, file or byte of the warehouse, stays out, and everybody else's numbers stand.

One history an engine goes through it all: erased by command and by request file, made anonymous, loaded again.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import psycopg2
import pytest

from ingest.erase import ANONYMOUS_LOAD, Person
from ingest.privacy import Keys
from orchestration.erasure import StillThere, last_certificate
from tests.integration.conftest import ENGINES
from tests.pipeline import SECRET, Pipeline
from tests.property.batches import drawn, together
from tests.property.histories import landings
from warehouse.open import open_warehouse

LAST_DAY = date(2024, 3, 31)
CLOCK = datetime.combine(LAST_DAY, time(20), UTC)
WORKSPACE = "erasing"
PAGES = ("/", "/pricing", "/docs", "/export")
MODES = {"ada": "delete", "carl": "delete", "dora": "anonymize"}


def rows_of(rng: random.Random, user_id: str) -> list[dict]:
    """A month of visits, with pages, features, revenue, a device and a session of one's own."""
    rows = []
    for day in rng.sample(range(1, 31), 12):
        for number in range(rng.randint(1, 5)):
            at = datetime(2024, 3, day, rng.randint(7, 19), rng.randint(0, 59), number, tzinfo=UTC)
            is_use = rng.random() < 0.3
            row = {
                "event_id": f"{user_id}-{day}-{number}",
                "user_id": user_id,
                "workspace_id": WORKSPACE,
                "session_id": f"{user_id}-{day}",
                "event_type": "feature_use" if is_use else "page_view",
                "created_at": at.isoformat(),
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
                "ip_address": "203.0.113.9",
            }
            rows.append(row | ({"event_name": "export"} if is_use else {"page_path": rng.choice(PAGES)}))
    return rows


def landing_rows(rng: random.Random) -> dict[str, list[dict]]:
    """Rows by entity: a workspace of some people, two of whom share event ids, beside random histories."""
    whole = together(drawn(landings(LAST_DAY, most_visits=6, most_events=5).filter(lambda rows: rows.events), 6, 11))
    people = [*MODES, *(f"neighbour-{number}" for number in range(9))]
    whole.events += [row for user_id in people for row in rows_of(rng, user_id)]
    shared = next(row for row in whole.events if row["user_id"] == "ada")
    later = shared["created_at"].replace("+00:00", ".500+00:00")
    whole.events += [shared | {"user_id": "neighbour-1", "created_at": later}, dict(shared)]
    whole.events.append({"user_id": "ada", "workspace_id": WORKSPACE, "event_type": "jump", "created_at": "2024-03-01"})
    whole.users += [{"user_id": user_id, "workspace_id": WORKSPACE, "created_at": "2024-02-01"} for user_id in people]
    return {entity: rows for entity in ("workspaces", "users", "features", "goals", "segments", "funnels", "events")
            if (rows := getattr(whole, entity))}  # fmt: skip


def write(folder: Path, rows_of_entity: dict[str, list[dict]], *, without: tuple[str, ...] = ()) -> Path:
    """Three files an entity."""
    for entity, rows in rows_of_entity.items():
        (folder / entity).mkdir(parents=True, exist_ok=True)
        for number in range(3):
            kept = [
                row
                for row in rows[number::3]
                if not (row.get("user_id") in without and row.get("workspace_id") == WORKSPACE)
            ]
            text = "".join(json.dumps(row) + "\n" for row in kept)
            (folder / entity / f"{number}.ndjson").write_text(text)
    return folder


@dataclass
class History:
    """A warehouse, its landing folder, and what it showed after each step of an erasure.

    Attributes:
        erased: after ada was erased by command, carl by a request file.
        anonymous: after dora became anonymous.
    """

    engine: str
    pipeline: Pipeline
    folder: Path
    erased: dict
    anonymous: dict

    def certificate(self, user_id: str) -> dict:
        return last_certificate(open_warehouse(self.pipeline.settings), person(user_id).tombstone)


def person(user_id: str) -> Person:
    return Person.of_user(Keys(SECRET), WORKSPACE, user_id, MODES[user_id])


@pytest.fixture(scope="module", params=ENGINES)
def history(
    request: pytest.FixtureRequest,
    make_pipeline: Callable[..., Pipeline],
    tmp_path_factory: pytest.TempPathFactory,
) -> History:
    folder = write(tmp_path_factory.mktemp("erased"), landing_rows(random.Random(3)))
    pipeline = make_pipeline(request.param)
    pipeline.run(folder, clock=CLOCK)
    (folder / "erasures").mkdir()
    (folder / "erasures/requests.csv").write_text(f"user_id,workspace_id\ncarl,{WORKSPACE}\n")
    pipeline.erase(folder, person("ada"), clock=CLOCK, deletes_landing=True)
    erased = pipeline.tables()
    pipeline.erase(folder, person("dora"), clock=CLOCK)
    return History(request.param, pipeline, folder, erased, pipeline.tables())


def test_the_build_is_an_increment(history: History) -> None:
    assert all("everything" not in build for build in history.pipeline.builds[1:])


def test_what_remains_is_what_a_warehouse_shows_that_never_saw_them(
    history: History, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    fresh = make_pipeline(history.engine)
    fresh.run(write(tmp_path, landing_rows(random.Random(3)), without=("ada", "carl")), clock=CLOCK)
    for table, rows in fresh.tables().items():
        assert history.erased[table] == rows, table


def test_anonymous_people_count_as_before(history: History) -> None:
    key = person("dora").user_key
    assert any(row["user_key"] == key for row in history.erased["dim_users"])
    for table, rows in history.erased.items():
        personal = {"user_key", "session_id"}
        before, after = (
            sorted(str({name: cell for name, cell in row.items() if name not in personal}) for row in given)
            for given in (rows, history.anonymous[table])
        )
        assert after == before, table
    assert not any(row["user_key"] == key for row in history.anonymous["dim_users"])


def test_certificates_say_what_went_and_what_the_landing_files_hold(history: History) -> None:
    ada, carl, dora = map(history.certificate, ("ada", "carl", "dora"))
    for certificate in (ada, carl, dora):
        assert certificate["search"]["rows_left"] == 0
        assert certificate["search"]["tables"] > 100
        assert certificate["removed"]["marts.dim_users"] == 1
        assert certificate["removed"]["intermediate.int_sessions"] == certificate["removed"]["marts.fct_sessions"] > 0
        assert certificate["removed"]["raw.users"] == 1
    assert ada["removed"]["raw.rejected"] == 1
    assert {path.split("/")[0] for path in ada["landing"]["files_rewritten"]} == {"events", "users"}
    assert ada["landing"]["files_naming_the_person"] == {}
    assert carl["landing"]["files_naming_the_person"]["erasures/requests.csv"] == 1
    assert '"ada"' not in "".join(path.read_text() for path in history.folder.rglob("*.ndjson"))
    text = json.dumps([ada, carl, dora])
    assert not any(person(user_id).user_key in text or f'"{user_id}"' in text for user_id in MODES)


def stored_bytes(history: History) -> Iterator[tuple[str, bytes]]:
    """Every file that the runs wrote; of Postgres those of its database, for the log of changes is another matter."""
    for path in history.pipeline.settings.home.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
    if history.engine == "postgres":
        connection = psycopg2.connect(history.pipeline.settings.postgres_dsn.get_secret_value())
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("checkpoint")
                cursor.execute("show data_directory")
                data = Path(cursor.fetchone()[0])
                cursor.execute("select oid from pg_database where datname = current_database()")
                folder = data / "base" / str(cursor.fetchone()[0])
        finally:
            connection.close()
        for path in folder.iterdir():
            with suppress(FileNotFoundError):  # the server removes files of tables that are gone
                yield str(path), path.read_bytes()


def test_no_byte_of_their_pseudonyms_is_left(history: History) -> None:
    """Neighbours' keys are found, so that the search can find."""
    wanted = {user_id: person(user_id) for user_id in MODES}
    found = {user_id: [] for user_id in MODES}
    neighbour = Keys(SECRET).user_key(WORKSPACE, "neighbour-1").encode()
    holds_neighbour = False
    for path, content in stored_bytes(history):
        holds_neighbour |= neighbour in content
        for user_id, one in wanted.items():
            if any(text.encode() in content for text in (one.user_key, f"hmac:{one.fingerprint}")):
                found[user_id].append(path)
    assert holds_neighbour
    assert found == {user_id: [] for user_id in MODES}


def test_loading_all_old_files_again_brings_nobody_back(
    history: History, tmp_path: Path, make_pipeline: Callable[..., Pipeline]
) -> None:
    """Also the files as they were before, and a full refresh with every check."""
    before = history.pipeline.digests()
    write(history.folder, landing_rows(random.Random(3)))
    report = history.pipeline.run(
        history.folder, clock=CLOCK, reload=["events", "users"], full_refresh=True, data_tests=True
    )
    assert report.total("dropped_erased") > 30
    assert history.pipeline.digests() == before
    assert "everything" in history.pipeline.builds[-1]
    anonymous = f"select count(*) from raw.events where load_id = {ANONYMOUS_LOAD}"
    assert history.pipeline.fetch(anonymous)[0][0] > 0


def test_erasure_that_broke_off_is_ended_by_the_next_run(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage could not be scrubbed: the tables are right already, and the certificate waits."""
    rows = {"events": rows_of(random.Random(5), "ada") + rows_of(random.Random(6), "neighbour-1")}
    pipeline = make_pipeline()
    pipeline.run(write(tmp_path, rows), clock=CLOCK)
    ada = person("ada")
    warehouse = open_warehouse(pipeline.settings)
    with monkeypatch.context() as patch:
        patch.setattr(type(warehouse), "scrub", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.erase(tmp_path, ada, clock=CLOCK)
    assert last_certificate(warehouse, ada.tombstone) is None
    pipeline.run(tmp_path, clock=CLOCK)
    assert last_certificate(warehouse, ada.tombstone)["search"]["rows_left"] == 0
    assert len(pipeline.builds) == 2
    key = ada.user_key.encode()
    assert not any(key in path.read_bytes() for path in pipeline.settings.home.rglob("*") if path.is_file())

    segment = {
        "segment_name": "one",
        "segment_type": "behavioral",
        "workspace_id": WORKSPACE,
        "criteria": {"all": [{"field": "user_key", "op": "=", "value": ada.user_key}]},
    }
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments/s.ndjson").write_text(json.dumps(segment) + "\n")
    with pytest.raises(StillThere, match=re.escape("raw.segments")):
        pipeline.erase(tmp_path, ada, clock=CLOCK)
