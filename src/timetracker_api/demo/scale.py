"""How large the company is, and the dice that everything about it is thrown with."""

from dataclasses import dataclass
from random import Random

ENTRIES_PER_PERSON = 2500
"""About two years of work."""
MOST_PEOPLE = 400
FEWEST_PEOPLE = 9


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

    def dice(self, *about: object) -> Random:
        """Return dice of their own for one subject: changing one part leaves the others alone."""
        return Random(f"{self.seed} {about}")  # noqa: S311 - the same every time, on purpose
