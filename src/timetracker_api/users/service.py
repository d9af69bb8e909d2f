"""The rules about people."""

from pydantic import SecretStr
from sqlalchemy import bindparam, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth import passwords, tokens
from timetracker_api.auth.models import Token, User
from timetracker_api.auth.principal import require
from timetracker_api.auth.scopes import SCOPES, Role, Scope
from timetracker_api.db.session import Context, context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Conflict, Invalid, fault
from timetracker_api.web import caching

USERS = Representation(
    User,
    select(
        User.id,
        User.username,
        User.name,
        User.email,
        User.role,
        User.time_zone,
        User.hourly_rate,
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
    _give_no_more_than_one_has(session, values["role"])
    return await entities.create(session, User, await _with_password_hashed(values, values))


async def update(
    session: AsyncSession, id: int, values: Values, if_match: str | None = None
) -> User:
    """Change a user. A new password ends all their logins."""
    if "password" in values:
        values = await _with_password_hashed(values, await _before(session, id))
    await lock_admins(session)
    user = await _locked(session, id, if_match)
    if values.keys() & {"role", "username", "password_hash"}:
        _give_no_more_than_one_has(session, user.role, values.get("role", user.role))
    shut_out = user.password_hash is not None and values.get("password_hash", "") is None
    if shut_out or values.get("role", user.role) != Role.ADMIN:
        await _keep_an_admin(session, user)
    if "password_hash" in values:
        await end_logins(session, user)
    return await entities.update(session, user, values)


def require_own(known: Context) -> None:
    """Raise `Forbidden` unless the caller may change who they are, as a login may.

    A token made for less must not be a way to the password, and so to all that its user may.
    """
    if not SCOPES[Role(known.role)] <= known.scopes:
        require(known, [Scope.USERS_WRITE])


async def update_own(session: AsyncSession, values: Values, if_match: str | None = None) -> User:
    """Change the caller's own user; a new password needs the old one, and ends other logins."""
    known = context(session)
    id = known.actor_id or 0
    current: SecretStr | None = values.pop("current_password", None)
    if "password" not in values:
        return await entities.update(session, await _locked(session, id, if_match), values)
    if current is None:
        raise Invalid(
            fault("current_password", "required", "A new password needs the current one.")
        )
    before = await _before(session, id)
    if not await passwords.verify(current.get_secret_value(), before["password_hash"]):
        raise Invalid(
            fault("current_password", "wrong_password", "This is not the current password.")
        )
    values = await _with_password_hashed(values, before)
    user = await _locked(session, id, if_match)
    if user.password_hash != before["password_hash"]:
        raise Conflict("Somebody else has just changed the password.")
    await end_logins(session, user, but=known.token_id)
    return await entities.update(session, user, values)


async def archive(session: AsyncSession, user: User) -> User:
    """Refuse somebody from now on; what they did stays."""
    await _keep_an_admin(session, user)
    return await entities.archive(session, user)


async def delete(session: AsyncSession, user: User) -> None:
    """Remove somebody who has no history."""
    await _keep_an_admin(session, user)
    await entities.delete(session, user)


async def end_logins(session: AsyncSession, user: User, *, but: int | None = None) -> None:
    """Revoke the tokens of all logins of a user, except one; those of programs stay."""
    logins = (
        select(Token)
        .where(Token.user_id == user.id, Token.kind == "session", not_(tokens.over()))
        .order_by(Token.id)
        .with_for_update(key_share=True)
    )
    for token in (await session.scalars(logins)).all():
        if token.id != but:
            await entities.update(session, token, {"revoked_at": clock.now()})


async def lock_admins(session: AsyncSession) -> dict[int, bool]:
    """Return all administrators, of whom nobody else can remove one before this one is done.

    Of each it tells whether they can sign in: some have tokens only.

    Comes before the lock on a user: two of them who remove each other would each hold the one
    row that the other waits for.
    """
    admins = (
        select(User.id, User.password_hash.is_not(None))
        .where(User.role == Role.ADMIN, User.archived_at.is_(None))
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
    return dict((await session.execute(admins)).all())


async def _keep_an_admin(session: AsyncSession, user: User) -> None:
    if user.role != Role.ADMIN or user.archived_at is not None:
        return
    others = await lock_admins(session)
    can_sign_in = others.pop(user.id)
    if not others or (can_sign_in and not any(others.values())):
        raise LastAdmin(f"{user.username} is the last administrator.")


def _give_no_more_than_one_has(session: AsyncSession, *roles: str) -> None:
    """A token for managing users must not be a way to everything that an administrator may.

    The command line has no token: whoever can run it has the database anyway.
    """
    known = context(session)
    if known.token_id is not None:
        require(known, (scope for role in roles for scope in SCOPES[Role(role)]))


_KNOWN = ("username", "name", "email")
_BEFORE = select(User.username, User.name, User.email, User.password_hash).where(
    User.id == bindparam("id")
)


async def _before(session: AsyncSession, id: int) -> Values:
    """Return what a new password is judged by, and the old one.

    Outside the transaction: on SQLite nobody else could write while passwords are compared, judged
    and hashed. What has changed by the time the user is locked must be looked for then.
    """
    async with context(session).database.read() as reading:
        found = (await reading.execute(_BEFORE, {"id": id})).mappings().one_or_none()
    if found is None:
        raise entities.missing(User, id)
    return dict(found)


async def _locked(session: AsyncSession, id: int, if_match: str | None) -> User:
    user = await entities.locked(session, User, id)
    caching.check_unchanged(user, if_match)
    return user


async def _with_password_hashed(values: Values, before: Values) -> Values:
    if "password" not in values:
        return values
    password: SecretStr | None = values["password"]
    rest = {name: value for name, value in values.items() if name != "password"}
    if password is None:
        return rest | {"password_hash": None}
    plain = password.get_secret_value()
    await passwords.refuse_weak(plain, *(rest.get(name, before.get(name)) for name in _KNOWN))
    return rest | {"password_hash": await passwords.hashed(plain)}
