"""Link templates."""

from typing import Annotated

from fastapi import Query, status

from timetracker_api import entities
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.link_templates import service
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.schemas import (
    LinkTemplateCreate,
    LinkTemplateListing,
    LinkTemplateRead,
    LinkTemplateUpdate,
)
from timetracker_api.link_templates.service import TEMPLATES
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("link-templates")

TemplateToChange = Annotated[LinkTemplate, for_writing(LinkTemplate)]


@router.get("", response_model=Page[LinkTemplateRead])
async def list_link_templates(
    session: Reading, listing: Annotated[LinkTemplateListing, Query()]
) -> Values:
    """Link templates, in their order unless asked otherwise."""
    return await listing.page(session, TEMPLATES, *await service.visible(session))


@router.post("", response_model=LinkTemplateRead, status_code=status.HTTP_201_CREATED)
async def create_link_template(session: Writing, data: LinkTemplateCreate) -> Values:
    """Have the values of a field become links."""
    return await TEMPLATES.one(session, (await service.create(session, data.whole())).id)


@router.get("/{id}", response_model=LinkTemplateRead)
async def get_link_template(session: Reading, id: Id) -> Values:
    """One link template."""
    return await TEMPLATES.one(session, id, *await service.visible(session))


@router.patch("/{id}", response_model=LinkTemplateRead)
async def update_link_template(
    session: Writing, template: TemplateToChange, data: LinkTemplateUpdate
) -> Values:
    """Change a link template."""
    return await TEMPLATES.one(session, (await service.update(session, template, data.given())).id)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_link_template(session: Writing, template: TemplateToChange) -> None:
    """Delete a link template. The values stay."""
    await entities.delete(session, template)
