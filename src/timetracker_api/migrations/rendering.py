"""How models are compared with a database, and how the difference is written into a revision.

One file has to work on both databases, and to outlive the classes of the models.
"""

from textwrap import wrap
from typing import Any, Literal, cast

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import (
    _repr_type,  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType] - no public one
    renderers,
)
from alembic.operations.ops import MigrateOperation, MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, BigInteger, DefaultClause, TypeDecorator
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.sql.functions import now

from timetracker_api.migrations.dialect_only import include_for, set_indexes_apart
from timetracker_api.migrations.failures import Failure
from timetracker_api.migrations.numbering import next_id

WIDTH = 94
"""Characters of a remark that fit into a line of a function."""


def comparison(dialect: str) -> dict[str, Any]:
    """Return what counts as a difference between the models and a database."""
    return {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": include_for(dialect),
        # CHECK constraints are compared, by name, only by a plugin outside the standard set.
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    }


def render_item(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """Write types as what they store, and defaults as what both databases understand.

    The two types that are stored differently have a name that `script.py.mako` explains.
    """
    if kind == "type" and isinstance(item, JSON | BigInteger):
        varies = getattr(cast("object", item), "_variant_mapping", None)
        name = "JSON" if isinstance(item, JSON) else "BigKey"
        return name if varies else False
    if kind == "type" and isinstance(item, TypeDecorator):
        decorator = cast("TypeDecorator[Any]", item)
        if not type(decorator).__module__.startswith("sqlalchemy."):
            return _repr_type(decorator.impl_instance, context)
    if kind == "server_default" and isinstance(item, DefaultClause):
        for function, text in ((now, "func.now"), (True_, "true"), (False_, "false")):
            if isinstance(item.arg, function):
                return f"sa.{text}()"
    return False


class Remark(MigrateOperation):
    """What whoever reads a revision has to know; it does nothing."""

    def __init__(self, text: str) -> None:
        self.text = text


@renderers.dispatch_for(Remark)
def _render_remark(_context: AutogenContext, remark: Remark) -> list[str]:
    lines = wrap(remark.text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"# {line}" for line in lines]


def write_revision(
    context: MigrationContext, _revision: object, directives: list[MigrationScript]
) -> None:
    """Number a new revision, and make what it does work on both databases."""
    for script in directives:
        for operations in (script.upgrade_ops, script.downgrade_ops):
            if operations:
                set_indexes_apart(operations, context.opts["target_metadata"])
        if script.message is None or context.script is None:
            continue  # `alembic check` asks as well, and writes nothing
        if script.upgrade_ops and script.upgrade_ops.ops and context.dialect.name == "sqlite":
            raise Failure(
                "SQLite does not show enough of a schema to write a revision from",
                "Let DATABASE_URL name an empty PostgreSQL database, upgrade it, and try again",
            )
        script.rev_id = next_id(context.script, script.message)
