"""Checking one value against one definition, and saying in a sentence what is wrong with it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from timetracker_api.codes import code_of
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds import KINDS, unbounded
from timetracker_api.problems import Fault, pointer

SENTENCES = {
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} values",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_from_float": "must be sent as text: a number with so many digits loses some",
    "url_type": "must be an absolute URL. {why}",
    "not_a_choice": "must be one of its choices",
    "inactive_choice": "must be one of the choices that are still offered",
    "control_characters": "must not contain control characters",
    "string_unicode": "must not contain control characters",
}


class ValueFault(Exception):
    """A value is not what its definition asks for."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults


class Validator:
    """A definition, ready to check values: its rules are compiled once."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.kind = KINDS[definition.kind]
        self._adapter: TypeAdapter[Any] = TypeAdapter(self.kind.accepts(definition))

    @cached_property
    def unbounded(self) -> Self:
        """The same without the rules that may have been tightened, for what is stored already."""
        return type(self)(unbounded(self.definition))

    def canonical(self, value: Any, *, stored: Any = None, at: str | None = None) -> Any:
        """Return the form in which a value is stored; raise `ValueFault` if it is not acceptable.

        ``stored`` is what the record has now: a choice that is no longer offered may stay.
        ``at`` is the pointer to the value, by default where it stands in a record.
        """
        try:
            checked = self._adapter.validate_python(value, context=stored)
        except ValidationError as error:
            base = at or pointer("custom_fields", self.definition.key)
            raise ValueFault(
                [
                    Fault(
                        pointer=base + pointer(*each["loc"]),
                        code=code_of(each["type"]),
                        message=self._sentence(each["type"], each.get("ctx", {})),
                    )
                    for each in error.errors(include_url=False, include_input=False)
                ]
            ) from None
        return self.kind.stores(self.definition, checked)

    def _sentence(self, type: str, context: dict[str, Any]) -> str:
        label = self.definition.label
        if type == "string_pattern_mismatch" and self.definition.pattern:
            return f"{label} must match the pattern {self.definition.pattern}."
        bounds = {"ge": self.definition.minimum, "le": self.definition.maximum}
        context |= {name: bound for name, bound in bounds.items() if bound is not None}
        words = SENTENCES.get(type)
        told = words.format(**context) if words else f"must be {self.kind.noun}"
        return f"{label} {told.removesuffix('.')}."


def required(definition: Definition) -> Fault:
    """Say that a mandatory field has no value."""
    return Fault(
        pointer=pointer("custom_fields", definition.key),
        code="required",
        message=f"{definition.label} is required.",
    )


def is_empty(value: Any) -> bool:
    """Whether a value stands for no value. Zero and false are values."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())
