"""The periods that days lie in, the same on both databases."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Date
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

Unit = Literal["week", "month", "quarter", "year"]


class FirstDay(ColumnElement[date]):
    """The first day of the week, month, quarter or year that a day lies in. Weeks are ISO's."""

    inherit_cache = True
    type = Date()
    _traverse_internals = [
        ("day", InternalTraversal.dp_clauseelement),
        ("unit", InternalTraversal.dp_string),
    ]

    def __init__(self, day: Any, unit: Unit) -> None:
        self.day = day
        self.unit = unit


MODIFIERS: Mapping[str, str] = {
    "week": "'weekday 0', '-6 days'",
    "month": "'start of month'",
    "quarter": "'start of month', '-' || ((strftime('%m', {day}) + 2) % 3) || ' months'",
    "year": "'start of year'",
}
"""How SQLite is told of the periods."""


@compiles(FirstDay, "postgresql")
def _first_day(element: FirstDay, compiler: SQLCompiler, **options: Any) -> str:
    day = compiler.process(element.day, **options)
    return f"CAST(date_trunc('{element.unit}', CAST({day} AS TIMESTAMP)) AS DATE)"


@compiles(FirstDay, "sqlite")
def _first_day_here(element: FirstDay, compiler: SQLCompiler, **options: Any) -> str:
    day = compiler.process(element.day, **options)
    return f"date({day}, {MODIFIERS[element.unit].format(day=day)})"
