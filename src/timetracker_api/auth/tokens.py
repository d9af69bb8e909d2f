"""Tokens: how they look, and who stands behind one."""

import asyncio
import secrets
import string
import zlib
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, not_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock
from timetracker_api.auth.models import Token, User
from timetracker_api.db.replica import UNREACHABLE, describe
from timetracker_api.db.schema_version import schema_version
from timetracker_api.db.session import Context, Database, context

PREFIX = "tt_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6
TOUCH_AFTER = timedelta(minutes=1)
"""How exact ``last_used_at`` is; writing it at every request would make each one a write."""
PATIENCE_SECONDS = 1
"""How long a request waits for that: where it takes longer, it goes on beside it."""

log = structlog.stdlib.get_logger("timetracker_api")


def mint() -> str:
    """Return a new token: 256 random bits and a checksum that scanners can recognise it by."""
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), SECRET_LENGTH)
    return PREFIX + secret + _checksum(secret)


def is_token(text: str) -> bool:
    """Whether this could be one of ours, so that a typing error never reaches the database."""
    secret = text.removeprefix(PREFIX)[:-CHECKSUM_LENGTH]
    return (
        text.startswith(PREFIX)
        and text.isascii()
        and len(text) == len(PREFIX) + SECRET_LENGTH + CHECKSUM_LENGTH
        and text.endswith(_checksum(secret))
    )


def digest(token: str) -> bytes:
    """Return what is stored in its place. 256 random bits need no slow hash."""
    return sha256(token.encode()).digest()


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))


_LOOK_UP = (
    select(
        Token.id.label("token_id"),
        Token.kind,
        Token.scopes,
        Token.expires_at,
        Token.last_used_at,
        User.id.label("user_id"),
        User.role,
        User.time_zone,
        schema_version().label("schema_version"),
    )
    .join(User, User.id == Token.user_id)
    .where(
        Token.digest == bindparam("digest"),
        Token.revoked_at.is_(None),
        or_(Token.expires_at.is_(None), Token.expires_at > bindparam("now")),
        User.archived_at.is_(None),
    )
)


async def look_up(session: AsyncSession, token: str) -> Row[*tuple[Any, ...]] | None:
    """Return the token, its user and the schema version in one statement; None if it is no good.

    Asked anew by every request, so that a revoked token is refused at once by every process. It
    is also a request's first statement and only reads: where the database has dropped the
    connection since it was last used, it is asked once more over a new one.
    """
    parameters = {"digest": digest(token), "now": clock.now()}
    try:
        return (await session.execute(_LOOK_UP, parameters)).one_or_none()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    await session.close()
    return (await session.execute(_LOOK_UP, parameters)).one_or_none()


def over() -> ColumnElement[bool]:
    """Return the condition for logins that have ended. Tokens for programs stay on record."""
    ended = or_(Token.revoked_at.is_not(None), Token.expires_at <= clock.now())
    return and_(Token.kind == "session", ended)


async def forget_over(database: Database) -> None:
    """Delete the logins that have ended: there is one more with every time somebody signs in."""
    async with database.write() as session:
        await session.execute(delete(Token).where(over()), execution_options={"unrecorded": True})


async def touch(session: AsyncSession, found: Row[*tuple[Any, ...]]) -> None:
    """Remember that a token is in use, once a minute, and so extend a login.

    A request that reads does not fail, nor wait for long, because this cannot be written.
    """
    if found.last_used_at is not None and clock.now() - found.last_used_at < TOUCH_AFTER:
        return
    known = context(session)
    await session.close()  # one connection at a time: see `db.session`
    # Of many requests at once one is enough: the others would only queue for the row. Nothing is
    # waited for between looking and noting, so that there is one.
    touching: dict[int, asyncio.Task[None]] = known.database.memory.setdefault("touching", {})
    if found.token_id in touching:
        return
    task = asyncio.create_task(_touched(known, found.token_id, found.kind))
    touching[found.token_id] = task
    task.add_done_callback(lambda _: touching.pop(found.token_id))
    # Not cancelled when it takes longer: SQLite's driver would leave the connection half way.
    await asyncio.wait([task], timeout=PATIENCE_SECONDS)


async def _touched(known: Context, token_id: int, kind: str) -> None:
    try:
        async with known.database.write() as writing:
            await writing.connection()  # SQLite's may take a while: a login may be over by then
            now = clock.now()
            # Who holds the row is about to end the token, or has written the same.
            free = select(Token.id).where(Token.id == token_id, not_(over()))
            # Being used is no change: without naming it, `updated_at` would move by itself.
            values: dict[str, Any] = {"last_used_at": now, "updated_at": Token.updated_at}
            if kind == "session":
                values["expires_at"] = session_end(known, now)
            await writing.execute(
                update(Token)
                .where(Token.id.in_(free.with_for_update(skip_locked=True)))
                .values(values),
                execution_options={"unrecorded": True, "synchronize_session": False},
            )
    except UNREACHABLE as error:
        log.warning("the last use of a token was not written down", reason=describe(error))


def session_end(known: Context, now: datetime) -> datetime:
    """Return when a login expires that is used now."""
    return now + timedelta(hours=known.settings.session_hours)
