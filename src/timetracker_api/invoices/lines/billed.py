"""What has become of time, as the API shows it."""

from typing import Annotated, Literal

from pydantic import Field

from timetracker_api.invoices.lines.schemas import Percent, Sum
from timetracker_api.schema import Amount, Schema

Reason = Literal["running", "incomplete", "no_rate", "other_currency"]
"""Why time is not billed."""


class BilledLine(Schema):
    """A line that time has become, or would become."""

    id: Annotated[int | None, Field(examples=[8])]
    """Its number; null for a dry run."""
    description: Annotated[str, Field(examples=["Website"])]
    """What it is."""
    quantity: Annotated[Sum, Field(examples=["1.50"])]
    """The hours, rounded to four decimals for show."""
    unit_price: Amount
    """The rate of the time."""
    tax_rate: Percent
    """The tax on it, in percent."""
    amount: Sum
    """What the billed seconds cost, rounded once."""
    seconds: Annotated[int, Field(examples=[5400])]
    """What was recorded."""
    billed_seconds: Annotated[int, Field(examples=[5400])]
    """What is billed of it."""
    entry_count: Annotated[int, Field(examples=[3])]
    """How many entries it stands for."""


class LeftOut(Schema):
    """Billable time that was not put on the invoice."""

    reason: Annotated[Reason, Field(examples=["no_rate"])]
    """`running`; `incomplete`, where mandatory custom fields have no value; `no_rate`; or
    `other_currency` than the invoice's."""
    count: Annotated[int, Field(examples=[1])]
    """How many entries there are."""
    entry_ids: Annotated[list[int], Field(examples=[[41]])]
    """Up to 100 of them."""


class TimeBilled(Schema):
    """What has become of time."""

    dry_run: Annotated[bool, Field(examples=[False])]
    """Whether nothing was changed."""
    lines: list[BilledLine]
    """The lines it has become."""
    amount: Sum
    """What they come to, without tax and discount."""
    left_out: list[LeftOut]
    """What could not be billed."""
