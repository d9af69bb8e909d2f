"""What is in a database, by its own account."""

from sqlalchemy import Connection, text

from timetracker_api.migrations.wording import counted

VERSION_TABLE = "alembic_version"

# Extensions bring tables and views of their own, which say nothing about who uses the database.
_POSTGRESQL = text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
""")

_SQLITE = text("""
    SELECT name FROM sqlite_master
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY name
""")

_VERSIONS = text("SELECT version_num FROM alembic_version ORDER BY version_num")


def relations(connection: Connection) -> list[str]:
    """Return the names of all tables and views, except Alembic's own."""
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    return [name for name in connection.scalars(query) if name != VERSION_TABLE]


def version_rows(connection: Connection) -> list[str]:
    """Return the revisions a database says it is at: one, unless something went wrong."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return []
    return list(connection.scalars(_VERSIONS))


def damage(connection: Connection, check: str = "quick_check") -> str:
    """Return the first thing that SQLite finds wrong with the structure of a file, in a line."""
    answer = str(connection.exec_driver_sql(f"PRAGMA {check}(1)").scalar())
    return "" if answer == "ok" else answer.splitlines()[-1]


def orphans(connection: Connection) -> str:
    """Return which rows of an SQLite database refer to rows that are not there."""
    found = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if not found:
        return ""
    table, row, parent, _ = found[0]
    many = counted(len(found), "row refers to nothing", "rows refer to nothing")
    return f"{many}, the first of them row {row} of {table}, to {parent}"
