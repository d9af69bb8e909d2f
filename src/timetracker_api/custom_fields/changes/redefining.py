"""Changing a definition, and the values that records have with it."""

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service, uniqueness
from timetracker_api.custom_fields.changes.rehearsing import Unconvertible, carried_out
from timetracker_api.custom_fields.changes.rewriting import Rewriting
from timetracker_api.custom_fields.changes.schemas import TypeImpact
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.entities import Values


async def redefine(
    session: AsyncSession,
    definition: CustomFieldDefinition,
    values: Values,
    rewriting: Rewriting,
    *,
    dry_run: bool,
) -> Values:
    """Change a definition and all values with it, or nothing where one does not fit."""
    work = _redefine(session, definition, values, rewriting)
    told = await carried_out(session, rewriting.key, work, dry_run=dry_run)
    return {**told, "impact": rewriting.impact}


async def _redefine(
    session: AsyncSession, definition: CustomFieldDefinition, values: Values, rewriting: Rewriting
) -> None:
    await rewriting.run()
    await service.update(session, definition, values, converting=True)
    await rewriting.finish()
    if count := rewriting.unfit:
        what = "1 value does" if count == 1 else f"{count} values do"
        report = [TypeImpact(**each).model_dump(mode="json") for each in rewriting.impact]
        raise Unconvertible(f"{what} not fit; nothing was changed.", impact=report)
    if not rewriting.dry_run:
        await uniqueness.rebuild(session, definition)
