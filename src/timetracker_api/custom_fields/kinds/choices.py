"""Kinds whose values are among those that the definition offers."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.refusing import refusal

LONGEST_LIST = 100
LONGEST_CHOICE = 100
"""Characters of what is stored of a choice."""


def choice(definition: Definition) -> Any:
    active = {choice["value"] for choice in definition.choices if choice["is_active"]}
    every = {choice["value"] for choice in definition.choices}

    def check(value: str, info: ValidationInfo) -> str:
        if value in active:
            return value
        if value not in every:
            raise refusal("not_a_choice", "Input is not one of the choices")
        stored = info.context
        if value == stored or (isinstance(stored, list) and value in stored):
            return value
        raise refusal("inactive_choice", "Input is a choice that is no longer offered")

    constraints = StringConstraints(strict=True, strip_whitespace=True)
    return Annotated[str, constraints, AfterValidator(check)]


def multi_choice(definition: Definition) -> Any:
    return Annotated[
        list[choice(definition)],
        Field(strict=True, max_length=LONGEST_LIST),
        AfterValidator(lambda values: list(dict.fromkeys(values))),
    ]
