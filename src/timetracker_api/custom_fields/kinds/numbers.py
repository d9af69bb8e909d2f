"""Kinds whose values are numbers, or true and false."""

import math
import re
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.refusing import refusal
from timetracker_api.db.json.comparing import DECIMAL_DIGITS
from timetracker_api.schema import LARGEST_ID

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader understands exactly."""

DEFAULT_SCALE = 2
MOST_DECIMALS = 10
WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
OF_ANY_LENGTH = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def integer(definition: Definition) -> Any:
    lowest = -SAFE_INTEGER if definition.minimum is None else definition.minimum
    highest = SAFE_INTEGER if definition.maximum is None else definition.maximum
    return Annotated[int, Field(strict=True, ge=lowest, le=highest)]


def duration(definition: Definition) -> Any:
    lowest = 0 if definition.minimum is None else definition.minimum
    highest = SAFE_INTEGER if definition.maximum is None else definition.maximum
    return Annotated[int, Field(strict=True, ge=lowest, le=highest)]


def scale_of(scale: int | None) -> int:
    """Return how many decimals a value has."""
    return DEFAULT_SCALE if scale is None else scale


def decimal(definition: Definition) -> Any:
    bounds = Field(
        ge=None if definition.minimum is None else Decimal(definition.minimum),
        le=None if definition.maximum is None else Decimal(definition.maximum),
        max_digits=DECIMAL_DIGITS,
        decimal_places=scale_of(definition.scale),
    )
    return Annotated[Decimal, BeforeValidator(partial(_number, scale_of(definition.scale))), bounds]


def _number(scale: int, value: object) -> object:
    if isinstance(value, float) and math.isfinite(value) and math.ulp(value) >= 10.0**-scale:
        # The last decimal that was written is lost already.
        raise refusal("decimal_from_float", "Input should be text")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{Decimal(repr(value)):f}"
    if not (isinstance(value, str) and OF_ANY_LENGTH.fullmatch(text := value.strip())):
        raise refusal("decimal_type", "Input should be a decimal number")
    if not DECIMAL.fullmatch(text):
        most = str(DECIMAL_DIGITS)
        raise refusal("decimal_max_digits", "Input has too many digits", max_digits=most)
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")  # as text: `Decimal.normalize` rounds to 28 digits
    return Decimal(f"{whole}.{fraction}")


def decimal_text(definition: Definition, value: Decimal) -> str:
    text = f"{value:.{scale_of(definition.scale)}f}"
    return text.removeprefix("-") if not value else text


def user(_definition: Definition) -> Any:
    return Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


def boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def whole(text: str) -> int | str:
    return int(text) if WHOLE.fullmatch(text) else text
