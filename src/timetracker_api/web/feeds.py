"""Long lists that keep growing: read from a cursor on, stable under inserts.

A cursor holds the sort key and id of the last record seen; the next page begins behind it, however
deep, at the same cost. Records that are there during a whole walk are seen exactly once.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import MISSING, AwareDatetime, ConfigDict, Field, TypeAdapter
from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from timetracker_api.db.session import context
from timetracker_api.db.types import UTCDateTime
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Fault, Invalid
from timetracker_api.schema import LARGEST_ID, Schema
from timetracker_api.web.parameters import Parameters

T = TypeVar("T")

MOST_COUNTED = 10_000
SEAL_LENGTH = 9

INSTANT: TypeAdapter[Any] = TypeAdapter(AwareDatetime)
NUMBER: TypeAdapter[Any] = TypeAdapter(Annotated[int, Field(ge=1, le=LARGEST_ID)])


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

    cursor: Annotated[str | None, Field(max_length=500)] = None
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
        place = tuple_(key, entity.id)
        backwards = self.sort.startswith("-")
        from_here = list(where)
        if self.cursor is not None:
            last, id = self._read(
                self.cursor, INSTANT if isinstance(key.type, UTCDateTime) else NUMBER
            )
            seen = tuple_(literal(last, key.type), literal(id, entity.id.type))
            from_here.append(place < seen if backwards else place > seen)
        order = (key.desc(), entity.id.desc()) if backwards else (key.asc(), entity.id.asc())
        wanted = shown.statement.where(*from_here).order_by(*order).limit(self.limit + 1)
        rows = await shown.rows(session, wanted)
        following = None
        if len(rows) > self.limit:
            del rows[self.limit :]
            following = self._write(rows[-1][key.key], rows[-1]["id"])
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

    def _write(self, last: Any, id: int) -> str:
        place = orjson.dumps([last, id])
        return urlsafe_b64encode(self._seal(place) + place).decode().rstrip("=")

    def _read(self, cursor: str, key: TypeAdapter[Any]) -> tuple[Any, int]:
        """Return what a cursor holds, if that is written just so: anybody can make one up."""
        try:
            decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            last, id = orjson.loads(decoded[SEAL_LENGTH:])
            last, id = key.validate_python(last), NUMBER.validate_python(id, strict=True)
            if self._write(last, id) == cursor:
                return last, id
        except (TypeError, ValueError):
            pass
        message = "The cursor is not one of this list with these parameters."
        raise Invalid(Fault(pointer="/cursor", source="query", code="cursor", message=message))

    def _seal(self, place: bytes) -> bytes:
        """Binds a cursor to its list. It guards against mistakes; what one may see, the query."""
        query = self.model_dump_json(exclude={"cursor", "limit", "include"}, exclude_none=True)
        return blake2b(
            place + type(self).__name__.encode() + query.encode(), digest_size=SEAL_LENGTH
        ).digest()
