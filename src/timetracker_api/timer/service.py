"""One running entry per user.

Every verb locks the user first and looks at the clock after that: whoever comes second sees what
the first one did, and a later time. The unique index on running entries is the proof.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth.models import User
from timetracker_api.custom_fields.validation import acceptable
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.organization.service import policy
from timetracker_api.problems import Conflict
from timetracker_api.time_entries import rules
from timetracker_api.time_entries.instants import instant
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.places import place, refuse_archived
from timetracker_api.time_entries.service import PLACE, ended, locked_user, record
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


async def start(session: AsyncSession, values: Values, on_running: OnRunning) -> Values:
    """Begin an entry now, or when ``values`` say."""
    user, now = await _caller(session)
    started_at = values.pop("started_at", None)
    rule = await policy(session)
    values["time_zone"] = values.get("time_zone") or user.time_zone or rule.time_zone
    if started_at is not None:
        started_at = instant(started_at, ZoneInfo(values["time_zone"]), "started_at")
        rules.refuse_future(started_at, now, allowed=False)
    running = await _running(session, user)
    if running is not None and on_running == "reject":
        raise TimerRunning(None, timer=await _shown(session, running))
    # One instant for both: they touch, and do not overlap.
    at = max(filter(None, (started_at or now, running and running.started_at)))
    stopped = await _end(session, user, running, at) if running else None
    where = await place(session, **{name: values.get(name) for name in PLACE})
    refuse_archived(where)
    values |= ended(at, None) | {"source": "timer"}
    entry = TimeEntry(user_id=user.id)
    timer = await record(session, entry, values, user=user, where=where, rule=rule)
    context(session).subject = None
    return {"timer": timer, "stopped": stopped, "server_time": now}


async def stop(
    session: AsyncSession, entry_id: int | None = None, ended_at: datetime | None = None
) -> Values:
    """End what is running; nothing is an answer as well, so that this can be repeated."""
    user, now = await _caller(session)
    running = await _named(session, user, entry_id)
    stopped = None
    if running is not None:
        at = instant(ended_at, ZoneInfo(running.time_zone), "ended_at") if ended_at else None
        if at is not None:
            rules.refuse_future(at, now, allowed=False)
        stopped = await _end(session, user, running, at or max(now, running.started_at))
    context(session).subject = None
    return {"stopped": stopped, "server_time": now}


async def discard(session: AsyncSession, entry_id: int | None = None) -> Values:
    """Throw away what is running."""
    user, now = await _caller(session)
    running = await _named(session, user, entry_id)
    discarded = None
    if running is not None:
        rules.refuse_locked(session, await policy(session), running.local_date)
        discarded = await _shown(session, running)
        await entities.delete(session, running)
    context(session).subject = None
    return {"discarded": discarded, "server_time": now}


async def resume(session: AsyncSession, entry_id: int | None, on_running: OnRunning) -> Values:
    """Begin a new entry that continues one which has ended: what is recorded stays as it is."""
    user, _ = await _caller(session)
    mine = select(TimeEntry).where(TimeEntry.user_id == user.id, TimeEntry.ended_at.is_not(None))
    if entry_id is not None:
        mine = mine.where(TimeEntry.id == entry_id)
    last = mine.order_by(TimeEntry.ended_at.desc(), TimeEntry.id.desc()).limit(1)
    before = await session.scalar(last)
    if before is None:
        raise entities.missing(TimeEntry, entry_id or 0)
    values: Values = {name: getattr(before, name) for name in CONTINUED}
    values["custom_fields"] = await acceptable(session, TimeEntry, before.custom_fields)
    values["continues_id"] = before.id
    return await start(session, values, on_running)


async def _caller(session: AsyncSession) -> tuple[User, datetime]:
    user = await locked_user(session, context(session).actor_id or 0)
    return user, _now()


def _now() -> datetime:
    return clock.now().replace(microsecond=0)


async def _running(session: AsyncSession, user: User) -> TimeEntry | None:
    statement = select(TimeEntry).where(TimeEntry.user_id == user.id, TimeEntry.ended_at.is_(None))
    return await session.scalar(statement.with_for_update())


async def _named(session: AsyncSession, user: User, entry_id: int | None) -> TimeEntry | None:
    running = await _running(session, user)
    if running is not None and entry_id not in {None, running.id}:
        raise OtherTimer(None, timer=await _shown(session, running))
    return running


async def _end(session: AsyncSession, user: User, running: TimeEntry, at: datetime) -> Values:
    # Looking at the custom fields again notes what became mandatory since it was started.
    values: Values = {**ended(running.started_at, at), "custom_fields": {}}
    rule = await policy(session)
    return await record(session, running, values, user=user, where=None, rule=rule)


async def _shown(session: AsyncSession, entry: TimeEntry) -> Values:
    return await TIME_ENTRIES.one(session, entry.id)
