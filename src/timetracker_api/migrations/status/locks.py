"""Looking at tables that somebody may keep locked, and naming who that is."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.driver_errors import LOCK_NOT_AVAILABLE, sqlstate
from timetracker_api.migrations.failures import LockTimeout
from timetracker_api.migrations.status.findings import Finding, problem, warning

T = TypeVar("T")

# Who has, or wants, a table or an index to itself: until that is over, nobody else looks at it.
_KEEPING = text("""
    SELECT pid, coalesce(application_name, '') AS application, granted,
        string_agg(DISTINCT CAST(relname AS text), ', ') AS tables,
        array_to_string(pg_blocking_pids(pid), ', ') AS before
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    JOIN pg_class ON oid = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = relation),
                                    relation)
    WHERE mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND relnamespace = to_regnamespace(quote_ident(current_schema()))
      AND relkind IN ('r', 'p', 'v', 'm')
    GROUP BY pid, application_name, granted
    ORDER BY granted DESC, pid
""")


async def unless_locked(connection: AsyncConnection, look: Callable[[Connection], T]) -> T | None:
    """Look at tables, or return nothing where somebody keeps one of them locked."""
    try:
        return await connection.run_sync(look)
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
    await connection.rollback()
    return None


def locked(subject: str) -> Finding:
    """Return that nobody can say how something is."""
    failure = LockTimeout("nobody can look: a table is locked", "See blockers, or try again later")
    return problem(subject, failure)


def keeping(connection: Connection) -> list[Finding]:
    """Return who does not let others look at a table."""
    return [_keeper(*row) for row in connection.execute(_KEEPING)]


def _keeper(pid: int, application: str, granted: bool, tables: str, before: str) -> Finding:  # noqa: FBT001 - a row
    waits = f"waits for process {before} to let go of {tables}"
    return warning(
        "blockers",
        f"process {pid} ({application}) {f'keeps {tables} to itself' if granted else waits}",
        f"Wait for it, or SELECT pg_terminate_backend({pid})",
    )
