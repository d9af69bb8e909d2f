"""One run of Alembic per process at a time: it keeps what it works on in module globals."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_running = threading.Lock()


@asynccontextmanager
async def alembic_to_ourselves() -> AsyncGenerator[None]:
    """Wait for other tasks and threads to be done with Alembic."""
    while not _running.acquire(blocking=False):  # noqa: ASYNC110 - the holder may be in another loop
        await asyncio.sleep(0.05)
    try:
        yield
    finally:
        _running.release()
