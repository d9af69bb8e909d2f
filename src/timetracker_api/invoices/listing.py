"""The query parameters by which invoices are found and listed."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, func

from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.finding.filters import CustomListing, Related
from timetracker_api.custom_fields.finding.sort_parameter import SortedBy
from timetracker_api.db.naming import containing
from timetracker_api.invoices.models import Invoice, Status
from timetracker_api.schema import Day, Moment
from timetracker_api.web.choices import SeveralOf
from timetracker_api.web.pagination import Listing
from timetracker_api.web.parameters import Ids, among


class InvoiceListing(CustomListing, Listing, frozen=True):
    """How to list invoices."""

    related = {"client": Related(Client, [Invoice.client_id])}

    search: Annotated[str | None, Field(max_length=200)] = None
    """Only those whose number, reference or notes contain this, whatever the case."""
    client_id: Ids | None = None
    """Only those of these clients: one id, or several with commas."""
    status: Annotated[str, SeveralOf(Status), Field(examples=["issued,partly_paid"])] | None = None
    """Only those with this status: one of `draft`, `issued`, `partly_paid`, `paid` and `void`, or
    several with commas."""
    issued_from: Day | None = None
    """Only those issued on this day or later."""
    issued_to: Day | None = None
    """Only those issued on this day or earlier."""
    due_from: Day | None = None
    """Only those to be paid on this day or later."""
    due_to: Day | None = None
    """Only those to be paid on this day or earlier."""
    updated_since: Moment | None = None
    """Only those that were changed at this instant or later."""
    sort: SortedBy[
        Literal[
            "number", "-number", "issued_on", "-issued_on", "due_on", "-due_on", "total", "-total",
            "created_at", "-created_at", "updated_at", "-updated_at",
        ]
    ] = "-created_at"  # fmt: skip
    """The order; with `-` in front, the other way round. Drafts, which have no number, come before
    all that have one; what has no date comes after all that have one."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.search:
            yield containing(Invoice.search_key, self.search)
        if self.client_id:
            yield among(Invoice.client_id, self.client_id)
        if self.status:
            yield Invoice.status.in_(self.status.split(","))
        if self.issued_from:
            yield Invoice.issued_on >= self.issued_from
        if self.issued_to:
            yield Invoice.issued_on <= self.issued_to
        if self.due_from:
            yield Invoice.due_on >= self.due_from
        if self.due_to:
            yield Invoice.due_on <= self.due_to
        if self.updated_since:
            yield Invoice.updated_at >= self.updated_since

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            # The databases do not agree on where nothing comes in an order.
            "number": func.coalesce(Invoice.number, ""),
            "issued_on": func.coalesce(Invoice.issued_on, date.max),
            "due_on": func.coalesce(Invoice.due_on, date.max),
            "total": Invoice.total,
            "created_at": Invoice.created_at,
            "updated_at": Invoice.updated_at,
        }
