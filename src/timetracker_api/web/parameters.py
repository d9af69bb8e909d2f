"""The query parameters of a list, and the conditions that follow from them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from timetracker_api.db.base import Numbered
from timetracker_api.problems import Fault, Invalid, pointer

_IDS = r"[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,99}"

Ids = Annotated[str, Field(pattern=rf"^{_IDS}$", examples=["1,2"])]
"""One id, or several with commas."""

IdsOrNone = Annotated[str, Field(pattern=rf"^(none|(none,)?{_IDS})$", examples=["1,2"])]
"""The same, with ``none`` for records that have no such reference."""

NONE = "none"


def among(column: InstrumentedAttribute[Any], ids: str) -> ColumnElement[bool]:
    """Compare a reference with ids as they stand in a query."""
    wanted = ids.split(",")
    found = column.in_([int(id) for id in wanted if id != NONE])
    return or_(column.is_(None), found) if NONE in wanted else found


class Parameters(BaseModel, frozen=True):
    """The query parameters every list understands. A slice adds its own filters."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    open_prefix: ClassVar[str | None] = None
    """The beginning of parameter names that only the database knows."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """The most records to return."""

    @model_validator(mode="after")
    def _knows_its_parameters(self) -> Self:
        unknown = [
            unknown_parameter(name, self.known())
            for name in self.model_extra or {}
            if self.open_prefix is None or not name.startswith(self.open_prefix)
        ]
        if unknown:
            raise Invalid(*unknown)
        return self

    @classmethod
    def known(cls) -> Sequence[str]:
        """Return the names of all parameters."""
        names = [field.alias or name for name, field in cls.model_fields.items()]
        return [*names, *([f"{cls.open_prefix}<key>"] if cls.open_prefix else [])]

    @property
    def filters(self) -> Mapping[str, Any]:
        """The parameters that only the database knows, without their prefix."""
        prefix = self.open_prefix or ""
        extra = self.model_extra or {}
        return {name.removeprefix(prefix): value for name, value in extra.items()}

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters alone."""
        yield from ()

    async def conditions(
        self,
        session: AsyncSession,  # noqa: ARG002 - for those who override it
        kind: type[Numbered],  # noqa: ARG002
    ) -> list[ColumnElement[bool]]:
        """Return all conditions, also those that the database must be asked about."""
        return list(self.where())


def unknown_parameter(name: str, known: Sequence[str]) -> Fault:
    """Say that a list has no such parameter, and which it has."""
    return Fault(
        pointer=pointer(name),
        source="query",
        code="unknown_parameter",
        message=f"There is no parameter {name}; there are {', '.join(known) or 'none'}.",
    )
