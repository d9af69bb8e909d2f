"""Values as they stand in the cells of a table, a column at a time."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Boolean, String
from sqlalchemy.types import TypeEngine

from timetracker_api.custom_fields.kinds.numbers import DECIMAL
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.types import JSONDocument, Money, UTCDateTime
from timetracker_api.schema import Amount

FORMULA = frozenset("=+-@\t\r")
"""What a text begins with that a spreadsheet would compute."""

Column = Sequence[Any]
Written = Callable[[Column], Column]

_AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)


@lru_cache(maxsize=1000)
def amount(value: Decimal | None) -> str | None:
    """Write money as everywhere. The same rates come again and again."""
    return None if value is None else _AMOUNT.dump_python(value)


def documents(values: Column) -> Column:
    """Write values from JSON documents: lists with commas, numbers as they are."""
    return [_document(value) for value in values]


def of_column(type: TypeEngine[Any]) -> Written:
    """Return how the values of a column are written."""
    return next((written for kind, written in _BY_TYPE.items() if isinstance(type, kind)), _as_is)


def of_field(validator: Validator) -> Written:
    """Return how the values of a custom field are written."""
    return _decimals if validator.kind.form == "decimal" else documents


def _text(value: str | None) -> str | None:
    return f"'{value}" if value and value[0] in FORMULA else value


def _document(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if all(isinstance(each, str) for each in items):
            return _text(", ".join(items))
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _decimals(values: Column) -> Column:
    """Leave alone what is kept as text, may be negative, and is no formula."""
    return [
        value if isinstance(value, str) and DECIMAL.fullmatch(value) else _document(value)
        for value in values
    ]


def _instants(values: Column) -> Column:
    """Write them as in JSON: by way of it, that is, which is the fastest there is."""
    return orjson.loads(orjson.dumps(values, option=orjson.OPT_UTC_Z))


def _as_is(values: Column) -> Column:
    return values


_BY_TYPE: Mapping[type[TypeEngine[Any]], Written] = {
    UTCDateTime: _instants,
    Money: lambda values: [amount(value) for value in values],
    Boolean: documents,
    type(JSONDocument): documents,
    String: lambda values: [_text(value) for value in values],
}
