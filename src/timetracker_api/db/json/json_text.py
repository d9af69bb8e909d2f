"""Grouping and sorting by what stands under a key, whatever it is."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from timetracker_api.db.json.keys import UnderKey


class JSONText(UnderKey[str]):
    """The value under ``key``, whole, as it is written in JSON; NULL where there is none.

    It is text, so that both databases have the same groups in the same order.
    """

    inherit_cache = True
    type = String()


@compiles(JSONText, "postgresql")
def _written(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    value, text = f"{column} -> '{element.key}'", f"{column} ->> '{element.key}'"
    return f'((CASE WHEN ({text}) IS NOT NULL THEN CAST({value} AS TEXT) END) COLLATE "C")'


@compiles(JSONText, "sqlite")
def _written_here(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    place = f"'$.{element.key}'"
    column = compiler.process(element.column, **options)
    found = f"json_extract({column}, {place}) IS NOT NULL"
    return f"(CASE WHEN {found} THEN {column} -> {place} END)"
