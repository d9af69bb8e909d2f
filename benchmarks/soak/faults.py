"""What is done to the service while it serves."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from benchmarks.soak.caller import PATIENCE
from benchmarks.soak.cluster import Cluster, Mode
from benchmarks.soak.journal import Fault, Journal
from benchmarks.soak.workers import Workers

DOWN = 3.0
"""Seconds that the database is away."""


async def restart_database(journal: Journal, cluster: Cluster, mode: Mode) -> None:
    """Stop the database, leave it away for a while, and start it."""
    async with _fault(journal, Fault(f"PostgreSQL restarted, {mode}")):
        await asyncio.to_thread(cluster.stop, mode)
        await asyncio.sleep(DOWN)
        await asyncio.to_thread(cluster.start)


async def kill_worker(journal: Journal, workers: Workers) -> None:
    """End a worker as the kernel does when memory is short, and wait until there is another."""
    count = len(workers.all())
    async with _fault(journal, Fault("worker killed", cuts=True)):
        victim = workers.kill()
        await _until(lambda: victim not in (now := workers.all()) and len(now) == count)


@asynccontextmanager
async def _fault(journal: Journal, fault: Fault) -> AsyncGenerator[None]:
    """Note when it begins, when it is mended, and when requests are answered again."""
    journal.faults.append(fault)
    yield
    fault.mended = monotonic()
    await _until(lambda: journal.served_since(fault.mended) is not None)
    fault.served = journal.served_since(fault.mended) or fault.served


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not is_so() and monotonic() < deadline:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)
