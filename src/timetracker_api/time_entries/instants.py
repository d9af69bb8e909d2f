"""Wall clocks and instants: what a time without an offset means in a zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from timetracker_api.problems import Invalid, fault


def instant(value: datetime, zone: ZoneInfo, field: str) -> datetime:
    """Return the instant in UTC, to the second.

    A value with an offset says it all. One without is read on the clocks of ``zone``; where these
    skip it or show it twice, `Invalid` points to ``field`` and names what it could be.
    """
    value = value.replace(microsecond=0)
    try:
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        return _on_the_wall(value, zone, field)
    except OverflowError:
        raise _outside_the_calendar(value, field) from None


def local_date(at: datetime, zone: ZoneInfo, field: str = "started_at") -> date:
    """Return the date that calendars in a zone show at an instant."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        raise _outside_the_calendar(at, field) from None


def _on_the_wall(value: datetime, zone: ZoneInfo, field: str) -> datetime:
    readings = [value.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    found = sorted({r.astimezone(UTC) for r in readings if _shown(r, zone) == value})
    if len(found) == 1:
        return found[0]
    offsets = " and ".join(reading.isoformat() for reading in readings)
    if not found:
        message = f"The clocks of {zone.key} skip {value.isoformat()}. Around it are {offsets}."
        raise Invalid(fault(field, "nonexistent_local_time", message))
    message = f"The clocks of {zone.key} show {value.isoformat()} twice: {offsets}. Send an offset."
    raise Invalid(fault(field, "ambiguous_local_time", message))


def _shown(reading: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks show at the instant that a reading stands for."""
    return reading.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def _outside_the_calendar(at: datetime, field: str) -> Invalid:
    return Invalid(fault(field, "type", f"{at.isoformat()} lies outside the calendar."))
