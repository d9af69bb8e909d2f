"""Lists of master data, a page at a time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, Select, func, not_
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.base import Numbered
from timetracker_api.db.naming import Archivable, active
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.schema import Moment, Schema
from timetracker_api.web.choices import BooleanOrAny
from timetracker_api.web.parameters import Order, Parameters

T = TypeVar("T")

GREATEST_OFFSET = 10_000_000


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

    offset: Annotated[int, Field(ge=0, le=GREATEST_OFFSET)] = 0
    """How many records to skip."""

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {}

    def ties(self) -> Sequence[Any]:
        """Give the columns that decide between equals, before the id does."""
        return ()

    async def page(
        self, session: AsyncSession, shown: Representation, *conditions: ColumnElement[bool]
    ) -> Values:
        """Return one page, and how many records there are on all of them."""
        entity = shown.entity
        where = await self.conditions(session, entity)
        matching = shown.statement.where(*where, *conditions)
        total = await _count(session, matching)
        native = self.order().get(self.sort.removeprefix("-"), entity.id)
        order = await self.sorted_by(session, entity, native)
        rows = await self._rows(session, shown, matching, order, total)
        after = self.offset + self.limit
        if after < total:
            context(session).next_page = {"offset": after}
        return {"items": rows, "total": total, "limit": self.limit, "offset": self.offset}

    async def _rows(
        self,
        session: AsyncSession,
        shown: Representation,
        matching: Select[*tuple[Any, ...]],
        order: Order,
        total: int,
    ) -> list[Values]:
        id = shown.entity.id
        first = matching if order.present is None else matching.where(order.present)
        wanted = (
            first.order_by(*order.by(order.key, *self.ties(), id))
            .limit(self.limit)
            .offset(self.offset)
        )
        rows = await shown.rows(session, wanted)
        left = self.limit - len(rows)
        if order.present is None or not left or self.offset + len(rows) >= total:
            return rows
        # Where the page begins beyond them, it has to be asked how many have a key.
        skipped = 0 if rows or not self.offset else self.offset - await _count(session, first)
        last = matching.where(not_(order.present)).order_by(*order.by(id))
        return rows + await shown.rows(session, last.limit(left).offset(skipped))


class ArchivableListing(Listing, frozen=True):
    """The query parameters of a list of records that can be put away."""

    archived: BooleanOrAny = False
    """The archived ones instead of the active ones; `any` for both."""
    updated_since: Moment | None = None
    """Only those that were changed at this instant or later. To keep a copy, ask for `any`."""

    async def conditions(
        self, session: AsyncSession, kind: type[Numbered]
    ) -> list[ColumnElement[bool]]:
        """Return all conditions."""
        entity = cast(type[Archivable], kind)
        conditions = await super().conditions(session, kind)
        if self.archived != "any":
            conditions.append(active(entity).is_(not self.archived))
        if self.updated_since:
            conditions.append(entity.updated_at >= self.updated_since)
        return conditions


async def _count(session: AsyncSession, matching: Select[*tuple[Any, ...]]) -> int:
    count = matching.with_only_columns(func.count(), maintain_column_froms=True)
    return await session.scalar(count) or 0
