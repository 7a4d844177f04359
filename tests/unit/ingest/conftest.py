"""A landing folder, a fresh warehouse and a reader for the tests of ingest."""

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.discover import COMPRESSIONS, FORMATS
from ingest.entities import ENTITIES, RAW_TABLES
from ingest.load import load_landing
from ingest.load_report import LoadReport
from ingest.privacy import Keys
from ingest.read import Reader, Source
from tests.unit.ingest.event_rows import CLOCK, SECRET
from warehouse.duckdb import DuckDBWarehouse

REAL_DATA = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture
def real_data() -> Path:
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real test data is not at {REAL_DATA}")
    return REAL_DATA


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(SECRET)


@pytest.fixture(scope="session")
def reader(keys: Keys):
    with Reader(keys, CLOCK) as reader:
        yield reader


class Landing:
    """A landing folder that tests write into and load from."""

    def __init__(self, root: Path, warehouse: DuckDBWarehouse, keys: Keys) -> None:
        self.root = root
        self.warehouse = warehouse
        self.keys = keys

    def write(self, name: str, content: bytes | str | Sequence[dict]) -> Path:
        """`content`: rows for NDJSON, else the bytes themselves; compressed when the name ends in .gz."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes | str):
            content = "".join(json.dumps(row) + "\n" for row in content)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def load(self, clock: datetime = CLOCK, **options) -> LoadReport:
        options = {"run_id": "run", "settle_seconds": 0, **options}
        root = options.pop("root", self.root)
        return load_landing(self.warehouse, root, self.keys, clock=clock, **options)

    def fetch(self, sql: str) -> list[tuple]:
        with self.warehouse.transaction() as tx:
            return tx.fetch(sql)

    def everything(self) -> str:
        """All content of all raw tables as one text."""
        return "\n".join(repr(self.fetch(f"select * from {table.qualified_name}")) for table in RAW_TABLES)


@pytest.fixture
def landing(tmp_path: Path, keys: Keys) -> Landing:
    home, root = tmp_path / "home", tmp_path / "landing"
    home.mkdir()
    root.mkdir()
    warehouse = DuckDBWarehouse(home, memory_limit="1GB", threads=2)
    warehouse.prepare()
    return Landing(root, warehouse, keys)


@pytest.fixture
def read(reader: Reader, tmp_path: Path) -> Callable[..., tuple[list[dict], list[dict]]]:
    """read(entity name, content, file name) → (accepted rows, rejected rows), each in the order of their lines."""

    def read_rows(entity: str, content: bytes | str | Sequence[dict], name: str = "rows.ndjson"):
        path = tmp_path / name
        if not isinstance(content, bytes | str):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        extensions = path.suffixes
        compression = COMPRESSIONS.get(extensions[-1])
        source = Source(str(path), name, FORMATS[extensions[0]], compression)
        (described,) = [one for one in ENTITIES if one.name == entity]
        batches = list(reader.read(described, [(source, 7)]))
        for batch in batches:
            assert sum(batch.rows_read.values()) == batch.accepted.num_rows + batch.rejected.num_rows
        return _in_order([batch.accepted for batch in batches]), _in_order([batch.rejected for batch in batches])

    return read_rows


def _in_order(tables: list[pa.Table]) -> list[dict]:
    return sorted((row for table in tables for row in table.to_pylist()), key=lambda row: row["line"])
