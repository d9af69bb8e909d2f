"""What a definition itself must be like, as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from timetracker_api.custom_fields import patterns
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds import CONSTRAINTS, KINDS, unbounded
from timetracker_api.custom_fields.kinds.texts import LONGEST_TEXT, longest
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from timetracker_api.problems import Fault, Invalid, fault, pointer

Values = dict[str, Any]

RESERVED = frozenset({"__proto__", "constructor", "prototype", "null", "inactive", "value"})
"""Keys that mean something to programs, besides the names of attributes."""
BOUNDS = ("minimum", "maximum")


def completed(values: Mapping[str, Any], *others: Fault) -> Values:
    """Return the values with bounds and default in their canonical form, or raise `Invalid`.

    ``values`` are all attributes of the definition, as they will be; ``others`` are the faults
    that were found elsewhere.
    """
    faults = [*others, *_faults(values)]
    if faults:
        raise Invalid(*faults)
    definition = Definition.of(values)
    bare = Validator(unbounded(definition))
    changed: Values = {}
    for bound in BOUNDS:
        if values.get(bound) is not None:
            changed[bound] = _canonical(bare, values[bound], bound)
    definition = replace(definition, **changed)
    if len(changed) == len(BOUNDS) and _is_inverted(definition):
        raise Invalid(fault("minimum", "minimum", "The minimum is above the maximum."))
    default = values.get("default")
    if not is_empty(default):
        changed["default"] = _canonical(Validator(definition), default, "default")
    elif "default" in values:
        changed["default"] = None
    return {**values, **changed}


def _faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    kind = values["kind"]
    for name in sorted(CONSTRAINTS - KINDS[kind].constraints):
        if not is_empty(values.get(name)):
            yield fault(name, "not_applicable", f"A field of kind {kind} has no {name}.")
    if values.get("is_unique"):
        if not KINDS[kind].can_be_unique:
            yield fault("is_unique", "not_applicable", f"A field of kind {kind} is never unique.")
        if not is_empty(values.get("default")):
            message = "Two records with the default would have the same value."
            yield fault("default", "not_applicable", message)
    if values.get("is_indexed") and KINDS[kind].form is None:
        yield fault("is_indexed", "not_applicable", f"A field of kind {kind} has no order.")
    if (pattern := values.get("pattern")) and (reason := patterns.fault(pattern)):
        yield fault("pattern", "pattern", f"The pattern cannot be used: {reason}.")
    if "max_length" in KINDS[kind].constraints:
        yield from _length_faults(values)
    yield from _choice_faults(values)


def _length_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    names = ("key", "label", "kind", "min_length", "max_length", "pattern")
    definition = Definition(**{name: values[name] for name in names if name in values})
    greatest = longest(definition)
    if (definition.kind == "text" or definition.pattern) and greatest > LONGEST_TEXT:
        what = "Text with a pattern" if definition.pattern else "Text"
        yield fault("max_length", "maximum", f"{what} has at most {LONGEST_TEXT} characters.")
    if definition.min_length is not None and definition.min_length > greatest:
        message = f"The least length is above the greatest, {greatest}."
        yield fault("min_length", "maximum", message)


def _choice_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    choices: Sequence[Mapping[str, Any]] = values.get("choices") or ()
    if "choices" in KINDS[values["kind"]].constraints and not choices:
        yield fault("choices", "required", "A field of this kind offers at least one choice.")
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
