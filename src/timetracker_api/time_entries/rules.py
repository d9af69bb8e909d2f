"""What entries must not do: touch closed periods, start in the future, overlap."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.scopes import Scope
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.organization.service import Policy
from timetracker_api.problems import Conflict, Fault, Invalid, pointer
from timetracker_api.time_entries.models import TimeEntry

TOLERANCE = timedelta(seconds=60)
"""How far ahead of ours a client's clock may be."""


class Locked(Conflict):
    """The entry lies in a closed period; `locks` says why. Whoever has `time_entries:unlock` may."""

    title = "It is locked"


class Overlapping(Conflict):
    """The entry overlaps others of the same user, whose ids are in `entry_ids`."""

    title = "It overlaps other entries"


def locks(day: date, policy: Policy) -> list[Values]:
    """Return why an entry of this day cannot be changed."""
    if policy.locked_before is None or day >= policy.locked_before:
        return []
    return [{"kind": "period", "reason": f"Entries before {policy.locked_before} are closed."}]


def refuse_locked(session: AsyncSession, policy: Policy, *days: date | None) -> None:
    """Raise `Locked` where one of these days is closed to the caller."""
    known = context(session)
    if known.actor_id is None or Scope.TIME_ENTRIES_UNLOCK in known.scopes:
        return
    for day in days:
        if day is not None and (found := locks(day, policy)):
            raise Locked(found[0]["reason"], locks=found)


def refuse_future(started_at: datetime, now: datetime, *, allowed: bool) -> None:
    """Raise `Invalid` for a start that lies ahead, but for what clocks may differ."""
    if not allowed and started_at > now + TOLERANCE:
        message = "It lies in the future."
        raise Invalid(Fault(pointer=pointer("started_at"), code="future", message=message))


async def overlapping(session: AsyncSession, entry: TimeEntry) -> Sequence[int]:
    """Return the ids of the user's other entries that share time with this one.

    Intervals are half-open: one that begins where another ends does not overlap it. What has no
    length overlaps nothing, and what is running reaches on for ever.
    """
    if entry.ended_at == entry.started_at:
        return []
    statement = select(TimeEntry.id).where(
        TimeEntry.user_id == entry.user_id,
        TimeEntry.id != entry.id,
        or_(TimeEntry.ended_at.is_(None), TimeEntry.ended_at > entry.started_at),
        or_(TimeEntry.ended_at.is_(None), TimeEntry.ended_at > TimeEntry.started_at),
    )
    if entry.ended_at is not None:
        statement = statement.where(TimeEntry.started_at < entry.ended_at)
    return (await session.scalars(statement.order_by(TimeEntry.id).limit(100))).all()
