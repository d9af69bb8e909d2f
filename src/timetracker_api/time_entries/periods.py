"""Periods in which entries lie, as conditions that the indexes can serve."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from timetracker_api.time_entries.models import TimeEntry

DAY = timedelta(days=1)
FARTHEST = timedelta(hours=16)
"""No clock has ever been farther from UTC. So a period of dates lies within one of instants, by
which the entries of a user or a project are indexed, in the order of the list."""

Condition = ColumnElement[bool]
Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def days(day: Column, first: date | None, last: date | None) -> Iterator[Condition]:
    """Give the conditions for entries of these dates and those between, on some calendar."""
    if first:
        yield day >= _literal(first, day)
    if last:
        yield day <= _literal(last, day)


def around(first: date | None, last: date | None) -> Iterator[Condition]:
    """Give conditions on instants that hold for all entries of these dates, on any calendar."""
    if first:
        yield from since(TimeEntry.started_at, _midnight(first, -FARTHEST))
    if last:
        yield from before(TimeEntry.started_at, _midnight(last, DAY + FARTHEST))


def since(column: Column, instant: datetime | None) -> Iterator[Condition]:
    """Give the condition for what was at an instant or later, if there is an instant."""
    if instant:
        yield column >= _literal(instant, column)


def before(column: Column, instant: datetime | None) -> Iterator[Condition]:
    """Give the condition for what was before an instant, if there is an instant."""
    if instant:
        yield column < _literal(instant, column)


def _literal(value: date, column: Column) -> BindParameter[Any]:
    """Have a value stand in the statement itself.

    As a parameter it would be unknown to PostgreSQL from the sixth time on that a connection asks:
    it then plans for any period, and reads too much of the one that is meant. With a million
    entries that took 25 ms instead of half a one.
    """
    return bindparam(None, value, type_=column.type, literal_execute=True)


def _midnight(day: date, shift: timedelta) -> datetime | None:
    """Return the beginning of a day in UTC, shifted; nothing beyond the ends of the calendar."""
    try:
        return datetime.combine(day, time.min, UTC) + shift
    except OverflowError:
        return None
