"""From when until when: by two instants, or by one and how long it took."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from timetracker_api.entities import Values
from timetracker_api.problems import Invalid, fault
from timetracker_api.schema import LONGEST_DURATION
from timetracker_api.time_entries.instants import instant
from timetracker_api.time_entries.models import TimeEntry


def interval(values: Values, zone: ZoneInfo, before: TimeEntry | None) -> Values:
    """Return start, end and seconds as they are given in ``values``, over what was ``before``.

    Raises `Invalid` where they contradict each other, or a new entry has no end.
    """
    started_at: datetime = _given("started_at", values, zone, before)
    ended_at: datetime | None = _given("ended_at", values, zone, before)
    seconds: int | None = values.get("duration_seconds")
    if seconds is not None and values.get("ended_at") is None:
        try:
            ended_at = started_at + timedelta(seconds=seconds)
        except OverflowError:
            raise Invalid(
                fault("duration_seconds", "maximum", "It ends beyond the calendar.")
            ) from None
    if before is None and ended_at is None:
        raise Invalid(fault("ended_at", "required", "Say when it ended, or else how long it took."))
    found = between(started_at, ended_at, "ended_at" if "ended_at" in values else "started_at")
    if seconds not in {None, found["duration_seconds"]}:
        raise Invalid(fault("duration_seconds", "invalid", "It is not the time from start to end."))
    return found


def between(started_at: datetime, ended_at: datetime | None, field: str = "ended_at") -> Values:
    """Return an interval with its elapsed seconds; `Invalid` where it ends before it begins."""
    seconds = None
    if ended_at is not None:
        seconds = int((ended_at - started_at).total_seconds())
        if seconds < 0:
            raise Invalid(fault(field, "minimum", "It would end before it begins."))
        if seconds > LONGEST_DURATION:
            raise Invalid(fault(field, "maximum", "It takes too long."))
    return {"started_at": started_at, "ended_at": ended_at, "duration_seconds": seconds}


def _given(field: str, values: Values, zone: ZoneInfo, before: TimeEntry | None) -> Any:
    if (given := values.get(field)) is not None:
        return instant(given, zone, field)
    return getattr(before, field, None)
