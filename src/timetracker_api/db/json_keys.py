"""Asking for a key inside a JSON column, in a form that indexes can serve.

SQLAlchemy's own ``column["key"].as_string()`` binds the key as a parameter: GROUP BY then fails on
asyncpg, and no expression index ever matches. Here the key is part of the statement's text, which
is safe because it has to match the grammar of a definition's key.
"""

import re
from typing import Any, Literal

import orjson
from sqlalchemy import BigInteger, Boolean, ColumnElement, Numeric, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

KEY = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


class HasValue(ColumnElement[bool]):
    """True where ``column`` holds ``value`` under ``key``; for a list, where the list holds it."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("document", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
        ("in_list", InternalTraversal.dp_boolean),
        ("types", InternalTraversal.dp_string),
    ]

    def __init__(self, column: Any, key: str, value: object, *, in_list: bool = False) -> None:
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        document = {key: [value] if in_list else value}
        self.column = column
        self.key = key
        self.in_list = in_list
        self.types = _sqlite_types(value)
        self.document: ColumnElement[str] = bindparam(
            None, orjson.dumps(document).decode(), String(), unique=True
        )


def _sqlite_types(value: object) -> str:
    """What SQLite calls the JSON type of a value; without it, true would equal 1."""
    if isinstance(value, bool):
        return "'true', 'false'"
    return "'text'" if isinstance(value, str) else "'integer', 'real'"


@compiles(HasValue, "postgresql")
def _contains(element: HasValue, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    document = compiler.process(element.document, **options)
    return f"({column} @> CAST({document} AS JSONB))"


@compiles(HasValue, "sqlite")
def _extracts(element: HasValue, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    document = compiler.process(element.document, **options)
    path = f"'$.{element.key}'"
    if element.in_list:
        return (
            f"(json_type({column}, {path}) = 'array'"
            f" AND EXISTS (SELECT 1 FROM json_each({column}, {path})"
            f" WHERE type IN ({element.types})"
            f" AND value = json_extract({document}, '$.{element.key}[0]')))"
        )
    return (
        f"(json_extract({column}, {path}) = json_extract({document}, {path})"
        f" AND json_type({column}, {path}) IN ({element.types}))"
    )


class HasKey(ColumnElement[bool]):
    """True where ``column`` has a value under ``key``. Null, which only others store, is none."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
    ]

    def __init__(self, column: Any, key: str) -> None:
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        self.column = column
        self.key = key


@compiles(HasKey, "postgresql")
def _has_text(element: HasKey, compiler: SQLCompiler, **options: Any) -> str:
    return f"(({compiler.process(element.column, **options)} ->> '{element.key}') IS NOT NULL)"


@compiles(HasKey, "sqlite")
def _has_content(element: HasKey, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"(json_extract({column}, '$.{element.key}') IS NOT NULL)"


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
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        self.column = column
        self.key = key
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


class HasItem(ColumnElement[bool]):
    """True where the list in ``column`` holds ``item``."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("document", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Any, item: str) -> None:
        self.column = column
        self.document: ColumnElement[str] = bindparam(
            None, orjson.dumps([item]).decode(), String(), unique=True
        )


@compiles(HasItem, "postgresql")
def _list_contains(element: HasItem, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"({column} @> CAST({compiler.process(element.document, **options)} AS JSONB))"


@compiles(HasItem, "sqlite")
def _list_has(element: HasItem, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    document = compiler.process(element.document, **options)
    return (
        f"EXISTS (SELECT 1 FROM json_each({column}) AS item"
        f" WHERE item.value = json_extract({document}, '$[0]'))"
    )
