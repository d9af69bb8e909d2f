"""What clocks have been ahead of UTC by, as a few steps instead of rules."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from timetracker_api.db.local_dates import Offset

EVER = datetime.min.replace(tzinfo=UTC)
KNOWN = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Before and after these instants, clocks stand as they did then."""
STRIDE = timedelta(days=5)
"""No clocks have ever changed and changed back in less."""
SECOND = timedelta(seconds=1)
MARGIN = timedelta(days=1)
"""More than a day begins earlier or later somewhere than in UTC."""

_since = attrgetter("since")


def offsets(zone: str, first: date | None, last: date | None) -> Sequence[Offset]:
    """Return the offsets of a zone that the days from one to another can need, or all days."""
    known = _every(zone)
    begin, end = 0, len(known)
    if first is not None and first > date.min:
        begin = bisect_right(known, _midnight(first) - MARGIN, key=_since) - 1
    if last is not None and last < date.max - MARGIN:
        end = bisect_left(known, _midnight(last) + 2 * MARGIN, key=_since)
    return known[begin : max(end, begin + 1)]


@lru_cache(maxsize=600)
def _every(zone: str) -> Sequence[Offset]:
    return tuple(_steps(ZoneInfo(zone)))


def _steps(zone: ZoneInfo) -> Iterator[Offset]:
    at, end = KNOWN
    ahead = _ahead(zone, at)
    yield Offset(EVER, int(ahead.total_seconds()))
    while at < end:
        following = at + STRIDE
        if _ahead(zone, following) != ahead:
            at = _change(zone, at, following)
            ahead = _ahead(zone, at)
            yield Offset(at, int(ahead.total_seconds()))
        else:
            at = following


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second between two instants at which clocks are not as at the first."""
    ahead = _ahead(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        if _ahead(zone, middle) == ahead:
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, at: datetime) -> timedelta:
    return zone.utcoffset(at.astimezone(zone)) or timedelta()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
