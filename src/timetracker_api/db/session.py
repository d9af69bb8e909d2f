"""Where transactions begin and end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from timetracker_api.db.engine import create_engines
from timetracker_api.settings import Settings


@dataclass(slots=True, kw_only=True)
class Context:
    """What is known about the request, command or job that a session works for."""

    database: "Database"
    request_id: str | None = None
    actor_id: int | None = None
    """The user on whose behalf changes are recorded."""
    token_id: int | None = None
    """The token that the request came with."""
    role: str | None = None
    """The caller's role; none on the command line, which sees everything."""
    scopes: frozenset[str] = frozenset()
    """What the caller may do."""
    time_zone: str | None = None
    schema_version: int | None = None
    """The version of the definitions this request sees; see `db.schema_version`."""
    subject: dict[str, Any] | None = None
    """The record the answer is about: it gives the answer its ETag and its Location."""
    include: frozenset[str] = frozenset()
    """What the caller wants to see beyond the usual."""
    next_page: dict[str, Any] | None = None
    """What to change in the query to get the next page of the list that the answer is."""

    @property
    def settings(self) -> Settings:
        """The configuration of this process."""
        return self.database.settings


class UnitOfWork(Session):
    """What the changes of one request, command or job are gathered in."""


class ReadOnly(Session):
    """A session that has no transaction, and so must not change anything."""


@event.listens_for(ReadOnly, "before_flush")
def _refuse_changes(_session: Session, _flush: UOWTransaction, _instances: object) -> None:
    raise RuntimeError("this session reads; take `Writing` to change something")


@event.listens_for(ReadOnly, "do_orm_execute")
def _refuse_statements_that_change(statement: ORMExecuteState) -> None:
    if statement.is_insert or statement.is_update or statement.is_delete:
        raise RuntimeError("this session reads; take `Writing` to change something")


@dataclass
class Database:
    """Hands out one session per unit of work."""

    settings: Settings
    memory: dict[str, Any] = field(default_factory=dict[str, Any])
    """What this process remembers of the database; see `db.schema_version.Snapshot`."""

    def __post_init__(self) -> None:
        self.engines = create_engines(self.settings.url, self.settings.pool_size)
        self._reading = async_sessionmaker(
            self.engines.reading, sync_session_class=ReadOnly, autoflush=False
        )
        self._writing = async_sessionmaker(
            self.engines.writing, sync_session_class=UnitOfWork, expire_on_commit=False
        )

    @asynccontextmanager
    async def read(self, context: Context | None = None) -> AsyncGenerator[AsyncSession]:
        """Give a session on which every statement stands for itself."""
        async with self._reading(info={"context": context or Context(database=self)}) as session:
            yield session

    @asynccontextmanager
    async def write(self, context: Context | None = None) -> AsyncGenerator[AsyncSession]:
        """Commit when the block ends well, roll back when it does not."""
        async with (
            self._writing(info={"context": context or Context(database=self)}) as session,
            session.begin(),
        ):
            yield session

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engines.dispose()


def context(session: AsyncSession | Session) -> Context:
    """Return what is known about the request, command or job behind a session."""
    return cast(Context, session.info["context"])


def dialect(session: AsyncSession) -> str:
    """Return ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def request_context(request: Request) -> Context:
    """Return the context of a request; the same object every time."""
    state = request.scope.setdefault("state", {})
    if "context" not in state:
        state["context"] = Context(
            database=request.app.state.database, request_id=state.get("request_id")
        )
    return cast(Context, state["context"])


async def _reading(request: Request) -> AsyncGenerator[AsyncSession]:
    context = request_context(request)
    async with context.database.read(context) as session:
        yield session


async def _writing(request: Request) -> AsyncGenerator[AsyncSession]:
    context = request_context(request)
    async with context.database.write(context) as session:
        request.state.writing = session
        yield session


# scope="function": the transaction is over before the response leaves,
# so no client ever holds a 201 for something that was rolled back.
Reading = Annotated[AsyncSession, Depends(_reading, scope="function")]
Writing = Annotated[AsyncSession, Depends(_writing, scope="function")]
