"""The date that clocks show somewhere, the same on both databases."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal


class Offset(NamedTuple):
    """What clocks are ahead of UTC by, since an instant; the first since ever."""

    since: datetime
    seconds: int


class LocalDate(ColumnElement[date]):
    """The date that clocks show at an instant, by offsets that follow one another.

    Neither database has the zones of the other, nor of Python: so it is told what they come to.
    Beyond the ends of the calendar stands its last day, or its first.
    """

    inherit_cache = True
    type = Date()
    _traverse_internals = [
        ("instant", InternalTraversal.dp_clauseelement),
        ("offsets", InternalTraversal.dp_plain_obj),
    ]

    def __init__(self, instant: Any, offsets: Sequence[Offset]) -> None:
        self.instant = instant
        self.offsets = tuple(offsets)


def _ahead(
    instant: str, offsets: Sequence[Offset], literal: Callable[[datetime], str], form: str
) -> str:
    """Return the offset at an instant, found in few steps among many."""
    if len(offsets) == 1:
        return form.format(offsets[0].seconds)
    middle = len(offsets) // 2
    before, after = (
        _ahead(instant, part, literal, form) for part in (offsets[:middle], offsets[middle:])
    )
    since = literal(offsets[middle].since)
    return f"CASE WHEN {instant} < {since} THEN {before} ELSE {after} END"


@compiles(LocalDate, "postgresql")
def _local_date(element: LocalDate, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.instant, **options)
    ahead = _ahead(
        instant,
        element.offsets,
        lambda since: f"TIMESTAMPTZ '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'",
        "INTERVAL '{} seconds'",
    )
    day = f"CAST(timezone('UTC', {instant}) + {ahead} AS DATE)"
    return f"greatest(least({day}, DATE '{date.max}'), DATE '{date.min}')"


@compiles(LocalDate, "sqlite")
def _local_date_here(element: LocalDate, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.instant, **options)
    ahead = _ahead(
        instant,
        element.offsets,
        lambda since: f"'{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000'",
        "'{:+d} seconds'",
    )
    seconds = f"substr({instant}, 1, 19)"  # which a fraction would round up
    return f"max(coalesce(date({seconds}, {ahead}), '{date.max}'), '{date.min}')"
