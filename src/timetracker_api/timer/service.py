"""One running entry per user.

Every verb locks the user first and looks at the clock after that: whoever comes second sees what
the first one did, and a later time. The unique index on running entries is the proof.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth.models import User
from timetracker_api.custom_fields.validation import acceptable
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Conflict, Fault, Invalid, NotFound, Unauthenticated
from timetracker_api.time_entries import rules
from timetracker_api.time_entries.held import Held, held, locked_users
from timetracker_api.time_entries.instants import instant
from timetracker_api.time_entries.intervals import between
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.places import PLACE
from timetracker_api.time_entries.schemas import TimeEntryRead
from timetracker_api.time_entries.service import Written, remove, shown, write
from timetracker_api.time_entries.showing import TIME_ENTRIES
from timetracker_api.timer.schemas import OnRunning

CONTINUED = (*PLACE, "notes", "tags", "billable", "time_zone")
"""What an entry has in common with the one it continues."""


class TimerRunning(Conflict):
    """A timer is running already; `timer` is its entry. Stop it, or start with
    `"on_running": "switch"`.
    """

    title = "A timer is running"


class OtherTimer(Conflict):
    """Another timer is running than the one that was named; `timer` is its entry."""

    title = "Another timer is running"


async def state(session: AsyncSession) -> Values:
    """Return what is running for the caller."""
    known = context(session)
    statement = TIME_ENTRIES.statement.where(
        TimeEntry.user_id == known.actor_id, TimeEntry.ended_at.is_(None)
    )
    rows = await TIME_ENTRIES.rows(session, statement)
    return {"timer": rows[0] if rows else None, "server_time": _now()}


async def start(session: AsyncSession, values: Values) -> Values:
    """Begin an entry now, or when ``values`` say."""
    user, now = await _caller(session)
    return await _begin(session, user, now, values)


async def stop(
    session: AsyncSession, entry_id: int | None = None, ended_at: datetime | None = None
) -> Values:
    """End what is running; nothing is an answer as well, so that this can be repeated."""
    user, now = await _caller(session)
    running = await _named(session, user, entry_id)
    if running is None:
        return {"stopped": None, "server_time": now}
    at = max(now, running.started_at)
    if ended_at is not None:
        at = instant(ended_at, ZoneInfo(running.time_zone), "ended_at")
        rules.refuse_future(at, now, "ended_at", allowed=False)
    stopped = await _end(session, await held(session, {user.id: user}), running, at)
    return {"stopped": (await shown(session, stopped))[running.id], "server_time": now}


async def discard(session: AsyncSession, entry_id: int | None = None) -> Values:
    """Throw away what is running."""
    user, now = await _caller(session)
    running = await _named(session, user, entry_id)
    if running is None:
        return {"discarded": None, "server_time": now}
    discarded = await shown(session, Written(running))
    holding = await held(session, {user.id: user}, {running.id: running})
    await remove(session, holding, running)
    await session.flush()
    return {"discarded": discarded[running.id], "server_time": now}


async def resume(session: AsyncSession, entry_id: int | None, on_running: OnRunning) -> Values:
    """Begin a new entry that continues an earlier one: what is recorded stays as it is."""
    user, now = await _caller(session)
    mine = select(TimeEntry).where(TimeEntry.user_id == user.id)
    if entry_id is not None:
        before = await session.scalar(mine.where(TimeEntry.id == entry_id))
    else:
        ended = mine.where(TimeEntry.ended_at.is_not(None))
        latest = ended.order_by(TimeEntry.started_at.desc(), TimeEntry.id.desc())
        before = await session.scalar(latest.where(TimeEntry.started_at <= now).limit(1))
    if before is None:
        nothing = NotFound("There is nothing to go on with.")
        raise entities.missing(TimeEntry, entry_id) if entry_id else nothing
    values: Values = {name: getattr(before, name) for name in CONTINUED}
    values |= {"continues_id": before.id, "on_running": on_running}
    return await _begin(session, user, now, values, before.custom_fields)


async def _begin(
    session: AsyncSession,
    user: User,
    now: datetime,
    values: Values,
    continued: Mapping[str, Any] | None = None,
) -> Values:
    running = await _running(session, user)
    if values.pop("on_running") == "reject" and running is not None:
        raise TimerRunning(None, timer=await _told(session, running))
    where = {name: values[name] for name in PLACE}
    holding = await held(session, {user.id: user}, spots=[where])
    if continued is not None:
        values["custom_fields"] = await acceptable(session, TimeEntry, continued)
    values["time_zone"] = values["time_zone"] or user.time_zone or holding.rule.time_zone
    at = await _beginning(session, user, now, values, running)
    written: list[Written] = []
    if running is not None:
        written.append(await _end(session, holding, running, at))
        await session.flush()  # or the new one would be the second that runs
    values |= between(at, None) | {"user_id": user.id, "source": "timer"}
    place = await holding.places.find(session, where)
    written.append(await write(session, holding, None, values, place))
    found = await shown(session, *written)
    return {
        "timer": found[written[-1].entry.id],
        "stopped": found[running.id] if running else None,
        "server_time": now,
    }


async def _beginning(
    session: AsyncSession, user: User, now: datetime, values: Values, running: TimeEntry | None
) -> datetime:
    """Return when a new entry begins, which is when the one that is running ends.

    Unless the caller says it, not before the timer was stopped last: clocks differ, and go back.
    """
    given: datetime | None = values.pop("started_at", None)
    if given is not None:
        at = instant(given, ZoneInfo(values["time_zone"]), "started_at")
        rules.refuse_future(at, now, "started_at", allowed=False)
        if running is not None and at < running.started_at:
            message = "What is running began later."
            raise Invalid(Fault(pointer="/started_at", code="minimum", message=message))
        return at
    if running is not None:
        return max(now, running.started_at)
    last = (
        select(TimeEntry.ended_at)
        .where(
            TimeEntry.user_id == user.id,
            TimeEntry.source == "timer",
            TimeEntry.started_at <= now + rules.TOLERANCE,
        )
        .order_by(TimeEntry.started_at.desc(), TimeEntry.id.desc())
        .limit(1)
    )
    ended_at = await session.scalar(last)
    return ended_at if ended_at and now < ended_at <= now + rules.TOLERANCE else now


async def _caller(session: AsyncSession) -> tuple[User, datetime]:
    """Lock the caller, and look at the clock after that."""
    id = context(session).actor_id or 0
    users = await locked_users(session, [id])
    if id not in users:
        raise Unauthenticated("The user of this token has just been deleted.")
    return users[id], _now()


def _now() -> datetime:
    return clock.now().replace(microsecond=0)


async def _running(session: AsyncSession, user: User) -> TimeEntry | None:
    statement = select(TimeEntry).where(TimeEntry.user_id == user.id, TimeEntry.ended_at.is_(None))
    return await session.scalar(statement.with_for_update())


async def _named(session: AsyncSession, user: User, entry_id: int | None) -> TimeEntry | None:
    running = await _running(session, user)
    if running is not None and entry_id not in {None, running.id}:
        raise OtherTimer(None, timer=await _told(session, running))
    return running


async def _end(session: AsyncSession, held: Held, running: TimeEntry, at: datetime) -> Written:
    same = {"user_id": running.user_id, "time_zone": running.time_zone}
    values = between(running.started_at, at) | same
    return await write(session, held, running, values, None)


async def _told(session: AsyncSession, entry: TimeEntry) -> Values:
    """Return an entry as problems tell of it: just as `GET /timer` shows it."""
    found = await shown(session, Written(entry))
    return TimeEntryRead.model_validate(found[entry.id]).model_dump(mode="json")
