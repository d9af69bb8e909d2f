"""Projects as the API takes and shows them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field, JsonValue, PlainSerializer
from sqlalchemy import ColumnElement, func

from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.finding.filters import CustomListing, Related
from timetracker_api.custom_fields.finding.sort_parameter import SortedBy
from timetracker_api.custom_fields.schemas import CustomFields, CustomValues
from timetracker_api.db.naming import active, containing
from timetracker_api.link_templates.schemas import Links
from timetracker_api.projects.models import Project
from timetracker_api.schema import (
    Amount,
    Body,
    IdOf,
    Line,
    Name,
    Patch,
    Pattern,
    Prose,
    Reference,
    Resource,
)
from timetracker_api.web.pagination import ArchivableListing
from timetracker_api.web.parameters import Ids, Search, among

LONGEST_CODE = 50
"""Characters."""

Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#3366cc"])]
Hours = Annotated[
    Decimal,
    Field(strict=False, ge=0, le=1_000_000, decimal_places=2, examples=["120.00"]),
    PlainSerializer("{:.2f}".format, return_type=str),
    Pattern(r"^0*([0-9]{1,6}(\.[0-9]{1,2})?|1000000(\.00?)?)$"),
]


class ProjectCreate(Body):
    """Work for a client that time is recorded on."""

    client_id: IdOf
    """Whom the work is for. It cannot be changed once time is recorded."""
    name: Annotated[Name, Field(examples=["Website"])]
    """What it is called. Unique per client, whatever the case."""
    code: (
        Annotated[Line, Field(min_length=1, max_length=LONGEST_CODE, examples=["ACME-WEB"])] | None
    ) = None
    """A short name for invoices and imports. Unique, whatever the case."""
    description: Annotated[Prose, Field(examples=["A new face for the shop."])] | None = None
    """Whatever there is to say about it."""
    billable: bool = True
    """Whether its entries are billable unless they say otherwise."""
    hourly_rate: Amount | None = None
    """What an hour costs; null for the client's rate. Needs `rates:read`."""
    budget_hours: Hours | None = None
    """How many hours it may take."""
    budget_amount: Amount | None = None
    """How much it may cost. Needs `rates:read`."""
    color: Color | None = None
    """For calendars and charts, as `#rrggbb`."""
    custom_fields: CustomFields = {}
    """Values of custom fields by key."""


class ProjectUpdate(Patch, ProjectCreate):
    """Any of the fields of a project; the rest stay as they are."""


class ProjectRead(Resource):
    """Work for a client that time is recorded on."""

    client: Reference
    """Whom the work is for."""
    name: Annotated[str, Field(examples=["Website"])]
    """What it is called."""
    code: Annotated[str | None, Field(examples=["ACME-WEB"])]
    """A short name for invoices and imports."""
    description: Annotated[str | None, Field(examples=["A new face for the shop."])]
    """Whatever there is to say about it."""
    billable: Annotated[bool, Field(examples=[True])]
    """Whether its entries are billable unless they say otherwise."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """The ISO 4217 currency of its amounts: the client's, or else the organisation's."""
    hourly_rate: Amount | MISSING | None = MISSING
    """What an hour costs; null for the client's rate. Left out without `rates:read`."""
    budget_hours: Hours | None
    """How many hours it may take."""
    budget_amount: Amount | MISSING | None = MISSING
    """How much it may cost. Left out without `rates:read`."""
    color: Color | None
    """For calendars and charts, as `#rrggbb`."""
    custom_fields: CustomValues
    """Values of custom fields by key."""
    custom_field_links: Links
    """The links that follow from the values, by the field they belong to."""
    inactive: Annotated[dict[str, JsonValue], Field(examples=[{}])] | MISSING = MISSING
    """The values of inactive custom fields; only with `include=inactive`."""
    tracked_seconds: Annotated[int, Field(examples=[36_000])]
    """The time recorded on it, without what is running."""
    tracked_amount: Annotated[Decimal, Field(examples=["950.00"])] | MISSING = MISSING
    """What the billable part of it costs, at the rates it was recorded with; what was recorded in
    another currency is not counted. Left out without `rates:read`."""
    budget_used: Annotated[float | None, Field(examples=[0.0833])]
    """The part of `budget_hours` that is used: 1 is all of it."""
    budget_amount_used: Annotated[float | None, Field(examples=[None])] | MISSING = MISSING
    """The part of `budget_amount` that is used. Left out without `rates:read`."""
    archived_at: datetime | None
    """Since when it takes no new time."""


class ProjectListing(CustomListing, ArchivableListing, frozen=True):
    """How to list projects."""

    related = {"client": Related(Client, [Project.client_id])}

    search: Search | None = None
    """Only those whose name or code contains this, whatever the case."""
    client_id: Ids | None = None
    """Only those of these clients: one id, or several with commas."""
    billable: bool | None = None
    """Only the billable, or only the others."""
    takes_time: bool | None = None
    """Only those that take new time, or only the others: neither they nor their client may be
    archived."""
    sort: SortedBy[
        Literal[
            "name", "-name", "code", "-code", "created_at", "-created_at", "updated_at",
            "-updated_at",
        ]
    ] = "name"  # fmt: skip
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.search:
            yield containing(Project.search_key, self.search)
        if self.client_id:
            yield among(Project.client_id, self.client_id)
        if self.billable is not None:
            yield Project.billable.is_(self.billable)
        if self.takes_time is not None:
            yield active(Project, Client).is_(self.takes_time)

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            "name": Project.name_key,
            # The databases do not agree on where nothing comes in an order.
            "code": func.coalesce(Project.code_key, ""),
            "created_at": Project.created_at,
            "updated_at": Project.updated_at,
        }
