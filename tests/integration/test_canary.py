"""Nothing personal is kept: unmistakable people go in by every door, in good rows and bad; every byte is searched."""

import csv
import io
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pandas as pd
import psycopg2
import pytest

from ingest.privacy import Keys

SECRET = "a secret that only the canaries know"
USER = "canary-QZXV7-person"
# What a landing file says of a person, each in a form that nothing else has.
CANARIES = {
    "user id": USER,
    "session": "visit-QZXV7-session",
    "e-mail": "qzxv7.canary@example.org",
    "phone": "+49 1511 2345 678",
    "phone, bare": "+4915112345678",
    "card": "4111 1111 1111 1111",
    "card, bare": "4111111111111111",
    "IPv4": "198.51.100.237",
    "IPv6": "2001:db8::dead:beef:77",
    "user agent": "QZXV7Browser/9.9",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJRWlhWNyJ9.c2lnbmF0dXJlLXF6eHY3",
    "query": "QZXV7-query-secret",
    "referrer path": "/private-QZXV7-page",
}
EVENT = {
    "user_id": USER,
    "session_id": CANARIES["session"],
    "event_type": "page_view",
    "event_name": f"called {CANARIES['phone']}",
    "page_path": f"/of/{CANARIES['e-mail']}/{CANARIES['card, bare']}?key={CANARIES['query']}#{CANARIES['query']}",
    "ip_address": CANARIES["IPv4"],
    "user_agent": f"Mozilla/5.0 {CANARIES['user agent']}",
    "referrer": f"https://example.com{CANARIES['referrer path']}?q={CANARIES['query']}",
    "metadata": {
        "mail": CANARIES["e-mail"],
        CANARIES["e-mail"]: 1,
        "pay": {"card": [CANARIES["card"]], "token": CANARIES["token"]},
        "call": CANARIES["phone, bare"],
    },
    "created_at": "2026-01-05T10:00:00Z",
}
BAD = [
    {**EVENT, "event_type": CANARIES["e-mail"]},
    {**EVENT, "created_at": CANARIES["phone"]},
    {**EVENT, "metadata": [CANARIES["card"], CANARIES["e-mail"]]},
    {**EVENT, "user_id": None},
    {**EVENT, "page_path": {"nested": CANARIES["e-mail"]}},
]
PERSON = {
    "user_id": USER,
    "email": CANARIES["e-mail"],
    "phone": CANARIES["phone"],
    "note": f"pays with {CANARIES['card']} from {CANARIES['token']}",
    "ip_address": CANARIES["IPv6"],
}


def flat(row: dict) -> dict:
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}


