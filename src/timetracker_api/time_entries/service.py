"""Recording time. Every way in leads through here: single entries, bulk, and the timer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth.models import User
from timetracker_api.auth.principal import require
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.organization.service import Policy, policy
from timetracker_api.problems import Archived, Fault, Invalid, pointer
from timetracker_api.time_entries import rules
from timetracker_api.time_entries.instants import instant
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.places import Place, place, refuse_archived
from timetracker_api.time_entries.pricing import price
from timetracker_api.time_entries.showing import TIME_ENTRIES, visible

PLACE = ("client_id", "project_id", "task_id")


async def locked_user(session: AsyncSession, id: int) -> User:
    """Return a user whose time nobody else can change before the transaction ends.

    Whatever changes the entries of a user locks the user first, and only then looks at them or at
    the clock: so there is one order of things, and the timer can neither run twice nor backwards.
    """
    user = await entities.locked(session, User, id)
    if user.archived_at is not None:
        raise Archived(f"The user {user.username} is archived.")
    return user


async def create(session: AsyncSession, values: Values) -> Values:
    """Record time that was spent; return it as it is shown, with warnings."""
    known = context(session)
    owner_id = values.pop("user_id", None) or known.actor_id
    if owner_id != known.actor_id:
        require(known, [Scope.TIME_ENTRIES_OTHERS])
    user = await _referred_user(session, owner_id)
    duration = values.pop("duration_seconds", None)
    entry = TimeEntry(user_id=user.id)
    where = await place(session, **{name: values.get(name) for name in PLACE})
    refuse_archived(where)
    rule = await policy(session)
    values["time_zone"] = values["time_zone"] or user.time_zone or rule.time_zone
    values |= _interval(entry, values, duration, needs_end=True)
    return await record(session, entry, values, user=user, where=where, rule=rule)


async def update(session: AsyncSession, entry: TimeEntry, values: Values) -> Values:
    """Change an entry whose user is locked; return it as it is shown, with warnings."""
    known = context(session)
    rule = await policy(session)
    rules.refuse_locked(session, rule, entry.local_date)
    user = await session.get_one(User, entry.user_id)
    if values.get("user_id", entry.user_id) != entry.user_id:
        require(known, [Scope.TIME_ENTRIES_OTHERS])
        user = await _referred_user(session, values["user_id"])
    if values.get("time_zone", entry.time_zone) is None:
        values["time_zone"] = user.time_zone or rule.time_zone
    values |= _interval(entry, values, values.pop("duration_seconds", None), needs_end=False)
    where = None
    moved = any(values.get(name, getattr(entry, name)) != getattr(entry, name) for name in PLACE)
    if moved or user.id != entry.user_id or values.get("billable", entry.billable) is None:
        where = await place(session, **_moved(entry, values))
    if where is not None and moved:
        refuse_archived(where)
    return await record(session, entry, values, user=user, where=where, rule=rule)


async def record(
    session: AsyncSession,
    entry: TimeEntry,
    values: Values,
    *,
    user: User,
    where: Place | None,
    rule: Policy,
) -> Values:
    """Take values over into an entry, new or not, if the rules allow; return it as it is shown.

    ``where`` is only given when the place, and with it the rate, is to be set.
    """
    started_at: datetime = values.get("started_at", entry.started_at)
    zone = values.get("time_zone", entry.time_zone)
    values["local_date"] = started_at.astimezone(ZoneInfo(zone)).date()
    rules.refuse_locked(session, rule, values["local_date"])
    values["user_id"] = user.id
    if where is not None:
        values |= {name: getattr(where, name) for name in PLACE}
        amount, currency, source = price(where, user, rule)
        values |= {"rate_amount": amount, "rate_currency": currency, "rate_source": source}
        if values.get("billable", entry.billable) is None:
            values["billable"] = where.billable
    running = values.get("ended_at", entry.ended_at) is None
    allowed = rule.future_entries == "allow" and not running
    rules.refuse_future(started_at, clock.now(), allowed=allowed)
    if entry.id is None:  # pyright: ignore[reportUnnecessaryComparison] - not flushed yet
        entry = await entities.add(session, entry, values)
    else:
        entry = await entities.update(session, entry, values)
    overlaps = await _overlaps(session, entry, rule)
    shown = await TIME_ENTRIES.one(session, entry.id)
    if overlaps:
        shown["warnings"] = [{"code": "overlap", "entry_ids": overlaps}]
    return shown


async def delete(session: AsyncSession, entry: TimeEntry) -> None:
    """Remove an entry that is not closed."""
    rules.refuse_locked(session, await policy(session), entry.local_date)
    await entities.delete(session, entry)


async def locked_entry(session: AsyncSession, id: int) -> TimeEntry:
    """Return an entry the caller may see, and lock its user, then itself; or raise `NotFound`."""
    owner = select(TimeEntry.user_id).where(TimeEntry.id == id, *visible(session))
    if (owner_id := await session.scalar(owner)) is None:
        raise entities.missing(TimeEntry, id)
    await entities.locked(session, User, owner_id)
    entry = await entities.locked(session, TimeEntry, id)
    if entry.user_id != owner_id:  # given to somebody else while we waited
        raise entities.missing(TimeEntry, id)
    return entry


async def _referred_user(session: AsyncSession, id: int | None) -> User:
    if id is None or await session.scalar(select(User.id).where(User.id == id)) is None:
        raise Invalid(entities.dangling(User, id or 0, "user_id"))
    return await locked_user(session, id)


async def _overlaps(session: AsyncSession, entry: TimeEntry, rule: Policy) -> Sequence[int]:
    if rule.overlap_policy == "allow":
        return []
    found = await rules.overlapping(session, entry)
    if found and rule.overlap_policy == "reject":
        ids = ", ".join(map(str, found))
        raise rules.Overlapping(f"It overlaps the entries {ids}.", entry_ids=list(found))
    return found


def _moved(entry: TimeEntry, values: Values) -> Values:
    """Return where an entry goes. What is named decides; what it implies follows."""
    wanted = {name: values.get(name, getattr(entry, name)) for name in PLACE}
    if "task_id" not in values and wanted["project_id"] != entry.project_id:
        wanted["task_id"] = None
    if "project_id" not in values and values.get("client_id", entry.client_id) != entry.client_id:
        wanted["project_id"] = wanted["task_id"] = None
    if "client_id" not in values and wanted["project_id"] is not None:
        wanted["client_id"] = None
    return wanted


def _interval(
    entry: TimeEntry, values: Values, duration: int | None, *, needs_end: bool
) -> dict[str, Any]:
    """Return the interval that is meant: start and end, start and duration, or what changes."""
    zone = ZoneInfo(values.get("time_zone") or entry.time_zone)
    started_at, ended_at = entry.started_at, entry.ended_at
    if (given := values.get("started_at")) is not None:
        started_at = instant(given, zone, "started_at")
    if (given := values.get("ended_at")) is not None:
        ended_at = instant(given, zone, "ended_at")
        if duration is not None and ended_at - started_at != timedelta(seconds=duration):
            raise _fault("duration_seconds", "invalid", "It is not the time from start to end.")
    elif duration is not None:
        try:
            ended_at = started_at + timedelta(seconds=duration)
        except OverflowError:
            raise _fault("duration_seconds", "maximum", "It ends beyond the calendar.") from None
    elif needs_end:
        raise _fault("ended_at", "required", "Say when it ended, or else how long it took.")
    return ended(started_at, ended_at)


def ended(started_at: datetime, ended_at: datetime | None) -> dict[str, Any]:
    """Return an interval with its elapsed seconds; `Invalid` where it ends before it starts."""
    seconds = None
    if ended_at is not None:
        seconds = int((ended_at - started_at).total_seconds())
        if seconds < 0:
            raise _fault("ended_at", "minimum", "It ends before it begins.")
        if seconds >= 2**31:
            raise _fault("ended_at", "maximum", "It takes too long.")
    return {"started_at": started_at, "ended_at": ended_at, "duration_seconds": seconds}


def _fault(field: str, code: str, message: str) -> Invalid:
    return Invalid(Fault(pointer=pointer(field), code=code, message=message))
