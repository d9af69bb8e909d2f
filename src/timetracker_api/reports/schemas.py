"""Reports as the API shows them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import MISSING, ConfigDict, Field, JsonValue

from timetracker_api.organization.schemas import Rounding, RoundingMinutes
from timetracker_api.schema import Reference, Schema

GROUP: Mapping[str, JsonValue] = {
    "client": {"id": 7, "name": "Acme"},
    "month": {"label": "2026-11", "first_day": "2026-11-01", "last_day": "2026-11-30"},
}
"""An example of a group by client and month."""


class Tag(Schema):
    """A tag."""

    name: Annotated[str, Field(examples=["meeting"])]
    """The tag itself."""


class Billable(Schema):
    """Whether time can be billed."""

    value: Annotated[bool, Field(examples=[True])]
    """Whether it can."""


class Period(Schema):
    """A day, week, month, quarter or year."""

    label: Annotated[str, Field(examples=["2026-11"])]
    """What it is called: `2026-11-20`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`."""
    first_day: Annotated[date, Field(examples=["2026-11-01"])]
    """Its first day, also where the report begins later."""
    last_day: Annotated[date, Field(examples=["2026-11-30"])]
    """Its last day, also where the report ends earlier."""


class FieldValue(Schema):
    """A value of a custom field."""

    value: Annotated[JsonValue, Field(examples=["gold"])]
    """The value as records have it; of a list, one of its items."""
    label: Annotated[str | None, Field(examples=["Gold"])]
    """What the choice is called; null for what is not a choice."""


class Group(Schema):
    """What the entries of a group have in common: one member for each part of `group_by`.

    It is null for entries that have nothing there: no project, no tag, no value.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FieldValue | None] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride] - how Pydantic is told

    client: Reference | MISSING = MISSING
    """The client."""
    project: Reference | MISSING | None = MISSING
    """The project; null for time that was spent on a client alone."""
    task: Reference | MISSING | None = MISSING
    """The task; null for time without one."""
    user: Reference | MISSING = MISSING
    """Who spent it."""
    tag: Tag | MISSING | None = MISSING
    """A tag. An entry is in the group of each of its tags; null for those without any."""
    billable: Billable | MISSING = MISSING
    """Whether it can be billed."""
    day: Period | MISSING = MISSING
    """The day."""
    week: Period | MISSING = MISSING
    """The week of ISO 8601: from Monday, the first being that of the year's first Thursday."""
    month: Period | MISSING = MISSING
    """The month."""
    quarter: Period | MISSING = MISSING
    """The quarter of the year."""
    year: Period | MISSING = MISSING
    """The year."""


class ReportAmount(Schema):
    """What time costs, in one currency."""

    amount: Annotated[Decimal, Field(examples=["1981.62"])]
    """The amount, rounded to cents, half to even."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """Its ISO 4217 currency."""


class Measures(Schema):
    """What entries add up to. What is running has no duration yet, and is counted on its own."""

    seconds: Annotated[int, Field(examples=[73_800])]
    """Their durations, as they were recorded."""
    rounded_seconds: Annotated[int, Field(examples=[74_700])]
    """Their durations, each of them rounded."""
    billable_seconds: Annotated[int, Field(examples=[73_800])]
    """The durations of the billable ones, as they were recorded."""
    count: Annotated[int, Field(examples=[14])]
    """How many they are, without what is running."""
    running: Annotated[int, Field(examples=[0])]
    """How many are running."""
    amounts: list[ReportAmount] | MISSING = MISSING
    """What the billable ones cost: their rounded durations at the rates they were recorded with.
    One amount for each currency; what has no rate is in none. Left out without `rates:read`."""


class _Grouped(Schema):
    group: Annotated[Group, Field(examples=[GROUP])]
    """What they have in common."""


class ReportLine(Measures, _Grouped):
    """One group of entries, and what they add up to."""


class RoundingRule(Schema):
    """How the durations of entries are rounded."""

    minutes: Annotated[RoundingMinutes, Field(examples=[15])]
    """To how many minutes; 0 for not at all."""
    mode: Annotated[Rounding, Field(examples=["nearest"])]
    """Which way."""


class TimeReportRead(Schema):
    """Time, by groups."""

    group_by: Annotated[list[str], Field(examples=[["client", "month"]])]
    """What it is grouped by."""
    from_: Annotated[date | None, Field(alias="from", examples=["2026-11-01"])]
    """The first day; null for no limit."""
    to: Annotated[date | None, Field(examples=["2026-11-30"])]
    """The last day; null for no limit."""
    basis: Annotated[Literal["local_date", "time_zone"], Field(examples=["local_date"])]
    """Whose days it counts in: those of every entry's own calendar, or those of one zone."""
    time_zone: Annotated[str | None, Field(examples=[None])]
    """That zone."""
    rounding: RoundingRule
    """How the duration of every entry was rounded: as the settings say, or as was asked for."""
    items: list[ReportLine]
    """The groups on this page."""
    total: Measures
    """What all groups add up to, those on other pages too. The amounts are the sums of those shown.
    Where an entry is in several groups, the total has it once."""
    groups: Annotated[int, Field(examples=[1])]
    """How many groups there are on all pages together."""
    limit: Annotated[int, Field(examples=[1000])]
    """The most groups a page has."""
    offset: Annotated[int, Field(examples=[0])]
    """How many groups stand before this page."""
