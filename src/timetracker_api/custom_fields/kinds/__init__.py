"""What a custom field can hold. A kind is one entry in `KINDS`.

Values are kept in one canonical JSON form per kind, so that equality, order and uniqueness can be
decided by the database: decimals as text of the definition's scale, dates in ISO 8601, instants in
UTC with six decimals and ``Z``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds import choices, moments, numbers, texts
from timetracker_api.custom_fields.kinds.kind import CHOSEN, ORDERED, SETTLED, Kind

LENGTHS = frozenset({"min_length", "max_length", "pattern"})
BOUNDS = frozenset({"minimum", "maximum"})

KINDS: Mapping[str, Kind] = {
    "text": Kind("text on one line", texts.text, constraints=LENGTHS),
    "long_text": Kind("text", texts.long_text, constraints=LENGTHS),
    "integer": Kind(
        "a whole number",
        numbers.integer,
        reads=numbers.whole,
        constraints=BOUNDS,
        form="number",
        operators=ORDERED,
    ),
    "decimal": Kind(
        "a decimal number",
        numbers.decimal,
        stores=numbers.decimal_text,
        constraints=BOUNDS | {"scale"},
        form="decimal",
        operators=ORDERED,
    ),
    "boolean": Kind(
        "true or false",
        lambda _: Annotated[bool, Field(strict=True)],
        reads=numbers.boolean,
        form="truth",
        operators=SETTLED,
        can_be_unique=False,
    ),
    "date": Kind(
        "a date such as 2026-01-31",
        moments.day,
        stores=lambda _, value: value.isoformat(),
        constraints=BOUNDS,
        operators=ORDERED,
    ),
    "datetime": Kind(
        "an instant such as 2026-01-31T09:00:00Z",
        moments.instant,
        stores=moments.instant_text,
        operators=ORDERED,
    ),
    "url": Kind("an absolute URL", texts.url, constraints=frozenset({"schemes"})),
    "email": Kind("an email address", texts.email),
    "phone": Kind("a telephone number", texts.phone),
    "choice": Kind(
        "one of its choices", choices.choice, constraints=frozenset({"choices"}), operators=CHOSEN
    ),
    "multi_choice": Kind(
        "a list of its choices",
        choices.multi_choice,
        constraints=frozenset({"choices"}),
        form=None,
        operators=CHOSEN,
        can_be_unique=False,
        is_list=True,
    ),
    "user": Kind(
        "the id of a user", numbers.user, reads=numbers.whole, form="number", operators=CHOSEN
    ),
    "duration": Kind(
        "a number of seconds",
        numbers.duration,
        reads=numbers.whole,
        constraints=BOUNDS,
        form="number",
        operators=ORDERED,
    ),
}
"""Every kind there is, by its name."""

CONSTRAINTS = frozenset[str]().union(*(kind.constraints for kind in KINDS.values()))
"""The attributes of a definition that only some kinds have."""


def unbounded(definition: Definition) -> Definition:
    """Return it without the rules that may have been tightened: what could have been stored."""
    bounds = dict.fromkeys(("min_length", "pattern", "minimum", "maximum"))
    return replace(definition, **bounds, max_length=texts.LONGEST_LONG_TEXT)
