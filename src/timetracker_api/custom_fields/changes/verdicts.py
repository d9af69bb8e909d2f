"""What is wrong with what a record has, by the rules as they are now."""

from collections.abc import Sequence
from typing import Any

from timetracker_api.custom_fields.values import Validator, ValueFault, required
from timetracker_api.problems import Fault


def applies(validator: Validator, entity_type: str) -> bool:
    """Whether records of a type are checked at all."""
    definition = validator.definition
    return definition.is_active and entity_type in definition.applies_to


def verdict(validator: Validator, entity_type: str, value: Any) -> Sequence[Fault]:
    """Return what is wrong with a stored value; None stands for none.

    A choice that is no longer offered may stay where it is.
    """
    if not applies(validator, entity_type):
        return ()
    if value is None:
        return [required(validator.definition)] if validator.definition.is_mandatory else ()
    try:
        validator.canonical(value, stored=value)
    except ValueFault as error:
        return error.faults
    return ()
