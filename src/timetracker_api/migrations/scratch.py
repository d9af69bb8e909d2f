"""Databases that exist for a moment, for what must not happen to a real one."""

import re
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from secrets import token_hex

from sqlalchemy import URL, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.driver_errors import INSUFFICIENT_PRIVILEGE, explained, sqlstate
from timetracker_api.migrations.failures import NotPermitted
from timetracker_api.migrations.lock import autocommitting, take_on_server
from timetracker_api.migrations.scratch_folder import scratch_folder
from timetracker_api.settings import async_url

NAME = "timetracker-api db scratch"
"""What the server calls the connections that create and drop."""

IN_USE = "55006"

_PREFIX = text(
    "SELECT 'timetracker_scratch_' || oid || '_' FROM pg_database"
    " WHERE datname = current_database()"
)

_SCHEMA = text("SELECT quote_ident(current_schema()) WHERE current_schema() <> 'public'")

_OURS = text("""
    SELECT datname FROM pg_database
    WHERE starts_with(datname, :prefix) AND pg_get_userbyid(datdba) = current_user
""")


def scratch_like(url: URL) -> AbstractAsyncContextManager[URL]:
    """Give a new database of the same kind, on the same server, and take it away again."""
    return scratch_file() if url.get_backend_name() == "sqlite" else scratch_database(url)


@asynccontextmanager
async def scratch_file() -> AsyncGenerator[URL]:
    """Give an SQLite database that nobody else knows."""
    async with scratch_folder() as folder:
        yield async_url(f"sqlite:///{folder}/scratch.db")


@asynccontextmanager
async def scratch_database(server: URL) -> AsyncGenerator[URL]:
    """Give a new database on a PostgreSQL server, and drop it afterwards.

    Who uses one holds a lock that is named like it, and ends with the process. What is named like
    that and has no lock was left behind by a process that was killed, and is dropped.
    """
    with explained(server):
        async with autocommitting(server, NAME) as connection:
            prefix = str(await connection.scalar(_PREFIX))  # locks are per database
            await _drop_abandoned(connection, prefix)
            name = f"{prefix}{token_hex(8)}"
            await take_on_server(connection, _key(name))
            await _create(connection, name, server)
            try:
                if schema := await connection.scalar(_SCHEMA):
                    await _use_schema(connection, server.set(database=name), str(schema))
                yield server.set(database=name)
            finally:
                await connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


async def _create(connection: AsyncConnection, name: str, server: URL) -> None:
    try:
        await connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except DBAPIError as error:
        if sqlstate(error) != INSUFFICIENT_PRIVILEGE:
            raise
        raise NotPermitted(
            f"the role {server.username or 'of the URL'} may not create the scratch database",
            "Let it, with ALTER ROLE ... CREATEDB, or name a role that may",
        ) from error


async def _use_schema(connection: AsyncConnection, url: URL, schema: str) -> None:
    """Have the tables go where they are in the database that it is like."""
    async with autocommitting(url, NAME) as scratch:
        await scratch.exec_driver_sql(f"CREATE SCHEMA {schema}")
    await connection.exec_driver_sql(f"ALTER DATABASE {url.database} SET search_path = {schema}")


async def _drop_abandoned(connection: AsyncConnection, prefix: str) -> None:
    found = (await connection.scalars(_OURS, {"prefix": prefix})).all()
    for name in found:
        if re.fullmatch(r"[0-9a-f]{16}", name.removeprefix(prefix)):
            await _drop_if_abandoned(connection, name)


async def _drop_if_abandoned(connection: AsyncConnection, name: str) -> None:
    if not await take_on_server(connection, _key(name)):
        return
    try:
        await connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
    except DBAPIError as error:
        if sqlstate(error) != IN_USE:  # a statement of the killed process still runs
            raise
    finally:
        await connection.execute(select(func.pg_advisory_unlock(_key(name))))


def _key(name: str) -> int:
    return int.from_bytes(bytes.fromhex(name[-16:]), signed=True)
