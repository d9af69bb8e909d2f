"""The query parameters by which payments are found and listed."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement

from timetracker_api.invoices.models import Invoice
from timetracker_api.payments.models import Payment
from timetracker_api.schema import Day
from timetracker_api.web.pagination import Listing
from timetracker_api.web.parameters import Ids, among


class PaymentListing(Listing, frozen=True):
    """How to list payments."""

    invoice_id: Ids | None = None
    """Only those for these invoices: one id, or several with commas."""
    client_id: Ids | None = None
    """Only those of these clients."""
    method: Annotated[str | None, Field(max_length=50)] = None
    """Only those that were paid in this way."""
    paid_from: Day | None = None
    """Only those of this day or later."""
    paid_to: Day | None = None
    """Only those of this day or earlier."""
    sort: Literal[
        "paid_on", "-paid_on", "amount", "-amount", "created_at", "-created_at"
    ] = "-paid_on"  # fmt: skip
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.invoice_id:
            yield among(Payment.invoice_id, self.invoice_id)
        if self.client_id:
            yield among(Invoice.client_id, self.client_id)
        if self.method:
            yield Payment.method == self.method
        if self.paid_from:
            yield Payment.paid_on >= self.paid_from
        if self.paid_to:
            yield Payment.paid_on <= self.paid_to

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {name: getattr(Payment, name) for name in ("paid_on", "amount", "created_at")}
