"""Kinds whose values are dates and instants."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.refusing import refusal, written_as

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def day(definition: Definition) -> Any:
    bounds = Field(
        ge=definition.minimum and date.fromisoformat(definition.minimum),
        le=definition.maximum and date.fromisoformat(definition.maximum),
    )
    return Annotated[date, written_as(DATE, "date_type"), bounds]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise refusal("datetime_type", "Input lies outside the calendar") from None


def instant(_definition: Definition) -> Any:
    return Annotated[AwareDatetime, written_as(INSTANT, "datetime_type"), AfterValidator(_in_utc)]


def instant_text(_definition: Definition, value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
