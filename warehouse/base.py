"""What every engine offers: the one interface that ingest and orchestration know."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

RAW_SCHEMA = "raw"
OPS_SCHEMA = "ops"
CANDIDATE_SCHEMA = "candidate"
MARTS_SCHEMA = "marts"
# The marts without small groups; see docs/access.md.
SAFE_SCHEMA = "marts_safe"
# Where dbt builds what each of the schemas publishes.
CANDIDATES = {MARTS_SCHEMA: CANDIDATE_SCHEMA, SAFE_SCHEMA: "candidate_safe"}


# Number and run of the newest publication, for `Warehouse.published` and `Warehouse.transaction`.
NEWEST_PUBLICATION = "select publication_id, run_id from ops.publications order by publication_id desc limit 1"
NOTHING_PUBLISHED = "nothing has been published yet: run `footfall run` first"


class WarehouseError(Exception):
    """The warehouse is unreachable, locked or not in the state a step needs; the message says what to do."""


class LockTimeout(WarehouseError):
    """Another run held the warehouse for longer than this one was willing to wait."""


class LostLock(WarehouseError):
    """Another run took the warehouse over while this one was still working; nothing was published."""


@dataclass(frozen=True)
class Mart:
    """A table that BI reads.

    Attributes:
        name: table name, the same where dbt builds it and where readers find it.
        key: columns that identify a row; never null.
        is_history: whether its rows tell of publications. The rows of every other mart follow from the events alone,
            however they came.
        schema: where readers find it: `marts` or `marts_safe`.
        indexes: columns by which BI tools look rows up that the key does not find; only engines with indexes read them.
        description: what a row is; readers find it as the table's comment.
        column_descriptions: by column; readers find them as the columns' comments.
    """

    name: str
    key: tuple[str, ...]
    is_history: bool = False
    schema: str = MARTS_SCHEMA
    indexes: tuple[tuple[str, ...], ...] = ()
    description: str = field(default="", compare=False)
    column_descriptions: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def candidate(self) -> str:
        """`schema.table` that dbt builds."""
        return f"{CANDIDATES[self.schema]}.{self.name}"

    @property
    def published(self) -> str:
        """`schema.table` that readers see."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Publication:
    """One atomic change of all marts.

    Attributes:
        publication_id: 1, 2, 3, …
        run_id: the run that published.
        changed_rows: per published table, as `schema.table`, rows inserted or deleted; for engines that write whole
            files, rows written.
    """

    publication_id: int
    run_id: str
    changed_rows: dict[str, int]


@dataclass(frozen=True)
class LockHolder:
    """Who has the lock of a warehouse, or died with it.

    Attributes:
        words: which process or connection.
        is_alive: None: it is on another machine.
        release: what frees the lock when the holder is gone; None: it is free.
    """

    words: str
    is_alive: bool | None
    release: str | None = None


@dataclass(frozen=True)
class Result:
    """The answer to a query: column names, and rows as tuples of Python values (decimals as Decimal)."""

    columns: tuple[str, ...]
    rows: list[tuple]


class Transaction(ABC):
    """An open transaction. Placeholders in SQL are $1, $2, …; the SQL must be valid on every engine."""

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement."""

    @abstractmethod
    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        """Run one query and return all its rows."""

    @abstractmethod
    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Bulk load `rows` into `schema.table`; columns are matched by name."""


class Warehouse(ABC):
    """One engine holding raw, staging, intermediate, candidate, marts and ops."""

    engine: str

    @abstractmethod
    def prepare(self) -> None:
        """Create the schemas and the tables that Footfall itself writes; harmless when they exist."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits when its block ends well and rolls back when it raises."""

    def session(self) -> AbstractContextManager[None]:
        """A block of many transactions: an engine that is dear to open and close stays open until its end."""
        return nullcontext()

    @abstractmethod
    def lock(
        self, wait_seconds: float, on_wait: Callable[[str], None] = lambda holder: None
    ) -> AbstractContextManager[None]:
        """Keep every other run off this warehouse, and `prepare` it.

        Args:
            wait_seconds: how long to wait for a run in progress.
            on_wait: told once, with words about the holder, when there is one to wait for.

        Raises:
            LockTimeout: the other run did not end in time.
        """

    @abstractmethod
    def lock_holder(self) -> LockHolder | None:
        """The run that holds the lock now, or that died with it; None: the last run let go of it."""

    @abstractmethod
    def publish(self, marts: Sequence[Mart], run_id: str, fingerprint: str, as_of: date | None) -> Publication:
        """Make what dbt built what readers see: all tables in one atomic step, or none.

        In the same step the work that was pending is marked as published.

        Args:
            marts: the tables to publish.
            run_id: kept in `ops.publications`.
            fingerprint: of models and settings; a later run that has another one rebuilds everything.
            as_of: the `--as-of` of the run, if it had one.

        Raises:
            LostLock: another run holds the warehouse now.
        """

    @abstractmethod
    def scrub(self) -> list[str]:
        """Rid the storage of the bytes of rows that were deleted; readers go on reading meanwhile.

        To be called while the lock is held, by nobody else, and after a publication: what it replaced goes too.

        Returns:
            What was done, and what could not be, in words for a certificate.
        """

    @abstractmethod
    def next_publication_id(self, tx: Transaction) -> int:
        """The number that the next call of `publish` will give, for as long as the lock is held."""

    @abstractmethod
    def has_publication(self) -> bool:
        """Whether there is something for readers to see."""

    @abstractmethod
    def publication(self) -> tuple[int, str]:
        """Number and run of what readers see now; cheap enough to be asked at every request of a service.

        Raises:
            WarehouseError: nothing has been published yet.
        """

    @abstractmethod
    def published(self) -> AbstractContextManager[Transaction]:
        """A read-only look at one publication: all queries in the block see the same one.

        Raises:
            WarehouseError: nothing has been published yet.
        """

    @abstractmethod
    def read(self, sql: str) -> Result:
        """One read-only query on what is published; unqualified names are looked up in `marts`."""

    @abstractmethod
    def back_up(self, folder: Path) -> None:
        """Copy everything into an existing folder; to be called while the lock is held."""

    def holds_loads(self) -> bool:
        """Whether anything was ever loaded, so that a restore would overwrite it."""
        self.prepare()
        with self.transaction() as tx:
            return bool(tx.fetch("select 1 from raw.loads limit 1"))

    @abstractmethod
    def restore(self, folder: Path) -> None:
        """Put the working tables of a backup in the place of a warehouse that holds no loads."""

    @abstractmethod
    def restore_publication(self, folder: Path, publication_id: int) -> None:
        """Let readers see what was published when the backup was made."""

    @abstractmethod
    def discard(self) -> None:
        """Take away the warehouse, and what readers see of it."""

    @abstractmethod
    def dbt_environment(self) -> dict[str, str]:
        """The environment variables that `profiles/profiles.yml` needs for this engine (secrets included)."""
