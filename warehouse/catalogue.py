"""What BI tools see of a published table besides its rows: comments and, on Postgres, indexes.

Both change within the publishing transaction: no reader sees a table without them. Neither makes a reader wait.
"""

from collections.abc import Iterable, Sequence

from warehouse.access import literal
from warehouse.base import MARTS_SCHEMA, SAFE_SCHEMA, Mart, Transaction


def comment_statements(mart: Mart, table: str, columns: Iterable[str]) -> dict[str | None, str]:
    """The statements that give a table (None) and its columns the comments that the mart has for them.

    Args:
        table: the mart as the statements are to name it.
        columns: those that the table has; a mart describes more of them than its copy without small groups may have.
    """
    statements = {None: f"comment on table {table} is {literal(mart.description)}"} if mart.description else {}
    for column in columns:
        if description := mart.column_descriptions.get(column):
            statements[column] = f'comment on column {table}."{column}" is {literal(description)}'
    return statements


def describe_and_index(tx: Transaction, marts: Sequence[Mart]) -> None:
    """Bring comments and indexes of published Postgres tables in line with the marts; those that stand cost a look.

    Only an owner may: of other tables they stay as they are, so that a builder publishes after an upgrade too.
    """
    owned = {table for (table,) in tx.fetch(_OWNED_TABLES)}
    comments = {(table, column): comment for table, column, comment in tx.fetch(_COMMENTS)}
    indexes = {name for (name,) in tx.fetch(_INDEXES)}
    for mart in marts:
        if mart.published not in owned:
            continue
        columns = [column for table, column in comments if table == mart.published and column is not None]
        for column, statement in comment_statements(mart, mart.published, columns).items():
            wanted = mart.description if column is None else mart.column_descriptions[column]
            if comments[mart.published, column] != wanted:
                tx.execute(statement)
        for columns in mart.indexes:
            name = f"{mart.name}_{'_'.join(columns)}"
            # Not `if not exists`, which locks the table before it looks.
            if f"{mart.schema}.{name}" not in indexes:
                tx.execute(f"create index {name} on {mart.published} ({', '.join(columns)})")


_PUBLISHED = f"""
from pg_class
inner join pg_namespace on pg_namespace.oid = relnamespace
where nspname in ('{MARTS_SCHEMA}', '{SAFE_SCHEMA}')
"""

# Tables, as schema.name, of which the session has the rights of an owner.
_OWNED_TABLES = f"""
select nspname || '.' || relname
{_PUBLISHED}
    and relkind = 'r'
    and pg_has_role(relowner, 'usage')
"""

_INDEXES = f"""
select nspname || '.' || relname
{_PUBLISHED}
    and relkind = 'i'
"""

# Table, column (null: the table itself), comment (null: none).
_COMMENTS = f"""
with tables as (
    select pg_class.oid as table_id, nspname || '.' || relname as table_name
    {_PUBLISHED}
        and relkind = 'r'
)
select table_name, cast(null as text), obj_description(table_id, 'pg_class')
from tables
union all
select table_name, cast(attname as text), col_description(table_id, attnum)
from tables
inner join pg_attribute on attrelid = table_id
where attnum > 0
    and not attisdropped
"""
