"""Reading: every statement stands for itself, and gives rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Executable, Result, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncResult

AUTOCOMMIT: Mapping[str, Any] = {"isolation_level": "AUTOCOMMIT"}
"""One round trip for a statement instead of three. Said of an engine instead of a connection, it
would have SQLAlchemy call listeners around every statement."""


class Reader:
    """What reading takes of an `AsyncSession`, and no more.

    A session is ready to keep entities, their changes and a transaction. To make one for every
    request, and to have rows pass through it, is a fifth of the cost of a short answer. So no
    entities come from here: select columns.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        info: dict[str, Any],
        options: Mapping[str, Any] = AUTOCOMMIT,
    ) -> None:
        self._engine = engine
        self._options = options
        self._connection: AsyncConnection | None = None
        self.info = info
        """What belongs to the session, as SQLAlchemy's own have it."""

    def get_bind(self) -> Engine:
        """Return what statements go to."""
        return self._engine.sync_engine

    async def connection(
        self, *, execution_options: Mapping[str, Any] | None = None
    ) -> AsyncConnection:
        """Return the connection that is taken from the pool by the first statement."""
        if self._connection is None:
            self._connection = await self._engine.connect()
            await self._connection.execution_options(**self._options)
        if execution_options:
            await self._connection.rollback()  # ends no more than what SQLAlchemy thinks has begun
            await self._connection.execution_options(**execution_options)
        return self._connection

    async def execute(
        self,
        statement: Executable,
        parameters: Any = None,
        *,
        execution_options: Mapping[str, Any] | None = None,
    ) -> Result[Any]:
        """Run a statement that changes nothing."""
        if statement.is_dml:
            raise RuntimeError("this session reads; take `Writing` to change something")
        connection = await self.connection()
        return await connection.execute(statement, parameters, execution_options=execution_options)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the only column of the first row, or nothing."""
        return (await self.scalars(statement, parameters)).first()

    async def scalars(self, statement: Executable, parameters: Any = None) -> ScalarResult[Any]:
        """Return the only column of every row."""
        found = await self.execute(statement, parameters)
        if len(found.keys()) > 1:
            raise RuntimeError("this session gives rows; take one that writes for entities")
        return found.scalars()

    async def stream(
        self, statement: Executable, *, execution_options: Mapping[str, Any] | None = None
    ) -> AsyncResult[Any]:
        """Return rows as they are read."""
        connection = await self.connection()
        return await connection.stream(statement, execution_options=execution_options)

    async def close(self) -> None:
        """Give the connection back. A statement after this takes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
