"""Invoices as the API takes and shows them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import MISSING, Field, JsonValue

from timetracker_api.custom_fields.schemas import CustomFields, CustomValues
from timetracker_api.invoices.lines.schemas import LineRead, Percent, Sum
from timetracker_api.invoices.models import Status
from timetracker_api.link_templates.schemas import Links
from timetracker_api.schema import (
    Amount,
    Body,
    Day,
    IdOf,
    Line,
    Name,
    Patch,
    Reference,
    Resource,
    Schema,
    Text,
)

PaymentDays = Annotated[int, Field(ge=0, le=3650)]


class InvoiceFields(Body):
    """What can be said of an invoice."""

    issued_on: Day | None = None
    """The date it bears; null for the day on which it is issued."""
    due_on: Annotated[Day, Field(examples=["2026-12-22"])] | None = None
    """When it is to be paid; or else `payment_days`."""
    payment_days: Annotated[PaymentDays | None, Field(examples=[None])] = None
    """How many days after `issued_on` it is to be paid; `due_on` follows when it is issued."""
    reference: Annotated[Name, Field(examples=["PO-4711"])] | None = None
    """What the client calls the order."""
    notes: Annotated[Text, Field(max_length=10_000, examples=["Ask for Ada."])] | None = None
    """Whatever there is to say about it among those who work with it. The client is not sent them,
    so that they can be changed at any time."""
    terms: Annotated[Text, Field(max_length=10_000, examples=["Net 30."])] | None = None
    """What the client is told beneath the lines."""
    discount_percent: Annotated[Percent, Field(examples=["2.50"])] | None = None
    """What is taken off the sum of the lines, in percent; or else `discount_amount`."""
    discount_amount: Annotated[Amount | None, Field(examples=[None])] = None
    """What is taken off the sum of the lines, but not more than that."""
    custom_fields: CustomFields = {}
    """Values of custom fields by key. They can be changed at any time."""


class InvoiceCreate(InvoiceFields):
    """A draft of an invoice."""

    client_id: IdOf
    """Who is billed. The currency is theirs, or else the organisation's, and stays as it is."""


class InvoiceUpdate(Patch, InvoiceFields):
    """Any of the fields of an invoice; the rest stay as they are. Once it is issued, only `notes`
    and `custom_fields` can change.
    """


class InvoiceVoid(Body):
    """Why an invoice is void."""

    reason: Annotated[Line, Field(min_length=1, max_length=500, examples=["Billed twice."])]
    """The same in a sentence."""


class BillTo(Schema):
    """Who was billed, as they were called then."""

    name: Annotated[str, Field(examples=["Acme"])]
    """Their name."""
    address: Annotated[str | None, Field(examples=["Desert 1\nTucson"])]
    """Where they were."""


class TaxRead(Schema):
    """What one rate of tax comes to."""

    rate: Percent
    """The rate in percent."""
    net: Sum
    """What is taxed at this rate, without its share of the discount."""
    tax: Sum
    """The tax on that."""


class InvoiceRead(Resource):
    """What a client is billed."""

    client: Reference
    """Who is billed."""
    number: Annotated[str | None, Field(examples=["INV-2026-0001"])]
    """Its number; null for a draft."""
    status: Annotated[Status, Field(examples=["draft"])]
    """`draft` until it is issued; `issued`, `partly_paid` or `paid` as its payments have it; `void`
    when it counts no more."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """The ISO 4217 currency of all its amounts."""
    issued_on: date | None
    """The date it bears."""
    due_on: date | None
    """When it is to be paid."""
    payment_days: Annotated[int | None, Field(examples=[30])]
    """How many days after `issued_on` it is to be paid."""
    reference: Annotated[str | None, Field(examples=["PO-4711"])]
    """What the client calls the order."""
    notes: Annotated[str | None, Field(examples=["Ask for Ada."])]
    """Whatever there is to say about it among those who work with it."""
    terms: Annotated[str | None, Field(examples=["Net 30."])]
    """What the client is told beneath the lines."""
    discount_percent: Percent | None
    """What is taken off the sum of the lines, in percent."""
    discount_amount: Annotated[Amount | None, Field(examples=[None])]
    """What is taken off the sum of the lines, as an amount."""
    subtotal: Sum
    """The sum of the lines."""
    discount: Sum
    """What is taken off that."""
    tax: Sum
    """The sum of `taxes`."""
    total: Sum
    """`subtotal` without `discount` and with `tax`."""
    paid: Sum
    """The sum of its payments."""
    outstanding: Sum
    """What is left to pay; negative where too much was paid, and zero for what is void."""
    bill_to: BillTo | None
    """The client as of when it was issued; null for a draft."""
    issued_at: datetime | None
    """When it was issued."""
    voided_at: datetime | None
    """When it became void."""
    void_reason: Annotated[str | None, Field(examples=[None])]
    """Why it is void."""
    lines: list[LineRead] | MISSING = MISSING
    """What is billed, in order. Left out of lists."""
    taxes: list[TaxRead] | MISSING = MISSING
    """What each rate of tax comes to, the lowest first. Left out of lists."""
    custom_fields: CustomValues
    """Values of custom fields by key."""
    custom_field_links: Links
    """The links that follow from the values, by the field they belong to."""
    inactive: Annotated[dict[str, JsonValue], Field(examples=[{}])] | MISSING = MISSING
    """The values of inactive custom fields; only with `include=inactive`."""
