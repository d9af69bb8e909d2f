"""The service in use while its database crashes and a worker dies; `make soak` takes longer."""

import asyncio
from math import inf
from pathlib import Path

from benchmarks.soak import promises
from benchmarks.soak.caller import ENTRIES
from benchmarks.soak.cluster import Cluster, cluster
from benchmarks.soak.promises import Bounds
from benchmarks.soak.soaking import FAULTS, Soak, soaking
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from timetracker_api.settings import async_url

UNTIMED = Bounds(recovery=inf, growth=inf)
"""How fast and how large it is, a machine that does other things as well cannot tell."""


async def lose_an_entry(soak: Soak) -> int:
    """Delete an entry that was acknowledged, behind the back of the service."""
    kept = (entry for caller in soak.callers for entry in caller.ledger.alive(ENTRIES))
    id = next(kept)["id"]
    engine = create_async_engine(async_url(soak.cluster.url))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM time_entries WHERE id = :id"), {"id": id})
    await engine.dispose()
    return id


async def use(ours: Cluster, folder: Path) -> None:
    async with soaking(ours, folder, most=2) as soak:
        await soak.run(4, [FAULTS["kill"], FAULTS["crash"]])
        assert await soak.broken(UNTIMED) == []
        assert {exchange.status for exchange in soak.journal.exchanges} >= {200, 201, 503}

        lost = await lose_an_entry(soak)
        found = "\n".join(await promises.records(soak.callers, soak.evidence))
        assert f"{ENTRIES}/{lost} was acknowledged, and is lost" in found


def test_nothing_acknowledged_is_lost_when_the_database_crashes_and_a_worker_dies(tmp_path: Path):
    with cluster() as ours:
        asyncio.run(use(ours, tmp_path))
