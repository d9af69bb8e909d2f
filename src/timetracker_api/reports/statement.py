"""The one statement of a report: groups in their order with their sums, and what these add up to.

A row has the sums of a group; where amounts are shown, of the part of it in one currency. Rows of
one group share a ``place``, counted from 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, Select, func, literal, null, select, union_all

from timetracker_api.db.code_points import ByCodePoint
from timetracker_api.organization.rounding import Rounded
from timetracker_api.reports.dimensions import Dimension
from timetracker_api.reports.measures import MEASURES, added, cents, currency, sums
from timetracker_api.time_entries.models import TimeEntry

Statement = Select[*tuple[Any, ...]]

CURRENCY = "amount_currency"
"""What the currency is called in a row: as no column of the tables is, or it would be that."""


@dataclass(frozen=True)
class Question:
    """What is asked for."""

    dimensions: Mapping[str, Dimension]
    """What to group by, by the names these have in the answer."""
    conditions: Sequence[Any]
    rounded: Rounded
    priced: bool
    backwards: bool


def key(dimension: int, number: int = 0) -> str:
    """Return what the key of a dimension is called in a row."""
    return f"key_{dimension}_{number}"


def name(dimension: int) -> str:
    """Return what the name is called that belongs to the key."""
    return f"name_{dimension}"


def page(question: Question, first: int, last: int) -> CompoundSelect[Any]:
    """Return the groups at these places and between; and, without a place, the totals of all.

    The latter have the number of all ``groups``.
    """
    placed = _placed(question).cte("placed")
    between = placed.c.place.between(_large(first), _large(last))
    groups = select(*placed.c, null().label("groups")).where(between)
    return union_all(groups, _totals(question, placed)).order_by("place")


def lines(question: Question, most: int | None) -> Statement:
    """Return all groups, or the first so many."""
    placed = _placed(question).cte("placed")
    order: list[Any] = [placed.c.place]
    if question.priced:
        order.append(ByCodePoint(placed.c[CURRENCY]).nulls_last())
    statement: Statement = select(*placed.c).order_by(*order)
    return statement if most is None else statement.where(placed.c.place <= _large(most))


def _large(place: int) -> Any:
    return literal(place, BigInteger())


def _placed(question: Question) -> Statement:
    """Return all groups, with their names and places."""
    dimensions = [*question.dimensions.values()]
    parts = _parts(question, dimensions).cte("parts")
    statement = _in_cents(question, parts)
    order: list[Any] = []
    for place, dimension in enumerate(dimensions):
        keys = [parts.c[key(place, number)] for number in range(len(dimension.keys))]
        if named := dimension.named:
            statement = statement.add_columns(named.name.label(name(place)))
            statement = statement.outerjoin(named.kind, named.kind.id == keys[0])
            order.append(named.sorted_by)
        order += dimension.order(keys)
    directed = (each.desc() if question.backwards else each.asc() for each in order)
    placed = func.dense_rank().over(order_by=[each.nulls_last() for each in directed])
    return statement.add_columns(placed.label("place"))


def _parts(question: Question, dimensions: Sequence[Dimension]) -> Statement:
    """Return the sums over entries."""
    columns: dict[str, Any] = {
        key(place, number): each
        for place, dimension in enumerate(dimensions)
        for number, each in enumerate(dimension.keys)
    }
    if question.priced:
        columns[CURRENCY] = currency()
    by = [*columns]
    columns |= sums(question.rounded, priced=question.priced)
    statement: Statement = select(*(each.label(label) for label, each in columns.items()))
    statement = statement.select_from(TimeEntry).where(*question.conditions)
    joins = {each.table: each.condition for every in dimensions for each in every.joins}
    for table, condition in joins.items():
        statement = statement.outerjoin(table, condition)
    return statement.group_by(*by)  # by their labels: an expression would have other parameters


def _in_cents(question: Question, parts: Any) -> Statement:
    """Return the same with amounts in place of what they are made of."""
    columns = [each for each in parts.c if each.key not in {"high", "low"}]
    if question.priced:
        columns.append(cents(parts.c.high, parts.c.low).label("cents"))
    return select(*columns).select_from(parts)


def _totals(question: Question, placed: Any) -> Statement:
    """Return what the groups add up to; or the entries, where some are in several groups."""
    source = placed
    if any(each.repeats for each in question.dimensions.values()):
        source = _in_cents(question, _parts(question, []).cte("whole_parts")).cte("whole")
    found: dict[str, Any] = {each: added(source.c[each]) for each in MEASURES}
    if question.priced:
        found |= {CURRENCY: source.c[CURRENCY], "cents": added(source.c.cents)}
    shown = [found.get(each.key, null()).label(each.key) for each in placed.c]
    groups = select(func.max(placed.c.place)).scalar_subquery()
    totals = select(*shown, groups.label("groups")).select_from(source)
    return totals.group_by(source.c[CURRENCY]) if question.priced else totals
