"""What else works on the same database: another process, or an older system before this one."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from httpx import ASGITransport, AsyncClient
from sqlalchemy import select, text, update

from callers import BASE
from timetracker_api.app import create_app
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings


@asynccontextmanager
async def another_process(
    settings: Settings, api: AsyncClient, **changes: Any
) -> AsyncGenerator[AsyncClient]:
    """Give a client of a second service on the same database, with some settings changed."""
    app = create_app(settings.model_copy(update=changes))
    async with AsyncClient(
        transport=ASGITransport(app), base_url=BASE, headers=api.headers
    ) as client:
        yield client
    await app.state.database.dispose()


async def until_somebody_waits(database: Database) -> None:
    """Return once a transaction waits for what another one holds.

    SQLite does not tell: there, it is once others have had many a turn.
    """
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(60), database.read() as session:
        if database.settings.url.get_backend_name() == "sqlite":
            for _ in range(20):
                await session.scalar(select(1))
        else:
            here = text(f"{waiting} AND datname = current_database()")
            while not await session.scalar(here):  # noqa: ASYNC110 - the server does not tell
                await asyncio.sleep(0.01)


async def left_behind(
    database: Database, record: Mapping[str, Any], *, kind: str = "client", **values: Any
) -> None:
    """Give a record custom field values that nobody has checked."""
    owner: Any = entities_with_custom_fields()[kind]
    async with database.write() as session:
        await session.execute(
            update(owner).where(owner.id == record["id"]).values(custom_fields=values),
            execution_options={"unrecorded": True},
        )
