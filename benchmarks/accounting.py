"""What processes cost: the service's with all its workers, and PostgreSQL's with all its backends.

Processes come and go meanwhile. What those used that have ended and were waited for is in the
account of their parent, where the system keeps one.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import psutil

TRIES = 5
"""How often to look again where a process has come or gone while the others were looked at."""

SAME_START = 60
"""Seconds that clocks may disagree by on when the database server was started."""


class Processes:
    """A process and all its descendants, whoever they are at the moment."""

    def __init__(self, root: psutil.Process) -> None:
        self.root = root

    def cpu(self) -> float:
        """Return the CPU seconds that they have used since the first was started."""
        spent = 0.0
        for _ in range(TRIES):
            before = self._all()
            spent = _sum(_cpu, before)
            if self._all() == before:  # else somebody is counted twice, or not at all
                break
        return spent

    def resident(self) -> int:
        """Return the bytes of memory that are theirs, what they share being counted once."""
        return _sum(_resident, self._all())

    def children(self) -> list["Processes"]:
        """Return the parts of it: the workers of a service."""
        return [Processes(child) for child in self.root.children()]

    def _all(self) -> list[psutil.Process]:
        return [self.root, *self.root.children(recursive=True)]


def of(pid: int) -> Processes:
    """Return the process with this number, and its descendants."""
    return Processes(psutil.Process(pid))


async def postgresql(connection: Any) -> Processes | None:
    """Return the server behind a connection of asyncpg; none where it is on another machine."""
    backend_pid, started_at = await connection.fetchrow(
        "SELECT pg_backend_pid(), pg_postmaster_start_time()"
    )
    return _server(backend_pid, started_at)


def _server(backend_pid: int, started_at: datetime) -> Processes | None:
    """On another machine, or in another container, the number is somebody else's."""
    try:
        postmaster = psutil.Process(backend_pid).parent()
    except psutil.NoSuchProcess:
        return None
    if postmaster is None or abs(postmaster.create_time() - started_at.timestamp()) > SAME_START:
        return None
    return Processes(postmaster)


def _sum(measure: Callable[[psutil.Process], Any], processes: Iterable[psutil.Process]) -> Any:
    total = 0
    for process in processes:
        try:
            total += measure(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return total


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _resident(process: psutil.Process) -> int:
    """Shared pages count by share on Linux, elsewhere not at all; in full where none may look."""
    try:
        memory = process.memory_full_info()
    except psutil.AccessDenied:
        return process.memory_info().rss
    return getattr(memory, "pss", memory.uss)
