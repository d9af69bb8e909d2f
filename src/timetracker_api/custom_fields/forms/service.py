"""What is asked for, found among the documents or written."""

from typing import Any

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.forms import documents
from timetracker_api.custom_fields.forms.json_schema import DIALECT, Purpose, json_schema
from timetracker_api.custom_fields.forms.layouts import LayoutFormat, layout
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.session import context

Node = dict[str, Any]

TAGGED: Node = {
    "ETag": {
        "description": "Changes when a definition does. For `If-None-Match`.",
        "schema": {"type": "string"},
    }
}


async def schema(
    session: AsyncSession,
    entity_type: str,
    purpose: Purpose,
    path: str,
    if_none_match: str | None,
) -> Response:
    """Answer with the schema of an entity type's custom fields."""

    async def write() -> Node:
        fields = await fields_of(session, entity_type)
        # Form builders keep what they have compiled by this name, so no two schemas share it.
        name = f"{path}?for={purpose}&version={context(session).schema_version}"
        return {"$schema": DIALECT, "$id": name, **json_schema(fields, entity_type, purpose)}

    return await documents.answered(session, f"{path} {purpose}", if_none_match, write)


async def arrangement(
    session: AsyncSession, entity_type: str, format: LayoutFormat, if_none_match: str | None
) -> Response:
    """Answer with the layout of a form for an entity type's custom fields."""

    async def write() -> Node:
        return layout(await fields_of(session, entity_type), format)

    return await documents.answered(session, f"{entity_type} {format}", if_none_match, write)
