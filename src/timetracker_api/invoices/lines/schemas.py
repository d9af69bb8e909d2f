"""The lines of invoices as the API takes and shows them."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from timetracker_api.schema import (
    AMOUNT_READ,
    AMOUNT_SHOWN,
    Amount,
    Body,
    IdOf,
    Patch,
    Pattern,
    Resource,
    Text,
)

Percent = Annotated[
    Decimal,
    Field(strict=False, ge=0, le=100, decimal_places=4),
    AMOUNT_READ,
    Field(examples=["21.00"]),
    AMOUNT_SHOWN,
    Pattern(r"^0*(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"),
]
"""A part of a hundred, with up to four decimals."""

Quantity = Annotated[
    Decimal,
    Field(strict=False, ge=0, le=Decimal("999999.9999"), decimal_places=4),
    AMOUNT_READ,
    Field(examples=["2.00"]),
    AMOUNT_SHOWN,
    Pattern(r"^0*[0-9]{1,6}(\.[0-9]{1,4})?$"),
]
"""How many there are of something, with up to four decimals."""

Sum = Annotated[
    Decimal,
    Field(examples=["121.00"]),
    AMOUNT_SHOWN,
    Pattern(r"^-?[0-9]+\.[0-9]{2,4}$"),
]
"""What amounts come to, which may be more than any of them, or less than nothing."""

Description = Annotated[Text, Field(min_length=1, max_length=2000, examples=["Travel expenses"])]


class LineCreate(Body):
    """Something that is billed."""

    description: Description
    """What it is."""
    quantity: Quantity = Decimal(1)
    """How many there are."""
    unit_price: Amount
    """What one of them costs, without tax."""
    tax_rate: Percent = Decimal(0)
    """The tax on it, in percent."""


class LineUpdate(Patch, LineCreate):
    """Any of the fields of a line; the rest stay as they are. The quantity of time follows from
    the time.
    """


class LineOrder(Body):
    """The lines of an invoice in another order."""

    line_ids: Annotated[list[IdOf], Field(max_length=1000, examples=[[8, 7]])]
    """The ids of all its lines, the first one first."""


class LineRead(Resource):
    """Something that is billed."""

    position: Annotated[int, Field(examples=[1])]
    """Its place among the lines, counted from 1."""
    description: Annotated[str, Field(examples=["Travel expenses"])]
    """What it is."""
    quantity: Annotated[Sum, Field(examples=["2.00"])]
    """How many there are. Of time, the hours, rounded to four decimals for show: the amount is
    computed from `billed_seconds`."""
    unit_price: Amount
    """What one of them costs, without tax."""
    tax_rate: Percent
    """The tax on it, in percent."""
    amount: Sum
    """What they cost together, without tax and discount."""
    seconds: Annotated[int | None, Field(examples=[None])]
    """Of time, what was recorded; null for what was written by hand."""
    billed_seconds: Annotated[int | None, Field(examples=[None])]
    """Of time, what is billed of it."""
