"""Time entries."""

from typing import Annotated

from fastapi import Depends, Response, status

from timetracker_api.custom_fields.showing import include
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.time_entries import bulk, service
from timetracker_api.time_entries.bulk import Bulk, BulkOutcome
from timetracker_api.time_entries.exporting import service as exporting
from timetracker_api.time_entries.exporting.examples import ANSWERS
from timetracker_api.time_entries.exporting.parameters import TimeEntryExport
from timetracker_api.time_entries.feed import TimeEntryFeed
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.schemas import TimeEntryCreate, TimeEntryRead, TimeEntryUpdate
from timetracker_api.time_entries.showing import TIME_ENTRIES, visible
from timetracker_api.web import caching
from timetracker_api.web.feeds import Portion
from timetracker_api.web.routing import Id, ResourceRouter
from timetracker_api.web.streaming import Streamed

router = ResourceRouter("time-entries")


@router.get("", response_model=Portion[TimeEntryRead])
async def list_time_entries(
    session: Reading, feed: Annotated[TimeEntryFeed, Depends(TimeEntryFeed.from_query)]
) -> Values:
    """Time entries, the newest first: one's own, or with `time_entries:others` everybody's.

    `custom.<key>=value` keeps those whose custom field has this value. `custom.<key>.<operator>`
    asks otherwise, with `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `contains`, `starts_with` or
    `is_set`, as far as the kind of the field has them. Several must all hold. `task.custom.<key>`,
    `project.custom.<key>` and `client.custom.<key>` ask about what they were recorded on.
    `sort=custom.<key>` sorts by a field.
    """
    return await feed.portion(session, TIME_ENTRIES, TimeEntry.started_at, *visible(session))


@router.post("", response_model=TimeEntryRead, status_code=status.HTTP_201_CREATED)
async def create_time_entry(session: Writing, data: TimeEntryCreate) -> Values:
    """Record time that was spent. For time that is being spent, start the timer."""
    return await service.create(session, data.whole())


@router.post(
    "/bulk",
    response_model=BulkOutcome,
    responses={status.HTTP_207_MULTI_STATUS: {"model": BulkOutcome, "description": "In part"}},
)
async def change_time_entries(session: Writing, data: Bulk, response: Response) -> Values:
    """Create, change and delete up to 500 entries at once, by the same rules.

    `atomic` does all or nothing. `partial` does what it can: the answer is 207, with the status
    of each operation and its entry or problem.
    """
    return await bulk.carry_out(session, data, response)


@router.get("/export", response_class=Streamed, responses=ANSWERS, status_code=status.HTTP_200_OK)
async def export_time_entries(
    session: Reading, query: Annotated[TimeEntryExport, Depends(TimeEntryExport.from_query)]
) -> Streamed:
    """All time entries that match, as one file: a table, or a line of JSON for each.

    Whose they are, and by what they can be found, is as in the list of time entries. The file is
    written while it is sent, however long it is, and shows them as they were when it was begun. An
    answer that ends without its last chunk is not complete: ask again.
    """
    return await exporting.export(session, query)


@router.get("/{id}", response_model=TimeEntryRead, dependencies=[Depends(include)])
async def get_time_entry(session: Reading, id: Id) -> Values:
    """One time entry."""
    return await TIME_ENTRIES.one(session, id, *visible(session))


@router.patch("/{id}", response_model=TimeEntryRead)
async def update_time_entry(
    session: Writing, id: Id, data: TimeEntryUpdate, if_match: caching.IfMatch = None
) -> Values:
    """Change some of an entry's fields. Moved elsewhere, it takes the rate of its new place."""
    return await service.update(session, id, data.given(), if_match)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_time_entry(session: Writing, id: Id, if_match: caching.IfMatch = None) -> None:
    """Delete an entry."""
    await service.delete(session, id, if_match)
