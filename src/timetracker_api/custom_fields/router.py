"""The definitions of custom fields."""

from typing import Annotated

from fastapi import Query, status

from timetracker_api.custom_fields import service
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

DefinitionToChange = Annotated[CustomFieldDefinition, for_writing(CustomFieldDefinition)]


@router.get("", response_model=Page[DefinitionRead])
async def list_custom_field_definitions(
    session: Reading, listing: Annotated[DefinitionListing, Query()]
) -> Values:
    """The custom fields there are, in the order of forms unless asked otherwise."""
    return await listing.page(session, DEFINITIONS, *service.visible(session))


@router.post("", response_model=DefinitionRead, status_code=status.HTTP_201_CREATED)
async def create_custom_field_definition(session: Writing, data: DefinitionCreate) -> Values:
    """Define a custom field. Every record written from now on is checked against it."""
    return await DEFINITIONS.one(session, (await service.create(session, data.whole())).id)


@router.get("/{id}", response_model=DefinitionRead)
async def get_custom_field_definition(session: Reading, id: Id) -> Values:
    """One definition."""
    return await DEFINITIONS.one(session, id, *service.visible(session))


@router.patch("/{id}", response_model=DefinitionRead)
async def update_custom_field_definition(
    session: Writing, definition: DefinitionToChange, data: DefinitionUpdate
) -> Values:
    """Change a definition. Records that do not satisfy it stay as they are, and can be edited."""
    return await DEFINITIONS.one(
        session, (await service.update(session, definition, data.given())).id
    )


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_custom_field_definition(session: Writing, definition: DefinitionToChange) -> None:
    """Delete a definition that no record has a value for. Otherwise make it inactive."""
    await service.delete(session, definition)
