"""The rules about people."""

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth import passwords
from timetracker_api.auth.models import Token, User
from timetracker_api.auth.scopes import Role
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Conflict, Fault, Invalid

USERS = Representation(
    User,
    select(
        User.id,
        User.username,
        User.name,
        User.email,
        User.role,
        User.time_zone,
        User.archived_at,
        User.version,
        User.created_at,
        User.updated_at,
    ),
)


class LastAdmin(Conflict):
    """Without this user there would be no administrator left who can sign in."""

    title = "There must be an administrator"


async def create(session: AsyncSession, values: Values) -> User:
    """Add a user; `Invalid` for a password that is guessed easily."""
    return await entities.create(session, User, await _with_password_hashed(User(), values))


async def update(session: AsyncSession, user: User, values: Values) -> User:
    """Change a user. A new password ends all their logins."""
    if values.get("role", user.role) != Role.ADMIN:
        await _keep_an_admin(session, user)
    if "password" in values:
        await end_logins(session, user)
    return await entities.update(session, user, await _with_password_hashed(user, values))


async def update_own(session: AsyncSession, values: Values) -> User:
    """Change the caller's own user; a new password needs the old one, and ends other logins."""
    known = context(session)
    user = await entities.locked(session, User, known.actor_id or 0)
    current: SecretStr | None = values.pop("current_password", None)
    if "password" in values:
        given = current.get_secret_value() if current else ""
        if not await passwords.verify(given, user.password_hash):
            raise Invalid(
                Fault(
                    pointer="/current_password",
                    code="wrong_password",
                    message="This is not the current password.",
                )
            )
        await end_logins(session, user, but=known.token_id)
    return await entities.update(session, user, await _with_password_hashed(user, values))


async def archive(session: AsyncSession, user: User) -> User:
    """Refuse somebody from now on; what they did stays."""
    await _keep_an_admin(session, user)
    return await entities.update(session, user, {"archived_at": user.archived_at or clock.now()})


async def unarchive(session: AsyncSession, user: User) -> User:
    """Let somebody in again."""
    return await entities.update(session, user, {"archived_at": None})


async def delete(session: AsyncSession, user: User) -> None:
    """Remove somebody who has no history."""
    await _keep_an_admin(session, user)
    await entities.delete(session, user)


async def end_logins(session: AsyncSession, user: User, *, but: int | None = None) -> None:
    """Revoke the tokens of all logins of a user, except one; those of programs stay."""
    logins = select(Token).where(
        Token.user_id == user.id, Token.kind == "session", Token.revoked_at.is_(None)
    )
    for token in await session.scalars(logins):
        if token.id != but:
            await entities.update(session, token, {"revoked_at": clock.now()})


async def _keep_an_admin(session: AsyncSession, user: User) -> None:
    """Locks all administrators: two of them removing each other must not both succeed."""
    if user.role != Role.ADMIN or user.archived_at is not None:
        return
    admins = select(User.id).where(User.role == Role.ADMIN, User.archived_at.is_(None))
    ids: Sequence[int] = (await session.scalars(admins.with_for_update())).all()
    if set(ids) <= {user.id}:
        raise LastAdmin(f"{user.username} is the last administrator.")


async def _with_password_hashed(user: User, values: Values) -> dict[str, Any]:
    if "password" not in values:
        return values
    password: SecretStr | None = values["password"]
    rest = {name: value for name, value in values.items() if name != "password"}
    if password is None:
        return rest | {"password_hash": None}
    plain = password.get_secret_value()
    known = {name: rest.get(name, getattr(user, name)) for name in ("username", "name", "email")}
    passwords.refuse_weak(plain, *known.values())
    return rest | {"password_hash": await passwords.hashed(plain)}
