"""Schemas and layouts for those who build forms."""

from typing import Annotated

from fastapi import Path, Query, Request, Response, status

from timetracker_api.custom_fields.forms import service
from timetracker_api.custom_fields.forms.json_schema import Purpose
from timetracker_api.custom_fields.forms.layouts import LayoutFormat
from timetracker_api.custom_fields.forms.schemas import CustomFieldsSchema, FormLayout
from timetracker_api.custom_fields.schemas import EntityType
from timetracker_api.db.session import Reading
from timetracker_api.web.caching import IfNoneMatch
from timetracker_api.web.routing import ResourceRouter

router = ResourceRouter("custom-fields", scope="custom_fields", tag="forms")

OfType = Annotated[EntityType, Path(description="The type of the records.", examples=["client"])]
NOT_MODIFIED = {
    status.HTTP_200_OK: {"headers": service.TAGGED},
    status.HTTP_304_NOT_MODIFIED: {
        "description": "Nothing has changed",
        "headers": service.TAGGED,
    },
}


@router.get("/schema/{entity_type}", response_model=CustomFieldsSchema, responses={**NOT_MODIFIED})
async def get_custom_fields_schema(
    request: Request,
    session: Reading,
    entity_type: OfType,
    purpose: Annotated[
        Purpose,
        Query(alias="for", description="What the values are for: the rules differ."),
    ] = "create",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A JSON Schema of the custom fields of a type of records, as you know them."""
    return await service.schema(session, entity_type, purpose, request.url.path, if_none_match)


@router.get("/schema/{entity_type}/ui", response_model=FormLayout, responses={**NOT_MODIFIED})
async def get_custom_fields_layout(
    session: Reading,
    entity_type: OfType,
    format: Annotated[
        LayoutFormat, Query(description="Who draws the form: JSON Forms or react-jsonschema-form.")
    ] = "jsonforms",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """How a form for these fields is arranged: order, groups, widgets."""
    return await service.arrangement(session, entity_type, format, if_none_match)
