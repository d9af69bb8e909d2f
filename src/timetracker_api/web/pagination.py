"""Lists of master data, a page at a time."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.schema import Schema
from timetracker_api.web.parameters import Parameters

T = TypeVar("T")


class Page(Schema, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: list[T]
    """The records on this page."""
    total: Annotated[int, Field(examples=[1])]
    """How many records there are on all pages together."""
    limit: Annotated[int, Field(examples=[50])]
    """The most records a page has."""
    offset: Annotated[int, Field(examples=[0])]
    """How many records stand before this page."""


class Listing(Parameters, frozen=True):
    """The query parameters of a list that is read page by page."""

    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """How many records to skip."""
    sort: str = "id"
    """The order; with `-` in front, the other way round."""

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {}

    async def page(
        self, session: AsyncSession, shown: Representation, *conditions: ColumnElement[bool]
    ) -> Values:
        """Return one page, and how many records there are on all of them."""
        entity = shown.entity
        where = await self.conditions(session, entity)
        matching = shown.statement.where(*where, *conditions)
        count = matching.with_only_columns(func.count(), maintain_column_froms=True)
        total = await session.scalar(count)
        column = self.order().get(self.sort.removeprefix("-"), entity.id)
        order = (
            (column.desc(), entity.id.desc())
            if self.sort.startswith("-")
            else (column.asc(), entity.id.asc())
        )
        wanted = matching.order_by(*order).limit(self.limit).offset(self.offset)
        rows = await shown.rows(session, wanted)
        after = self.offset + self.limit
        if total is not None and after < total:
            context(session).next_page = {"offset": after}
        return {"items": rows, "total": total, "limit": self.limit, "offset": self.offset}
