"""What can be exported, in which form and order."""

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.finding.filters import ShownFields
from timetracker_api.custom_fields.showing import INCLUDE, Include
from timetracker_api.schema import LARGEST_ID
from timetracker_api.time_entries.feed import TimeEntryFilters
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import visible

Format = Literal["csv", "jsonl"]


class TimeEntryExport(TimeEntryFilters, ShownFields, frozen=True):
    """How to export time entries."""

    format: Format = "csv"
    """`csv` is a table for spreadsheets; `jsonl` has an entry per line, as the list shows it."""
    include: Annotated[Include | None, Field(description=INCLUDE)] = None
    limit: Annotated[int | None, Field(ge=1, le=LARGEST_ID, examples=[1000])] = None  # pyright: ignore[reportIncompatibleVariableOverride] - an export is not read page by page
    """The most entries to export; without it, all."""
    sort: Literal["started_at", "-started_at"] = "-started_at"
    """The order; with `-` in front, the newest first."""

    async def narrowed(
        self, session: AsyncSession, statement: Select[*tuple[Any, ...]]
    ) -> Select[*tuple[Any, ...]]:
        """Return a statement about entries, for those that are asked for and may be seen."""
        conditions = await self.conditions(session, TimeEntry)
        order = await self.sorted_by(session, TimeEntry, TimeEntry.started_at)
        return (
            statement.where(*conditions, *visible(session))
            .order_by(*order.by(order.key, TimeEntry.id))
            .limit(self.limit)
        )
