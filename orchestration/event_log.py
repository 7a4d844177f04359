"""Where Dagster keeps the events of runs: its own tables in its own files, written with less work."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

# Each run has a file of its own, beside the one of all assets; a UI that is open for weeks looks into many.
_KEPT_ENGINES = 4


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """Dagster's event log on SQLite, with an engine for each file in place of one for each statement.

    A run has some 700 events, each of several statements. Dagster opens the file and compiles the statement anew for
    each one, which was a fifth of what a small run computes.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, str]
    ) -> "KeptEngineEventLogStorage":
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Asked in the middle of a transaction too, and so without the lock."""
        with self._engine(INDEX_SHARD_NAME).connect() as connection:
            return sa.inspect(connection).has_table(table_name)

    def _engine(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            waits = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            self._engines[shard] = sa.create_engine(self.conn_string_for_shard(shard), connect_args=waits)
            if len(self._engines) > _KEPT_ENGINES:
                _, oldest = self._engines.popitem(last=False)
                oldest.dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()
