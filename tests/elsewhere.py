"""What else works on the same database: another process, or an older system before this one."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from httpx import ASGITransport, AsyncClient
from sqlalchemy import update

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
