"""Who reads and writes what on Postgres: roles, grants and row security. docs/access.md has the table.

Groups hold the rights and cannot log in; those who log in are members. Every published table has row security: readers
of a whole schema have a policy that lets all rows pass, readers of one workspace one that asks `ops.reader_workspaces`,
which nobody but this command writes. Owners of tables are not subject to it.
"""

from dataclasses import dataclass, field

from warehouse.base import CANDIDATES, MARTS_SCHEMA, OPS_SCHEMA, RAW_SCHEMA, SAFE_SCHEMA, Transaction, WarehouseError

PUBLISHED_SCHEMAS = (MARTS_SCHEMA, SAFE_SCHEMA)
BUILT_SCHEMAS = ("staging", "intermediate", *CANDIDATES.values())
# What the build and the publishing of a run write of their own bookkeeping.
BUILDER_BOOKKEEPING = (
    "raw.pending",
    "ops.replaced_sessions",
    "ops.publications",
    "ops.next_publication",
    "ops.distinct_values",
    "ops.fence",
    "ops.runs",
    "ops.steps",
    "ops.checks",
    "ops.load_profiles",
    "ops.findings",
)


class AccessError(WarehouseError):
    """What was asked for is not possible with the roles and workspaces there are."""


@dataclass(frozen=True)
class Roles:
    """Names of the groups.

    Args:
        prefix: before every name, for roles belong to the whole server and not to one database.
    """

    prefix: str = ""

    @property
    def loader(self) -> str:
        """Writes raw."""
        return f"{self.prefix}footfall_loader"

    @property
    def builder(self) -> str:
        """Reads raw; writes everything that is built and published."""
        return f"{self.prefix}footfall_builder"

    @property
    def marts_reader(self) -> str:
        """Reads `marts`."""
        return f"{self.prefix}marts_reader"

    @property
    def bi_reader(self) -> str:
        """Reads `marts_safe`."""
        return f"{self.prefix}bi_reader"

    def workspace_reader(self, schema: str) -> str:
        """Reads rows of the own workspace in one of the published schemas."""
        return f"{self.prefix}workspace_{schema}_reader"

    @property
    def groups(self) -> tuple[str, ...]:
        workspace_readers = tuple(self.workspace_reader(schema) for schema in PUBLISHED_SCHEMAS)
        return (self.loader, self.builder, self.marts_reader, self.bi_reader, *workspace_readers)


@dataclass(frozen=True)
class Reader:
    """One who logs in.

    Attributes:
        role: name of the role, taken as it is.
        group: name of the group it joins, without prefix; None with `workspace_id`.
        workspace_id: the one workspace it reads; None: all that the group reads.
        schema: the schema in which it reads that workspace.
        password: None: the role cannot log in until someone gives it a way to.
    """

    role: str
    group: str | None = None
    workspace_id: str | None = None
    schema: str = MARTS_SCHEMA
    password: str | None = field(default=None, repr=False)


def set_up_access(tx: Transaction, roles: Roles) -> None:
    """Create the groups and give them their rights on everything there is; doing it again changes nothing."""
    for group in roles.groups:
        if not _has_role(tx, group):
            tx.execute(f"create role {identifier(group)} nologin")
    loader, builder = identifier(roles.loader), identifier(roles.builder)
    database = identifier(tx.fetch("select current_database()")[0][0])
    everyone = ", ".join(identifier(group) for group in roles.groups)
    tx.execute(f"revoke all on database {database} from public")
    tx.execute("revoke all on schema public from public")
    tx.execute(f"grant connect on database {database} to {everyone}")

    for schema in (RAW_SCHEMA, OPS_SCHEMA, *BUILT_SCHEMAS, *PUBLISHED_SCHEMAS):
        tx.execute(f"create schema if not exists {schema}")
        tx.execute(f"revoke all on schema {schema} from public")
        tx.execute(f"revoke all on all tables in schema {schema} from public")
    tx.execute(f"grant usage on schema {RAW_SCHEMA} to {loader}, {builder}")
    tx.execute(f"grant select, insert, update, delete on all tables in schema {RAW_SCHEMA} to {loader}")
    tx.execute(f"grant select on all tables in schema {RAW_SCHEMA} to {builder}")
    # Raw tables that come with a new version are made by whoever calls this.
    for_new = f"alter default privileges in schema {RAW_SCHEMA} grant"
    tx.execute(f"{for_new} select, insert, update, delete on tables to {loader}")
    tx.execute(f"{for_new} select on tables to {builder}")
    tx.execute(f"grant usage on schema {OPS_SCHEMA} to {builder}")
    tx.execute(f"grant select on all tables in schema {OPS_SCHEMA} to {builder}")
    tx.execute(f"grant insert, update, delete on {', '.join(BUILDER_BOOKKEEPING)} to {builder}")
    _hand_over(tx, builder)
    for schema in PUBLISHED_SCHEMAS:
        tx.execute(f"grant usage, create on schema {schema} to {builder}")
        readers = ", ".join(identifier(group) for group in _readers(roles, schema))
        tx.execute(f"grant usage on schema {schema} to {readers}")
    _set_up_workspaces(tx, roles)
    for table in published_tables(tx):
        guard_table(tx, roles, *table.split("."))


