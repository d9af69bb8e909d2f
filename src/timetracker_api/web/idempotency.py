"""A POST that carries an Idempotency-Key happens once, however often it is sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Header, Request, Response
from sqlalchemy import bindparam, delete, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api import clock
from timetracker_api.db.base import Base
from timetracker_api.db.session import Database, Writing, dialect, request_context
from timetracker_api.db.types import BigKey
from timetracker_api.problems import KeyReused, RequestInProgress, SecretShown

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255
"""Characters."""
LOCK_NOT_AVAILABLE = "55P03"

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=LONGEST_KEY,
        description="Any text of yours. Within 24 hours the same request with the same key is "
        "answered as the first time, and done only once.",
    ),
]


class Answer(Base):
    """What a request with a key was answered with. Committed with the work it describes."""

    __tablename__ = "idempotent_answers"

    user_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    """A digest of method, address and body."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    body: Mapped[bytes | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Answered(Exception):
    """The request was carried out before; this is what came of it then."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def once(request: Request, session: Writing, idempotency_key: IdempotencyKey = None) -> None:
    """Claim the key before anything else is done, so that a second request waits for the first.

    Runs after ``authorize``: an old answer is only given to whoever got it first. Raises
    `Answered`, `KeyReused`, or `RequestInProgress` where the first takes too long to wait for.
    """
    if idempotency_key is None:
        return
    user_id = request_context(request).actor_id
    content = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = sha256(content + await request.body()).hexdigest()
    claim: dict[str, Any] = {
        "user_id": user_id,
        "key": idempotency_key,
        "request": digest,
        "created_at": clock.now(),
        "headers": {},
    }
    if not await _claimed(session, claim):
        answers = select(Answer).filter_by(user_id=user_id, key=idempotency_key)
        raise _repeated((await session.scalars(answers)).one(), digest)
    request.state.claim = (user_id, idempotency_key)


def _claiming(insert: Callable[[type[Answer]], Any]) -> Any:
    """Return what takes a key. On PostgreSQL it waits for whoever inserts the same; SQLite has one
    writer anyway. An answer too old to be given again makes way in the same statement, and so
    only once.
    """
    columns = inspect(Answer).columns
    statement = insert(Answer).values({each.key: bindparam(each.key) for each in columns})
    return statement.on_conflict_do_update(
        index_elements=[Answer.user_id, Answer.key],
        set_={each.key: statement.excluded[each.key] for each in columns},
        where=Answer.created_at <= bindparam("expired"),
    ).returning(Answer.key)


_CLAIM = {
    "postgresql": _claiming(postgresql.insert),
    "sqlite": _claiming(sqlite.insert),
}


async def _claimed(session: AsyncSession, claim: dict[str, Any]) -> bool:
    parameters = {
        **claim,
        "status": None,
        "body": None,
        "expired": claim["created_at"] - KEPT_FOR,
    }
    try:
        return await session.scalar(_CLAIM[dialect(session)], parameters) is not None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise RequestInProgress from error
        raise


def _repeated(before: Answer, digest: str) -> Exception:
    if before.request != digest:
        return KeyReused(detail="Use a new key for a new request.")
    if before.body is None or before.status is None:
        return SecretShown("Revoke what that request created, and ask again with a new key.")
    headers = {**before.headers, "Idempotency-Replayed": "true"}
    return Answered(Response(before.body, before.status, headers))


_REMEMBER = (
    update(Answer)
    .where(Answer.user_id == bindparam("of_user"), Answer.key == bindparam("of_key"))
    .values({name: bindparam(name) for name in ("status", "body", "headers")})
)


async def remember(request: Request, response: Response, *, secret: bool) -> None:
    """Store the answer in the transaction it belongs to; of a secret only that it was given."""
    if (claim := getattr(request.state, "claim", None)) is None:
        return
    session: AsyncSession = request.state.writing
    user_id, key = claim
    kept = {
        name: response.headers[name]
        for name in ("content-type", "location", "etag")
        if name in response.headers
    }
    connection = await session.connection()
    await connection.execute(
        _REMEMBER,
        {
            "of_user": user_id,
            "of_key": key,
            "status": response.status_code,
            "body": None if secret else bytes(response.body),
            "headers": kept,
        },
    )


async def forget_old(database: Database) -> None:
    """Delete the answers nobody can ask for any more."""
    async with database.write() as session:
        await session.execute(delete(Answer).where(Answer.created_at <= clock.now() - KEPT_FOR))
