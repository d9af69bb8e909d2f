"""Looking for a part of a text under a key inside a JSON column."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from timetracker_api.db.json.keys import UnderKey


class FoldedText(UnderKey[str]):
    """The text under ``key``, with A to Z in lower case; NULL where there is no text.

    Other letters stay as they are: only of these the databases agree what lower case is.
    """

    inherit_cache = True
    type = String()


@compiles(FoldedText, "postgresql")
def _folded(element: FoldedText, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    text = f"jsonb_typeof({column} -> '{element.key}') = 'string' THEN {column} ->> '{element.key}'"
    return f'lower((CASE WHEN {text} END) COLLATE "C")'


@compiles(FoldedText, "sqlite")
def _folded_here(element: FoldedText, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    place = f"{column}, '$.{element.key}'"
    return f"lower(CASE WHEN json_type({place}) = 'text' THEN json_extract({place}) END)"
