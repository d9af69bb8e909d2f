"""Whether a value, or one of several, stands under a key."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from timetracker_api.db.json.keys import checked


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
        document = {key: [value] if in_list else value}
        self.column = column
        self.key = checked(key)
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


class HasAnyValue(ColumnElement[bool]):
    """True where ``column`` holds one of ``values``, all of one type, under ``key``; for a list,
    where the list holds one of them.
    """

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
        ("in_list", InternalTraversal.dp_boolean),
        ("types", InternalTraversal.dp_string),
    ]

    def __init__(
        self, column: Any, key: str, values: Sequence[object], *, in_list: bool = False
    ) -> None:
        self.column = column
        self.key = checked(key)
        self.in_list = in_list
        self.types = _sqlite_types(values[0])
        self.values: ColumnElement[str] = bindparam(
            None, orjson.dumps(values).decode(), String(), unique=True
        )


@compiles(HasAnyValue, "postgresql")
def _contains_any(element: HasAnyValue, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(element.values, **options)
    value = "jsonb_build_array(value)" if element.in_list else "value"
    # An array that is put together once, before the index is asked for each of its members.
    return (
        f"({column} @> ANY(ARRAY(SELECT jsonb_build_object('{element.key}', {value})"
        f" FROM jsonb_array_elements(CAST({values} AS JSONB)) AS sought(value))))"
    )


@compiles(HasAnyValue, "sqlite")
def _extracts_any(element: HasAnyValue, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(element.values, **options)
    place, sought = f"{column}, '$.{element.key}'", f"(SELECT value FROM json_each({values}))"
    if element.in_list:
        return (
            f"(json_type({place}) = 'array' AND EXISTS (SELECT 1 FROM json_each({place}) AS item"
            f" WHERE item.type IN ({element.types}) AND item.value IN {sought}))"
        )
    return f"(json_type({place}) IN ({element.types}) AND json_extract({place}) IN {sought})"
