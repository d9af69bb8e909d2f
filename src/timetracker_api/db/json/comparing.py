"""What stands under a key, to be compared and sorted by."""

from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Numeric, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from timetracker_api.db.json.keys import checked

Form = Literal["text", "number", "decimal", "truth"]
"""What values are compared as: the first characters of a text, a JSON number, a decimal that is
kept as text, or true and false."""

LONGEST_COMPARED = 256
"""Characters of a text that are compared: an index entry has an upper size."""
DECIMAL_DIGITS = 18
"""Digits a decimal can have, so that it is a 64-bit integer without its point."""


class Comparable(ColumnElement[Any]):
    """The value under ``key``, in a form that both databases compare and sort alike.

    NULL where there is no value, or one of another form. Text is compared by code points, a
    decimal as the integer that it is without its point. Indexes are built on this very text.
    """

    inherit_cache = True
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
        ("form", InternalTraversal.dp_string),
        ("scale", InternalTraversal.dp_plain_obj),
    ]

    def __init__(self, column: Any, key: str, form: Form, scale: int = 0) -> None:
        self.column = column
        self.key = checked(key)
        self.form = form
        self.scale = scale
        # Numbers may be fractions that an older system left behind, so they are no integers.
        self.type = {"text": String(), "number": Numeric(asdecimal=False)}.get(form, BigInteger())


@compiles(Comparable, "postgresql")
def _compared(element: Comparable, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    value, text = f"{column} -> '{element.key}'", f"{column} ->> '{element.key}'"
    whole, scale = DECIMAL_DIGITS - element.scale, element.scale
    point = rf"\.[0-9]{{{scale}}}" if scale else ""
    forms = {
        "text": f"jsonb_typeof({value}) = 'string' THEN left({text}, {LONGEST_COMPARED})",
        "number": f"jsonb_typeof({value}) = 'number' THEN CAST({text} AS NUMERIC)",
        "decimal": f"jsonb_typeof({value}) = 'string' AND {text} ~ '^-?[0-9]{{1,{whole}}}{point}$'"
        f" THEN CAST(replace({text}, '.', '') AS BIGINT)",
        "truth": f"jsonb_typeof({value}) = 'boolean' THEN CAST(CAST({text} AS BOOLEAN) AS INTEGER)",
    }
    collation = ' COLLATE "C"' if element.form == "text" else ""
    return f"((CASE WHEN {forms[element.form]} END){collation})"


@compiles(Comparable, "sqlite")
def _compared_here(element: Comparable, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    place = f"{column}, '$.{element.key}'"
    value, scale = f"json_extract({place})", element.scale
    digits, longest = f"ltrim({value}, '-')", DECIMAL_DIGITS + bool(scale)
    forms = {
        "text": f"= 'text' THEN substr({value}, 1, {LONGEST_COMPARED})",
        "number": f"IN ('integer', 'real') THEN {value}",
        "decimal": f"= 'text' AND {value} GLOB '*[0-9]{'.' * bool(scale)}{'[0-9]' * scale}'"
        f" AND trim({digits}, '0123456789') = '{'.' * bool(scale)}'"
        f" AND {value} NOT GLOB '--*' AND length({digits}) <= {longest}"
        f" THEN CAST(replace({value}, '.', '') AS INTEGER)",
        "truth": f"IN ('true', 'false') THEN {value}",
    }
    return f"(CASE WHEN json_type({place}) {forms[element.form]} END)"
