"""Defining, changing and deleting a field, for good or for a try."""

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service
from timetracker_api.custom_fields.changes.rehearsing import (
    answer,
    as_it_is,
    carried_out,
    rehearsed,
)
from timetracker_api.custom_fields.changes.rewriting import Rewriting
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.service import DEFINITIONS
from timetracker_api.db.json.keys import HasKey
from timetracker_api.entities import Values


async def create(session: AsyncSession, values: Values, *, dry_run: bool) -> Values | Response:
    """Define a field. There may be values of an older system already."""
    work = service.create(session, values)
    if dry_run:
        return await rehearsed(session, values["key"], work)
    return await DEFINITIONS.after(session, work)


async def update(
    session: AsyncSession, definition: CustomFieldDefinition, values: Values, *, dry_run: bool
) -> Values | Response:
    """Change a definition."""
    key, work = definition.key, service.update(session, definition, values)
    if dry_run:
        return await rehearsed(session, key, work)
    return await DEFINITIONS.after(session, work)


async def delete(
    session: AsyncSession, definition: CustomFieldDefinition, *, purge: bool, dry_run: bool
) -> Response | None:
    """Delete a definition, with all its values or only without any."""
    removal = Rewriting(
        session=session,
        definition=as_it_is(definition),
        which=lambda kind: HasKey(kind.custom_fields, removal.key),
        change=lambda _values: None,
        dry_run=dry_run,
    )
    if purge or dry_run:
        await removal.run()
    work = _purge(session, definition, removal) if purge else service.delete(session, definition)
    told = await carried_out(session, removal.key, work, dry_run=dry_run)
    return answer({**told, "definition": None, "impact": removal.impact}) if dry_run else None


async def _purge(
    session: AsyncSession, definition: CustomFieldDefinition, removal: Rewriting
) -> None:
    await service.remove(session, definition)
    await removal.finish()
