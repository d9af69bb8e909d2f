"""What a list of records with custom fields can be sorted by: ``?sort=-custom.amount``."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import GetJsonSchemaHandler, ValidationError, ValidatorFunctionWrapHandler
from pydantic.functional_validators import WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from timetracker_api.db.json.keys import KEY

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
        message = "Must be {expected}, or 'custom.<key>' or '-custom.<key>'."
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
            "pattern": rf"^-?custom\.{KEY.pattern}$",
            "description": "A custom field. Records without a value come last, both ways round.",
        }
        return {"anyOf": [handler(core), custom]}


SortedBy = Annotated[T, WrapValidator(_or_custom), _CustomFieldToo()]
"""What a list can be sorted by: the attributes in a ``Literal``, or ``custom.<key>``."""
