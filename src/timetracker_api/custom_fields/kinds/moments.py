"""Kinds whose values are dates and instants."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.refusing import written_as
from timetracker_api.schema import Day, Moment

PRECISE = re.compile(r".*:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-].*)", re.ASCII)
"""With seconds, as the ``date-time`` of forms is, and no finer than values are stored."""


def day(definition: Definition) -> Any:
    bounds = Field(
        ge=definition.minimum and date.fromisoformat(definition.minimum),
        le=definition.maximum and date.fromisoformat(definition.maximum),
    )
    return Annotated[Day, bounds]


def instant(_definition: Definition) -> Any:
    return Annotated[Moment, written_as(PRECISE, "datetime_type")]


def instant_text(_definition: Definition, value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
