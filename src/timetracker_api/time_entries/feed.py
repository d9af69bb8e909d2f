"""The query parameters by which time entries are found and listed."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import ColumnElement

from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.finding.filters import CustomFilters, Related, ShownFields
from timetracker_api.custom_fields.finding.sort_parameter import SortedBy
from timetracker_api.db.json.keys import HasItem
from timetracker_api.db.naming import containing
from timetracker_api.projects.models import Project
from timetracker_api.schema import Day, Moment
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries import periods
from timetracker_api.time_entries.invoiced import is_invoiced, on_one_of
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.schemas import LONGEST_TAG
from timetracker_api.web.feeds import Feed
from timetracker_api.web.parameters import Ids, IdsOrNone, Search, among


class TimeEntryFilters(CustomFilters, frozen=True):
    """Which time entries are meant."""

    related = {
        "task": Related(Task, [TimeEntry.task_id]),
        "project": Related(Project, [TimeEntry.project_id]),
        "client": Related(Client, [TimeEntry.client_id]),
    }

    user_id: Ids | None = None
    """Only those of these users: one id, or several with commas."""
    client_id: Ids | None = None
    """Only those of these clients, through a project or not."""
    project_id: IdsOrNone | None = None
    """Only those of these projects; `none` for those without a project."""
    task_id: IdsOrNone | None = None
    """Only those of these tasks; `none` for those without a task."""
    tag: Annotated[str | None, Field(max_length=LONGEST_TAG)] = None
    """Only those with this tag."""
    billable: bool | None = None
    """Only the billable, or only the others."""
    running: bool | None = None
    """Only what is running, or only what has ended."""
    invoiced: bool | None = None
    """Only those that are on an invoice, draft or issued, or only the others."""
    invoice_id: Ids | None = None
    """Only those on these invoices."""
    complete: bool | None = None
    """Only those that have all mandatory custom fields, or only the others."""
    search: Search | None = None
    """Only those whose notes contain this, whatever the case."""
    from_: Annotated[Day | None, Field(alias="from")] = None
    """Only those of this day or later, by their own calendar."""
    to: Day | None = None
    """Only those of this day or earlier, by their own calendar."""
    started_after: Moment | None = None
    """Only those that began at this instant or later."""
    started_before: Moment | None = None
    """Only those that began before this instant."""
    updated_since: Moment | None = None
    """Only those that were changed at this instant or later."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        for column, ids in (
            (TimeEntry.user_id, self.user_id),
            (TimeEntry.client_id, self.client_id),
            (TimeEntry.project_id, self.project_id),
            (TimeEntry.task_id, self.task_id),
        ):
            if ids:
                yield among(column, ids)
        if self.tag:
            yield HasItem(TimeEntry.tags, self.tag)
        if self.billable is not None:
            yield TimeEntry.billable.is_(self.billable)
        if self.running is not None:
            ended = TimeEntry.ended_at
            yield ended.is_(None) if self.running else ended.is_not(None)
        if self.invoiced is not None:
            yield is_invoiced() if self.invoiced else ~is_invoiced()
        if self.invoice_id:
            yield on_one_of([int(id) for id in self.invoice_id.split(",")])
        if self.complete is not None:
            yield TimeEntry.complete.is_(self.complete)
        if self.search:
            yield containing(TimeEntry.search_key, self.search)
        yield from self.period()
        yield from periods.since(TimeEntry.started_at, self.started_after)
        yield from periods.before(TimeEntry.started_at, self.started_before)
        yield from periods.since(TimeEntry.updated_at, self.updated_since)

    def period(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions on the day."""
        yield from periods.days(TimeEntry.local_date, self.from_, self.to)
        yield from periods.around(self.from_, self.to)


class TimeEntryFeed(TimeEntryFilters, ShownFields, Feed, frozen=True):
    """How to list time entries."""

    include: Literal["total", "inactive"] | None = None
    """`total` adds how many match, `inactive` the values of custom fields that are not active."""
    sort: SortedBy[Literal["started_at", "-started_at"]] = "-started_at"
    """The order; with `-` in front, the newest first."""
