"""Rows of a report as people are shown them."""

from collections.abc import Mapping, Sequence
from typing import Any

from timetracker_api.entities import Values
from timetracker_api.reports import statement
from timetracker_api.reports.measures import MEASURES, money
from timetracker_api.reports.statement import CURRENCY, Question

Row = Mapping[str, Any]


def group(question: Question, row: Row) -> Values:
    """Return what the entries of a group have in common."""
    shown: Values = {}
    for place, (name, dimension) in enumerate(question.dimensions.items()):
        key = row[statement.key(place)]
        about = [row[statement.name(place)]] if dimension.named else []
        shown[name] = None if key is None else dimension.shows(key, *about)
    return shown


def measures(question: Question, parts: Sequence[Row]) -> Values:
    """Return what the parts of a group add up to, and an amount for each of them that has one."""
    found: Values = {name: sum(part[name] for part in parts) for name in MEASURES}
    if question.priced:
        found["amounts"] = [
            amount
            for part in sorted(parts, key=lambda part: part[CURRENCY] or "")
            if (amount := priced(part)) is not None
        ]
    return found


def priced(part: Row) -> Values | None:
    """Return the amount of one part, if it has one."""
    currency = part[CURRENCY]
    return None if currency is None else money(currency, part["cents"])
