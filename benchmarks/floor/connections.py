"""Connections that read JSON as the service does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import orjson

driver = cast(Any, asyncpg)  # it has no types


@asynccontextmanager
async def pool(dsn: str, most: int = 2) -> AsyncGenerator[Any]:
    """Give connections, at least two."""
    async with driver.create_pool(dsn, min_size=2, max_size=most, init=_reads_json) as made:
        yield made


async def _reads_json(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads, format="text"
    )
