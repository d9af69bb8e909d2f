"""Records in the making that lacked only what nobody asks for any more."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.json.keys import HasKey


async def complete_again(session: AsyncSession, entity_types: Iterable[str]) -> None:
    """Mark records as complete that now are, after a field has ceased to be mandatory.

    Those that somebody holds are left to whoever does: writing them says anew whether they are,
    and to wait for them here could be to wait in a circle.
    """
    kinds: dict[str, Any] = entities_with_custom_fields()
    for kind in (kinds[name] for name in sorted(entity_types) if kinds[name].may_wait):
        needed = (await fields_of(session, kind.entity_type)).complete
        having = (HasKey(kind.custom_fields, key) for key in sorted(needed))
        free = select(kind.id).where(kind.complete.is_(False), *having)
        connection = await session.connection()
        await connection.execute(
            update(kind)
            .where(kind.id.in_(free.with_for_update(skip_locked=True)))
            .values(complete=True, version=kind.version + 1)
        )
