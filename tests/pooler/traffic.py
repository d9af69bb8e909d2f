"""Clients that do not stop for anything."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from httpx import AsyncClient


@asynccontextmanager
async def traffic(api: AsyncClient, path: str) -> AsyncGenerator[Counter[int]]:
    """Read and write until the block ends; give the status of all answers so far."""
    statuses: Counter[int] = Counter()
    going = True

    async def go(number: int) -> None:
        while going:
            body = {"description": f"{number}"}
            asked = api.patch(path, json=body) if number % 2 else api.get(path)
            statuses[(await asked).status_code] += 1

    tasks = [asyncio.create_task(go(number)) for number in range(8)]
    yield statuses
    going = False
    await asyncio.gather(*tasks)


async def seen(statuses: Counter[int], status: int) -> None:
    """Wait until ten more answers have a status."""
    until = statuses[status] + 10
    while statuses[status] < until:  # noqa: ASYNC110 - the answers tell nobody else
        await asyncio.sleep(0.01)
