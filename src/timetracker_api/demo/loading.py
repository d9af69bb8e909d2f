"""Loads the company into an empty database.

Everything but time entries is created as the API creates it, by the same functions and with the
same events. Entries are inserted many at a time, as the same functions compute them; one event
stands for all of them, because one for each would say nothing more.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from sqlalchemy import exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth import passwords
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Role
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields import service as fields
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.schema_version import fence
from timetracker_api.db.session import context
from timetracker_api.demo import definitions, people
from timetracker_api.demo.billing import bill_last_week
from timetracker_api.demo.days import Diary
from timetracker_api.demo.entries import Ledger, Row, in_order, places
from timetracker_api.demo.scale import Scale
from timetracker_api.demo.words import NOTES
from timetracker_api.demo.work import Business, Company, win
from timetracker_api.entities import Values
from timetracker_api.events import record
from timetracker_api.organization.models import Organization
from timetracker_api.organization.service import ONLY, policy
from timetracker_api.problems import Conflict
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.timer import service as timer
from timetracker_api.timer.schemas import TimerStart
from timetracker_api.users import service as users

CLIENT = 150
"""A client with projects and tasks takes as long as this many entries."""
BATCH = 1000
LEFT_BEFORE = timedelta(days=120)
"""How long ago the last one of the people has left."""
STARTED_BEFORE = timedelta(minutes=47)
"""For how long the timer has been running; everything else ended before."""

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Loaded:
    """What there is now."""

    administrators: Sequence[User]
    people: Sequence[User]
    """Those who were made up, and sign in with the password."""
    password: str
    clients: int
    projects: int
    tasks: int
    entries: int


def effort(scale: Scale) -> int:
    """Return the sum of all that ``advance`` will be called with."""
    return scale.clients * CLIENT + scale.entries


async def load(session: AsyncSession, scale: Scale, advance: Advance = lambda _: None) -> Loaded:
    """Make the company up; `Conflict` where there are clients already."""
    if await session.scalar(select(exists(select(Client.id)))):
        raise Conflict("There are clients already: a demo is only loaded where there are none.")
    now = clock.now().replace(microsecond=0)
    password = passwords.generate()
    organization = await _settle(session)
    diaries = _diaries(scale, now, organization.time_zone)
    shares = _shares(scale, diaries)
    first = min(diary.first_day(share)[0] for diary, share in zip(diaries, shares, strict=True))
    retired = await definitions.define(session)
    there = await people.administrators(session)
    admins = there or [await people.administrator(session, password)]
    hired = await people.hire(session, scale, password, datetime.combine(first, time(8), UTC))
    company = Company(scale, hired, first, now.date())
    businesses: list[Business] = []
    for number in range(scale.clients):
        businesses.append(await win(session, company, number))
        advance(CLIENT)
    works = [work for business in businesses for work in business.works]
    await fence(session)
    ledger = Ledger(
        works,
        await places(session, businesses),
        await fields_of(session, TimeEntry.entity_type),
        await policy(session),
    )
    everything = [
        ledger.rows(diary, hired[diary.number], share)
        for diary, share in zip(diaries, shares, strict=True)
    ]
    await _insert(session, in_order(everything), advance)
    if scale.entries:
        await _start_timer(session, businesses[0], hired[1], now - STARTED_BEFORE)
        advance(1)
    await bill_last_week(session, businesses, now.date())
    await fields.update(session, retired, {"is_active": False})
    await _put_away(session, businesses, hired[people.LEFT])
    await _close(session, organization, now.date())
    counted = {"clients": scale.clients, "time_entries": scale.entries}
    facts = {name: {"old": 0, "new": count} for name, count in counted.items()}
    await record(session, "settings.demo_loaded", organization, **facts)
    tasks = sum(len(work.tasks) for work in works)
    named = [*([] if there else admins), *hired[: len(people.PEOPLE)]]
    return Loaded(admins, named, password, scale.clients, len(works), tasks, scale.entries)


def _diaries(scale: Scale, now: datetime, time_zone: str) -> Sequence[Diary]:
    until = now - STARTED_BEFORE - timedelta(minutes=1)
    return [
        Diary(
            scale,
            number,
            each["time_zone"] or time_zone,
            until - LEFT_BEFORE if number == people.LEFT else until,
        )
        for number, each in enumerate(people.roster(scale))
        if each.get("role") != Role.VIEWER
    ]


def _shares(scale: Scale, diaries: Sequence[Diary]) -> Sequence[int]:
    """Deal the entries out. One of them is the timer that is running."""
    each, rest = divmod(max(scale.entries - 1, 0), len(diaries))
    return [each + (number < rest) for number in range(len(diaries))]


async def _settle(session: AsyncSession) -> Organization:
    """Say what nobody has said yet about the organisation."""
    organization = await entities.locked(session, Organization, ONLY)
    values: Values = {}
    if organization.name is None:
        values["name"] = "Halfmoon Studio"
    if organization.hourly_rate is None:
        values["hourly_rate"] = people.ORDINARY_RATE
    return await entities.update(session, organization, values)


async def _insert(session: AsyncSession, rows: Iterator[Row], advance: Advance) -> None:
    connection = await session.connection()
    statement = insert(TimeEntry.__table__)  # pyright: ignore[reportArgumentType] - is a table
    while batch := list(islice(rows, BATCH)):
        await connection.execute(statement, batch)
        advance(len(batch))


async def _start_timer(
    session: AsyncSession, business: Business, user: User, started_at: datetime
) -> None:
    work = business.works[0]
    data = TimerStart(project_id=work.project.id, task_id=work.tasks[0].id, notes=NOTES[0])
    known = context(session)
    known.actor_id = user.id
    await timer.start(session, data.whole() | {"started_at": started_at})
    known.actor_id = None


async def _put_away(session: AsyncSession, businesses: Sequence[Business], left: User) -> None:
    """Archive what is over, as of the day it was over."""
    for business in businesses:
        for work in business.works:
            if work.ends is not None:
                await entities.update(session, work.project, {"archived_at": _on(work.ends)})
        if business.ends is not None:
            await entities.update(session, business.client, {"archived_at": _on(business.ends)})
    await users.archive(session, left)


async def _close(session: AsyncSession, organization: Organization, today: date) -> None:
    """Close the months before the last one, where nothing is closed yet."""
    if organization.locked_before is None:
        month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        await entities.update(session, organization, {"locked_before": month})


def _on(day: date) -> datetime:
    return datetime.combine(day, time(18), UTC)
