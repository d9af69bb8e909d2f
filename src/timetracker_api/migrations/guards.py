"""What is verified around every revision: that nothing has been lost along the way.

SQLite cannot alter most of a table. Alembic builds a new one and copies the rows, but what
SQLAlchemy cannot reflect does not make it: indexes on expressions, descending ones, triggers.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection

from timetracker_api.migrations.catalog import orphans
from timetracker_api.migrations.dialect_only import ON_DEMAND
from timetracker_api.migrations.failures import Failure, RevisionFailed


class Definition(NamedTuple):
    """An index, trigger or view, and the table it belongs to; or that numbers are used once."""

    table: str
    sql: str


def refuse_open_transaction(connection: Connection) -> None:
    """Refuse a connection on which something was executed already.

    Alembic takes the transaction for the caller's business then: it reports success, and
    nothing is ever committed.
    """
    if connection.in_transaction():
        raise RevisionFailed(
            "the connection is already in a transaction, in which revisions would be lost",
            "Execute nothing on it before Alembic does",
        )


class Guard:
    """Compares the database before and after every revision, while it can still be rolled back."""

    def __init__(self) -> None:
        self._before: Mapping[str, Definition] = {}

    def begin(self, connection: Connection) -> None:
        """Note what there is. Comes after ``configure()``, like every other statement."""
        if connection.dialect.name != "sqlite":
            return
        if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
            raise RevisionFailed(
                "foreign keys are enforced on this connection, so rebuilding a table would delete "
                "the rows that refer to it",
                "Use a connection from timetracker_api.migrations.connections",
            )
        self._before = _definitions(connection)

    def verify(self, context: MigrationContext, step: MigrationInfo) -> None:
        """Raise where a revision lost something, which rolls it back."""
        connection = context.connection
        if connection is None or connection.dialect.name != "sqlite" or step.is_stamp:
            return
        if failure := _violation(connection, step) or self._loss(connection, step):
            raise failure
        self._before = _definitions(connection)

    def _loss(self, connection: Connection, step: MigrationInfo) -> Failure | None:
        after = _definitions(connection)
        tables = set(
            connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
            .scalars()
            .all()
        )
        code = _code(step)
        lost = [
            name
            for name, definition in self._before.items()
            if after.get(name) != definition
            and name.partition(" of ")[0] not in code
            and (definition.table in tables or name == definition.table)
        ]
        if not lost:
            return None
        return RevisionFailed(
            f"{step.up_revision_id} was rolled back: it silently loses or changes "
            f"{', '.join(lost)}",
            "Use timetracker_api.migrations.rebuilding.rebuild, or name them in the revision "
            "where that is meant",
        )


def _violation(connection: Connection, step: MigrationInfo) -> Failure | None:
    if found := orphans(connection):
        return RevisionFailed(
            f"{step.up_revision_id} was rolled back: after it {found}",
            "Correct those rows, or the revision",
        )
    return None


def _definitions(connection: Connection) -> Mapping[str, Definition]:
    """Return all there are, but for those that come back by themselves."""
    rows = connection.exec_driver_sql(
        "SELECT name, tbl_name, sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL"
    )
    found = {
        name: Definition(table, plain(sql))
        for name, table, sql in rows
        if not name.startswith(ON_DEMAND)
    }
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    counting = (name for name in tables.scalars() if counts_on(connection, name))
    return found | {f"sqlite_autoincrement of {name}": Definition(name, "") for name in counting}


def counts_on(connection: Connection, table: str) -> bool:
    """Tell whether an SQLite table never gives a number again that it has given."""
    query = "SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE '% AUTOINCREMENT%'"
    return connection.exec_driver_sql(query, (table,)).first() is not None


def plain(sql: str) -> str:
    """Return a definition without spacing, quotes and case, which SQLite changes as it likes."""
    return re.sub(r"[\s\"'`\[\]]+", "", sql.lower())


def _code(step: MigrationInfo) -> str:
    script = step.up_revision
    source = Path(script.path).read_text(encoding="utf-8") if isinstance(script, Script) else ""
    return re.sub(r"#.*", "", source)
