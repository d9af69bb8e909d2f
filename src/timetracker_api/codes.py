"""What is wrong with a value, for programs: our words for what Pydantic finds."""

from collections.abc import Mapping
from typing import get_args

from pydantic_core.core_schema import ErrorType

CODES: Mapping[str, str] = {
    "decimal_max_digits": "maximum",
    "decimal_max_places": "scale",
    "decimal_whole_digits": "maximum",
    "enum": "not_a_choice",
    "extra_forbidden": "unknown_field",
    "finite_number": "type",
    "greater_than": "minimum",
    "greater_than_equal": "minimum",
    "less_than": "maximum",
    "less_than_equal": "maximum",
    "literal_error": "not_a_choice",
    "missing": "required",
    "string_pattern_mismatch": "pattern",
    "string_too_long": "max_length",
    "string_too_short": "min_length",
    "string_unicode": "control_characters",
    "timezone_aware": "type",
    "too_long": "max_length",
    "too_short": "min_length",
    "union_tag_invalid": "not_a_choice",
    "union_tag_not_found": "required",
    "value_error": "type",
}
"""Our word for each of Pydantic's. Custom errors carry ours already."""


PYDANTICS = frozenset[str](get_args(ErrorType))
"""The types of its own errors."""


def code_of(pydantic_type: str) -> str:
    """Return our code for a type of Pydantic error."""
    if pydantic_type.endswith(("_type", "_parsing", "_parsing_size", "_from_float")):
        return "type"
    return CODES.get(pydantic_type, "invalid" if pydantic_type in PYDANTICS else pydantic_type)