def add_login(tx: Transaction, roles: Roles, reader: Reader, verifier: str | None) -> None:
    """Create one who logs in, or change it: its group, its workspace, its password.

    Args:
        verifier: of the password, as Postgres keeps it; None leaves the role without, or with the one it has.

    Raises:
        AccessError: the name is a group's, or that of a role that row security does not bind.
    """
    if reader.role in roles.groups:
        raise AccessError(f"{reader.role} is the name of a group; give the role another one")
    if tx.fetch("select current_user = $1", (reader.role,))[0][0]:
        raise AccessError(f"{reader.role} is the role that runs this command; give the role another name")
    if tx.fetch("select 1 from pg_roles where rolname = $1 and (rolsuper or rolbypassrls)", (reader.role,)):
        raise AccessError(f"role {reader.role} is a superuser or bypasses row security; give the role another name")
    name = identifier(reader.role)
    if not _has_role(tx, reader.role):
        tx.execute(f"create role {name} nologin")
    if verifier:
        tx.execute(f"alter role {name} login password {literal(verifier)}")
    if reader.workspace_id is not None:
        group, schema = roles.workspace_reader(reader.schema), reader.schema
    else:
        group = f"{roles.prefix}{reader.group}"
        schema = SAFE_SCHEMA if group == roles.bi_reader else MARTS_SCHEMA
    for other in roles.groups:
        if other != group and tx.fetch("select pg_has_role($1, $2, 'member')", (reader.role, other))[0][0]:
            tx.execute(f"revoke {identifier(other)} from {name}")
    tx.execute(f"grant {identifier(group)} to {name}")
    database = identifier(tx.fetch("select current_database()")[0][0])
    tx.execute(f"alter role {name} in database {database} set search_path to {schema}")
    if group == roles.builder:
        # What a builder makes belongs to all builders, so that each can replace it.
        tx.execute(f"alter role {name} in database {database} set role to {identifier(group)}")
    else:
        tx.execute(f"alter role {name} in database {database} reset role")
    tx.execute(f"delete from {OPS_SCHEMA}.reader_workspaces where role_name = $1", (reader.role,))
    if reader.workspace_id is not None:
        tx.execute(
            f"insert into {OPS_SCHEMA}.reader_workspaces (role_name, workspace_id) values ($1, $2)",
            (reader.role, reader.workspace_id),
        )


def has_access(tx: Transaction) -> bool:
    """Whether `set_up_access` was ever called in this database."""
    return tx.fetch(f"select to_regprocedure('{OPS_SCHEMA}.readable_workspaces(name)') is not null")[0][0]


def published_tables(tx: Transaction) -> list[str]:
    """Every table that readers may see, as `schema.table`."""
    schemas = ", ".join(f"'{schema}'" for schema in PUBLISHED_SCHEMAS)
    tables = f"select schemaname || '.' || tablename from pg_tables where schemaname in ({schemas}) order by 1"
    return [name for (name,) in tx.fetch(tables)]


def guard_table(tx: Transaction, roles: Roles, schema: str, name: str) -> None:
    """Grants and row security of one published table; who calls it owns the table."""
    table = f"{schema}.{name}"
    whole, own = (identifier(group) for group in _readers(roles, schema))
    builder = identifier(roles.builder)
    tx.execute(f"grant select on {table} to {whole}, {own}")
    tx.execute(f"grant select, insert, update, delete on {table} to {builder}")
    tx.execute(f"alter table {table} enable row level security")
    # A subquery, so that it is asked once and not of every row.
    own_rows = f"workspace_id in (select {OPS_SCHEMA}.readable_workspaces(current_user))"
    for policy, group, rows in (
        ("whole", whole, "for select to {} using (true)"),
        ("own_workspace", own, f"for select to {{}} using ({own_rows})"),
        ("builder", builder, "for all to {} using (true) with check (true)"),
    ):
        tx.execute(f"drop policy if exists {policy} on {table}")
        tx.execute(f"create policy {policy} on {table} {rows.format(group)}")


def identifier(name: str) -> str:
    """A name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text quoted for SQL, for statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _readers(roles: Roles, schema: str) -> tuple[str, str]:
    """The groups that read a published schema: as a whole, and by workspace."""
    whole = roles.marts_reader if schema == MARTS_SCHEMA else roles.bi_reader
    return whole, roles.workspace_reader(schema)


def _has_role(tx: Transaction, name: str) -> bool:
    return bool(tx.fetch("select 1 from pg_roles where rolname = $1", (name,)))


def _hand_over(tx: Transaction, builder: str) -> None:
    """Give builders what is built: dbt replaces tables, and only an owner may."""
    tx.execute(f"grant {builder} to current_user")
    for schema in BUILT_SCHEMAS:
        tx.execute(f"alter schema {schema} owner to {builder}")
        relations = tx.fetch(
            "select relname, relkind = 'v' from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = $1 and relkind in ('r', 'v') order by relname",
            (schema,),
        )
        for name, is_view in relations:
            kind = "view" if is_view else "table"
            tx.execute(f"alter {kind} {schema}.{identifier(name)} owner to {builder}")


def _set_up_workspaces(tx: Transaction, roles: Roles) -> None:
    """The list of who reads which workspace, and the only way for a reader to ask it.

    Readers may not look into ops, so that they cannot call the function by name, nor learn of other workspaces.
    """
    readers = ", ".join(identifier(roles.workspace_reader(schema)) for schema in PUBLISHED_SCHEMAS)
    tx.execute(
        f"create table if not exists {OPS_SCHEMA}.reader_workspaces"
        ' (role_name text collate "C" primary key, workspace_id text collate "C" not null)'
    )
    tx.execute(
        f"create or replace function {OPS_SCHEMA}.readable_workspaces(reader name) returns setof text"
        " language sql stable security definer set search_path = pg_catalog"
        f" begin atomic select workspace_id from {OPS_SCHEMA}.reader_workspaces"
        " inner join pg_catalog.pg_roles on pg_roles.rolname = reader_workspaces.role_name"
        " where pg_has_role(reader, pg_roles.oid, 'usage'); end"
    )
    function = f"{OPS_SCHEMA}.readable_workspaces(name)"
    tx.execute(f"revoke all on function {function} from public")
    tx.execute(f"grant execute on function {function} to {readers}")
