"""Projects."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api import entities
from timetracker_api.custom_fields.showing import include
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.projects import service
from timetracker_api.projects.models import Project
from timetracker_api.projects.schemas import (
    ProjectCreate,
    ProjectListing,
    ProjectRead,
    ProjectUpdate,
)
from timetracker_api.projects.service import PROJECTS
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("projects")

ProjectToChange = Annotated[Project, for_writing(Project)]


@router.get("", response_model=Page[ProjectRead])
async def list_projects(
    session: Reading, listing: Annotated[ProjectListing, Depends(ProjectListing.from_query)]
) -> Values:
    """Projects, by name unless asked otherwise.

    `custom.<key>=value` keeps those whose custom field has this value. `custom.<key>.<operator>`
    asks otherwise, with `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `contains`, `starts_with` or
    `is_set`, as far as the kind of the field has them. Several must all hold. `client.custom.<key>`
    asks about their clients.
    `sort=custom.<key>` sorts by a field.
    """
    return await listing.page(session, PROJECTS)


@router.post("", response_model=ProjectRead, status_code=status.HTTP_201_CREATED)
async def create_project(session: Writing, data: ProjectCreate) -> Values:
    """Add a project to a client."""
    return await PROJECTS.after(session, service.create(session, data.whole()))


@router.get("/{id}", response_model=ProjectRead, dependencies=[Depends(include)])
async def get_project(session: Reading, id: Id) -> Values:
    """One project, with the time recorded on it and how much of its budgets that is."""
    return await PROJECTS.one(session, id)


@router.patch("/{id}", response_model=ProjectRead)
async def update_project(session: Writing, project: ProjectToChange, data: ProjectUpdate) -> Values:
    """Change some of a project's fields, and some of its custom fields."""
    return await PROJECTS.after(session, service.update(session, project, data.given()))


@router.post("/{id}/archive", response_model=ProjectRead)
async def archive_project(session: Writing, project: ProjectToChange) -> Values:
    """Put a project away. Its history stays; it takes no new time."""
    return await PROJECTS.after(session, entities.archive(session, project))


@router.post("/{id}/unarchive", response_model=ProjectRead)
async def unarchive_project(session: Writing, project: ProjectToChange) -> Values:
    """Bring a project back."""
    return await PROJECTS.after(session, entities.unarchive(session, project))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_project(session: Writing, project: ProjectToChange) -> None:
    """Delete a project nothing refers to."""
    await entities.delete(session, project)
