"""Hostile and broken input: every file and row gets its outcome, the counts add up, both engines hold the same."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from ingest import strict_json
from ingest.discover import storable_path
from ingest.entities import ENTITIES, LOADS, RAW_TABLES
from ingest.load import load_landing
from ingest.load_report import OUTCOMES, FileResult, LoadReport
from ingest.privacy import Keys, PrivacyRules
from ingest.salts import IpSalts
from ingest.validate import MAXIMUM_KEY_BYTES
from tests import real_data
from tests.faults.hostile_files import CASES, Case
from tests.unit.ingest.event_rows import CLOCK, SECRET
from warehouse.base import Warehouse
from warehouse.duckdb import DuckDBWarehouse
from warehouse.postgres import PostgresWarehouse

ENGINES = ("duckdb", "postgres")
# When rows came is the one thing that differs from load to load.
MOMENTS = {(LOADS.qualified_name, "started_at")}
REFUSED_AS_JSON = {"invalid_json", "invalid_utf8", "nested_too_deeply"}


class Loaded:
    """A landing folder as it was loaded into one warehouse."""

    def __init__(self, warehouse: Warehouse, report: LoadReport) -> None:
        self.warehouse = warehouse
        self.report = report
        self.files = {file.path: file for file in report.files}
        self.notes = {note.path: note.reason for note in report.notes}

    def fetch(self, sql: str, *parameters: object) -> list[tuple]:
        with self.warehouse.transaction() as tx:
            return tx.fetch(sql, parameters)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str, str], Loaded]:
    """loaded(set of files, engine): the set, written once, as one load into an empty warehouse of the engine."""
    salts = IpSalts(tmp_path_factory.mktemp("salts"))
    write = {"cases": _write_cases, "texts": _write_texts, "json": _write_json}

    @cache
    def landing(name: str) -> Path:
        root = tmp_path_factory.mktemp(name)
        write[name](root)
        return root

    @cache
    def load(name: str, engine: str) -> Loaded:
        if engine == "duckdb":
            warehouse: Warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("home"), memory_limit="1GB", threads=2)
        else:
            warehouse = PostgresWarehouse(request.getfixturevalue("postgres_server").new_database())
        warehouse.prepare()
        report = load_landing(
            warehouse,
            landing(name),
            Keys(SECRET),
            run_id="run",
            clock=CLOCK,
            settle_seconds=0,
            privacy_rules=PrivacyRules(salts, frozenset()),
        )
        return Loaded(warehouse, report)

    return load


def _write_cases(root: Path) -> None:
    for case in CASES:
        path = root / case.landing_path
        path.parent.mkdir(parents=True)
        path.write_bytes(case.data)


def _adds_up(file: FileResult) -> bool:
    return sum(getattr(file, outcome) for outcome in OUTCOMES) == file.rows_read


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_file_has_the_outcome_it_should(loaded, case: Case, engine: str):
    load = loaded("cases", engine)
    path = storable_path(case.landing_path)
    if case.left_alone:
        assert case.left_alone in load.notes[path]
        assert path not in load.files
        return
    if case.ignored:
        assert path not in load.files.keys() | load.notes.keys()
        return
    file = load.files[path]
    if case.refused:
        assert (file.status, file.rows_read) == ("rejected", 0)
        assert case.refused in file.reason
        assert load.fetch("select count(*) from raw.events where load_id = $1", file.load_id) == [(0,)]
        return
    assert file.status == "loaded"
    assert (file.loaded, file.duplicates) == (case.loaded, case.duplicates)
    reasons = load.fetch("select reason, field from raw.rejected where load_id = $1 order by line", file.load_id)
    named = [
        f"{reason}:{field}" if ":" in wanted else reason
        for (reason, field), wanted in zip(reasons, case.rejected, strict=True)
    ]
    assert tuple(named) == case.rejected
    assert file.rejected == len(case.rejected)
    assert _adds_up(file)
    if case.times:
        times = load.fetch("select created_at from raw.events where load_id = $1 order by line", file.load_id)
        assert tuple(str(time) for (time,) in times) == case.times


def test_table_of_hostile_files_is_long_and_names_each_once():
    assert len(CASES) >= 60
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("name", ["cases", "texts", "json"])
def test_both_engines_hold_the_same_rows(loaded, name: str):
    duckdb, postgres = (loaded(name, engine) for engine in ENGINES)
    assert {path: vars(file) | {"seconds": 0} for path, file in duckdb.files.items()} == {
        path: vars(file) | {"seconds": 0} for path, file in postgres.files.items()
    }
    assert duckdb.notes == postgres.notes
    for table in RAW_TABLES:
        columns = [column for column in table.column_names if (table.qualified_name, column) not in MOMENTS]
        quoted = ", ".join(f'"{column}"' for column in columns)
        held = [load.fetch(f"select {quoted} from {table.qualified_name}") for load in (duckdb, postgres)]
        # As text, for a driver gives decimals as text.
        of_duckdb, of_postgres = (Counter(tuple(map(str, row)) for row in rows) for rows in held)
        assert of_duckdb == of_postgres, table.name


def hostile_texts() -> list[str]:
    """The naughty strings, the texts of JSONTestSuite, and what other programs would run."""
    folder = _bad_input()
    naughty = json.loads((folder / "blns/blns.json").read_text(encoding="utf-8"))
    suite = [path.read_bytes().decode("utf-8", "replace") for path in _json_files()]
    programs = [
        "'; drop table raw.events; --", '"; select 1; --', "$1", "$$", "{{ 1 / 0 }}", "{% raw %}",
        "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "a\r\n=1", "${jndi:ldap://x}", "\\", "\\N", "\\.",
        "NULL", "null", "{# #}", "%s", "(exit)", " > ", "all", "*", "%", "_", "a" * 8192,
    ]  # fmt: skip
    return list(dict.fromkeys([*naughty, *suite, *programs]))


def _write_texts(root: Path) -> None:
    """Each text in every field of every entity, a field a row; the other fields hold what they should."""
    for entity in ENTITIES:
        given = _ORDINARY[entity.name]
        fields = [name for name in entity.fields if name not in entity.timestamps]
        rows = [
            {**given, given_name: f"{entity.name} {number}", **{name: text}}
            for name in fields
            for number, text in enumerate(hostile_texts())
            for given_name in [next(iter(given))]
        ]
        path = root / entity.folder / "texts.ndjson"
        path.parent.mkdir()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


# A good row of every entity; its first field tells rows apart.
_ORDINARY = {
    "events": {"user_id": "u", "event_type": "login", "created_at": "2026-01-01"},
    "users": {"user_id": "u"},
    "workspaces": {"workspace_id": "w", "timezone": "UTC"},
    "features": {"feature_name": "f"},
    "goals": {"goal_name": "g", "event_type": "login"},
    "segments": {"segment_name": "s", "criteria": {"all": [{"field": "os", "op": "=", "value": "x"}]}},
    "funnels": {"funnel_name": "f", "steps": [{"event_type": "login"}, {"event_type": "logout"}]},
    "consents": {"user_id": "u", "granted": True, "at": "2026-01-01"},
    "erasures": {"user_id": "nobody"},
}


@pytest.mark.parametrize("engine", ENGINES)
def test_hostile_text_in_every_field_is_kept_exactly_or_rejected_by_name(loaded, engine: str):
    texts = hostile_texts()
    load = loaded("texts", engine)
    assert {file.entity for file in load.files.values()} == set(_ORDINARY)
    for file in load.files.values():
        assert file.status == "loaded" and _adds_up(file), file
        assert file.rows_read >= len(texts)
    (events,) = [entity for entity in ENTITIES if entity.name == "events"]
    fields = [name for name in events.fields if name not in events.timestamps]
    kept = dict(load.fetch("select line, event_name from raw.events"))
    first_line = fields.index("event_name") * len(texts) + 1
    scrubbed = 0
    for line, text in enumerate(texts, first_line):
        if not strict_json.is_storable(text) or len(text.encode()) > MAXIMUM_KEY_BYTES:
            assert line not in kept
        elif kept[line] != (text or None):
            # Only what looks like personal data is changed.
            assert any(word in kept[line] for word in ("[email]", "[phone]", "[card]", "[token]")), text
            scrubbed += 1
    assert scrubbed < 20


def _write_json(root: Path) -> None:
    """Each file of JSONTestSuite as a file, and as the value of every field of every entity, a value a row."""
    for path in _json_files():
        alone = root / "events" / "alone" / path.name
        alone.parent.mkdir(parents=True, exist_ok=True)
        alone.write_bytes(path.read_bytes() or b"\n")
    texts = [b" ".join(path.read_bytes().splitlines()) for path in _json_files()]
    for entity in ENTITIES:
        rows = []
        for field in entity.fields + ((entity.document,) if entity.document else ()):
            given = {name: value for name, value in _ORDINARY[entity.name].items() if name != field}
            rest = json.dumps(given)[1:-1].encode()
            rows += [b'{"%b": %b%b}\n' % (field.encode(), text, b", " + rest if rest else b"") for text in texts]
        file = root / entity.folder / "values.ndjson"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"".join(rows))


@pytest.mark.parametrize("engine", ENGINES)
def test_json_test_suite_as_files_and_as_values_of_every_field(loaded, engine: str):
    load = loaded("json", engine)
    for file in load.files.values():
        assert file.status in ("loaded", "known") and _adds_up(file), file
    texts = {path.name: b" ".join(path.read_bytes().splitlines()) for path in _json_files()}
    for entity in ENTITIES:
        file = load.files[f"{entity.folder}/values.ndjson"]
        fields = len(entity.fields) + bool(entity.document)
        assert file.rows_read == fields * len(texts)
        reasons = dict(load.fetch("select line, reason from raw.rejected where load_id = $1", file.load_id))
        for line in range(1, file.rows_read + 1):
            name, text = list(texts.items())[(line - 1) % len(texts)]
            if name.startswith("n_") and text.strip() and not _is_json(text):
                assert reasons[line] in REFUSED_AS_JSON, (entity.name, line, name)
            if name.startswith("y_"):
                assert reasons.get(line) not in REFUSED_AS_JSON, (entity.name, line, name)


def _is_json(text: bytes) -> bool:
    """Whether the standard library takes a text that is broken only by its line breaks."""
    try:
        json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, RecursionError, ZeroDivisionError):
        return False
    return True


def _bad_input() -> Path:
    folder = real_data.FOLDER / "bad_input"
    if not folder.is_dir():
        pytest.skip(f"the hostile texts are not at {folder}")
    return folder


@cache
def _json_files() -> list[Path]:
    return sorted((_bad_input() / "JSONTestSuite/test_parsing").glob("*.json"))


@pytest.fixture(scope="module", autouse=True)
def _free_the_texts() -> Iterator[None]:
    yield
    _json_files.cache_clear()
