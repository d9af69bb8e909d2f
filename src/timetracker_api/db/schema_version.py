"""The version of everything people define, and the copies of it that each process keeps.

Custom field definitions and link templates are few and needed by every request. One row counts
their changes; a request compares the count, and loads them again only when it has moved on.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ScalarSelect, event, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from timetracker_api.db.base import Base
from timetracker_api.db.session import UnitOfWork, context

T = TypeVar("T")


class SchemaVersion(Base):
    """One row that counts the changes of definitions. The first revision inserts it."""

    __tablename__ = "schema_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]


class ChangesSchema:
    """Marks the entities whose changes the count is about."""


_version = select(SchemaVersion.version)
_shared = _version.with_for_update(read=True)
_alone = _version.with_for_update()

CHANGED = "schema_changed"
"""Marks a session that has changed definitions: it sees what nobody else may remember."""

FENCED = "schema_fenced"
"""Marks a session that shares the row already. A savepoint would give its lock back."""


def schema_version() -> ScalarSelect[int]:
    """Return the count as a column, so that authentication reads it along with the token."""
    return _version.scalar_subquery()


async def fence(session: AsyncSession) -> None:
    """Let no definition change before this transaction has committed.

    Whoever validates a value calls this first. The row is shared among writers; a change of
    definitions updates it, and so waits for them, and they for it. FOR SHARE returns the row as
    it is after the wait, which a lock taken apart from the read would not.
    """
    if session.info.keys() & {CHANGED, FENCED}:
        return  # the row is ours already
    context(session).schema_version = await session.scalar(_shared)
    if not session.in_nested_transaction():
        session.info[FENCED] = True


async def keep_writers_out(session: AsyncSession) -> None:
    """Wait for everybody who has validated a value, and let nobody begin before this commits.

    A change of definitions does so by itself, with its flush.
    """
    if CHANGED not in session.info:
        await session.execute(_alone)


@event.listens_for(UnitOfWork, "before_flush")
def _count_changes(session: Session, _flush: UOWTransaction, _instances: object) -> None:
    changes = (*session.new, *session.dirty, *session.deleted)
    if any(isinstance(entity, ChangesSchema) for entity in changes):
        session.connection().execute(update(SchemaVersion).values(version=_next()))
        session.info[CHANGED] = True
        context(session).schema_version = None


def _next() -> Any:
    return SchemaVersion.version + 1


class Snapshot(Generic[T]):
    """A copy of what the database says, kept per process for as long as the version stands."""

    def __init__(self, load: Callable[[AsyncSession], Awaitable[T]]) -> None:
        self._load = load
        self._name = f"{load.__module__}.{load.__qualname__}"

    async def current(self, session: AsyncSession) -> T:
        """Return the copy that belongs to the version this session sees."""
        known = context(session)
        if CHANGED in session.info:
            # Changed in this very transaction, which may yet roll back: nothing to remember.
            return await self._load(session)
        if known.schema_version is None:
            known.schema_version = await session.scalar(_version)
        kept = known.database.memory.get(self._name)
        if kept is None or kept[0] != known.schema_version:
            # Read before loading: the copy may be newer than its version says, never older.
            kept = (known.schema_version, await self._load(session))
            known.database.memory[self._name] = kept
        return cast(T, kept[1])
