"""The processes that serve: who they are, and how much memory they take."""

import os
import signal
from dataclasses import dataclass, field

import psutil

from benchmarks.accounting import Processes, of

WARM_AFTER = 6
"""Seconds of CPU time until a worker has met everything that it is going to remember. To start
takes some two or three of them."""


@dataclass
class Memory:
    """What one worker takes, in bytes."""

    warm: int = 0
    """Once it had worked for a while; 0 before."""
    most: int = 0
    last: int = 0

    @property
    def growth(self) -> int:
        """How much more it is than when it was warm."""
        return self.last - self.warm if self.warm else 0


@dataclass
class Workers:
    """The workers of a service."""

    supervisor: int
    memory: dict[int, Memory] = field(default_factory=dict[int, Memory])

    def all(self) -> dict[int, Processes]:
        """Return those that are alive, by their number."""
        found: dict[int, Processes] = {}
        for child in of(self.supervisor).children():
            try:
                if "spawn_main" in " ".join(child.root.cmdline()):
                    found[child.root.pid] = child
            except psutil.NoSuchProcess:
                continue
        return found

    def kill(self) -> int:
        """End one without a warning, and return its number."""
        victim = min(self.all())
        os.kill(victim, signal.SIGKILL)
        return victim

    def weigh(self) -> None:
        """Note what each of them takes now."""
        alive = self.all()
        for gone in self.memory.keys() - alive.keys():
            del self.memory[gone]
        for number, processes in alive.items():
            memory = self.memory.setdefault(number, Memory())
            memory.last = processes.resident()
            memory.most = max(memory.most, memory.last)
            if not memory.warm and processes.cpu() >= WARM_AFTER:
                memory.warm = memory.last
