"""Where transactions begin and end."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeVar, cast

from anyio import CancelScope
from fastapi import Depends, Request
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from timetracker_api.db.engine import create_engines
from timetracker_api.db.failing import UNREACHABLE, describe
from timetracker_api.db.reading import Reader
from timetracker_api.db.replica import Replica
from timetracker_api.settings import Settings

T = TypeVar("T")

LongRead = Callable[[AsyncSession], AsyncGenerator[T]]
"""What reads for long, and gives what it has read bit by bit."""


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


@dataclass
class Database:
    """Hands out one session per unit of work."""

    settings: Settings
    memory: dict[str, Any] = field(default_factory=dict[str, Any])
    """What this process remembers of the database; see `db.schema_version.Snapshot`."""

    def __post_init__(self) -> None:
        self.engines = create_engines(
            self.settings.url, self.settings.pool_size, self.settings.database_pooler
        )
        self.replica = Replica.of(self.settings, self.engines.reading)
        self._writing = async_sessionmaker(
            self.engines.writing, sync_session_class=UnitOfWork, expire_on_commit=False
        )

    @asynccontextmanager
    async def read(self, context: Context | None = None) -> AsyncGenerator[AsyncSession]:
        """Give a session on which every statement stands for itself."""
        reader = Reader(self.engines.reading, {"context": context or Context(database=self)})
        try:
            # What reads can be handed what writes as well; so both go by the same name.
            yield cast(AsyncSession, reader)
        finally:
            await reader.close()

    @asynccontextmanager
    async def write(self, context: Context | None = None) -> AsyncGenerator[AsyncSession]:
        """Commit when the block ends well, roll back when it does not."""
        async with (
            self._writing(info={"context": context or Context(database=self)}) as session,
            session.begin(),
        ):
            yield session

    async def long_read(
        self, work: LongRead[T], context: Context | None = None
    ) -> AsyncGenerator[T]:
        """Give what ``work`` gives, in a session for what takes long, such as an export.

        It sees the database as of one moment, and definitions as they are now to the end. It reads
        from a replica where that is good enough. If the replica fails before the first piece, the
        work starts again on the database itself; later failures are raised.
        """
        known = replace(context or Context(database=self), database=self._remembering())
        if self.replica is not None and await self.replica.is_good():
            begun = False
            try:
                async with aclosing(_worked(self.replica.engine, work, known)) as given:
                    async for each in given:
                        begun = True
                        yield each
            except UNREACHABLE as error:
                self.replica.avoid(describe(error))
                if begun:
                    raise
            else:
                return
        async with aclosing(_worked(self.engines.lasting, work, known)) as given:
            async for each in given:
                yield each

    def _remembering(self) -> "Database":
        """Return a copy whose snapshots other requests cannot replace."""
        same = copy(self)
        same.memory = dict(self.memory)
        return same

    def pools(self) -> Mapping[str, QueuePool]:
        """Return where connections are kept, by what they are for."""
        pools = self.engines.pools()
        if self.replica is None:
            return pools
        return {**pools, "replica": cast(QueuePool, self.replica.engine.pool)}

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engines.dispose()
        if self.replica is not None:
            await self.replica.engine.dispose()


async def _worked(engine: AsyncEngine, work: LongRead[T], known: Context) -> AsyncGenerator[T]:
    reader = Reader(engine, {"context": known}, options={})  # those of the engine
    try:
        async with aclosing(work(cast(AsyncSession, reader))) as given:
            async for each in given:
                yield each
    finally:
        # Whoever asked may have gone, and so may the server: that is known by then.
        with CancelScope(shield=True), suppress(*UNREACHABLE):
            await reader.close()


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


# scope="function": the transaction is over before the response leaves,
# so no client ever holds a 201 for something that was rolled back.
Reading = Annotated[AsyncSession, Depends(_reading, scope="function")]


async def _writing(request: Request, reading: Reading) -> AsyncGenerator[AsyncSession]:
    # One connection at a time: if every request held one while it waits for a second, a few more
    # than the pool has would wait for ever.
    await reading.close()
    context = request_context(request)
    async with context.database.write(context) as session:
        request.state.writing = session
        yield session


Writing = Annotated[AsyncSession, Depends(_writing, scope="function")]
