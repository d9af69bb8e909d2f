"""Payments as the API takes and shows them."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from timetracker_api.schema import (
    AMOUNT,
    AMOUNT_READ,
    AMOUNT_SHOWN,
    LARGEST_AMOUNT,
    Amount,
    Body,
    Day,
    IdOf,
    Line,
    Name,
    Patch,
    Pattern,
    Reference,
    Resource,
    Schema,
    Text,
)

Paid = Annotated[
    Decimal,
    Field(strict=False, gt=0, le=LARGEST_AMOUNT, decimal_places=4),
    AMOUNT_READ,
    Field(examples=["95.50"]),
    AMOUNT_SHOWN,
    Pattern(AMOUNT),
]
"""Money that is more than none."""

Method = Annotated[Line, Field(min_length=1, max_length=50, examples=["bank transfer"])]


class PaymentFields(Body):
    """What can be said of a payment."""

    amount: Paid
    """How much was paid, in the invoice's currency. More than is owed is taken as well."""
    paid_on: Day
    """The day on which it was."""
    method: Method | None = None
    """How it was paid."""
    reference: Annotated[Name, Field(examples=["2026-11-22/17"])] | None = None
    """What the bank calls it."""
    notes: Annotated[Text, Field(max_length=10_000, examples=["In two parts."])] | None = None
    """Whatever there is to say about it."""


class PaymentCreate(PaymentFields):
    """Money that a client has paid."""

    invoice_id: IdOf
    """The issued invoice that it was paid for."""


class PaymentUpdate(Patch, PaymentFields):
    """Any of the fields of a payment; the rest stay as they are."""


class PaidInvoice(Schema):
    """An invoice, by the number that it bears."""

    id: Annotated[int, Field(examples=[7])]
    """Its id."""
    number: Annotated[str, Field(examples=["INV-2026-0001"])]
    """Its number."""


class PaymentRead(Resource):
    """Money that a client has paid."""

    invoice: PaidInvoice
    """The invoice that it was paid for."""
    client: Reference
    """Who has paid."""
    amount: Amount
    """How much was paid."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """The ISO 4217 currency of the amount: the invoice's."""
    paid_on: date
    """The day on which it was."""
    method: Annotated[str | None, Field(examples=["bank transfer"])]
    """How it was paid."""
    reference: Annotated[str | None, Field(examples=["2026-11-22/17"])]
    """What the bank calls it."""
    notes: Annotated[str | None, Field(examples=["In two parts."])]
    """Whatever there is to say about it."""
