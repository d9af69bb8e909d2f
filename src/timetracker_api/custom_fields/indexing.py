"""Building the indexes on custom fields that are missing, and dropping those nobody wants."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Executable, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from timetracker_api.custom_fields import indexes
from timetracker_api.custom_fields.indexes import LOCK, FieldIndex, Plan
from timetracker_api.db.failing import UNREACHABLE
from timetracker_api.db.schema_version import CHANGED
from timetracker_api.db.session import Database, UnitOfWork, context
from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.dialect_only import ON_DEMAND
from timetracker_api.migrations.driver_errors import explain, explained, first_line
from timetracker_api.migrations.failures import Failure, IndexFailed, LockBusy
from timetracker_api.migrations.lock import autocommitting, granted, take_on_server
from timetracker_api.migrations.revisions import database_state
from timetracker_api.web.observability import log

HOUR = 3600

Execute = Callable[..., Awaitable[None]]


@dataclass
class Outcome:
    """What has become of the indexes, by their names."""

    built: list[str] = field(default_factory=list[str])
    dropped: list[str] = field(default_factory=list[str])
    kept: list[str] = field(default_factory=list[str])


async def reconcile(database: Database, lock_wait: float = 0.0) -> Outcome:
    """Build and drop indexes until they are what the definitions want.

    One process at a time. After giving up the lock it compares once more, so that a process which
    was refused with `LockBusy` can rely on the holder to see its change. May be interrupted at any
    point.
    """
    outcome = Outcome()
    with explained(migration_url(database.settings)):
        while (left := await _plan(database)).drops or left.builds:
            async with _alone(database, lock_wait) as execute:
                await _carry_out(await _plan(database), execute, database, outcome)
    outcome.kept = [name for name in left.kept if name not in outcome.built]
    return outcome


async def _plan(database: Database) -> Plan:
    async with database.read() as session:
        return await indexes.plan(session)


async def _carry_out(plan: Plan, execute: Execute, database: Database, outcome: Outcome) -> None:
    on_server = database.engines.writing.dialect.name == "postgresql"
    for name in plan.drops:
        with _told(name, database):
            await execute(_drop(name, on_server=on_server))
        if name.startswith(ON_DEMAND):
            outcome.dropped.append(name)
    for index in plan.builds:
        with _told(index.name, database):
            await execute(*_build(index, on_server=on_server))
        outcome.built.append(index.name)


def _build(index: FieldIndex, *, on_server: bool) -> list[Executable]:
    """Return what to execute. On a server, the index comes last: once it is there, all is."""
    if not on_server:
        return [index.create, text(f"ANALYZE {index.table}")]
    statistics = f"{index.statistics} ON {index.expression} FROM {index.table}"
    return [
        text(f"CREATE STATISTICS IF NOT EXISTS {statistics}"),
        text(f"ANALYZE {index.table}"),
        index.create,
    ]


def _drop(name: str, *, on_server: bool) -> Executable:
    if not name.startswith(ON_DEMAND):
        return text(f"DROP STATISTICS IF EXISTS {name}")
    return text(f"DROP INDEX {'CONCURRENTLY ' if on_server else ''}IF EXISTS {name}")


@contextmanager
def _told(name: str, database: Database) -> Generator[None]:
    """Have an error of the database say which index it is about."""
    try:
        yield
    except DBAPIError as error:
        if explain(error, migration_url(database.settings)):
            raise
        raise IndexFailed(
            f"{name} could not be built or dropped: {first_line(error)}",
            "Correct that, then run `timetracker-api db reindex-custom-fields`",
        ) from error


@asynccontextmanager
async def _alone(database: Database, lock_wait: float) -> AsyncGenerator[Execute]:
    """Give what executes statements, while no other process does the same.

    On PostgreSQL each by itself, on a connection of its own, where they may wait; on SQLite all
    in one transaction of the service, so that writers queue behind one index at most.
    """
    if database.engines.writing.dialect.name == "sqlite":

        async def together(*statements: Executable) -> None:
            async with database.engines.writing.begin() as connection:
                for statement in statements:
                    await connection.execute(statement)

        yield together
        return
    url = migration_url(database.settings)
    async with autocommitting(url, "timetracker-api indexes") as connection:
        if not await granted(partial(take_on_server, connection, LOCK), lock_wait):
            raise LockBusy(
                "another process is building indexes on custom fields",
                "It builds all that are missing; wait until it has finished",
            )

        async def singly(*statements: Executable) -> None:
            for statement in statements:
                await connection.execute(statement)

        yield singly


async def keep(database: Database) -> None:
    """Bring the indexes up to date whenever this process has changed definitions, for ever.

    Also at the start and once an hour: for what an interruption, a restore, a command or another
    process has left to do.
    """
    changed = _changed(database)
    while True:
        changed.clear()
        await _attempt(database)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), HOUR)


async def _attempt(database: Database) -> None:
    try:
        await _require_tables(database)
        outcome = await reconcile(database)
    except LockBusy:
        return  # who has the lock will see what we have seen
    except (Failure, *UNREACHABLE) as error:
        log.warning(
            "custom fields are not indexed; once the reason is gone, "
            "run `timetracker-api db reindex-custom-fields`",
            reason=first_line(error),
        )
    except Exception:  # noqa: BLE001 - it is told, and the next attempt may do better
        log.exception("custom fields are not indexed")
    else:
        if outcome.built or outcome.dropped:
            log.info("custom fields indexed", built=outcome.built, dropped=outcome.dropped)


async def _require_tables(database: Database) -> None:
    async with database.engines.reading.connect() as connection:
        state = await database_state(connection)
    if state.obstacle:
        raise state.obstacle


def _changed(database: Database) -> asyncio.Event:
    """Return what wakes the task above."""
    return database.memory.setdefault(__name__, asyncio.Event())


@event.listens_for(UnitOfWork, "after_commit")
def _wake(session: Session) -> None:
    if CHANGED in session.info:
        _changed(context(session).database).set()
