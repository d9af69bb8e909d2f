"""What is in a database, by its own account."""

from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from timetracker_api.migrations.driver_errors import sqlstate
from timetracker_api.migrations.failures import ForeignSchema
from timetracker_api.migrations.wording import counted

VERSION_TABLE = "alembic_version"

UNDEFINED_COLUMN = "42703"

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

# Every foreign key of SQLite's tables, and whether it is of one column and of a table there is.
_FOREIGN_KEYS = """
    SELECT child.name AS child, key."table" AS parent, key."from" AS value, key."to" AS target,
        count(*) = 1 AND key."to" IS NOT NULL AND parent.name IS NOT NULL AS is_plain
    FROM sqlite_master AS child JOIN pragma_foreign_key_list(child.name) AS key
        LEFT JOIN sqlite_master AS parent
        ON parent.type = 'table' AND parent.name = key."table" COLLATE NOCASE
    WHERE child.type = 'table'
    GROUP BY child.name, key.id
"""

_VERSIONS = text("SELECT version_num FROM alembic_version ORDER BY version_num")


def relations(connection: Connection) -> list[str]:
    """Return the names of all tables and views, except Alembic's own."""
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    return [name for name in connection.scalars(query) if name != VERSION_TABLE]


def version_rows(connection: Connection) -> list[str]:
    """Return the revisions a database says it is at: one, unless something went wrong."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return []
    try:
        return list(connection.scalars(_VERSIONS))
    except DBAPIError as error:
        if sqlstate(error) != UNDEFINED_COLUMN and "no such column" not in str(error.orig):
            raise
        raise ForeignSchema(
            f"the database belongs to something else: its {VERSION_TABLE} has no version_num",
            "Use an empty database, or correct the URL",
        ) from error


def damage(connection: Connection, check: str = "quick_check") -> str:
    """Return the first thing that SQLite finds wrong with the structure of a file, in a line."""
    answer = str(connection.exec_driver_sql(f"PRAGMA {check}(1)").scalar())
    return "" if answer == "ok" else answer.splitlines()[-1]


def orphans(connection: Connection) -> str:
    """Return which rows of an SQLite database refer to rows that are not there.

    SQLite's own check reads every row once for each foreign key, so it is asked only about tables
    where a value is missing; the different values are few, and found in an index.
    """
    keys = connection.exec_driver_sql(_FOREIGN_KEYS).all()
    suspect = {key.child for key in keys if not key.is_plain or _dangles(connection, key)}
    found = [
        row
        for table in sorted(suspect)
        for row in connection.exec_driver_sql(f"PRAGMA foreign_key_check({quoted(table)})")
    ]
    if not found:
        return ""
    table, row, parent, _ = found[0]
    many = counted(len(found), "row refers to nothing", "rows refer to nothing")
    return f"{many}, the first of them row {row} of {table}, to {parent}"


def _dangles(connection: Connection, key: Row[Any]) -> bool:
    child, parent, value, target = map(quoted, (key.child, key.parent, key.value, key.target))
    values = f"SELECT DISTINCT {value} AS value FROM {child}"  # noqa: S608 - the catalog's names
    there = f"SELECT 1 FROM {parent} AS parent WHERE parent.{target} = child.value"  # noqa: S608 - likewise
    query = f"SELECT 1 FROM ({values}) AS child WHERE value IS NOT NULL AND NOT EXISTS ({there})"  # noqa: S608 - likewise
    return connection.exec_driver_sql(f"{query} LIMIT 1").first() is not None


def quoted(name: str) -> str:
    """Return a name as a statement has it."""
    return '"' + name.replace('"', '""') + '"'
