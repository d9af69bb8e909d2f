"""The definitions of custom fields."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response, status

from timetracker_api.custom_fields import service
from timetracker_api.custom_fields.changes import defining
from timetracker_api.custom_fields.changes.rehearsing import DryRun
from timetracker_api.custom_fields.changes.schemas import Impact
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.schemas import (
    DefinitionCreate,
    DefinitionListing,
    DefinitionRead,
    DefinitionUpdate,
)
from timetracker_api.custom_fields.service import DEFINITIONS
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("custom-field-definitions", scope="custom_fields")

DRY_RUN: dict[int | str, dict[str, Any]] = {
    status.HTTP_200_OK: {"model": Impact, "description": "What it would mean"}
}
"""The answer to a dry run, where the other one has another status."""

DefinitionToChange = Annotated[CustomFieldDefinition, for_writing(CustomFieldDefinition)]


@router.get("", response_model=Page[DefinitionRead])
async def list_custom_field_definitions(
    session: Reading, listing: Annotated[DefinitionListing, Depends(DefinitionListing.from_query)]
) -> Values:
    """The custom fields there are, in the order of forms unless asked otherwise."""
    return await listing.page(session, DEFINITIONS, *service.visible(session))


@router.post(
    "",
    response_model=DefinitionRead,
    status_code=status.HTTP_201_CREATED,
    responses=DRY_RUN,
)
async def create_custom_field_definition(
    session: Writing, data: DefinitionCreate, *, dry_run: DryRun = False
) -> Values | Response:
    """Define a custom field. Every record written from now on is checked against it."""
    return await defining.create(session, data.whole(), dry_run=dry_run)


@router.get("/{id}", response_model=DefinitionRead)
async def get_custom_field_definition(session: Reading, id: Id) -> Values:
    """One definition."""
    return await DEFINITIONS.one(session, id, *service.visible(session))


@router.patch("/{id}", response_model=DefinitionRead | Impact)
async def update_custom_field_definition(
    session: Writing,
    definition: DefinitionToChange,
    data: DefinitionUpdate,
    *,
    dry_run: DryRun = False,
) -> Values | Response:
    """Change a definition. Records that do not satisfy it stay as they are, and can be edited."""
    return await defining.update(session, definition, data.given(), dry_run=dry_run)


@router.delete(
    "/{id}",
    response_model=None,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=DRY_RUN,
)
async def delete_custom_field_definition(
    session: Writing,
    definition: DefinitionToChange,
    *,
    purge: Annotated[bool, Query(description="Whether to remove all values as well.")] = False,
    dry_run: DryRun = False,
) -> Response | None:
    """Delete a definition. With values on records it takes `purge`; or make it inactive."""
    return await defining.delete(session, definition, purge=purge, dry_run=dry_run)
