"""What is looked at on a PostgreSQL server."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from timetracker_api.migrations.dialect_only import ON_DEMAND
from timetracker_api.migrations.driver_errors import READ_ONLY
from timetracker_api.migrations.failures import NotPermitted
from timetracker_api.migrations.lock import KEY
from timetracker_api.migrations.status.findings import Finding, problem, size, warning

_WHO = text("""
    SELECT current_setting('server_version') AS version, current_user AS role,
        current_database() AS database, pg_database_size(current_database()) AS size
""")

_RIGHTS = text("""
    SELECT pg_is_in_recovery() AS is_standby,
        CAST(current_setting('transaction_read_only') AS boolean) AS is_read_only,
        coalesce(current_schema(), 'public') AS schema,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
        ARRAY(SELECT CAST(relname AS text) FROM pg_class
              WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
                AND relkind IN ('r', 'p') AND NOT pg_has_role(relowner, 'USAGE')
              ORDER BY relname) AS others
""")

_HOLDERS = text("""
    SELECT pid, coalesce(application_name, '') AS application,
        CAST(extract(epoch FROM clock_timestamp() - backend_start) AS int) AS age
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = :key
""")

_IDLE = text("""
    SELECT pid, coalesce(application_name, '') AS application,
        CAST(extract(epoch FROM clock_timestamp() - state_change) AS int) AS age
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND state LIKE 'idle in transaction%'
      AND clock_timestamp() - state_change >= make_interval(secs => :seconds)
    ORDER BY age DESC
""")

_INVALID = text("""
    SELECT CAST(relname AS text) FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE NOT indisvalid AND relnamespace = to_regnamespace(quote_ident(current_schema()))
    ORDER BY relname
""")


def examine_postgresql(connection: Connection, idle: float) -> Iterator[Finding]:
    """Yield what there is to say; ``idle`` is how many seconds a transaction may do nothing."""
    who = connection.execute(_WHO).one()
    yield Finding("connection", f"PostgreSQL {who.version}, {who.database} as {who.role}")
    yield Finding("size", size(who.size))
    yield from _rights(connection, who.role)
    yield from _holders(connection)
    yield from _idle(connection, idle)
    yield from _invalid(connection)


def _rights(connection: Connection, role: str) -> Iterator[Finding]:
    rights = connection.execute(_RIGHTS).one()
    if rights.is_standby:
        failure = NotPermitted(
            "the database is read-only: the server is a standby",
            "Name the primary, the server that takes writes",
        )
        yield problem("rights", failure)
    elif rights.is_read_only:
        yield problem("rights", NotPermitted("the database is read-only", READ_ONLY))
    elif not rights.may_create:
        yield problem(
            "rights",
            NotPermitted(
                f"{role} may not create tables in the schema {rights.schema}",
                f'GRANT CREATE ON SCHEMA "{rights.schema}" TO "{role}"',
            ),
        )
    elif rights.others:
        yield problem(
            "rights",
            NotPermitted(
                f"{role} does not own {', '.join(rights.others)}",
                f'ALTER TABLE "{rights.others[0]}" OWNER TO "{role}"',
            ),
        )
    else:
        yield Finding("rights", f"{role} may change the schema {rights.schema}")


def _holders(connection: Connection) -> Iterator[Finding]:
    found = connection.execute(_HOLDERS, {"key": KEY}).all()
    for pid, application, age in found:
        yield warning(
            "lock",
            f"process {pid} ({application}) has been migrating for {age} s",
            f"Wait for it, or SELECT pg_terminate_backend({pid})",
        )
    if not found:
        yield Finding("lock", "nobody is migrating")


def _idle(connection: Connection, idle: float) -> Iterator[Finding]:
    for pid, application, age in connection.execute(_IDLE, {"seconds": idle}):
        yield warning(
            "blockers",
            f"process {pid} ({application}) has had a transaction open for {age} s, doing nothing",
            f"SELECT pg_terminate_backend({pid})",
        )


def _invalid(connection: Connection) -> Iterator[Finding]:
    for name in connection.scalars(_INVALID):
        command = f'REINDEX INDEX CONCURRENTLY "{name}"'
        if name.startswith(ON_DEMAND):
            command = "timetracker-api db reindex-custom-fields"
        yield warning("indexes", f"the index {name} is invalid: it serves no query", command)
