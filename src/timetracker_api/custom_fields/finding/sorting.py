"""Sorting records by a custom field: ``?sort=-custom.amount``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import GetJsonSchemaHandler, ValidationError, ValidatorFunctionWrapHandler
from pydantic.functional_validators import WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from sqlalchemy import case

from timetracker_api.custom_fields.registry import Fields
from timetracker_api.custom_fields.values import Validator
from timetracker_api.problems import Fault
from timetracker_api.web.parameters import Order

T = TypeVar("T")

PREFIX = "custom."


def sorted_key(sort: str) -> str | None:
    """Return the key of the custom field that a list is sorted by; None where it is by no such."""
    name = sort.removeprefix("-")
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def _or_custom(value: Any, native: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str) and sorted_key(value) is not None:
        return value
    try:
        return native(value)
    except ValidationError as error:
        message = "Input should be {expected}, or 'custom.<key>' or '-custom.<key>'"
        expected = error.errors()[0].get("ctx", {})
        raise PydanticCustomError("not_a_choice", message, expected) from None


@dataclass(frozen=True)
class _CustomFieldToo:
    """Tells the OpenAPI document what may stand for a custom field."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        custom = {
            "type": "string",
            "pattern": r"^-?custom\.[a-z][a-z0-9_]{0,62}$",
            "description": "A custom field. Records without a value come last, both ways round.",
        }
        return {"anyOf": [handler(core), custom]}


SortedBy = Annotated[T, WrapValidator(_or_custom), _CustomFieldToo()]
"""What a list can be sorted by: the attributes in a ``Literal``, or ``custom.<key>``."""


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
    definition = validator.definition
    value: Any = validator.kind.comparable(column, definition)
    key = value
    if definition.choices:
        # As the definition has them. Values that are no choice any more come after them.
        places = {choice["value"]: place for place, choice in enumerate(definition.choices)}
        gone = case((value.is_not(None), len(places)))
        key = case(places, value=value, else_=gone)
    return Order(key, backwards=backwards, present=value.is_not(None))
