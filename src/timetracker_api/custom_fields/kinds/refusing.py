"""What all kinds have in common when they refuse a value."""

import re
from typing import LiteralString

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def refusal(code: LiteralString, message: LiteralString, **context: str) -> PydanticCustomError:
    """Return the error of a value that is not what its kind asks for."""
    return PydanticCustomError(code, message, context)


def written_as(form: re.Pattern[str], code: LiteralString) -> BeforeValidator:
    """Accept text of this form only, whatever Pydantic would make of others."""

    def check(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(text := value.strip()):
            return text
        raise refusal(code, "Input is not written as expected")

    return BeforeValidator(check)
