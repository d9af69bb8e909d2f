"""What a report can be asked for."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.scopes import Scope
from timetracker_api.db.local_dates import LocalDate
from timetracker_api.db.session import context
from timetracker_api.organization.rounding import Rounded
from timetracker_api.organization.schemas import Rounding, RoundingMinutes
from timetracker_api.organization.service import policy
from timetracker_api.problems import Fault, Invalid
from timetracker_api.reports.grouping import GroupBy, dimensions
from timetracker_api.reports.statement import Question
from timetracker_api.reports.zones import offsets
from timetracker_api.schema import LARGEST_ID, Day, TimeZoneName
from timetracker_api.time_entries import periods
from timetracker_api.time_entries.exporting.parameters import Format
from timetracker_api.time_entries.feed import TimeEntryFilters
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import visible

MOST_GROUPS = 1000


def _number(text: object) -> object:
    """Read a number: Pydantic compares a choice of numbers with numbers alone."""
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,2}", text) else text


class TimeReportFilters(TimeEntryFilters, frozen=True):
    """Which time to report, and how to sum it."""

    group_by: GroupBy | None = None
    """What to group by, up to four with commas between them: `client`, `project`, `task`, `user`,
    `tag`, `billable`, `day`, `week`, `month`, `quarter`, `year`, a custom field of the entries
    (`custom.<key>`) or of what they were recorded on (`client.custom.<key>`). Without it, there is
    only the total."""
    time_zone: TimeZoneName | None = None
    """The IANA zone in whose days to count. Without it, every entry is of the day that it was
    where it was recorded."""
    from_: Annotated[Day | None, Field(alias="from")] = None
    """Only what is of this day or later."""
    to: Day | None = None
    """Only what is of this day or earlier."""
    rounding: Rounding | None = None
    """Which way to round every entry; without it, as the settings say."""
    rounding_minutes: Annotated[
        RoundingMinutes | None, BeforeValidator(_number), Field(examples=[15])
    ] = None
    """To how many minutes; 0 for not at all. Without it, as the settings say."""
    sort: Literal["group", "-group"] = "group"
    """The order: that of `group_by`, or with `-` in front, the other way round."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.from_ and self.to and self.to < self.from_:
            message = "Must not lie before from."
            raise Invalid(Fault(pointer="/to", source="query", code="minimum", message=message))
        return self

    @property
    def day(self) -> Any:
        """The expression for the day of an entry."""
        if self.time_zone is None:
            return TimeEntry.local_date
        return LocalDate(TimeEntry.started_at, offsets(self.time_zone, self.from_, self.to))

    def period(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions on the day.

        A month of everybody's time is read from the index by local dates alone, which has what most
        reports sum. A condition on instants would take them to the table.
        """
        yield from periods.days(self.day, self.from_, self.to)
        if self.time_zone or self.user_id or self.client_id or self.project_id:
            yield from periods.around(self.from_, self.to)

    async def question(self, session: AsyncSession) -> Question:
        """Return what that is about entries, of those that the caller may see."""
        rule = await policy(session)
        conditions = await self.conditions(session, TimeEntry)
        if own := visible(session):
            conditions += [*own, *periods.around(self.from_, self.to)]
        minutes = self.rounding_minutes
        return Question(
            dimensions=await dimensions(session, self.group_by, self.day),
            conditions=conditions,
            rounded=Rounded(
                rule.rounding_minutes if minutes is None else minutes,
                self.rounding or rule.rounding,
            ),
            priced=Scope.RATES_READ in context(session).scopes,
            backwards=self.sort.startswith("-"),
        )


class TimeReport(TimeReportFilters, frozen=True):
    """How to read a report."""

    limit: Annotated[int, Field(ge=1, le=MOST_GROUPS)] = MOST_GROUPS
    """The most groups to return."""
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """How many groups to skip."""


class TimeReportExport(TimeReportFilters, frozen=True):
    """How to export a report."""

    format: Format = "csv"
    """`csv` is a table for spreadsheets; `jsonl` has an object per line."""
    limit: Annotated[int | None, Field(ge=1, le=LARGEST_ID, examples=[1000])] = None  # pyright: ignore[reportIncompatibleVariableOverride] - an export is not read page by page
    """The most groups to export; without it, all."""
