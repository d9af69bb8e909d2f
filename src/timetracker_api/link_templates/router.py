"""Link templates."""

from typing import Annotated

from fastapi import Depends, Query, status

from timetracker_api import entities
from timetracker_api.custom_fields.changes.schemas import TemplateUsage
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.link_templates import service
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.preview import preview
from timetracker_api.link_templates.resolving import resolve
from timetracker_api.link_templates.schemas import (
    LinkTemplateCreate,
    LinkTemplateListing,
    LinkTemplatePreview,
    LinkTemplateRead,
    LinkTemplateUpdate,
    Preview,
    Resolved,
)
from timetracker_api.link_templates.service import TEMPLATES
from timetracker_api.link_templates.usage import usage
from timetracker_api.urls import MAX_URL
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("link-templates")
for_definers = ResourceRouter("link-templates", for_writers=True)

TemplateToChange = Annotated[LinkTemplate, for_writing(LinkTemplate)]


@router.get("", response_model=Page[LinkTemplateRead])
async def list_link_templates(
    session: Reading,
    listing: Annotated[LinkTemplateListing, Depends(LinkTemplateListing.from_query)],
) -> Values:
    """Link templates, in their order unless asked otherwise."""
    return await listing.page(session, TEMPLATES, *await service.visible(session))


@router.post("", response_model=LinkTemplateRead, status_code=status.HTTP_201_CREATED)
async def create_link_template(session: Writing, data: LinkTemplateCreate) -> Values:
    """Have the values of a field become links."""
    return await TEMPLATES.after(session, service.create(session, data.whole()))


@router.post("/preview", response_model=Preview)
async def preview_link_template(session: Writing, data: LinkTemplatePreview) -> Values:
    """Try a link template without saving it: what it makes of records, or why it makes nothing.

    Refused as saving it would be.
    """
    return await preview(session, data.whole())


@router.get("/resolve", response_model=Resolved)
async def resolve_link(
    session: Reading,
    url: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_URL,
            description="An address, as it stands in a browser.",
            examples=["https://erp.example.com/debtors/10042"],
        ),
    ],
) -> Values:
    """Find the records that have an address as a link, among those the caller may see.

    Case of scheme and host, and different ways to write the same characters, do not matter.
    """
    return await resolve(session, url)


@router.get("/{id}", response_model=LinkTemplateRead)
async def get_link_template(session: Reading, id: Id) -> Values:
    """One link template."""
    return await TEMPLATES.one(session, id, *await service.visible(session))


@router.patch("/{id}", response_model=LinkTemplateRead)
async def update_link_template(
    session: Writing, template: TemplateToChange, data: LinkTemplateUpdate
) -> Values:
    """Change a link template."""
    return await TEMPLATES.after(session, service.update(session, template, data.given()))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_link_template(session: Writing, template: TemplateToChange) -> None:
    """Delete a link template. The values stay."""
    await entities.delete(session, template)


@for_definers.get("/{id}/usage", response_model=TemplateUsage)
async def get_link_template_usage(session: Reading, id: Id) -> Values:
    """How many values a link template makes links of, and which it cannot."""
    return await usage(session, id)
