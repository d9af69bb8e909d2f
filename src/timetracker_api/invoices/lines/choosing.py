"""Which time is to be billed, and how, as the API takes it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import ColumnElement

from timetracker_api.invoices.lines.schemas import Percent
from timetracker_api.schema import Body, Day, IdOf
from timetracker_api.time_entries import periods
from timetracker_api.time_entries.models import TimeEntry

GroupBy = Literal["entry", "task", "project", "user", "day"]
Several = Annotated[list[IdOf], Field(min_length=1, max_length=100, examples=[[7]])]


class TimeToBill(Body):
    """Which time is to be billed, and how."""

    from_: Annotated[Day | None, Field(alias="from", examples=["2026-11-01"])] = None
    """Only time of this day or later, by its own calendar."""
    to: Annotated[Day | None, Field(examples=["2026-11-30"])] = None
    """Only time of this day or earlier, by its own calendar."""
    project_ids: Several | None = None
    """Only time on these projects."""
    task_ids: Annotated[Several | None, Field(examples=[None])] = None
    """Only time on these tasks."""
    user_ids: Annotated[Several | None, Field(examples=[None])] = None
    """Only time of these users."""
    group_by: GroupBy = "project"
    """What a line stands for. Time at different rates is on different lines."""
    tax_rate: Percent = Decimal(0)
    """The tax on all of it, in percent."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the body."""
        for column, ids in (
            (TimeEntry.project_id, self.project_ids),
            (TimeEntry.task_id, self.task_ids),
            (TimeEntry.user_id, self.user_ids),
        ):
            if ids:
                yield column.in_(ids)
        yield from periods.days(TimeEntry.local_date, self.from_, self.to)
        yield from periods.around(self.from_, self.to)
