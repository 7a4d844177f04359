"""Everything that is held about one person, as files: a table each, in JSON and in CSV.

Asked are all tables with a user_key but copies of what is published, the attributes of their profile, and rejected rows
that show the fingerprint of their id. Nothing is read that belongs to somebody else.
"""

import csv
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.erase import Person, in_list, names_person_sql
from ingest.privacy import shape
from ingest.removal import tables_of_users
from orchestration.refresh import open_refresh
from orchestration.settings import Settings
from warehouse.base import Transaction, Warehouse
from warehouse.owner_only import open_private

# What is about to be published says the same as what is.
_COPIES = ("candidate.",)
# A spreadsheet takes such a text for a formula and runs it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TEXT_TYPES = ("text", "character varying", "VARCHAR")
_COLUMNS = """
select column_name, data_type
from information_schema.columns
where table_schema = '{schema}' and table_name = '{name}'
order by ordinal_position
"""


class ExportError(Exception):
    """The folder cannot take the files; the message says why. Nothing was written."""


def export_person(settings: Settings, person: Person, folder: Path) -> dict[str, int]:
    """Write `<schema>.<table>.json` and `.csv` for every table that holds something, and `export.json`, their list.

    Files are readable by their owner alone. The lock is held, so that all tables are of one moment.

    Returns:
        Rows by table.

    Raises:
        ExportError: the folder holds something already, or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ExportError(f"{folder} is not empty; name a new folder, so that nobody else's files lie beside these")
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {error.strerror}") from error
    rows_of_table = {}
    with open_refresh(settings, str(uuid.uuid4())) as refresh:
        for found in _everything(refresh.warehouse, person):
            if found.rows:
                _write_json(folder / f"{found.table}.json", found)
                _write_csv(folder / f"{found.table}.csv", found)
                rows_of_table[found.table] = len(found.rows)
        listing = {
            "workspace_id": person.workspace_id,
            "user_key": person.user_key,
            "exported_at": refresh.clock.isoformat(),
            "rows": rows_of_table,
        }
    with open_private(folder / "export.json") as out:
        json.dump(listing, out, indent=2, ensure_ascii=False)
        out.write("\n")
    return rows_of_table


@dataclass(frozen=True)
class _Rows:
    """The person's rows of a table. types: of each column by name, as the engine calls them."""

    table: str
    types: dict[str, str]
    rows: list[tuple]


def _everything(warehouse: Warehouse, person: Person) -> Iterator[_Rows]:
    with warehouse.transaction() as tx:
        for table in tables_of_users(tx):
            if not table.startswith(_COPIES):
                yield _rows(tx, table, f"user_key in {in_list([person.user_key])}")
        theirs = f"select load_id, line from raw.users where user_key in {in_list([person.user_key])}"
        yield _rows(tx, "raw.user_attributes", f"(load_id, line) in ({theirs})")
        if person.fingerprint:
            is_theirs = names_person_sql(f"'{person.fingerprint}'", f"'{shape(person.workspace_id)}'")
            yield _rows(tx, "raw.rejected", is_theirs)
    if warehouse.has_publication():
        with warehouse.published() as reader:
            for table in tables_of_users(reader, is_published=True):
                yield _rows(reader, table, f"user_key in {in_list([person.user_key])}")


def _rows(tx: Transaction, table: str, condition: str) -> _Rows:
    schema, name = table.split(".")
    types = dict(tx.fetch(_COLUMNS.format(schema=schema, name=name)))
    names = ", ".join(f'"{column}"' for column in types)
    return _Rows(table, types, tx.fetch(f"select {names} from {table} where {condition} order by {names}"))


def _write_json(file: Path, found: _Rows) -> None:
    """A list of objects. Decimals and times are texts, for JSON has none and a float would round."""
    with open_private(file) as out:
        objects = (dict(zip(found.types, row, strict=True)) for row in found.rows)
        texts = (json.dumps(one, ensure_ascii=False, default=str) for one in objects)
        out.write("[\n" + ",\n".join(texts) + "\n]\n")


def _write_csv(file: Path, found: _Rows) -> None:
    """Texts that a spreadsheet does not run. By the column's type: a driver gives decimals as text, and they stay."""
    is_text = [kind in _TEXT_TYPES for kind in found.types.values()]
    with open_private(file) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(found.types)
        for row in found.rows:
            writer.writerow([_harmless(value) if text else value for value, text in zip(row, is_text, strict=True)])


def _harmless(value: str | None) -> str | None:
    return f"'{value}" if value and value.startswith(_FORMULA_STARTS) else value
