"""What the service promises while it is loaded and its surroundings fail, and whether it held."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from benchmarks.soak.caller import API, Caller, Refused
from benchmarks.soak.invariants import Connections, Evidence
from benchmarks.soak.journal import UNAFFECTED, Exchange, Fault, Journal
from benchmarks.soak.ledger import Write
from benchmarks.soak.workers import Workers

FIELDS = f"{API}/custom-field-definitions"
MEGABYTE = 2**20
SETTLES_WITHIN = 30.0
"""Seconds until the database has noticed that a killed worker's connections are gone."""


@dataclass(frozen=True)
class Bounds:
    """How much is too much."""

    recovery: float = 15
    """Seconds from when the database is back to the first answer that needs it."""
    growth: float = 20 * MEGABYTE
    """Bytes that a worker may have grown by since it was warm."""


def answers(journal: Journal) -> Iterator[str]:
    """Give the answers that were not to be: wrong ones, and good ones that came too late."""
    yield from journal.complaints
    for exchange in journal.exchanges:
        if exchange.status is None and not _while(exchange, journal.faults, cuts=True):
            yield f"{exchange.what}: cut off while no worker was killed: {exchange.reason}"
        if exchange.status == 503 and exchange.what in UNAFFECTED:
            yield f"{exchange.what}: 503, though it can do without the database"
        elif exchange.status == 503 and not _while(exchange, journal.faults, cuts=False):
            yield f"{exchange.what}: 503 while the database was there"


def _while(exchange: Exchange, faults: Iterable[Fault], *, cuts: bool) -> bool:
    """Whether it was under way during a fault that explains how it ended."""
    return any(
        exchange.overlaps(fault.began, fault.mended if cuts else fault.served)
        for fault in faults
        if fault.cuts == cuts
    )


def recovery(journal: Journal, bounds: Bounds) -> Iterator[str]:
    """Give the faults that it took too long to recover from."""
    for fault in journal.faults:
        if fault.served - fault.mended > bounds.recovery:
            yield f"{fault.name}: {fault.served - fault.mended:.1f} s until it served again"


def memory(workers: Workers, bounds: Bounds) -> Iterator[str]:
    """Give the workers that have grown."""
    for number, each in workers.memory.items():
        if each.growth > bounds.growth:
            yield f"worker {number} has grown by {each.growth / MEGABYTE:.1f} MB since it was warm"


async def records(callers: Iterable[Caller], evidence: Evidence) -> list[str]:
    """Return what was acknowledged and is not there, or is there and was never asked for."""
    found: list[str] = []
    writes: list[Write] = []
    for caller in callers:
        with suppress(Refused):  # it is among the complaints
            for address in caller.ledger.records:
                found += await caller.look_at(address)
        writes += caller.ledger.writes
    return found + await evidence.broken() + await evidence.untold(writes)


async def connections(evidence: Evidence, most: int) -> tuple[Connections, list[str]]:
    """Return which connections the service has when nobody asks, and what is wrong with them."""
    deadline = monotonic() + SETTLES_WITHIN
    while (found := await evidence.connections()).held or found.open > most:
        if monotonic() > deadline:
            wrong = f"{found.open} connections are open, {found.held} of them in transactions"
            return found, [f"{wrong}; there may be {most}, and none"]
        await asyncio.sleep(0.1)
    return found, []


async def indexing(caller: Caller) -> list[str]:
    """Define a field that is to be indexed: whoever builds indexes has to have survived."""
    body = {"key": "afterwards", "label": "Afterwards", "kind": "text", "is_indexed": True}
    made = (await caller.insist("POST", FIELDS, body)).json()
    deadline = monotonic() + SETTLES_WITHIN
    while monotonic() < deadline:
        field = (await caller.insist("GET", f"{FIELDS}/{made['id']}")).json()
        if field["index_state"] == "ready":
            return []
        await caller.pause()
    return [f"a field was defined, and is not indexed within {SETTLES_WITHIN:.0f} s"]
