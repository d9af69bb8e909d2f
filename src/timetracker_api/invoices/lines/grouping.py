"""Entries as the lines of an invoice: one for each group and rate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from timetracker_api.entities import Values
from timetracker_api.invoices.amounts import SECONDS_PER_HOUR, rounded
from timetracker_api.invoices.lines.choosing import GroupBy
from timetracker_api.invoices.lines.time import Entry
from timetracker_api.organization.rounding import Rounded

QUANTITY_PLACES = 4
LONGEST = 2000
OTHERWISE = "Time"
"""What is billed where it was recorded on the client alone."""


@dataclass
class Group:
    """Entries that are billed together."""

    description: str
    rate: Decimal
    ids: list[int] = field(default_factory=list[int])
    seconds: int = 0
    billed_seconds: int = 0

    def add(self, entry: Entry, rule: Rounded) -> None:
        """Count an entry in."""
        self.ids.append(entry.id)
        self.seconds += entry.duration_seconds
        self.billed_seconds += rule.of(entry.duration_seconds)

    def line(self, tax_rate: Decimal) -> Values:
        """Return the values of its line, but for the amount."""
        hours = Fraction(self.billed_seconds, SECONDS_PER_HOUR)
        return {
            "description": self.description,
            "quantity": rounded(hours, QUANTITY_PLACES),
            "unit_price": self.rate,
            "tax_rate": tax_rate,
            "seconds": self.seconds,
            "billed_seconds": self.billed_seconds,
        }


def grouped(entries: Sequence[Entry], by: GroupBy, rule: Rounded) -> Sequence[Group]:
    """Return the groups in the order of their first entries; each entry is rounded by itself."""
    key, describe = _WAYS[by]
    groups: dict[tuple[Any, Decimal], Group] = {}
    for entry in entries:
        group = groups.setdefault(
            (key(entry), entry.rate_amount), Group(describe(entry)[:LONGEST], entry.rate_amount)
        )
        group.add(entry, rule)
    return list(groups.values())


def _place(entry: Entry) -> str:
    return ", ".join(filter(None, (entry.project_name, entry.task_name))) or OTHERWISE


def _whole(entry: Entry) -> str:
    text = f"{entry.local_date} {_place(entry)}"
    return f"{text}: {entry.notes}" if entry.notes else text


_WAYS: Mapping[GroupBy, tuple[Callable[[Entry], Any], Callable[[Entry], str]]] = {
    "entry": (lambda entry: entry.id, _whole),
    "task": (lambda entry: (entry.project_id, entry.task_id), _place),
    "project": (lambda entry: entry.project_id, lambda entry: entry.project_name or OTHERWISE),
    "user": (lambda entry: entry.user_id, lambda entry: entry.user_name),
    "day": (lambda entry: entry.local_date, lambda entry: str(entry.local_date)),
}
"""By what entries are put together, and what the line says."""
