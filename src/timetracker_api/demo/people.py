"""The people of the company."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice, product

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Role
from timetracker_api.demo.scale import Scale
from timetracker_api.demo.words import FIRST_NAMES, LAST_NAMES, PEOPLE, ZONES
from timetracker_api.entities import Values
from timetracker_api.users import service
from timetracker_api.users.schemas import UserCreate

ADMIN = "admin"
LEFT = len(PEOPLE) - 1
"""The place on the roster of the one who has left."""
ORDINARY_RATE = Decimal(75)
"""What an hour of the others costs."""


def roster(scale: Scale) -> Sequence[Values]:
    """Return who works there: first those who can sign in, then some who only fill the lists."""
    named: list[Values] = [
        {"username": username, "name": name, "role": role, "time_zone": zone, "hourly_rate": rate}
        for username, name, role, zone, rate in PEOPLE
    ]
    return named + list(islice(_others(scale), scale.people - len(named)))


async def hire(
    session: AsyncSession, scale: Scale, password: str, since: datetime
) -> Sequence[User]:
    """Add everybody on the roster."""
    hired: list[User] = []
    for number, each in enumerate(roster(scale)):
        known = {**each, "password": password if number < len(PEOPLE) else None}
        values = UserCreate.model_validate(known).whole()
        hired.append(await service.create(session, {**values, "created_at": since}))
    return hired


async def administrators(session: AsyncSession) -> Sequence[User]:
    """Return those who are there before the company comes."""
    there = select(User).where(User.role == Role.ADMIN, User.archived_at.is_(None))
    return (await session.scalars(there.order_by(User.id))).all()


async def administrator(session: AsyncSession, password: str) -> User:
    """Add one who signs in with the password, where there is none."""
    data = UserCreate.model_validate({"username": ADMIN, "role": Role.ADMIN, "password": password})
    return await service.create(session, data.whole())


def _others(scale: Scale) -> Iterator[Values]:
    dice = scale.dice("people")
    names = list(product(FIRST_NAMES, LAST_NAMES))
    dice.shuffle(names)
    for number, (first, last) in enumerate(names, start=1):
        yield {
            "username": f"person{number}",
            "name": f"{first} {last}",
            "time_zone": dice.choice(ZONES),
            "hourly_rate": f"{dice.randrange(60, 130)}",
        }
