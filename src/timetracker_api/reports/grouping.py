"""The parameter that says what a report groups by: ``group_by=client,month``."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.finding.sort_parameter import PREFIX
from timetracker_api.problems import Fault, Invalid
from timetracker_api.reports.dimensions import NATIVE, Dimension
from timetracker_api.reports.fields import by_field
from timetracker_api.schema import Pattern
from timetracker_api.time_entries.feed import TimeEntryFilters

MOST_DIMENSIONS = 4

_OWNERS = "|".join(TimeEntryFilters.related)
_ONE = rf"({'|'.join(NATIVE)}|(({_OWNERS})\.)?custom\.[a-z][a-z0-9_]{{0,62}})"
_KNOWN = re.compile(_ONE)


def _checked(text: str) -> str:
    names = text.split(",")
    for name in names:
        if not _KNOWN.fullmatch(name):
            fields = (f"{prefix}<key>" for prefix in TimeEntryFilters.prefixes())
            raise PydanticCustomError(
                "not_a_choice",
                "There is no grouping by {name}; there is {known}.",
                {"name": ascii(name), "known": ", ".join([*NATIVE, *fields])},
            )
    if len(set(names)) < len(names):
        raise PydanticCustomError("not_unique", "Must not name anything twice.")
    if len(names) > MOST_DIMENSIONS:
        raise PydanticCustomError(
            "max_length", "Must name at most {most}.", {"most": MOST_DIMENSIONS}
        )
    return text


GroupBy = Annotated[
    str,
    Field(examples=["client,month"]),
    AfterValidator(_checked),
    Pattern(rf"^{_ONE}(,{_ONE}){{0,{MOST_DIMENSIONS - 1}}}$"),
]
"""One to four names, with commas."""


async def dimensions(
    session: AsyncSession, group_by: str | None, day: Any
) -> Mapping[str, Dimension]:
    """Return what is named, by its name; ``day`` is the expression for the day of an entry."""
    found: dict[str, Dimension] = {}
    faults: list[Fault] = []
    for name in group_by.split(",") if group_by else ():
        try:
            found[name] = await by_field(session, name) if PREFIX in name else NATIVE[name](day)
        except Invalid as problem:
            faults += problem.faults
    if faults:
        raise Invalid(*faults)
    return found
