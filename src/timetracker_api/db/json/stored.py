"""Reading one value out of a JSON column, instead of the whole document."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from timetracker_api.db.json.keys import UnderKey
from timetracker_api.db.types import JSONDocument


class Stored(UnderKey[Any]):
    """The JSON under ``key`` as it is kept, to be read and grouped by; NULL where there is none."""

    inherit_cache = True
    type = JSONDocument


@compiles(Stored, "postgresql")
def _stored(element: Stored, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} -> '{element.key}')"


@compiles(Stored, "sqlite")
def _stored_here(element: Stored, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} -> '$.{element.key}')"
