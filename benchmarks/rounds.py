"""Two servers asked the same, in short rounds and by turns; and what each request costs them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.accounting import Processes
from benchmarks.load import Load, Step
from benchmarks.report import verdict
from benchmarks.running import Running


@dataclass(frozen=True)
class Pace:
    """How long to measure."""

    rounds: int
    seconds: float
    things: int
    """To do in each round, at least: CPU time is told in hundredths of a second."""
    connections: int
    workers: int
    starts: int


FULL = Pace(rounds=8, seconds=1.0, things=100, connections=8, workers=2, starts=5)
GLANCE = Pace(rounds=1, seconds=0.1, things=1, connections=1, workers=1, starts=1)
"""Enough to see that everything works."""

MILLISECONDS = 1000


@dataclass(frozen=True)
class Side:
    """A server, and what it is asked."""

    server: Running
    scripts: Sequence[Sequence[Step]]
    """One for each connection."""
    asked: str = ""
    """Where the other side is the same server: what is different."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        return f"{self.server.name}, {self.asked}" if self.asked else self.server.name


@dataclass(frozen=True)
class Case:
    """What the service is asked, and what that is compared with."""

    name: str
    title: str
    ours: Side
    theirs: Side
    goal: float | None = None
    """How many times the CPU of the other it may take, without PostgreSQL and with it."""
    most: float | None = None
    """How many milliseconds of CPU it may take, where the ratio does not say it."""
    parts: int = 1
    """How many things each step does: what one of them costs is told."""
    varying: Sequence[str] = ()
    """What is in the answers, and different each time."""


@dataclass
class Spent:
    """What one side has spent, round by round; milliseconds of CPU for each thing done."""

    server: list[float] = field(default_factory=list[float])
    database: list[float] = field(default_factory=list[float])
    """Empty where PostgreSQL is on another machine."""
    load: list[float] = field(default_factory=list[float])
    per_second: list[float] = field(default_factory=list[float])
    latencies: list[float] = field(default_factory=list[float])

    def least(self, *, with_database: bool = False) -> float:
        """Return the least that one has cost."""
        if with_database and self.database:
            return min(map(sum, zip(self.server, self.database, strict=True)))
        return min(self.server)

    def latency(self, percentile: int) -> float:
        """Return how long answers took, at most, but for the slowest."""
        ordered = sorted(self.latencies)
        return ordered[math.ceil(len(ordered) * percentile / 100) - 1]


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    case: Case
    ours: Spent
    theirs: Spent

    def ratio(self, *, with_database: bool = False) -> float:
        """Return how many times the other's CPU we take, by the least of each."""
        ours, theirs = (
            each.least(with_database=with_database) for each in (self.ours, self.theirs)
        )
        return ours / theirs if theirs else math.inf  # after a glance

    @property
    def worst(self) -> float:
        """The ratio that counts: moving work to the database does not make it less."""
        return max(self.ratio(), self.ratio(with_database=True))

    @property
    def is_met(self) -> bool | None:
        """Whether it takes no more than it may; none where there is no goal."""
        case = self.case
        if case.goal is not None:
            return self.worst <= case.goal
        return None if case.most is None else self.ours.least() <= case.most

    @property
    def found(self) -> str:
        """What it came to, beside its goal."""
        case = self.case
        if case.goal is None:
            return f"{case.title}: {self.ours.least():.2f} ms, goal {case.most} ms"
        return f"{case.title}: {self.worst:.1f} x, goal {case.goal:g} x"


@dataclass(frozen=True)
class Rounds:
    """Who asks, at which pace, and what else is charged."""

    load: Load
    database: Processes | None
    pace: Pace

    def run(self, case: Case) -> Outcome:
        """Have both sides of a case asked, by turns."""
        outcome = Outcome(case, Spent(), Spent())
        sides = ((case.ours, outcome.ours), (case.theirs, outcome.theirs))
        for side, _ in sides:
            self._round(side, Spent(), case.parts)  # warms up
        for _ in range(self.pace.rounds):
            for side, spent in sides:
                self._round(side, spent, case.parts)
        return outcome

    def _round(self, side: Side, spent: Spent, parts: int) -> None:
        clocks = [side.server.processes, *([self.database] if self.database else ())]
        before = [each.cpu() for each in clocks]
        scripts = side.scripts[: self.pace.connections]
        at_least = max(self.pace.things // parts, 1)
        answered = self.load.run(side.server.port, scripts, self.pace.seconds, at_least)
        after = [each.cpu() for each in clocks]
        done = answered.steps * parts
        server, *rest = [
            (now - then) / done * MILLISECONDS for then, now in zip(before, after, strict=True)
        ]
        spent.server.append(server)
        spent.database += rest
        spent.load.append(answered.cpu_seconds / done * MILLISECONDS)
        spent.per_second.append(done / answered.seconds)
        spent.latencies += [each * MILLISECONDS for each in answered.latencies]


HEADER = """\
| case | asked | CPU ms: least (median) | PostgreSQL ms | per second | p50 ms | p99 ms | asking ms\
 | ratio | ratio with PostgreSQL | goal | met |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def rows(outcome: Outcome) -> str:
    """Return two lines of a Markdown table."""
    case = outcome.case
    goal = "" if case.goal is None else f"{case.goal:g} x"
    goal = f"{case.most:g} ms" if case.most is not None else goal
    with_database = f"{outcome.ratio(with_database=True):.2f}" if outcome.ours.database else "?"
    return (
        f"| {case.title} | {case.ours.name} | {_figures(outcome.ours)}"
        f" | {outcome.ratio():.2f} | {with_database} | {goal}"
        f" | {verdict(is_met=outcome.is_met)} |\n"
        f"| | {case.theirs.name} | {_figures(outcome.theirs)} | | | | |"
    )


def _figures(spent: Spent) -> str:
    database = (
        f"{min(spent.database):.3f} ({median(spent.database):.3f})" if spent.database else "?"
    )
    return (
        f"{min(spent.server):.3f} ({median(spent.server):.3f}) | {database}"
        f" | {max(spent.per_second):.0f} | {spent.latency(50):.1f} | {spent.latency(99):.1f}"
        f" | {min(spent.load):.3f}"
    )
