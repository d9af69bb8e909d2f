"""What is summed of the entries of a group, and what they cost.

A sum of rates times seconds does not have to fit into 64 bits, and SQLite knows no other exact
numbers. So a rate is taken in two parts, whose sums do fit, and these are put together, divided by
an hour and rounded half to even in whole numbers: the same cents on both databases.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, case, cast, func, type_coerce

from timetracker_api.db.types import Money
from timetracker_api.entities import Values
from timetracker_api.organization.rounding import Rounded
from timetracker_api.projects.tracking import SECONDS_PER_HOUR
from timetracker_api.time_entries.models import TimeEntry

CENTS = 2
"""The decimals of an amount that is shown."""
PER_CENT = SECONDS_PER_HOUR * 10 ** (Money.scale - CENTS)
"""How many seconds at a rate of one of its smallest units are a cent."""
PART = 10**7
"""Where rates are taken apart: the largest there is has fourteen digits."""

MEASURES = ("seconds", "rounded_seconds", "billable_seconds", "count", "running")

_seconds: Any = TimeEntry.duration_seconds


def sums(rounded: Rounded, *, priced: bool) -> Mapping[str, Any]:
    """Return the sums over the entries of a group: of one currency, where they are ``priced``."""
    # A step more than the longest is too long for 32 bits.
    seconds = rounded.of(cast(_seconds, BigInteger))
    found = {
        "seconds": _sum(_seconds),
        "rounded_seconds": _sum(seconds),
        "billable_seconds": _sum(_seconds, TimeEntry.billable),
        "count": func.count(_seconds),
        "running": func.count() - func.count(_seconds),
    }
    if priced:
        rate: Any = type_coerce(TimeEntry.rate_amount, BigInteger)
        found["high"] = _sum(seconds * (rate // PART), TimeEntry.billable)
        found["low"] = _sum(seconds * (rate % PART), TimeEntry.billable)
    return found


def currency() -> Any:
    """Return the currency of what an entry costs; null where it costs nothing."""
    return case((TimeEntry.billable, TimeEntry.rate_currency))


def cents(high: Any, low: Any) -> Any:
    """Return an amount in cents, of the sums over the two parts of rates."""
    whole, rest = high // PER_CENT, high % PER_CENT * PART + low
    even, over = whole * PART + rest // PER_CENT, rest % PER_CENT
    return even + case((over * 2 + even % 2 > PER_CENT, 1), else_=0)


def added(column: Any) -> Any:
    """Return the sum over sums."""
    return _sum(column)


def money(currency: str, cents: int) -> Values:
    """Return an amount as it is shown."""
    return {"amount": Decimal(cents).scaleb(-CENTS), "currency": currency}


def _sum(column: Any, condition: Any = None) -> Any:
    found = func.sum(column)
    if condition is not None:
        found = found.filter(condition)
    return cast(func.coalesce(found, 0), BigInteger)
