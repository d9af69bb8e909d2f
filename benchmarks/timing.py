"""Whole processes, timed by turns."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.report import verdict

HEADER = """
| command | ours, s: least (median) | the least, s | compared | goal | met |
|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Command:
    """A process to time."""

    arguments: Sequence[str | Path]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    prepare: Callable[[], object] = lambda: None
    """What has to be so before it starts."""

    def timed(self) -> float:
        """Run it, and return how many seconds that took."""
        self.prepare()
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own commands
            self.arguments,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"{self.arguments} ended with {done.returncode}: {done.stderr}")
        return seconds


@dataclass(frozen=True)
class Case:
    """A command of ours, and the least that does the same."""

    name: str
    ours: Command
    floor: Command
    goal: float
    """How many times the floor it may take; how many seconds more, where it does nothing."""
    empty: tuple[Command, Command] | None = None
    """Both on a database without entries, where only what these take is compared."""
    does_nothing: bool = False

    @property
    def unit(self) -> str:
        """What the comparison is in."""
        return "s more" if self.does_nothing else "x"


@dataclass(frozen=True)
class Outcome:
    """What a case came to; seconds."""

    case: Case
    ours: Sequence[float]
    floor: Sequence[float]
    empty: tuple[float, float]

    @property
    def compared(self) -> float:
        """What the goal is about, by the least of each."""
        ours, floor = (
            min(spent) - empty
            for spent, empty in zip((self.ours, self.floor), self.empty, strict=True)
        )
        return ours - floor if self.case.does_nothing else ours / floor

    @property
    def is_met(self) -> bool:
        """Whether it takes no more than it may."""
        return self.compared <= self.case.goal

    @property
    def found(self) -> str:
        """What it came to, beside its goal."""
        unit = self.case.unit
        return f"{self.case.name}: {self.compared:.2f} {unit}, goal {self.case.goal:g} {unit}"

    @property
    def row(self) -> str:
        """A line of a Markdown table."""
        unit = self.case.unit
        ours, floor = (
            f"{min(spent):.2f} ({median(spent):.2f})" + (f" - {empty:.2f}" if empty else "")
            for spent, empty in zip((self.ours, self.floor), self.empty, strict=True)
        )
        return (
            f"| {self.case.name} | {ours} | {floor} | {self.compared:.2f} {unit}"
            f" | {self.case.goal:g} {unit} | {verdict(is_met=self.is_met)} |"
        )


def run(case: Case, rounds: int) -> Outcome:
    """Time a case, by turns."""
    pairs = [(case.ours.timed(), case.floor.timed()) for _ in range(rounds)]
    ours, floor = zip(*pairs, strict=True)
    empty = [min(each.timed() for _ in range(rounds)) for each in case.empty or ()]
    return Outcome(case, ours, floor, (empty[0], empty[1]) if empty else (0, 0))
