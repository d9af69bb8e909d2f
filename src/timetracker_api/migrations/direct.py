"""Connections to a PostgreSQL server itself: a pooler keeps neither the locks nor the settings."""

from typing import Any

from sqlalchemy import URL, AdaptedConnection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from timetracker_api.migrations.failures import PoolerInTheWay

MARK = "timetracker.direct"
"""A setting that says nothing but that settings arrive."""


def direct_engine(
    url: URL, name: str, *, isolation_level: Any = None, **settings: str
) -> AsyncEngine:
    """Give an engine whose connections have a name and settings, and lead through no pooler."""
    settings |= {"application_name": name, MARK: "yes"}
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level=isolation_level,
        connect_args={"timeout": 10, "server_settings": settings},
    )
    event.listen(engine.sync_engine, "connect", _refuse_pooler, insert=True)
    return engine


def _refuse_pooler(connection: AdaptedConnection, _record: object) -> None:
    """Raise where settings get lost. A pooler that is strict refuses them by itself."""
    if connection.run_async(_mark) != "yes":
        raise PoolerInTheWay


async def _mark(driver: Any) -> str | None:
    """Ask in a way that works behind a pooler, whatever others have prepared there."""
    async with driver.transaction():
        question = await driver.prepare(f"SELECT current_setting('{MARK}', true)", name="")
        return await question.fetchval()
