"""Lists of master data, a page at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Fault, Invalid, pointer
from timetracker_api.schema import Schema

T = TypeVar("T")


class Page(Schema, Generic[T]):
    """One page of a list."""

    items: list[T]
    """The records on this page."""
    total: Annotated[int, Field(examples=[1])]
    """How many records there are on all pages together."""
    limit: Annotated[int, Field(examples=[50])]
    """The most records a page has."""
    offset: Annotated[int, Field(examples=[0])]
    """How many records stand before this page."""


class Listing(BaseModel, frozen=True):
    """The query parameters every list understands. A slice adds its own filters."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    open_prefix: ClassVar[str | None] = None
    """The beginning of parameter names that only the database knows."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """The most records to return."""
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """How many records to skip."""
    sort: str = "id"
    """The order; with `-` in front, the other way round."""

    @model_validator(mode="after")
    def _knows_its_parameters(self) -> Self:
        for name in self.model_extra or {}:
            if self.open_prefix is None or not name.startswith(self.open_prefix):
                raise Invalid(unknown_parameter(name, self.known()))
        return self

    @classmethod
    def known(cls) -> Sequence[str]:
        """Return the names of all parameters."""
        return [*cls.model_fields, *([f"{cls.open_prefix}<key>"] if cls.open_prefix else [])]

    @property
    def filters(self) -> Mapping[str, Any]:
        """The parameters that only the database knows, without their prefix."""
        prefix = self.open_prefix or ""
        extra = self.model_extra or {}
        return {name.removeprefix(prefix): value for name, value in extra.items()}

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        yield from ()

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {}

    async def page(
        self, session: AsyncSession, shown: Representation, *conditions: ColumnElement[bool]
    ) -> Values:
        """Return one page, and how many records there are on all of them."""
        entity = shown.entity
        matching = shown.statement.where(*self.where(), *conditions)
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


def unknown_parameter(name: str, known: Sequence[str]) -> Fault:
    """Say that a list has no such parameter, and which it has."""
    return Fault(
        pointer=pointer(name),
        source="query",
        code="unknown_parameter",
        message=f"There is no parameter {name}; there are {', '.join(known)}.",
    )
