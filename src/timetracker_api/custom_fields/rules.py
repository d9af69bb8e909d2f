"""What a definition itself must be like, as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from timetracker_api.custom_fields import patterns
from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.kinds import CONSTRAINTS, KINDS, LONGEST_TEXT
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from timetracker_api.problems import Fault, Invalid, pointer
from timetracker_api.settings import Limits

Values = dict[str, Any]

RESERVED = frozenset({"__proto__", "constructor", "prototype", "null", "inactive", "value"})
BOUNDS = ("minimum", "maximum")


def completed(values: Mapping[str, Any], limits: Limits, reserved: frozenset[str]) -> Values:
    """Return the values with bounds and default in their canonical form, or raise `Invalid`.

    ``values`` are all attributes of the definition, as they will be; ``reserved`` are the names
    that records have already.
    """
    faults = list(_faults(values, limits, reserved))
    if faults:
        raise Invalid(*faults)
    definition = Definition(**{name: values[name] for name in ATTRIBUTES if name in values})
    bare = Validator(replace(definition, minimum=None, maximum=None))
    changed: Values = {}
    for bound in BOUNDS:
        if values.get(bound) is not None:
            changed[bound] = _canonical(bare, values[bound], bound)
    definition = replace(definition, **changed)
    if len(changed) == len(BOUNDS) and _is_inverted(definition):
        raise Invalid(_fault("minimum", "minimum", "The minimum is above the maximum."))
    default = values.get("default")
    if not is_empty(default):
        changed["default"] = _canonical(Validator(definition), default, "default")
    elif "default" in values:
        changed["default"] = None
    return {**values, **changed}


def _faults(values: Mapping[str, Any], limits: Limits, reserved: frozenset[str]) -> Iterator[Fault]:
    kind = values["kind"]
    if values["key"] in RESERVED | reserved:
        yield _fault("key", "reserved", f"{values['key']} means something else already.")
    for name in sorted(CONSTRAINTS - KINDS[kind].constraints):
        if not is_empty(values.get(name)):
            yield _fault(name, "not_applicable", f"A field of kind {kind} has no {name}.")
    if (pattern := values.get("pattern")) and (reason := patterns.fault(pattern)):
        yield _fault("pattern", "pattern", f"The pattern cannot be used. {reason}")
    shortest, longest = values.get("min_length"), values.get("max_length")
    if shortest is not None and longest is not None and shortest > longest:
        yield _fault("min_length", "maximum", "The least length is above the greatest.")
    if kind == "text" and max(shortest or 0, longest or 0) > LONGEST_TEXT:
        yield _fault("max_length", "maximum", f"Text has at most {LONGEST_TEXT} characters.")
    yield from _choice_faults(values, limits)


def _choice_faults(values: Mapping[str, Any], limits: Limits) -> Iterator[Fault]:
    choices: Sequence[Mapping[str, Any]] = values.get("choices") or ()
    if "choices" in KINDS[values["kind"]].constraints and not choices:
        yield _fault("choices", "required", "A field of this kind offers at least one choice.")
    if len(choices) > limits.choices:
        yield _fault("choices", "too_large", f"There are more than {limits.choices} choices.")
    seen: set[str] = set()
    for index, choice in enumerate(choices):
        if choice["value"] in seen:
            message = f"The choice {choice['value']} occurs twice."
            yield Fault(
                pointer=pointer("choices", index, "value"), code="not_unique", message=message
            )
        seen.add(choice["value"])


def _canonical(validator: Validator, value: Any, name: str) -> Any:
    try:
        return validator.canonical(value, at=pointer(name))
    except ValueFault as error:
        raise Invalid(*error.faults) from None


def _is_inverted(definition: Definition) -> bool:
    """Whether the greatest value is below the least: then it breaks the rule of the least."""
    try:
        Validator(replace(definition, maximum=None)).canonical(definition.maximum)
    except ValueFault:
        return True
    return False


def _fault(name: str, code: str, message: str) -> Fault:
    return Fault(pointer=pointer(name), code=code, message=message)