def as_csv(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(map(flat, rows))
    return text.getvalue() + f"{CANARIES['e-mail']},{CANARIES['card']}\n"


def land(folder: Path) -> None:
    """Every format and entity that can hold something of a person."""
    for entity in ("events", "users", "consents", "workspaces", "segments", "goals"):
        (folder / entity).mkdir(parents=True)
    events = [{**EVENT, "event_id": f"n{number}", "ip_address": ip} for number, ip in enumerate(ADDRESSES)]
    lines = [json.dumps(row) for row in events + BAD]
    broken = [
        f'{{"user_id": "{USER}", "mail": "{CANARIES["e-mail"]}"',
        f'"{CANARIES["card"]}"',
        "{}" + CANARIES["phone"],
    ]
    (folder / "events" / "lines.ndjson").write_text("\n".join(lines + broken) + "\n")
    packed = zlib.compressobj(wbits=31)
    content = packed.compress("\n".join(lines).replace('"n', '"g').encode()) + packed.flush()
    (folder / "events" / "packed.ndjson.gz").write_bytes(content)
    (folder / "events" / "torn.ndjson.gz").write_bytes(content[:-12])
    (folder / "events" / "table.csv").write_text(as_csv([{**EVENT, "event_id": CANARIES["e-mail"]}, *BAD[:3]]))
    pd.DataFrame([flat({**EVENT, "event_id": f"p-{CANARIES['card, bare']}"}), *map(flat, BAD[:3])]).to_parquet(
        folder / "events" / "columns.parquet"
    )
    people = [PERSON, {**PERSON, "created_at": CANARIES["e-mail"]}, {**PERSON, "user_id": ""}]
    (folder / "users" / "people.ndjson").write_text("".join(json.dumps(row) + "\n" for row in people))
    decisions = [
        {"user_id": USER, "granted": True, "at": "2026-01-01", "purpose": CANARIES["e-mail"]},
        {"user_id": USER, "granted": CANARIES["e-mail"], "at": "2026-01-01"},
    ]
    (folder / "consents" / "decisions.ndjson").write_text("".join(json.dumps(row) + "\n" for row in decisions))
    named = f"of {CANARIES['e-mail']}"
    (folder / "workspaces" / "w.ndjson").write_text(json.dumps({"workspace_id": "default", "name": named}) + "\n")
    goals = [{"goal_name": named, "page_path": f"/users/{CANARIES['e-mail']}*"}, {"goal_name": named, "mail": named}]
    (folder / "goals" / "g.ndjson").write_text("".join(json.dumps(row) + "\n" for row in goals))
    criteria = {"all": [{"field": "email", "op": "=", "value": CANARIES["e-mail"]}]}
    segments = [
        {"segment_name": named, "segment_type": "behavioral", "criteria": criteria},
        {"segment_name": "unknown", "criteria": {"all": [{"field": CANARIES["e-mail"], "op": "=", "value": 1}]}},
    ]
    (folder / "segments" / "s.ndjson").write_text("".join(json.dumps(row) + "\n" for row in segments))


ADDRESSES = (
    CANARIES["IPv4"],
    CANARIES["IPv6"],
    f"::ffff:{CANARIES['IPv4']}",
    f"{CANARIES['IPv6']}%eth0",
    "not an address",
)


def footfall(env: dict[str, str], *arguments: str) -> bytes:
    """Everything the command says. Raises when it fails."""
    command = [Path(sys.executable).parent / "footfall", *arguments]
    finished = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    assert finished.returncode == 0, finished.stderr.decode()[-3000:]
    return finished.stdout + finished.stderr


def bytes_of(env: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """(where, what) of all that Footfall keeps: every file, and every row of every table as text."""
    home = Path(env["FOOTFALL_HOME"])
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(home)), path.read_bytes()
    if dsn := env.get("FOOTFALL_POSTGRES_DSN"):
        yield from _rows_of_postgres(dsn)
    else:
        for file in (home / "duckdb" / "warehouse.duckdb", *(home / "published").glob("footfall-*.duckdb")):
            with duckdb.connect(file, read_only=True) as connection:
                tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
                for schema, name in tables:
                    rows = connection.execute(f'select * from "{schema}"."{name}"').fetchall()
                    yield f"{file.name} {schema}.{name}", repr(rows).encode()


def _rows_of_postgres(dsn: str) -> Iterator[tuple[str, bytes]]:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname <> 'information_schema'"
        )
        for (table,) in cursor.fetchall():
            dump = io.BytesIO()
            cursor.copy_expert(f"copy {table} to stdout", dump)
            yield f"table {table}", dump.getvalue()


def places(env: dict[str, str], said: bytes, wanted: dict[str, str]) -> set[str]:
    """Where something of it stands."""
    needles = {name: text.lower().encode() for name, text in wanted.items()}
    found = set()
    for where, content in [*bytes_of(env), ("what the command said", said)]:
        lower = content.lower()
        found |= {f"{name}: {where}" for name, needle in needles.items() if needle in lower}
    return found


@pytest.fixture(params=["duckdb", "postgres"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    land(tmp_path / "landing")
    env = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")} | {
        "FOOTFALL_HOME": str(tmp_path / "home"),
        "FOOTFALL_LANDING": str(tmp_path / "landing"),
        "FOOTFALL_SECRET_KEY": SECRET,
        "FOOTFALL_TARGET": request.param,
        "FOOTFALL_SETTLE_SECONDS": "0",
    }
    if request.param == "postgres":
        env["FOOTFALL_POSTGRES_DSN"] = request.getfixturevalue("postgres_server").new_database()
    return env


def test_nothing_of_a_person_is_kept_in_clear_and_after_erasure_no_pseudonym_either(
    environment: dict[str, str],
) -> None:
    said = footfall(environment, "run")
    secrets = {"secret": SECRET}
    if dsn := environment.get("FOOTFALL_POSTGRES_DSN"):
        secrets["password"] = dsn.split("@")[0]
    assert places(environment, said, CANARIES | secrets) == set()
    assert b"leaked" not in said, "the engine's words on leaks end what a user reads"

    loaded = _reader(environment)("select loaded, rejected from raw.loads where entity = 'events' order by path")
    assert [rows > 0 for rows, _ in loaded] == [True, True, True, True, False], loaded
    assert all(rejected >= 3 for _, rejected in loaded[:4])

    user_key = Keys(SECRET).user_key("default", USER)
    assert places(environment, b"", {"user key": user_key}), "the search would find nothing anywhere"
    said += footfall(environment, "erase", "--user", USER, "--delete-landing")
    assert places(environment, said, CANARIES | secrets | {"user key": user_key}) == set()


def _reader(env: dict[str, str]) -> Callable[[str], list[tuple]]:
    def fetch(sql: str) -> list[tuple]:
        if dsn := env.get("FOOTFALL_POSTGRES_DSN"):
            with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        with duckdb.connect(Path(env["FOOTFALL_HOME"]) / "duckdb" / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return fetch
