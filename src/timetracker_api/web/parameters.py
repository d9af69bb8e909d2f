"""The query parameters of a list, and the conditions that follow from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from timetracker_api.db.base import Numbered
from timetracker_api.problems import Fault, Invalid, pointer

MOST_ON_A_PAGE, USUALLY_ON_A_PAGE = 200, 50

LONGEST_SEARCH = 200
"""Characters."""

Search = Annotated[str, Field(max_length=LONGEST_SEARCH)]
"""A text to look for."""

ID = r"[1-9][0-9]{0,17}"
"""How an id is written in an address. More digits than these no record can have."""

MOST_IDS = 100
"""In one filter."""

_IDS = rf"{ID}(,{ID}){{0,{MOST_IDS - 1}}}"

IDS = rf"^{_IDS}$"
IDS_OR_NONE = rf"^(none|(none,)?{_IDS})$"

Ids = Annotated[str, Field(pattern=IDS, examples=["1,2"])]
"""One id, or several with commas."""

IdsOrNone = Annotated[str, Field(pattern=IDS_OR_NONE, examples=["1,2"])]
"""The same, with ``none`` for records that have no such reference."""

NONE = "none"


def among(column: InstrumentedAttribute[Any], ids: str) -> ColumnElement[bool]:
    """Compare a reference with ids as they stand in a query."""
    wanted = ids.split(",")
    found = column.in_([int(id) for id in wanted if id != NONE])
    return or_(column.is_(None), found) if NONE in wanted else found


@dataclass(frozen=True)
class Order:
    """What a list is sorted by. Between equals the id decides, in the same direction."""

    key: Any
    backwards: bool
    present: ColumnElement[bool] | None = None
    """True of the records that have a key, where not all have one. The others come last, whichever
    way round; they are asked for on their own, so that an index can serve each of the two."""

    def by(self, *columns: Any) -> Sequence[Any]:
        """Return the clauses that sort by these columns."""
        return [each.desc() if self.backwards else each.asc() for each in columns]


class Parameters(BaseModel, frozen=True):
    """The query parameters every list understands. A slice adds its own filters."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    limit: Annotated[int, Field(ge=1, le=MOST_ON_A_PAGE)] = USUALLY_ON_A_PAGE
    """The most records to return."""
    sort: str = "id"
    """The order; with `-` in front, the other way round."""

    @classmethod
    async def from_query(cls, request: Request) -> Self:
        """Read them: `Annotated[ClientListing, Depends(ClientListing.from_query)]`.

        FastAPI's own `Query()` would look at each parameter by itself, which for a list of time
        entries takes a tenth of the request. `documented` says what it would.
        """
        try:
            return cls.model_validate(dict(request.query_params))
        except ValidationError as error:
            faults = error.errors(include_url=False)
            raise RequestValidationError(
                [{**each, "loc": ("query", *each["loc"])} for each in faults]
            ) from None

    @classmethod
    def documented(cls) -> list[dict[str, Any]]:
        """Return them as an OpenAPI document lists them."""
        schema = cls.model_json_schema(ref_template="#/components/schemas/{model}")
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": member["description"],
                "schema": member,
            }
            for name, member in schema["properties"].items()
        ]

    @model_validator(mode="after")
    def _knows_its_parameters(self) -> Self:
        unknown = [
            unknown_parameter(name, self.known())
            for name in self.model_extra or {}
            if not name.startswith(self.prefixes())
        ]
        if unknown:
            raise Invalid(*unknown)
        return self

    @classmethod
    def prefixes(cls) -> tuple[str, ...]:
        """Return the beginnings of parameter names that only the database knows."""
        return ()

    @classmethod
    def known(cls) -> Sequence[str]:
        """Return the names of all parameters."""
        names = [field.alias or name for name, field in cls.model_fields.items()]
        return [*names, *(f"{prefix}<key>" for prefix in cls.prefixes())]

    @property
    def filters(self) -> Mapping[str, Any]:
        """The parameters that only the database knows."""
        return self.model_extra or {}

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters alone."""
        yield from ()

    async def conditions(
        self,
        session: AsyncSession,  # noqa: ARG002 - for those who override it
        kind: type[Numbered],  # noqa: ARG002 - likewise
    ) -> list[ColumnElement[bool]]:
        """Return all conditions, also those that the database must be asked about."""
        return list(self.where())

    async def sorted_by(
        self,
        session: AsyncSession,  # noqa: ARG002 - for those who override it
        kind: type[Numbered],  # noqa: ARG002 - likewise
        key: Any,
    ) -> Order:
        """Return the order; ``key`` is the column that ``sort`` names."""
        return Order(key, backwards=self.sort.startswith("-"))


def unknown_parameter(name: str, known: Sequence[str]) -> Fault:
    """Say that a list has no such parameter, and which it has."""
    return Fault(
        pointer=pointer(name),
        source="query",
        code="unknown_parameter",
        message=f"There is no parameter {name}; there are {', '.join(known) or 'none'}.",
    )
