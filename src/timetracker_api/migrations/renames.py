"""Guessing what autogenerate cannot know: that something new is something old by another name."""

from collections.abc import Iterator, Sequence
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql


def suspected_renames(operations: ops.UpgradeOps) -> Iterator[str]:
    """Yield a warning for each thing that is dropped while something alike is added."""
    for operation in operations.ops:
        if isinstance(operation, ops.ModifyTableOps):
            yield from _columns(operation)
    created = [o.to_table() for o in operations.ops if isinstance(o, ops.CreateTableOp)]
    dropped = [o.to_table() for o in operations.ops if isinstance(o, ops.DropTableOp)]
    for old in dropped:
        for new in created:
            if _shape(old) == _shape(new):
                yield _warning(
                    f"table {old.name}",
                    f"table {new.name}",
                    f'op.rename_table("{old.name}", "{new.name}")',
                )


def _columns(operation: ops.ModifyTableOps) -> Iterator[str]:
    table = operation.table_name
    added = [o.column for o in operation.ops if isinstance(o, ops.AddColumnOp)]
    dropped = [o.to_column() for o in operation.ops if isinstance(o, ops.DropColumnOp)]
    for old in dropped:
        for new in added:
            if _type(old) == _type(new):
                yield _warning(
                    f"column {table}.{old.name}",
                    f"{table}.{new.name}",
                    f'op.alter_column("{table}", "{old.name}", new_column_name="{new.name}")',
                )


def _warning(old: str, new: str, instead: str) -> str:
    return (
        f"{old} is dropped with all it holds, and {new}, which is alike, is added; "
        f"if that is a new name, write {instead} instead"
    )


def _type(column: Column[Any]) -> str:
    return column.type.compile(postgresql.dialect())


def _shape(table: Table) -> Sequence[tuple[str, str]]:
    return sorted((column.name, _type(column)) for column in table.columns)
