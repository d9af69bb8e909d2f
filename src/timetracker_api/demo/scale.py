"""How large the company is, and the dice that everything about it is thrown with."""

from dataclasses import dataclass
from random import Random

ENTRIES_PER_PERSON = 2500
"""About two years of work."""
MOST_PEOPLE = 400
FEWEST_PEOPLE = 9


class Dice(Random):
    """Fall the same way every time for the same seed."""

    def chance(self, percent: int) -> bool:
        """Return true in so many cases of a hundred."""
        return self.random() * 100 < percent


@dataclass(frozen=True)
class Scale:
    """What was asked for."""

    clients: int
    entries: int
    seed: int

    @property
    def people(self) -> int:
        """How many work there: so many that nobody's history is older than a few years."""
        return min(max(FEWEST_PEOPLE, self.entries // ENTRIES_PER_PERSON), MOST_PEOPLE)

    def dice(self, *about: object) -> Dice:
        """Return dice of their own for one subject: changing one part leaves the others alone."""
        return Dice(f"{self.seed} {' '.join(map(str, about))}")
