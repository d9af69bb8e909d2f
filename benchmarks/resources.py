"""What a process of the service takes, and how long it takes to start."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from sqlalchemy import URL

from benchmarks import running
from benchmarks.report import Section, verdict
from benchmarks.running import Running

MEGABYTE = 1_000_000
MOST_MEGABYTES = 110
MOST_SECONDS = 2.5

HEADER = """
| what | measured | goal | met |
|---|---|---|---|"""


def memory(server: Running) -> float:
    """Return the megabytes that the largest worker has."""
    return max(each.resident() for each in server.workers()) / MEGABYTE


def cold_start(url: URL, folder: Path) -> tuple[float, float]:
    """Return what it takes from starting one process to its first answer: seconds, and CPU."""
    began = time.perf_counter()
    with running.service(url, folder, workers=1) as server:
        return time.perf_counter() - began, server.processes.cpu()


def tell(
    section: Section, before: float, after: float, starts: Sequence[tuple[float, float]]
) -> None:
    """Add what was measured to the report."""
    seconds, cpu_seconds = zip(*starts, strict=True)
    section.say(HEADER)
    _row(
        section,
        "memory of a worker, before and after the cases",
        f"{before:.0f} and {after:.0f} MB",
        f"< {MOST_MEGABYTES} MB",
        is_met=after < MOST_MEGABYTES,
    )
    _row(
        section,
        "start of one process to first 200, least (median)",
        f"{min(seconds):.2f} ({median(seconds):.2f}) s, CPU {min(cpu_seconds):.2f} s",
        f"< {MOST_SECONDS} s",
        is_met=min(seconds) < MOST_SECONDS,
    )


def _row(section: Section, what: str, measured: str, goal: str, *, is_met: bool) -> None:
    row = f"| {what} | {measured} | {goal} | {verdict(is_met=is_met)} |"
    section.found(row, f"{what}: {measured}, goal {goal}", is_met=is_met)
