"""Who worked when: the days of one person, hour by hour, as far back as it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from timetracker_api.demo.scale import Scale
from timetracker_api.time_entries.instants import instant

SATURDAY = 5
LONGEST_DAY = timedelta(hours=9)
A_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Diary:
    """The days of one person, up to an instant."""

    scale: Scale
    number: int
    """The place on the roster."""
    zone: str
    until: datetime

    @property
    def last_day(self) -> date:
        """The day of the last entry, on the clocks of the person."""
        return self.until.astimezone(ZoneInfo(self.zone)).date()

    def day(self, day: date) -> list[Span]:
        """Return what was done on a day, one after the other: nothing overlaps."""
        dice = self.scale.dice("day", self.number, day)
        if day.weekday() >= SATURDAY or dice.chance(8):  # free, or ill, or on holiday
            return []
        begin = datetime.combine(day, clock_time(8)) + timedelta(minutes=dice.randrange(90))
        at = instant(begin, ZoneInfo(self.zone), "started_at")
        home = at + LONGEST_DAY
        spans: list[Span] = []
        while at < home:
            end = at + timedelta(
                minutes=dice.randrange(15, 150, 5), seconds=dice.choice((0, 0, 23))
            )
            if end <= self.until:
                spans.append((at, end))
            at = end + timedelta(minutes=dice.choice((0, 0, 5, 10, 45)))
        return spans

    def first_day(self, count: int) -> tuple[date, int]:
        """Return the day with which as many entries begin, and how many it has too many."""
        day = self.last_day + A_DAY
        while count > 0:
            day -= A_DAY
            count -= len(self.day(day))
        return day, -count

    def spans(self, count: int) -> Iterator[Span]:
        """Give the last ``count`` entries, the oldest first."""
        day, surplus = self.first_day(count)
        while day <= self.last_day:
            yield from self.day(day)[surplus:]
            surplus = 0
            day += A_DAY
