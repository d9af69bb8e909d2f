"""The order of records by a custom field."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import case

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.finding.sort_parameter import PREFIX
from timetracker_api.custom_fields.registry import Fields
from timetracker_api.custom_fields.values import Validator
from timetracker_api.problems import Fault
from timetracker_api.web.parameters import Order


def sort_faults(fields: Fields, key: str) -> Iterator[Fault]:
    """Say why records cannot be sorted by a field, if they cannot."""
    if key not in fields.active:
        for _, message in fields.undefined([key], PREFIX):
            yield Fault(pointer="/sort", source="query", code="undefined_field", message=message)
    elif fields.active[key].kind.form is None:
        label = fields.active[key].definition.label
        message = f"{label} can have several values at once, so there is no order."
        yield Fault(pointer="/sort", source="query", code="not_applicable", message=message)


def order_by(validator: Validator, column: Any, *, backwards: bool) -> Order:
    """Return the order by a field of what ``column`` holds."""
    value: Any = validator.kind.comparable(column, validator.definition)
    key = as_defined(validator.definition, value)
    return Order(key, backwards=backwards, present=value.is_not(None))


def as_defined(definition: Definition, value: Any) -> Any:
    """Return what values are sorted by: choices as the definition has them, all others as such.

    Values that are no choice any more come after the choices.
    """
    if not definition.choices:
        return value
    places = {choice["value"]: place for place, choice in enumerate(definition.choices)}
    gone = case((value.is_not(None), len(places)))
    return case(places, value=value, else_=gone)
