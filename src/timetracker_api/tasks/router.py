"""Tasks."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api import entities
from timetracker_api.custom_fields.showing import include
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.tasks import service
from timetracker_api.tasks.models import Task
from timetracker_api.tasks.schemas import (
    TaskCreate,
    TaskListing,
    TaskRead,
    TaskUpdate,
)
from timetracker_api.tasks.service import TASKS
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("tasks")

TaskToChange = Annotated[Task, for_writing(Task)]


@router.get("", response_model=Page[TaskRead])
async def list_tasks(
    session: Reading, listing: Annotated[TaskListing, Depends(TaskListing.from_query)]
) -> Values:
    """Tasks, by name unless asked otherwise.

    `custom.<key>=value` keeps those whose custom field has this value. `custom.<key>.<operator>`
    asks otherwise, with `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `contains`, `starts_with` or
    `is_set`, as far as the kind of the field has them. Several must all hold.
    `project.custom.<key>` and `client.custom.<key>` ask about where they belong.
    `sort=custom.<key>` sorts by a field.
    """
    return await listing.page(session, TASKS)


@router.post("", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
async def create_task(session: Writing, data: TaskCreate) -> Values:
    """Add a task to a project."""
    return await TASKS.after(session, service.create(session, data.whole()))


@router.get("/{id}", response_model=TaskRead, dependencies=[Depends(include)])
async def get_task(session: Reading, id: Id) -> Values:
    """One task, with the time recorded on it."""
    return await TASKS.one(session, id)


@router.patch("/{id}", response_model=TaskRead)
async def update_task(session: Writing, task: TaskToChange, data: TaskUpdate) -> Values:
    """Change some of a task's fields, and some of its custom fields."""
    return await TASKS.after(session, service.update(session, task, data.given()))


@router.post("/{id}/archive", response_model=TaskRead)
async def archive_task(session: Writing, task: TaskToChange) -> Values:
    """Put a task away. Its history stays; it takes no new time."""
    return await TASKS.after(session, entities.archive(session, task))


@router.post("/{id}/unarchive", response_model=TaskRead)
async def unarchive_task(session: Writing, task: TaskToChange) -> Values:
    """Bring a task back."""
    return await TASKS.after(session, entities.unarchive(session, task))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_task(session: Writing, task: TaskToChange) -> None:
    """Delete a task nothing refers to."""
    await entities.delete(session, task)
