"""One run: a service, those who use it, and what is done to it meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from httpx import AsyncClient, Limits
from tests.servers import serving

from benchmarks.soak import promises
from benchmarks.soak.caller import Caller, Refused
from benchmarks.soak.cluster import Cluster
from benchmarks.soak.faults import kill_worker, restart_database
from benchmarks.soak.invariants import Connections, Evidence
from benchmarks.soak.journal import Journal
from benchmarks.soak.timers import TIMER
from benchmarks.soak.traffic import OFFICE, PROBE, READER, RECORDER, Action, live
from benchmarks.soak.workers import Workers
from benchmarks.soak.world import World, build, let_in
from timetracker_api.auth.scopes import Role
from timetracker_api.settings import Settings

WORKERS = 2
POOL_SIZE = 4
"""Fewer connections than there are callers, so that they have to wait for each other."""

DATABASE_URL = "TIMETRACKER_DATABASE_URL"
VARIABLES = {
    "TIMETRACKER_POOL_SIZE": str(POOL_SIZE),
    "TIMETRACKER_REQUESTS_PER_MINUTE": "0",
    "TIMETRACKER_LOG_LEVEL": "warning",
}

PEOPLE: Mapping[str, tuple[int, Role, Sequence[Action]]] = {
    "recorder": (6, Role.MEMBER, RECORDER),
    "timer": (4, Role.MEMBER, TIMER),
    "office": (2, Role.ADMIN, OFFICE),
    "reader": (2, Role.MANAGER, READER),
    "probe": (1, Role.VIEWER, PROBE),
}
"""How many there are of each kind, and what they may and will do."""


@dataclass
class Soak:
    """A service that is used, and all that is known about it."""

    cluster: Cluster
    evidence: Evidence
    journal: Journal
    workers: Workers
    world: World
    admin: Caller
    callers: Mapping[Caller, Sequence[Action]]
    """Everybody else, and what they do."""
    connections: Connections | None = None
    """Which it had when all was over."""

    async def run(self, seconds: float, faults: "Sequence[Harm]") -> None:
        """Use it for a while, with faults in between, and as long as these take."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as together:
            for caller, actions in self.callers.items():
                together.create_task(live(caller, self.world, actions, over))
            together.create_task(self._weigh(over))
            for fault in faults:
                await asyncio.sleep(seconds / (len(faults) + 1))
                await fault(self)
            await asyncio.sleep(seconds / (len(faults) + 1))
            over.set()

    async def broken(self, bounds: promises.Bounds) -> list[str]:
        """Return the promises that were not kept."""
        self.connections, held = await promises.connections(self.evidence, WORKERS * POOL_SIZE)
        found = await promises.records(self.callers, self.evidence)
        with suppress(Refused):  # it is among the complaints
            found += await promises.indexing(self.admin)
        return [
            *promises.answers(self.journal),
            *promises.recovery(self.journal, bounds),
            *found,
            *promises.memory(self.workers, bounds),
            *held,
        ]

    async def _weigh(self, over: asyncio.Event) -> None:
        while not over.is_set():
            self.workers.weigh()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 1)


Harm = Callable[[Soak], Awaitable[None]]

FAULTS: Mapping[str, Harm] = {
    "restart": lambda soak: restart_database(soak.journal, soak.cluster, "fast"),
    "kill": lambda soak: kill_worker(soak.journal, soak.workers),
    "crash": lambda soak: restart_database(soak.journal, soak.cluster, "immediate"),
}


@asynccontextmanager
async def soaking(cluster: Cluster, folder: Path, most: int = 100) -> AsyncGenerator[Soak]:
    """Start the service on a cluster, with at most so many callers of a kind, and end it."""
    settings = Settings(
        database_url=cluster.url,
        _env_file=None,  # pyright: ignore[reportCallIssue] - an argument of pydantic-settings
    )
    people = {
        f"{kind}{number}": (role, actions)
        for kind, (count, role, actions) in PEOPLE.items()
        for number in range(min(count, most))
    }
    roles = {name: role for name, (role, _) in people.items()}
    tokens = await let_in(settings, roles | {"admin": Role.ADMIN})
    async with AsyncExitStack() as stack:
        evidence = Evidence(settings)
        stack.push_async_callback(evidence.dispose)
        variables = VARIABLES | {DATABASE_URL: cluster.url}
        server = stack.enter_context(serving(folder, "--workers", str(WORKERS), **variables))
        server.wait_until()
        limits = Limits(keepalive_expiry=2)  # longer, and the server would cut connections off
        api = AsyncClient(base_url=server.url, timeout=30, limits=limits)
        await stack.enter_async_context(api)
        journal = Journal()
        caller = partial(Caller, api=api, journal=journal)
        admin = caller("admin", tokens["admin"])
        yield Soak(
            cluster,
            evidence,
            journal,
            Workers(server.process.pid),
            await build(admin),
            admin,
            {caller(name, tokens[name]): actions for name, (_, actions) in people.items()},
        )
