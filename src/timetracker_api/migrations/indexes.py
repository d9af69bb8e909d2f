"""Creating an index on a large table while the service keeps writing to it.

A revision that uses these does nothing else: they commit what came before them.
"""

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from timetracker_api.migrations.failures import RevisionFailed

_VALID = text("""
    SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(:name))
""")


def create_index_online(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """Create an index CONCURRENTLY on PostgreSQL, and as usual on SQLite.

    A CONCURRENTLY that fails leaves an invalid index behind, which slows writing and serves no
    query, and which IF NOT EXISTS takes for the finished thing. It is removed before and after.
    """
    context = op.get_context()
    if context.dialect.name != "postgresql":
        op.create_index(name, table, columns, **options)
        return
    with context.autocommit_block():
        if context.as_sql:
            op.create_index(name, table, columns, postgresql_concurrently=True, **options)
            return
        connection = op.get_bind()
        if _is_valid(connection, name):
            return  # an earlier attempt got as far as this, and was interrupted right after
        _drop(name)
        # Waiting for old transactions is what CONCURRENTLY does; it keeps nobody else waiting.
        op.execute("SET lock_timeout = 0")
        try:
            op.create_index(name, table, columns, postgresql_concurrently=True, **options)
        except Exception:
            _drop(name)
            raise
        finally:
            op.execute("RESET lock_timeout")
        if not _is_valid(connection, name):
            raise RevisionFailed(f"the index {name} is not valid", "Run the upgrade again")


def drop_index_online(name: str, table: str) -> None:
    """Drop an index without making anybody wait for a lock on its table."""
    context = op.get_context()
    if context.dialect.name != "postgresql":
        op.drop_index(name, table)
        return
    with context.autocommit_block():
        _drop(name)


def _drop(name: str) -> None:
    op.drop_index(name, postgresql_concurrently=True, if_exists=True)


def _is_valid(connection: Connection, name: str) -> bool:
    return bool(connection.scalar(_VALID, {"name": name}))
