"""Values that name other records."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.models import User


async def unknown_users(session: AsyncSession, ids: Iterable[int]) -> set[int]:
    """Return those of the ids that no user has."""
    wanted = set(ids)
    return wanted.difference(await session.scalars(select(User.id).where(User.id.in_(wanted))))
