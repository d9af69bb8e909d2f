"""How each kind looks to a form: its JSON type, its widget, and its rules in JSON Schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.expressions import ecma
from timetracker_api.custom_fields.kinds.choices import LONGEST_LIST
from timetracker_api.custom_fields.kinds.numbers import SAFE_INTEGER, scale_of
from timetracker_api.custom_fields.kinds.texts import LONGEST_TEXT, URL_SCHEMES, longest
from timetracker_api.db.json.comparing import DECIMAL_DIGITS
from timetracker_api.schema import ALL_BUT_BREAKS, HARMFUL, LARGEST_ID, LONGEST_EMAIL

Node = dict[str, Any]

YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
DAY = f"{YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
HOUR = "(?:[01][0-9]|2[0-3])"
TIME = rf"{HOUR}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?(?:[Zz]|[+-]{HOUR}:[0-5][0-9])"
PHONE = r"^[+]?[0-9][0-9 ()./-]{1,38}[0-9]$"
ADDRESS = r"^[^\s@]+@[^\s@]+[.][^\s@]+$"

UNSAFE = rf'[\u0000- {HARMFUL}\u00a0\u1680\u2000-\u200f\u202f\u205f\u3000"<>\\`]'
AUTHORITY = r"//(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]{0,4})?(?:[/?#].*)?"
TARGETS = {"mailto": ".*", "tel": r"[+]?(?:[().-]*[0-9])+[().-]*(?:;ext=[0-9]+)?"}
"""What follows the scheme of a URL; for the others, an authority."""


@dataclass(frozen=True)
class Face:
    """How values of a kind look to a form."""

    type: str
    """Their JSON type."""
    widget: str
    """What people fill them in with."""
    rules: Callable[[Definition], Node]
    """What they must be like, beyond their type. Where the field is not mandatory, null passes."""
    sample: Any
    """A value for examples."""
    left_to_server: frozenset[str] = frozenset()
    """The codes of faults that the schema of a value cannot foresee."""


def _text(definition: Definition) -> Node:
    return _string(definition, rf"\u0000-\u001f{HARMFUL}")


def _long_text(definition: Definition) -> Node:
    return _string(definition, f"{ALL_BUT_BREAKS}{HARMFUL}")


def _string(definition: Definition, refused: str) -> Node:
    """Say how text is checked. Forms send an empty one where there is none."""
    rules: Node = {"maxLength": longest(definition)}
    apart: list[Node] = []
    least = definition.min_length or 0
    if definition.is_mandatory:
        rules["minLength"] = max(least, 1)
    elif least > 1:
        apart.append({"minLength": 1, "maxLength": least - 1})
    if expression := expression_of(definition):
        rules["pattern"] = f"^(?:{expression}){'' if definition.is_mandatory else '?'}$"
        apart.append({"pattern": f"[{refused}]"})
    else:
        rules["pattern"] = f"^[^{refused}]*$"
    if apart:
        rules["not"] = {"type": "string", **(apart[0] if len(apart) == 1 else {"anyOf": apart})}
    return rules


def expression_of(definition: Definition) -> str | None:
    """Return the pattern of a field in the dialect of JSON Schema, if it can be said there."""
    return definition.pattern and ecma(
        definition.pattern, over_lines=definition.kind == "long_text"
    )


def _whole(least: int, greatest: int) -> Callable[[Definition], Node]:
    def rules(definition: Definition) -> Node:
        return {
            "minimum": least if definition.minimum is None else definition.minimum,
            "maximum": greatest if definition.maximum is None else definition.maximum,
        }

    return rules


def _decimal(definition: Definition) -> Node:
    """Say how a decimal is written. Zeros that change nothing do not count."""
    scale = scale_of(definition.scale)
    places = f"[0-9]{{1,{scale}}}0{{0,{DECIMAL_DIGITS - scale}}}" if scale else "0{1,18}"
    whole = f"0{{0,{scale}}}[0-9]{{1,{DECIMAL_DIGITS - scale}}}"
    return {"pattern": f"^-?{whole}(?:[.]{places})?$"}


def _date(definition: Definition) -> Node:
    bounds = {"formatMinimum": definition.minimum, "formatMaximum": definition.maximum}
    return {
        "format": "date",
        "pattern": f"^{DAY}$",
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def _datetime(_definition: Definition) -> Node:
    return {"format": "date-time", "pattern": f"^{DAY}[Tt ]{TIME}$"}


def _url(definition: Definition) -> Node:
    targets = "|".join(
        f"{_any_case(scheme)}:{TARGETS.get(scheme, AUTHORITY)}"
        for scheme in definition.schemes or URL_SCHEMES
    )
    return {
        "format": "iri",
        "maxLength": LONGEST_TEXT,
        "pattern": f"^(?:{targets})$",
        "not": {"type": "string", "pattern": UNSAFE},
    }


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


def _email(_definition: Definition) -> Node:
    return {"format": "idn-email", "maxLength": LONGEST_EMAIL, "pattern": ADDRESS}


def _choice(definition: Definition) -> Node:
    options = _options(definition)
    return {"oneOf": options} if options else {}


def _options(definition: Definition) -> list[Node]:
    options: list[Node] = [
        {
            "const": choice["value"],
            "title": choice["label"],
            **({} if choice["is_active"] else {"deprecated": True}),
        }
        for choice in definition.choices
    ]
    if options and not definition.is_mandatory:
        # First, for react-jsonschema-form begins with the first; some code generators overlook a
        # null that has no type.
        options.insert(0, {"const": None, "type": "null", "title": "-"})
    return options


def _multi_choice(definition: Definition) -> Node:
    items = {"type": "string", **_choice(replace(definition, is_mandatory=True))}
    least = {"minItems": 1} if definition.is_mandatory else {}
    return {"items": items, "uniqueItems": True, "maxItems": LONGEST_LIST, **least}


def _nothing(_definition: Definition) -> Node:
    return {}


FACES: Mapping[str, Face] = {
    "text": Face("string", "text", _text, "text"),
    "long_text": Face("string", "textarea", _long_text, "text"),
    "integer": Face("integer", "number", _whole(-SAFE_INTEGER, SAFE_INTEGER), 1),
    "decimal": Face("string", "decimal", _decimal, "1"),
    "boolean": Face("boolean", "checkbox", _nothing, False),
    "date": Face("string", "date", _date, "2026-01-31"),
    "datetime": Face("string", "datetime", _datetime, "2026-01-31T09:00:00Z", frozenset({"type"})),
    "url": Face("string", "url", _url, "https://example.com/", frozenset({"type"})),
    "email": Face("string", "email", _email, "ada@example.com", frozenset({"type"})),
    "phone": Face("string", "tel", lambda _: {"pattern": PHONE}, "+32 2 555 01 01"),
    "choice": Face("string", "select", _choice, None),
    "multi_choice": Face("array", "checkboxes", _multi_choice, None),
    "user": Face("integer", "user", _whole(1, LARGEST_ID), 1, frozenset({"reference_not_found"})),
    "duration": Face("integer", "duration", _whole(0, SAFE_INTEGER), 3600),
}
"""Every kind there is, by its name."""
