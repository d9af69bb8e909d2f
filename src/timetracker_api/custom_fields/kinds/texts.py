"""Kinds whose values are text that people write."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.refusing import refusal, written_as
from timetracker_api.custom_fields.patterns import whole_match
from timetracker_api.schema import email_address, many_lines, one_line
from timetracker_api.urls import LinkFault, check_url

LONGEST_TEXT, USUAL_TEXT, LONGEST_LONG_TEXT = 2000, 255, 65_536
URL_SCHEMES = ("https", "http")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,38}[0-9]", re.ASCII)


def longest(definition: Definition) -> int:
    """Return the most characters that a text can have."""
    if definition.max_length is not None:
        return definition.max_length
    if definition.kind == "text":
        return USUAL_TEXT
    # Matching takes as long as the text is: see `patterns`.
    return LONGEST_TEXT if definition.pattern else LONGEST_LONG_TEXT


def text(definition: Definition) -> Any:
    return _string(definition, one_line)


def long_text(definition: Definition) -> Any:
    return _string(definition, many_lines)


def _string(definition: Definition, clean: Callable[[str], str]) -> Any:
    constraints = StringConstraints(
        strict=True,
        strip_whitespace=True,
        min_length=definition.min_length,
        max_length=longest(definition),
        pattern=definition.pattern and whole_match(definition.pattern),
    )
    return Annotated[str, constraints, AfterValidator(clean)]


def url(definition: Definition) -> Any:
    schemes = definition.schemes or URL_SCHEMES

    def check(value: str) -> str:
        try:
            check_url(value, schemes)
        except LinkFault as fault:
            raise refusal("url_type", "Input should be a URL", why=fault.sentence) from None
        return value

    constraints = StringConstraints(strict=True, strip_whitespace=True, max_length=LONGEST_TEXT)
    return Annotated[str, constraints, AfterValidator(check)]


def email(_definition: Definition) -> Any:
    constraints = StringConstraints(strict=True, strip_whitespace=True)
    return Annotated[str, constraints, AfterValidator(email_address)]


def phone(_definition: Definition) -> Any:
    return Annotated[str, written_as(PHONE, "phone_type")]
