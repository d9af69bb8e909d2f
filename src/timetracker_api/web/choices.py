"""Query parameters that are one of a few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class SeveralOf:
    """Says that a text is one value of a ``Literal``, or several with commas."""

    literal: Any

    @property
    def _choices(self) -> Sequence[str]:
        return get_args(self.literal)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        one = "|".join(self._choices)
        return {**handler(core), "pattern": f"^({one})(,({one}))*$"}

    def _checked(self, text: str) -> str:
        if set(text.split(",")) <= set(self._choices):
            return text
        expected = ", ".join(self._choices)
        message = "Must be one of {expected}, or several with commas between them."
        raise PydanticCustomError("not_a_choice", message, {"expected": expected})


def _or_any(value: Any, native: ValidatorFunctionWrapHandler) -> Any:
    try:
        return native(value)
    except ValidationError:
        raise PydanticCustomError("not_a_choice", "Must be true, false or any.") from None


BooleanOrAny = Annotated[bool | Literal["any"], WrapValidator(_or_any)]
"""Whether something is to be so; or ``any``, where that does not matter."""
