"""The settings of the organisation as the API takes and shows them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import MISSING, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from timetracker_api.organization.numbering import ORDINARY, NumberPattern
from timetracker_api.schema import Amount, Body, Currency, Day, Name, Patch, Resource, TimeZoneName

Overlaps = Literal["allow", "warn", "reject"]
FutureEntries = Literal["allow", "reject"]
Rounding = Literal["up", "nearest", "down"]


def _not_true_or_false(value: object) -> object:
    """Pydantic takes false for 0 where there is a choice of numbers."""
    if isinstance(value, bool):
        raise PydanticCustomError("type", "Must be a whole number.")
    return value


RoundingMinutes = Annotated[
    Literal[0, 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60], BeforeValidator(_not_true_or_false)
]
"""What divides an hour, so that rounded durations add up to whole ones."""


class _Settings(Body):
    name: Annotated[Name, Field(examples=["Acme Consulting"])] | None
    """What the organisation is called."""
    time_zone: TimeZoneName
    """The IANA time zone of everybody who has none of their own."""
    currency: Currency
    """The ISO 4217 currency of clients that have none of their own, and of all users' rates."""
    hourly_rate: Amount | None
    """What an hour costs where nobody has said otherwise. Needs `rates:read`."""
    overlap_policy: Overlaps
    """Whether the entries of one user may overlap: `allow`, `warn` (the answer has `warnings`)
    or `reject` (409)."""
    future_entries: FutureEntries
    """Whether entries may start in the future. A timer may not, but for a minute."""
    locked_before: Day | None
    """Entries dated before this day cannot be created, changed or deleted without
    `time_entries:unlock`."""
    rounding: Rounding
    """Which way reports and invoices round the duration of every entry, which itself stays as it
    was recorded."""
    rounding_minutes: Annotated[RoundingMinutes, Field(examples=[15])]
    """To how many minutes they round it; 0 for not at all."""
    invoice_number_pattern: NumberPattern
    """What the numbers of invoices look like: text with `{number}`, which counts from 1, or
    `{number:4}` for at least four digits, and `{year}` where every year begins with 1 again."""


class SettingsUpdate(Patch, _Settings):
    """Any of the settings; the rest stay as they are."""


class SettingsRead(Resource):
    """What holds for everybody."""

    name: Annotated[str | None, Field(examples=["Acme Consulting"])]
    """What the organisation is called."""
    time_zone: Annotated[str, Field(examples=["Europe/Brussels"])]
    """The IANA time zone of everybody who has none of their own."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """The ISO 4217 currency of clients that have none of their own, and of all users' rates."""
    hourly_rate: Amount | MISSING | None = MISSING
    """What an hour costs where nobody has said otherwise. Left out without `rates:read`."""
    overlap_policy: Overlaps
    """Whether the entries of one user may overlap."""
    future_entries: FutureEntries
    """Whether entries may start in the future."""
    locked_before: date | None
    """Entries dated before this day are closed."""
    rounding: Rounding
    """Which way reports and invoices round the duration of every entry."""
    rounding_minutes: Annotated[RoundingMinutes, Field(examples=[15])]
    """To how many minutes they round it; 0 for not at all."""
    invoice_number_pattern: Annotated[str, Field(examples=[ORDINARY])]
    """What the numbers of invoices look like."""
