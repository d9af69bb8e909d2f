"""Whether there is anything under a key, or a text in a list."""

import re
from typing import Any, TypeVar

import orjson
from sqlalchemy import Boolean, ColumnElement, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

T = TypeVar("T")

LONGEST_KEY = 63
KEY = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_KEY - 1}}}", re.ASCII)


def checked(key: str) -> str:
    """Return a key that may become part of a statement; raise ValueError for any other."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


class UnderKey(ColumnElement[T]):
    """An expression about what stands under one key of the objects in a column."""

    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
    ]

    def __init__(self, column: Any, key: str) -> None:
        self.column = column
        self.key = checked(key)


class HasKey(UnderKey[bool]):
    """True where ``column`` has a value under ``key``. Null, which only others store, is none."""

    inherit_cache = True
    type = Boolean()


@compiles(HasKey, "postgresql")
def _has_text(element: HasKey, compiler: SQLCompiler, **options: Any) -> str:
    return f"(({compiler.process(element.column, **options)} ->> '{element.key}') IS NOT NULL)"


@compiles(HasKey, "sqlite")
def _has_content(element: HasKey, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"(json_extract({column}, '$.{element.key}') IS NOT NULL)"


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
