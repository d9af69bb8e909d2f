"""Pointing out what an empty database does not show: columns that need a value in every row."""

from collections.abc import Iterator

from alembic.operations import ops


def unfilled(operations: ops.UpgradeOps) -> Iterator[str]:
    """Yield a warning for each column that the rows there are may have no value for."""
    for operation in operations.ops:
        if isinstance(operation, ops.ModifyTableOps):
            for change in operation.ops:
                yield from _warnings(change)


def _warnings(change: ops.MigrateOperation) -> Iterator[str]:
    if isinstance(change, ops.AddColumnOp):
        column = change.column
        if not column.nullable and column.server_default is None:
            yield (
                f"column {change.table_name}.{column.name} is added as NOT NULL without a "
                f"server_default, which fails where {change.table_name} has rows; give it one and "
                "drop that again afterwards, or add it nullable, fill it, then make it NOT NULL"
            )
    elif isinstance(change, ops.AlterColumnOp) and change.modify_nullable is False:
        yield (
            f"column {change.table_name}.{change.column_name} becomes NOT NULL, which fails where "
            "a row has nothing in it; fill it in a statement before, or by a data migration"
        )
