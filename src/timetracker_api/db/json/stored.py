"""Reading one value out of a JSON column, instead of the whole document."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from timetracker_api.db.json.keys import checked
from timetracker_api.db.types import JSONDocument


class Stored(ColumnElement[Any]):
    """The JSON under ``key`` as it is kept, to be read and grouped by; NULL where there is none."""

    inherit_cache = True
    type = JSONDocument
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("key", InternalTraversal.dp_string),
    ]

    def __init__(self, column: Any, key: str) -> None:
        self.column = column
        self.key = checked(key)


@compiles(Stored, "postgresql")
def _stored(element: Stored, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} -> '{element.key}')"


@compiles(Stored, "sqlite")
def _stored_here(element: Stored, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} -> '$.{element.key}')"
