"""Two ways to do one thing, timed in alternation.

Machines are shared and noisy: only the least of many rounds says what something costs, and only a
ratio of two that ran side by side can be compared with one from another day.
"""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.report import verdict

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """Something we do, and the least that would do the same."""

    name: str
    ours: Work
    floor: Work
    goal: float | None = None
    """How many times the floor it may take."""
    most: float | None = None
    """How many milliseconds it may take, where no floor says it."""
    clock: Callable[[], float] = time.perf_counter
    rounds: int = 30
    calls: int = 1
    """How often each is called in a round: for what takes less than the clock can tell."""


@dataclass(frozen=True)
class Outcome:
    """What a case came to; milliseconds."""

    case: Case
    ours: Sequence[float]
    floor: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times the floor we take, by the least of each."""
        return min(self.ours) / min(self.floor)

    @property
    def is_met(self) -> bool:
        """Whether it takes no more than it may."""
        case = self.case
        return (case.goal is None or self.ratio <= case.goal) and (
            case.most is None or min(self.ours) <= case.most
        )

    @property
    def row(self) -> str:
        """A line of a Markdown table."""
        case = self.case
        goal = f"{case.goal:g} x" if case.goal is not None else f"{case.most:g} ms"
        return (
            f"| {case.name} | {min(self.ours):.3f} ({median(self.ours):.3f})"
            f" | {min(self.floor):.3f} ({median(self.floor):.3f})"
            f" | {self.ratio:.2f} | {goal} | {verdict(is_met=self.is_met)} |"
        )


HEADER = """\
| case | ours, ms: least (median) | floor, ms | ratio | goal | met |
|---|---|---|---|---|---|"""


async def run(case: Case) -> Outcome:
    """Time both, in alternation."""
    ours: list[float] = []
    floor: list[float] = []
    for work in (case.ours, case.floor):
        for _ in range(5):
            await work()
    for _ in range(case.rounds):
        ours.append(await _timed(case, case.ours))
        floor.append(await _timed(case, case.floor))
    return Outcome(case, ours, floor)


async def _timed(case: Case, work: Work) -> float:
    gc.collect()
    gc.disable()  # a collection in the middle of one call would be counted against it
    began = case.clock()
    for _ in range(case.calls):
        await work()
    spent = case.clock() - began
    gc.enable()
    return spent / case.calls * 1000
