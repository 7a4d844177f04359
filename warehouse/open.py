"""From settings to the warehouse they name."""

from orchestration.settings import Settings
from warehouse.base import Warehouse
from warehouse.owner_only import make_private_home


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse of `settings.target`, with its schemas and raw tables in place.

    For `postgres` without FOOTFALL_POSTGRES_DSN the embedded server is started.

    Raises:
        WarehouseError: it is not reachable.
    """
    make_private_home(settings.home)
    if settings.target == "duckdb":
        from warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(settings.home, settings.duckdb_memory_limit, settings.duckdb_threads)

    from warehouse.embedded_postgres import EmbeddedPostgres
    from warehouse.postgres import PostgresWarehouse

    if settings.postgres_dsn is not None:
        return PostgresWarehouse(settings.postgres_dsn.get_secret_value(), settings.role_prefix)
    return PostgresWarehouse(EmbeddedPostgres(settings.home).start(), settings.role_prefix)
