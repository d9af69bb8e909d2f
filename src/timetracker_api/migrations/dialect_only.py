"""Indexes that the models do not say all of: those of one database, and those made on demand.

Models mark the former with ``ddl_if``, which autogenerate knows nothing of. Here it learns not to
miss such an index where it is not meant to be, and to write its creation under a condition. The
latter belong to custom fields, which every installation defines for itself.
"""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op, renderers
from alembic.operations import ops
from sqlalchemy import MetaData
from sqlalchemy.exc import SAWarning

ON_DEMAND = "ix_cf_"
"""What the names of indexes on custom fields begin with."""


def dialects(item: object) -> tuple[str, ...]:
    """Return the databases that an item is restricted to; none where it is for all."""
    names = getattr(getattr(item, "_ddl_if", None), "dialect", None)
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(sorted(names))


def include_for(dialect: str) -> Callable[..., bool]:
    """Return what tells autogenerate to leave out what is made on demand, or elsewhere."""

    def include_object(
        item: object,
        name: str | None,
        _kind: str,
        reflected: bool,  # noqa: FBT001 - Alembic's protocol
        _other: Any,
    ) -> bool:
        if reflected:
            return not (name or "").startswith(ON_DEMAND)
        return dialect in (dialects(item) or (dialect,))

    return include_object


@contextmanager
def leaving_out() -> Generator[None]:
    """Look at tables without a warning for every index on a custom field, which SQLite has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", f"Skipped unsupported .* {ON_DEMAND}", SAWarning)
        yield


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
