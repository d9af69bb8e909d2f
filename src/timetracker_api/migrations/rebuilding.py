"""Rebuilding an SQLite table without losing what SQLAlchemy cannot reflect."""

import warnings
from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any

from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy import Connection, text
from sqlalchemy.exc import SAWarning

from timetracker_api.migrations.guards import counts_on, plain

_OBJECTS = text("""
    SELECT type, name, sql FROM sqlite_master
    WHERE tbl_name = :table AND type IN ('index', 'trigger') AND sql IS NOT NULL
""")

_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
_FORGET = text("DELETE FROM sqlite_sequence WHERE name = :table")
_GO_ON = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :count)")


@contextmanager
def rebuild(
    table: str, dropped: Collection[str] = (), **options: Any
) -> Generator[BatchOperations]:
    """Alter a table as ``op.batch_alter_table`` does, and put back indexes and triggers after.

    Where its numbers are used once, they go on from where they were.

    ``dropped`` names those that are meant to go. Use it for every change of a column or
    constraint in a table that has an index on an expression, a descending one or a trigger.
    """
    connection = None if op.get_context().as_sql else op.get_bind()
    before = _objects(connection, table)
    count = _count(connection, table)
    if count is not None:
        options.setdefault("table_kwargs", {}).setdefault("sqlite_autoincrement", True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        with op.batch_alter_table(table, **options) as batch:
            yield batch
    after = _objects(connection, table)
    for (kind, name), sql in before.items():
        if connection is None or name in dropped:
            continue
        if plain(after.get((kind, name), "")) == plain(sql):
            continue
        connection.exec_driver_sql(f'DROP {kind} IF EXISTS "{name}"')
        connection.exec_driver_sql(sql)
    if connection is not None and count is not None and counts_on(connection, table):
        connection.execute(_FORGET, {"table": table})
        connection.execute(_GO_ON, {"table": table, "count": count})


def _count(connection: Connection | None, table: str) -> int | None:
    """Return the last number that a table has given; nothing where it may give one again."""
    if connection is None or connection.dialect.name != "sqlite":
        return None
    if not counts_on(connection, table):
        return None
    return connection.scalar(_LAST, {"table": table}) or 0


def _objects(connection: Connection | None, table: str) -> dict[tuple[str, str], str]:
    if connection is None or connection.dialect.name != "sqlite":
        return {}
    rows = connection.execute(_OBJECTS, {"table": table})
    return {(kind, name): sql for kind, name, sql in rows}
