"""Which kinds of values can become which, and how.

A step brings a value into a form that the new kind takes; the engine that checks what is written
has the last word. What a step cannot read goes to it as it is, which makes converting twice the
same as converting once.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from timetracker_api.custom_fields.changes.rewriting import Unfit
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.kinds.numbers import WHOLE
from timetracker_api.custom_fields.values import Validator, ValueFault
from timetracker_api.schema import DATE

Step = Callable[[Any], Any]

MIDNIGHT = "T00:00:00.000000Z"


def _same(value: Any) -> Any:
    return value


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _exact(text: str) -> int:
    whole, _, decimals = text.partition(".")
    if decimals.strip("0"):
        raise ValueError(text)
    return int(whole)


def _digits(number: Any) -> str:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError
    return str(number)


def _truth(text: str) -> bool:
    return KINDS["boolean"].reads(text.strip().lower())


def _word(truth: Any) -> str:
    if not isinstance(truth, bool):
        raise TypeError
    return str(truth).lower()


def _listed(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise TypeError
    return [value]


def _only(values: Any) -> str:
    if not isinstance(values, list):
        raise TypeError
    (value,) = cast(list[str], values)
    return value


def _at_midnight(day: str) -> str:
    if not DATE.fullmatch(day):
        raise ValueError(day)
    return day + MIDNIGHT


def _day(instant: str) -> str:
    if not instant.endswith(MIDNIGHT):
        raise ValueError(instant)
    return instant.removesuffix(MIDNIGHT)


POSSIBLE: Mapping[str, Mapping[str, Step]] = {
    "text": {
        **dict.fromkeys(("long_text", "decimal", "date", "datetime", "url", "email"), _same),
        **dict.fromkeys(("phone", "choice"), _same),
        "integer": _whole,
        "duration": _whole,
        "boolean": _truth,
    },
    "long_text": {"text": _same},
    "integer": {"decimal": _same, "duration": _same, "text": _digits},
    "decimal": {"integer": _exact, "text": _same},
    "boolean": {"text": _word},
    "date": {"datetime": _at_midnight, "text": _same},
    "datetime": {"date": _day, "text": _same},
    "url": {"text": _same, "long_text": _same},
    "email": {"text": _same, "long_text": _same},
    "phone": {"text": _same, "long_text": _same},
    "choice": {"multi_choice": _listed, "text": _same},
    "multi_choice": {"choice": _only},
    "user": {},
    "duration": {"integer": _same, "text": _digits},
}
"""What values of a kind can become."""


def brought(value: Any, kind: str, new_kind: str) -> Any:
    """Return a value of one kind in a form that another takes, if it has one."""
    step = POSSIBLE[kind].get(new_kind, _same)
    try:
        return step(value)
    except (ValueError, TypeError, LookupError, AttributeError):
        return value


def converted(value: Any, kind: str, validator: Validator, *, kept: bool) -> Any:
    """Return a stored value of a kind as one of a field of another, or raise `Unfit`.

    Where values are ``kept``, they may be choices that are no longer offered.
    """
    candidate = brought(value, kind, validator.definition.kind)
    try:
        return validator.canonical(candidate, stored=candidate if kept else None)
    except ValueFault as error:
        raise Unfit(value, error.faults) from None


def named(kind: str) -> str:
    """Say what values of a kind can become."""
    possible = ", ".join(sorted(POSSIBLE[kind]))
    return f"Values of kind {kind} can become {possible or 'nothing else'}."
