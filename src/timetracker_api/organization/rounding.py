"""How durations are rounded where they are reported and billed; what is recorded stays as it is."""

from dataclasses import dataclass
from typing import Any, TypeVar

from timetracker_api.organization.schemas import Rounding

Seconds = TypeVar("Seconds")


@dataclass(frozen=True)
class Rounded:
    """The policy by which the duration of every entry is rounded."""

    minutes: int
    mode: Rounding

    def of(self, seconds: Seconds) -> Seconds:
        """Round seconds, or a column of them. Half of a step is rounded up to the nearest."""
        if not self.minutes:
            return seconds
        exact: Any = seconds
        step = self.minutes * 60
        more = {"up": step - 1, "nearest": step // 2, "down": 0}[self.mode]
        return (exact + more) // step * step
