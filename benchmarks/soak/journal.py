"""What was asked, what was answered, and what was done to the service meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

UNAFFECTED = ("GET /health/live", "GET /info")
"""Answered whether the database is there or not."""


class Exchange(NamedTuple):
    """A request and its answer."""

    what: str
    """Its method and path, without numbers."""
    began: float
    ended: float
    status: int | None
    """None where the connection broke before there was an answer."""
    reason: str = ""
    """How it broke."""

    @property
    def is_served(self) -> bool:
        """Whether it was answered well, with the help of the database."""
        return self.status is not None and self.status < 300 and self.what not in UNAFFECTED

    def overlaps(self, began: float, ended: float) -> bool:
        """Whether it was under way at any moment between these."""
        return self.began <= ended and self.ended >= began


@dataclass
class Fault:
    """Something that was done to the service, and when all was well again."""

    name: str
    cuts: bool = False
    """Whether it ends requests without an answer; otherwise they are answered with 503."""
    began: float = field(default_factory=monotonic)
    mended: float = float("inf")
    """When the database accepted connections again, or another worker had taken over."""
    served: float = float("inf")
    """When the first request that was sent after that had been answered well."""


@dataclass
class Journal:
    """Kept by everybody together."""

    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    faults: list[Fault] = field(default_factory=list[Fault])
    complaints: list[str] = field(default_factory=list[str])
    """What was found wrong as soon as it was answered."""

    def served_since(self, moment: float) -> float | None:
        """Return when a request that was sent after a moment had been answered well."""
        since: Iterable[Exchange] = (e for e in self.exchanges if e.began > moment)
        return min((e.ended for e in since if e.is_served), default=None)
