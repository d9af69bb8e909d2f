"""Clients as the API takes and shows them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field, JsonValue
from sqlalchemy import ColumnElement

from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.finding.filters import CustomListing
from timetracker_api.custom_fields.finding.sort_parameter import SortedBy
from timetracker_api.custom_fields.schemas import CustomFields, CustomValues
from timetracker_api.db.naming import containing
from timetracker_api.link_templates.schemas import Links
from timetracker_api.schema import (
    Amount,
    Body,
    Currency,
    Email,
    Line,
    Name,
    Patch,
    Prose,
    Resource,
    Text,
)
from timetracker_api.web.pagination import ArchivableListing
from timetracker_api.web.parameters import Search

LONGEST_PHONE, LONGEST_ADDRESS = 50, 1000
"""Characters."""


class ClientCreate(Body):
    """Someone the work is done for."""

    name: Annotated[Name, Field(examples=["Acme"])]
    """What they are called. Unique, whatever the case and spacing."""
    description: Annotated[Prose, Field(examples=["Anvils."])] | None = None
    """Whatever there is to say about them."""
    contact_person: Annotated[Name, Field(examples=["Wile E. Coyote"])] | None = None
    """Whom to talk to."""
    email: Annotated[Email, Field(examples=["wile@example.com"])] | None = None
    """Where to write to."""
    phone: (
        Annotated[Line, Field(min_length=1, max_length=LONGEST_PHONE, examples=["+32 2 555 01 01"])]
        | None
    ) = None
    """Where to call."""
    address: (
        Annotated[Text, Field(max_length=LONGEST_ADDRESS, examples=["Desert 1\nTucson"])] | None
    ) = None
    """Where they live, over several lines."""
    currency: Currency | None = None
    """The ISO 4217 currency of their invoices; null for the organisation's."""
    hourly_rate: Amount | None = None
    """What an hour costs them; null for the rate of whoever works. Needs `rates:read`."""
    custom_fields: CustomFields = {}
    """Values of custom fields by key. In a PATCH, keys that are left out stay as they are, and
    null removes a value."""


class ClientUpdate(Patch, ClientCreate):
    """Any of the fields of a client; the rest stay as they are."""


class ClientRead(Resource):
    """Someone the work is done for."""

    name: Annotated[str, Field(examples=["Acme"])]
    """What they are called."""
    description: Annotated[str | None, Field(examples=["Anvils."])]
    """Whatever there is to say about them."""
    contact_person: Annotated[str | None, Field(examples=["Wile E. Coyote"])]
    """Whom to talk to."""
    email: Annotated[str | None, Field(examples=["wile@example.com"])]
    """Where to write to."""
    phone: Annotated[str | None, Field(examples=["+32 2 555 01 01"])]
    """Where to call."""
    address: Annotated[str | None, Field(examples=["Desert 1\nTucson"])]
    """Where they live, over several lines."""
    currency: Annotated[str | None, Field(examples=["EUR"])]
    """The ISO 4217 currency of their invoices; null for the organisation's."""
    hourly_rate: Amount | MISSING | None = MISSING
    """What an hour costs them. Left out for callers without `rates:read`."""
    custom_fields: CustomValues
    """Values of custom fields by key. A field without a value has no key here."""
    custom_field_links: Links
    """The links that follow from the values, by the field they belong to."""
    inactive: Annotated[dict[str, JsonValue], Field(examples=[{}])] | MISSING = MISSING
    """The values of inactive custom fields; only with `include=inactive`."""
    project_count: Annotated[int, Field(examples=[3])]
    """How many projects they have, without those that are archived."""
    archived_at: datetime | None
    """Since when they take no new work."""


class ClientListing(CustomListing, ArchivableListing, frozen=True):
    """How to list clients."""

    search: Search | None = None
    """Only those whose name, contact person, email or phone contains this, whatever the case."""
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    """Only those with this currency."""
    sort: SortedBy[
        Literal["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"]
    ] = "name"
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.search:
            yield containing(Client.search_key, self.search)
        if self.currency:
            yield Client.currency == self.currency

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            "name": Client.name_key,
            "created_at": Client.created_at,
            "updated_at": Client.updated_at,
        }
