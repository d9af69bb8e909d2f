"""Connections to a PostgreSQL server itself: a pooler keeps neither the locks nor the settings."""

from typing import Any

from sqlalchemy import URL, AdaptedConnection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from timetracker_api.migrations.failures import PoolerInTheWay

MARK = "timetracker.direct"
"""A setting that says nothing but that settings arrive."""

UNHURRIED = {
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "quote_all_identifiers": "off",  # what the server says of its tables is compared as text
}
"""What a role or a database may have otherwise, for the service's sake or somebody else's.

With these, a lock lasts as long as the upgrade it is for, and that takes as long as it takes.
"""

TRANSACTION_TIMEOUT_SINCE = 17
"""The release since which a server knows one. An older one refuses connections that name it."""


def direct_engine(
    url: URL, name: str, *, isolation_level: Any = None, **settings: str
) -> AsyncEngine:
    """Give an engine whose connections have a name and settings, and lead through no pooler.

    Settings travel with the connection, so that not even RESET brings those of the role back.
    """
    settings = UNHURRIED | settings | {"application_name": name, MARK: "yes"}
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level=isolation_level,
        connect_args={"timeout": 10, "server_settings": settings},
    )
    event.listen(engine.sync_engine, "connect", _prepare, insert=True)
    return engine


def _prepare(connection: AdaptedConnection, _record: object) -> None:
    """Raise where settings get lost. A pooler that is strict refuses them by itself."""
    if connection.run_async(_mark) != "yes":
        raise PoolerInTheWay
    connection.run_async(_take_time)


async def _mark(driver: Any) -> str | None:
    """Ask in a way that works behind a pooler, whatever others have prepared there."""
    async with driver.transaction():
        question = await driver.prepare(f"SELECT current_setting('{MARK}', true)", name="")
        return await question.fetchval()


async def _take_time(driver: Any) -> None:
    if driver.get_server_version().major >= TRANSACTION_TIMEOUT_SINCE:
        await driver.execute("SET transaction_timeout = 0")
