"""Long lists that keep growing: read from a cursor on, stable under inserts.

A cursor holds the sort key and id of the last record seen; the next page begins behind it, however
deep, at the same cost. Records that are there during a whole walk are seen exactly once. Those
without a key come last, by their ids.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import MISSING, ConfigDict, Field, TypeAdapter
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    String,
    bindparam,
    func,
    literal,
    not_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from timetracker_api.db.session import context
from timetracker_api.db.types import UTCDateTime
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Fault, Invalid
from timetracker_api.schema import LARGEST_ID, Moment, Schema
from timetracker_api.web.parameters import Order, Parameters

T = TypeVar("T")

MOST_COUNTED = 10_000
SEAL_LENGTH = 9

LONGEST_CURSOR = 2200
"""A text that records are sorted by may have 256 characters, and be written in six times that."""

ID: TypeAdapter[Any] = TypeAdapter(Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)])
KEYS: Mapping[type[TypeEngine[Any]], TypeAdapter[Any]] = {
    UTCDateTime: TypeAdapter(Moment),
    String: TypeAdapter(Annotated[str, Field(pattern=r"\A[^\x00]*\z")]),
    Integer: TypeAdapter(Annotated[int, Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID)]),
    Numeric: TypeAdapter(int | float),
}
"""What cursors hold of sort keys, by the type of these."""

SORTED_BY = "sorted_by"
"""The name under which a row carries its sort key."""


@dataclass(frozen=True)
class Place:
    """Where a portion ended: the sort key of its last record, and the id."""

    key: Any
    id: int


class Portion(Schema, Generic[T]):
    """The next records of a feed."""

    model_config = ConfigDict(json_schema_extra={"description": "The next records of a feed."})

    items: list[T]
    """The records."""
    next: Annotated[str | None, Field(examples=[None])]
    """The `cursor` for what follows; null at the end."""
    total: Annotated[int, Field(examples=[1])] | MISSING = MISSING
    """How many records match; counted up to 10000. Only with `include=total`."""
    total_is_exact: Annotated[bool, Field(examples=[True])] | MISSING = MISSING
    """False where there are more than were counted. Only with `include=total`."""


class Feed(Parameters, frozen=True):
    """The query parameters of a feed."""

    cursor: Annotated[str | None, Field(max_length=LONGEST_CURSOR)] = None
    """`next` of the answer before; the other parameters must be the same."""
    include: str | None = None
    """What to add; `total` is how many records match."""
    sort: str = "-id"
    """The order; with `-` in front, the newest first."""

    async def portion(
        self,
        session: AsyncSession,
        shown: Representation,
        key: InstrumentedAttribute[Any],
        *conditions: ColumnElement[bool],
    ) -> Values:
        """Return the next records in the order of ``key``, then id."""
        entity = shown.entity
        where = [*await self.conditions(session, entity), *conditions]
        order = await self.sorted_by(session, entity, key)
        seen = None if self.cursor is None else self._read(self.cursor, order)
        # Of the usual order there is one for all requests, whose columns are looked at once.
        shown = (_with_usual_key if order.key is key else _with_key)(shown, order.key)
        rows: list[Values] = []
        for wanted in _ahead(shown.statement.where(*where), order, entity.id, seen):
            if len(rows) <= self.limit:
                rows += await shown.rows(
                    session, wanted.limit(_literal(self.limit + 1 - len(rows)))
                )
        places = [Place(row.pop(SORTED_BY), row["id"]) for row in rows]
        following = None
        if len(rows) > self.limit:
            del rows[self.limit :]
            following = self.cursor_after(places[self.limit - 1])
            context(session).next_page = {"cursor": following}
        answer: Values = {"items": rows, "next": following}
        if self.include == "total":
            some = (
                shown.statement.where(*where).with_only_columns(entity.id).limit(MOST_COUNTED + 1)
            )
            count = await session.scalar(select(func.count()).select_from(some.subquery())) or 0
            answer["total"] = min(count, MOST_COUNTED)
            answer["total_is_exact"] = count <= MOST_COUNTED
        return answer

    def cursor_after(self, last: Place) -> str:
        """Return where the page begins that follows this place."""
        place = orjson.dumps([last.key, last.id])
        return urlsafe_b64encode(self._seal(place) + place).decode().rstrip("=")

    def _read(self, cursor: str, order: Order) -> Place:
        """Return what a cursor holds, if that is written just so: anybody can make one up."""
        try:
            decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            key, id = orjson.loads(decoded[SEAL_LENGTH:])
            if key is not None or order.present is None:
                key = _adapter(order.key.type).validate_python(key)
            place = Place(key, ID.validate_python(id))
            if self.cursor_after(place) == cursor:
                return place
        except (TypeError, ValueError):
            pass
        message = "The cursor is not one of this list with these parameters."
        raise Invalid(Fault(pointer="/cursor", source="query", code="cursor", message=message))

    def _seal(self, place: bytes) -> bytes:
        """Binds a cursor to its list, against mistakes.

        It protects nothing: what a caller may see is decided by the query's conditions.
        """
        query = self.model_dump_json(exclude={"cursor", "limit", "include"}, exclude_none=True)
        return blake2b(
            place + type(self).__name__.encode() + query.encode(), digest_size=SEAL_LENGTH
        ).digest()


def _literal(number: int) -> BindParameter[int]:
    """Have a number stand in the statement: for an unknown one, PostgreSQL prepares for very many
    rows, and reads whole tables to join a few.
    """
    return bindparam(None, number, type_=Integer(), literal_execute=True)


def _with_key(shown: Representation, key: Any) -> Representation:
    return Representation(shown.entity, shown.statement.add_columns(key.label(SORTED_BY)))


_with_usual_key = cache(_with_key)


def _adapter(type: TypeEngine[Any]) -> TypeAdapter[Any]:
    return next(adapter for kind, adapter in KEYS.items() if isinstance(type, kind))


def _ahead(
    matching: Select[*tuple[Any, ...]], order: Order, id: Any, seen: Place | None
) -> Iterator[Select[*tuple[Any, ...]]]:
    """Give what comes behind a place: the records with a key, then those without."""
    if seen is None or seen.key is not None:
        first = matching if order.present is None else matching.where(order.present)
        if seen is not None:
            last = tuple_(literal(seen.key, order.key.type), literal(seen.id, id.type))
            first = first.where(_behind(order, tuple_(order.key, id), last))
        yield first.order_by(*order.by(order.key, id))
    if order.present is not None:
        rest = matching.where(not_(order.present))
        if seen is not None and seen.key is None:
            rest = rest.where(_behind(order, id, seen.id))
        yield rest.order_by(*order.by(id))


def _behind(order: Order, place: Any, last: Any) -> ColumnElement[bool]:
    return place < last if order.backwards else place > last
