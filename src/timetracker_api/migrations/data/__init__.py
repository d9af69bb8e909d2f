"""Changes of many rows, made in batches while the service runs, for revisions to ask for.

A revision describes one in ``data_migration`` and asks for it. Later, `timetracker-api db data run`
makes it. A revision after that may demand that it is finished:

    data_migration = data.Batches("fold_emails", "clients", fold)

    def upgrade() -> None:
        data.enqueue(data_migration)
"""

from collections.abc import Callable
from dataclasses import dataclass

from alembic import op
from sqlalchemy import Connection, case, column, delete, exists, insert, literal, select, table
from sqlalchemy.types import NullType

from timetracker_api.migrations.failures import DataPending

ATTRIBUTE = "data_migration"
"""What a revision calls the batches that it asks for."""

_NAMES = ("name", "status", "cursor", "done", "total")
_table = table("data_migrations", *(column(name, NullType()) for name in _NAMES))


@dataclass(frozen=True, slots=True)
class Batches:
    """A change of the rows of a table, which has an integer ``id``."""

    name: str
    table: str
    work: Callable[[Connection, int, int], object]
    """Changes the rows from one ``id`` to another, both included."""


def enqueue(batches: Batches) -> None:
    """Ask for a change of rows. Where there are no rows yet, it is done."""
    rows = exists(select(literal(1)).select_from(table(batches.table)))
    zero = literal(0)
    op.execute(
        insert(_table).from_select(
            _NAMES,
            select(
                literal(batches.name),
                case((rows, "waiting"), else_="done"),
                zero,
                zero,
                zero,
            ),
        )
    )


def withdraw(batches: Batches) -> None:
    """Undo the asking, in a downgrade: what is not done yet stays undone."""
    op.execute(delete(_table).where(_table.c.name == batches.name))


def require(name: str) -> None:
    """Go no further before a change of rows is finished."""
    unfinished = select(_table.c.status).where(_table.c.name == name, _table.c.status != "done")
    if op.get_context().as_sql:
        op.execute(_CHECK.format(name=name))
    elif op.get_bind().scalar(unfinished):
        raise DataPending(
            f"this waits for the data migration {name}",
            f"Run `timetracker-api db data run {name}`, then this again: it resumes here",
        )


_CHECK = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM data_migrations WHERE name = '{name}' AND status <> 'done') THEN
        RAISE EXCEPTION 'this waits for the data migration {name}';
    END IF;
END $$
"""
