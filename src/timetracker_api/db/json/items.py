"""The items of a list in a JSON column, a row for each."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Items(FunctionElement[Any]):
    """The items of a list of texts; none of anything else, which only others store.

    ``Items(column).table_valued("value")``.
    """

    inherit_cache = True


@compiles(Items, "postgresql")
def _items(element: Items, compiler: SQLCompiler, **options: Any) -> str:
    document = compiler.process(element.clauses, **options)
    whole = f"CASE WHEN jsonb_typeof({document}) = 'array' THEN {document} END"
    return f"jsonb_array_elements_text({whole})"


@compiles(Items, "sqlite")
def _items_here(element: Items, compiler: SQLCompiler, **options: Any) -> str:
    document = compiler.process(element.clauses, **options)
    return f"json_each(CASE WHEN json_type({document}) = 'array' THEN {document} END)"
