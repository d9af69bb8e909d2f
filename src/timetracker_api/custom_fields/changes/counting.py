"""How many records have a value."""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.models import HasCustomFields, entities_with_custom_fields
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.json.values import HasValue


async def counts(session: AsyncSession, key: str) -> Mapping[str, int]:
    """Return the number of records with a value under ``key``, per entity type that has any."""
    return await _count(session, lambda kind: HasKey(kind.custom_fields, key))


async def choice_counts(
    session: AsyncSession, key: str, choice: str, *, in_list: bool
) -> Mapping[str, int]:
    """Return the number of records that have this choice, per entity type that has any."""
    return await _count(
        session, lambda kind: HasValue(kind.custom_fields, key, choice, in_list=in_list)
    )


async def _count(
    session: AsyncSession, condition: Callable[[type[HasCustomFields]], ColumnElement[bool]]
) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name, kind in entities_with_custom_fields().items():
        statement = select(func.count()).select_from(kind).where(condition(kind))
        if count := await session.scalar(statement):
            found[name] = count
    return found
