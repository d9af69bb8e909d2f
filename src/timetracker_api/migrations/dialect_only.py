"""Indexes that only one of the databases has: models mark them with ``ddl_if``.

Autogenerate knows nothing of that mark. Here it learns not to miss such an index where it is not
meant to be, and to write its creation under a condition.
"""

from collections.abc import Callable
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op, renderers
from alembic.operations import ops
from sqlalchemy import MetaData


def dialects(item: object) -> tuple[str, ...]:
    """Return the databases that an item is restricted to; none where it is for all."""
    names = getattr(getattr(item, "_ddl_if", None), "dialect", None)
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(sorted(names))


def include_for(dialect: str) -> Callable[..., bool]:
    """Return what tells autogenerate to leave out the objects of other databases."""

    def include_object(item: object, _name: str, _kind: str, reflected: bool, _other: Any) -> bool:  # noqa: FBT001 - Alembic's protocol
        return reflected or dialect in (dialects(item) or (dialect,))

    return include_object


class OnlyOn(ops.MigrateOperation):
    """An operation under the condition that this is one of the databases it is for."""

    def __init__(self, names: tuple[str, ...], operation: ops.MigrateOperation) -> None:
        self.names = names
        self.operation = operation

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Speak of the operation itself where differences are listed."""
        return self.operation.to_diff_tuple()


@renderers.dispatch_for(OnlyOn)
def _render(context: AutogenContext, conditional: OnlyOn) -> list[str]:
    names = conditional.names
    test = f"in {names!r}" if names[1:] else f"== {names[0]!r}"
    condition = f"if op.get_context().dialect.name {test}:"
    return [condition, *render_op(context, conditional.operation), ""]


def set_indexes_apart(container: ops.OpContainer, metadata: MetaData) -> None:
    """Take the indexes out of the batches of their tables, and give them their condition."""
    operations: list[ops.MigrateOperation] = []
    for operation in container.ops:
        if not isinstance(operation, ops.ModifyTableOps):
            operations.append(operation)
            continue
        drops = [o for o in operation.ops if isinstance(o, ops.DropIndexOp)]
        creates = [o for o in operation.ops if isinstance(o, ops.CreateIndexOp)]
        operation.ops = [o for o in operation.ops if o not in drops and o not in creates]
        operations += [_conditional(o, metadata) for o in drops]
        operations += [operation] if operation.ops else []
        operations += [_conditional(o, metadata) for o in creates]
    container.ops = operations


def _conditional(
    operation: ops.CreateIndexOp | ops.DropIndexOp, metadata: MetaData
) -> ops.MigrateOperation:
    table = metadata.tables.get(operation.table_name or "")
    for index in table.indexes if table is not None else ():
        if index.name == operation.index_name and (names := dialects(index)):
            return OnlyOn(names, operation)
    return operation
