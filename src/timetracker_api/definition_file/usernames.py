"""Users as files name them: their ids are others in every installation."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.models import User
from timetracker_api.db.base import fold
from timetracker_api.entities import Values


async def of_ids(session: AsyncSession, ids: Iterable[Any]) -> Mapping[Any, str]:
    """Return what the users with these ids sign in with."""
    rows = await session.execute(select(User.id, User.username).where(User.id.in_(set(ids))))
    return {row.id: row.username for row in rows}


async def known(session: AsyncSession, names: Iterable[str]) -> Mapping[str, tuple[str, int]]:
    """Return name and id of those who sign in with one of these names, by its folded form."""
    keys = {fold(name) for name in names}
    rows = await session.execute(
        select(User.username_key, User.username, User.id).where(User.username_key.in_(keys))
    )
    return {row.username_key: (row.username, row.id) for row in rows}


def is_of_user(values: Values) -> bool:
    """Whether a field has a user as its default."""
    return values.get("kind") == "user" and values["default"] is not None
