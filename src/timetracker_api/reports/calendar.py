"""Days, weeks, months, quarters and years, as people write them."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Literal

from timetracker_api.db.first_days import FirstDay

Unit = Literal["day", "week", "month", "quarter", "year"]

MONTHS: Mapping[Unit, int] = {"month": 1, "quarter": 3, "year": 12}
DAYS: Mapping[Unit, int] = {"day": 1, "week": 7}
DAY = timedelta(days=1)


def first_day(day: Any, unit: Unit) -> Any:
    """Return the first day of the period that a day lies in, as an expression."""
    return day if unit == "day" else FirstDay(day, unit)


def last_day(first: date, unit: Unit) -> date:
    """Return the last day of the period that begins with one, or that of the calendar."""
    if unit in DAYS:
        return first + min(DAYS[unit] * DAY - DAY, date.max - first)
    later = first.month - 1 + MONTHS[unit]
    if first.year + later // 12 > date.max.year:
        return date.max
    return date(first.year + later // 12, later % 12 + 1, 1) - DAY


def label(first: date, unit: Unit) -> str:
    """Return what the period that begins with a day is called: as in ISO 8601, or `2026-Q4`."""
    return LABELS[unit](first)


def _week(first: date) -> str:
    year, week, _ = first.isocalendar()
    return f"{year:04}-W{week:02}"


LABELS: Mapping[Unit, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": _week,
    "month": lambda first: first.isoformat()[:7],
    "quarter": lambda first: f"{first.year:04}-Q{(first.month + 2) // 3}",
    "year": lambda first: f"{first.year:04}",
}
