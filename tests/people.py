"""People who sign in with a password, and what is recorded about them."""

from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import select

from callers import Callers
from given import Given
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event

PASSWORD = "correct-horse-battery-staple"
OTHER_PASSWORD = "violet-tractor-under-nine-moons"


async def try_to_sign_in(
    callers: Callers, username: str, password: str = PASSWORD, **headers: str
) -> Response:
    """Return the answer to an attempt to sign in."""
    credentials = {"username": username, "password": password}
    return await callers.nobody().post("/sessions", json=credentials, headers=headers)


async def signed_in(callers: Callers, username: str, password: str = PASSWORD) -> AsyncClient:
    """Sign in, and return a client that sends the token."""
    answer = await try_to_sign_in(callers, username, password)
    assert answer.status_code == 201, answer.text
    return callers.with_token(answer.json()["token"])


async def a_person(given: Given, callers: Callers, username: str, **fields: Any) -> AsyncClient:
    """Add somebody with a password, and sign them in."""
    await given.a_user(username, password=PASSWORD, **fields)
    return await signed_in(callers, username)


async def recorded(database: Database, *types: str) -> list[Event]:
    """Return the events of these types, oldest first."""
    async with database.write() as session:
        events = select(Event).where(Event.type.in_(types)).order_by(Event.id)
        return list((await session.scalars(events)).all())
