"""Signing in and out, and tokens for programs."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth import passwords, tokens
from timetracker_api.auth.models import Token, User
from timetracker_api.auth.principal import require
from timetracker_api.auth.scopes import EVERYTHING
from timetracker_api.db.base import fold
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Invalid, NotFound, Unauthenticated, fault
from timetracker_api.sessions.schemas import Credentials, TokenCreate
from timetracker_api.users.service import USERS

TOKENS = Representation(
    Token,
    select(
        Token.id,
        Token.name,
        Token.kind,
        Token.scopes,
        Token.expires_at,
        Token.last_used_at,
        Token.version,
        Token.created_at,
        Token.updated_at,
    ),
)

SOON = timedelta(seconds=1)


@entities.visibility(Token)
def visible(session: AsyncSession) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the tokens that the caller may see: their own, until revoked.

    A token for a program is seen after its end too, by whoever wonders why it is refused.
    """
    own = Token.user_id == context(session).actor_id
    return (own, Token.revoked_at.is_(None), not_(tokens.over()))


async def sign_in(session: AsyncSession, credentials: Credentials) -> Values:
    """Return a new login. `Unauthenticated` does not say which of the two was wrong."""
    known = context(session)
    # Outside the transaction: on SQLite nobody else could write while the password is hashed.
    async with known.database.read() as reading:
        rows = await reading.execute(
            select(User.id, User.password_hash).where(
                User.username_key == fold(credentials.username), User.archived_at.is_(None)
            )
        )
    found = rows.one_or_none()
    stored = found.password_hash if found else None
    good = await passwords.verify(credentials.password.get_secret_value(), stored)
    if not good or not found or not await _still_opens(session, found.id, found.password_hash):
        raise Unauthenticated("Username or password is wrong.")
    known.actor_id = found.id
    now = clock.now()
    text, token = await _add(
        session,
        user_id=found.id,
        kind="session",
        name="Login",
        scopes=[EVERYTHING],
        expires_at=tokens.session_end(known, now),
        last_used_at=now,
    )
    user = await USERS.one(session, found.id)
    known.subject = None
    return {"token": text, "expires_at": token.expires_at, "user": user}


async def current(session: AsyncSession) -> Values:
    """Return the login, or API token, that the request came with."""
    known = context(session)
    expires_at = await session.scalar(select(Token.expires_at).where(Token.id == known.token_id))
    user = await USERS.one(session, known.actor_id or 0)
    known.subject = None
    return {"expires_at": expires_at, "user": user}


async def sign_out(session: AsyncSession) -> None:
    """Revoke the token that the request came with."""
    with suppress(NotFound):  # somebody else has revoked it meanwhile
        await revoke(session, await entities.locked(session, Token, context(session).token_id or 0))


async def create_token(session: AsyncSession, data: TokenCreate) -> Values:
    """Make a token that may do, and last, no more than the one it is asked with."""
    known = context(session)
    require(known, data.scopes)
    if data.expires_at is not None and data.expires_at <= clock.now() + SOON:
        raise Invalid(fault("expires_at", "invalid", "It must lie in the future."))
    # A login moves its end with every use, and so does not bound what it makes.
    own_end = await session.scalar(
        select(Token.expires_at).where(Token.id == known.token_id, Token.kind == "api")
    )
    if own_end is not None and (data.expires_at is None or data.expires_at > own_end):
        raise Invalid(
            fault("expires_at", "invalid", "It must not end after the token that asks for it.")
        )
    return await add_token(
        session,
        user_id=known.actor_id or 0,
        name=data.name,
        scopes=sorted({str(scope) for scope in data.scopes}),
        expires_at=data.expires_at,
    )


async def add_token(
    session: AsyncSession,
    *,
    user_id: int,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
) -> Values:
    """Make a token for a user and return it with its secret."""
    text, token = await _add(
        session, user_id=user_id, kind="api", name=name, scopes=scopes, expires_at=expires_at
    )
    return await TOKENS.one(session, token.id) | {"token": text}


async def revoke(session: AsyncSession, token: Token) -> None:
    """Have a token refused from now on, everywhere."""
    await entities.update(session, token, {"revoked_at": clock.now()})


async def _still_opens(session: AsyncSession, user_id: int, password_hash: str) -> bool:
    """Whether it is the user's password yet: if it is, it stays until the transaction ends.

    Who gives them another one comes after that, and ends this login with the others.
    """
    user = select(User.id).where(
        User.id == user_id, User.password_hash == password_hash, User.archived_at.is_(None)
    )
    return await session.scalar(user.with_for_update(read=True)) is not None


async def _add(session: AsyncSession, **values: object) -> tuple[str, Token]:
    text = tokens.mint()
    return text, await entities.create(session, Token, {**values, "digest": tokens.digest(text)})
