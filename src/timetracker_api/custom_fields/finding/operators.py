"""What can be asked about a custom field: ``custom.amount.gte=10``. An operator is one entry."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement

from timetracker_api.custom_fields.kinds.numbers import boolean
from timetracker_api.custom_fields.kinds.texts import LONGEST_TEXT
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from timetracker_api.db.json.folded import FoldedText
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.json.values import HasAnyValue, HasValue
from timetracker_api.problems import Fault

MOST_VALUES = 100

WORD = re.compile(r"\\[\\,]|,|[^\\,]+|\\")
"""The pieces of a list: a comma ends a value, unless a backslash stands before it."""

FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True)
class Operator:
    """One way to ask for records by the values of a field."""

    reads: Callable[[Validator, str, str], Any]
    """What is asked for, in the form that is stored: from the text in the query, and the pointer
    to it. Raises `ValueFault`, or ValueError and its like where the text is not what it expects."""
    holds: Callable[[Any, Validator, Any], ColumnElement[bool]]
    """True of a record, by the column of its values, the field, and what is asked for."""
    negates: Callable[[Any], bool] = lambda _: False
    """Whether the records are wanted of which that is not true."""
    expects: str = "{noun}"
    """What must be given, in a sentence."""


def _one(validator: Validator, text: str, at: str) -> Any:
    """Return the stored form of one value. What is no longer acceptable can be looked for."""
    if is_empty(text):
        raise ValueError
    if validator.kind.is_list:
        return validator.unbounded.canonical([text], stored=[text], at=at)[0]
    return validator.unbounded.canonical(validator.kind.reads(text), stored=text, at=at)


def _several(validator: Validator, text: str, at: str) -> Sequence[Any]:
    texts = _split(text)
    if len(texts) > MOST_VALUES:
        message = f"{validator.definition.label} can be looked for by {MOST_VALUES} values."
        raise ValueFault([Fault(pointer=at, code="max_length", message=message)])
    return [_one(validator, each, at) for each in texts]


def _split(text: str) -> Sequence[str]:
    values = [""]
    for word in WORD.findall(text):
        if word == ",":
            values.append("")
        else:
            values[-1] += word[-1] if word in (r"\,", r"\\") else word
    return values


def _part(validator: Validator, text: str, at: str) -> str:
    if not text:
        raise ValueError
    if len(text) > LONGEST_TEXT:
        message = f"{validator.definition.label} can be looked for by {LONGEST_TEXT} characters."
        raise ValueFault([Fault(pointer=at, code="max_length", message=message)])
    return text.translate(FOLD)


def _yes_or_no(_validator: Validator, text: str, _at: str) -> bool:
    return boolean(text)


def _has(column: Any, validator: Validator, value: Any) -> ColumnElement[bool]:
    return HasValue(column, validator.definition.key, value, in_list=validator.kind.is_list)


def _has_any(column: Any, validator: Validator, values: Any) -> ColumnElement[bool]:
    return HasAnyValue(column, validator.definition.key, values, in_list=validator.kind.is_list)


def _compares(how: Callable[[Any, Any], Any]) -> Operator:
    def holds(column: Any, validator: Validator, value: Any) -> ColumnElement[bool]:
        kind = validator.kind
        return how(kind.comparable(column, validator.definition), kind.compared(value))

    return Operator(_one, holds)


def _contains(column: Any, validator: Validator, part: str) -> ColumnElement[bool]:
    return FoldedText(column, validator.definition.key).contains(part, autoescape=True)


def _starts_with(column: Any, validator: Validator, part: str) -> ColumnElement[bool]:
    return FoldedText(column, validator.definition.key).startswith(part, autoescape=True)


def _has_some(column: Any, validator: Validator, _value: Any) -> ColumnElement[bool]:
    return HasKey(column, validator.definition.key)


EQUAL = "eq"
"""What is meant where no operator is named."""

OPERATORS: Mapping[str, Operator] = {
    EQUAL: Operator(_one, _has),
    "ne": Operator(_one, _has, negates=lambda _: True),
    "in": Operator(_several, _has_any, expects="values with commas between them, each {noun}"),
    "gt": _compares(operator.gt),
    "gte": _compares(operator.ge),
    "lt": _compares(operator.lt),
    "lte": _compares(operator.le),
    "contains": Operator(_part, _contains, expects="some text"),
    "starts_with": Operator(_part, _starts_with, expects="some text"),
    "is_set": Operator(
        _yes_or_no, _has_some, negates=operator.not_, expects="asked for with true or false"
    ),
}
"""Every operator there is, by its name. Which of them a kind has, `KINDS` says."""
