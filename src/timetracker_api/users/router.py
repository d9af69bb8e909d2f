"""People."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Request, status

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.principal import Caller
from timetracker_api.auth.throttling import Throttle, client_address
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.users import service
from timetracker_api.users.schemas import (
    MeRead,
    MeUpdate,
    UserCreate,
    UserListing,
    UserRead,
    UserUpdate,
)
from timetracker_api.users.service import USERS
from timetracker_api.web import caching
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

me = ResourceRouter("users/me", scope=None, tag="users")
router = ResourceRouter("users")

UserToChange = Annotated[User, for_writing(User)]


async def _admins_first(session: Writing) -> None:
    await service.lock_admins(session)


ADMINS_FIRST = Depends(_admins_first)


async def _as_oneself(caller: Caller) -> None:
    service.require_own(caller)


AS_ONESELF = Depends(_as_oneself)


async def limited(request: Request, caller: Caller, data: MeUpdate) -> AsyncGenerator[MeUpdate]:
    """Count the attempts at the current password like those to sign in."""
    if "password" not in data.model_fields_set:
        yield data
        return
    throttle: Throttle = request.app.state.throttle
    address, account = client_address(request), f"user {caller.actor_id}"
    await throttle.login(address, account)
    yield data
    await throttle.forgive(address, account)


@me.get("", response_model=MeRead)
async def get_me(session: Reading, caller: Caller) -> Values:
    """Whoever is asking, and what this token may do."""
    return await USERS.one(session, caller.actor_id or 0) | {"scopes": sorted(caller.scopes)}


@me.patch("", response_model=UserRead, dependencies=[AS_ONESELF])
async def update_me(
    session: Writing,
    data: Annotated[MeUpdate, Depends(limited, scope="function")],
    if_match: caching.IfMatch = None,
) -> Values:
    """Change your own name, address, time zone or password.

    Takes a login, or a token that may do all that your role allows, or has `users:write`.
    """
    return await USERS.after(session, service.update_own(session, data.given(), if_match))


@router.get("", response_model=Page[UserRead])
async def list_users(
    session: Reading, listing: Annotated[UserListing, Depends(UserListing.from_query)]
) -> Values:
    """Users, by username unless asked otherwise."""
    return await listing.page(session, USERS)


@router.post("", response_model=UserRead, status_code=status.HTTP_201_CREATED)
async def create_user(session: Writing, data: UserCreate) -> Values:
    """Add somebody who can sign in."""
    return await USERS.after(session, service.create(session, data.whole()))


@router.get("/{id}", response_model=UserRead)
async def get_user(session: Reading, id: Id) -> Values:
    """One user."""
    return await USERS.one(session, id)


@router.patch("/{id}", response_model=UserRead)
async def update_user(
    session: Writing, id: Id, data: UserUpdate, if_match: caching.IfMatch = None
) -> Values:
    """Change some of a user's fields. A new password ends all their logins."""
    return await USERS.after(session, service.update(session, id, data.given(), if_match))


@router.post("/{id}/archive", response_model=UserRead, dependencies=[ADMINS_FIRST])
async def archive_user(session: Writing, user: UserToChange) -> Values:
    """Refuse somebody from now on. What they did stays."""
    return await USERS.after(session, service.archive(session, user))


@router.post("/{id}/unarchive", response_model=UserRead)
async def unarchive_user(session: Writing, user: UserToChange) -> Values:
    """Let somebody in again."""
    return await USERS.after(session, entities.unarchive(session, user))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[ADMINS_FIRST])
async def delete_user(session: Writing, user: UserToChange) -> None:
    """Remove somebody who has no history."""
    await service.delete(session, user)
