"""What people read beside an input that Pydantic has refused: sentences of ours, not its own."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from timetracker_api.codes import PYDANTICS, code_of
from timetracker_api.db.json.keys import KEY, LONGEST_KEY
from timetracker_api.web.members import members
from timetracker_api.web.parameters import IDS, IDS_OR_NONE, MOST_IDS

ANYTHING_ELSE = "Is not written as it must be."

SENTENCES: Mapping[str, str] = {
    "decimal_max_digits": "Must have at most {max_digits} digits.",
    "decimal_max_places": "Must have at most {decimal_places} decimals.",
    "decimal_whole_digits": "Must have at most {whole_digits} digits before the point.",
    "enum": "Must be {expected}.",
    "finite_number": "Must be a number.",
    "greater_than": "Must be more than {gt}.",
    "greater_than_equal": "Must be at least {ge}.",
    "int_from_float": "Must be a whole number.",
    "int_parsing_size": "Must be a whole number of fewer digits.",
    "less_than": "Must be less than {lt}.",
    "less_than_equal": "Must be at most {le}.",
    "literal_error": "Must be {expected}.",
    "string_unicode": "Must not contain control characters.",
    "timezone_aware": "Must have an offset, as in 2026-11-22T09:30:00Z.",
    "union_tag_invalid": "Must be one of {expected_tags}.",
    # Nothing raises it but the type for email addresses.
    "value_error": "Must be an email address, such as ada@example.com.",
}

BEGINNINGS: Mapping[str, str] = {
    "bool": "Must be true or false.",
    "date_": "Must be a date, such as 2026-11-22.",
    "datetime": "Must be a time, such as 2026-11-22T09:30:00Z.",
    "decimal": "Must be a decimal number, such as 95.50.",
    "dict": "Must be an object.",
    "float": "Must be a number.",
    "int": "Must be a whole number.",
    "list": "Must be a list.",
    "model": "Must be an object.",
    "string": "Must be text.",
}
"""By what the names begin with of errors that say a value is something else."""

PATTERNS: Mapping[str, str] = {
    r"^[A-Z]{3}$": "Must be the three capital letters of a currency, such as EUR.",
    r"^#[0-9a-fA-F]{6}$": "Must be a color in six hexadecimal digits, such as #3366cc.",
    rf"^{KEY.pattern}$": (
        f"Must be at most {LONGEST_KEY} of a to z, 0 to 9 and _, the first of them a letter."
    ),
    r"^[a-z0-9-]{1,50}$": "Must be at most 50 of a to z, 0 to 9 and -.",
    r"^[A-Za-z0-9._@+-]+$": "Must consist of A to Z, a to z, 0 to 9 and . _ @ + -.",
    IDS: f"Must be the id of a record, or up to {MOST_IDS} with commas between them.",
    IDS_OR_NONE: f"Must be none, the id of a record, or up to {MOST_IDS} with commas between them.",
}
"""What is expected, by the expression that says so. A test knows when one is missing."""

MOST_SUGGESTIONS = 5
"""Comparing a name with all others takes milliseconds, so a request gets a few."""


class Sentences:
    """Puts the errors of one request into words; ``body`` is the type that it was read as."""

    def __init__(self, body: Any = None) -> None:
        self._body = body
        self._suggestions = MOST_SUGGESTIONS

    def of(self, error: Mapping[str, Any]) -> str:
        """Return what is wrong, and what is expected instead."""
        kind, (_, *path) = error["type"], error["loc"]
        if kind not in PYDANTICS:
            return f"{error['msg'].removesuffix('.')}."  # an error of ours
        if kind == "missing":
            return required(path[-1]) if path else "A body is required, which is a JSON object."
        return self._unknown(path) if kind == "extra_forbidden" else _expected(error)

    def _unknown(self, path: Sequence[str | int]) -> str:
        known: Collection[str] = ()
        if self._suggestions:
            self._suggestions -= 1
            known = members(self._body, path[:-1])
        nearest = get_close_matches(str(path[-1]), known, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        return f"There is no {path[-1]!a} here.{hint}"


def required(name: str | int) -> str:
    """Say that something must be given."""
    return f"{str(name).replace('_', ' ').capitalize()} is required."


def _expected(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "union_tag_not_found":
        return required(context["discriminator"].strip("'"))
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], ANYTHING_ELSE)
    if code_of(kind) in {"min_length", "max_length"}:
        return _length(error["input"], context)
    return SENTENCES.get(kind, _type(kind)).format(**context)


def _type(kind: str) -> str:
    found = (words for beginning, words in BEGINNINGS.items() if kind.startswith(beginning))
    return next(found, ANYTHING_ELSE)


def _length(value: object, context: Mapping[str, Any]) -> str:
    # Pydantic says "too long" also of text, where a check of ours stands before the limit.
    noun = "character" if isinstance(value, str) else "value"
    few, many = context.get("min_length"), context.get("max_length")
    limit = many if few is None else few
    plural = "" if limit == 1 else "s"
    return f"Must have at {'most' if few is None else 'least'} {limit} {noun}{plural}."
