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
    """The entry lies in a closed period; `locks` says why. It takes `time_entries:unlock`."""

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


def refuse_future(at: datetime, now: datetime, field: str, *, allowed: bool) -> None:
    """Raise `Invalid` for what lies ahead, but for what clocks may differ."""
    if not allowed and at > now + TOLERANCE:
        message = "It lies in the future."
        raise Invalid(Fault(pointer=pointer(field), code="future", message=message))


async def check_overlaps(
    session: AsyncSession, policy: Policy, before: TimeEntry | None, values: Values
) -> Sequence[int]:
    """Return the ids of entries to warn of, or raise `Overlapping`, as the settings ask.

    Only for time that the entry did not have ``before``: what lies on top of others, from when
    that was allowed, can be described better, made shorter, and stopped.
    """
    if policy.overlap_policy == "allow" or not _reaches_further(before, values):
        return []
    found = await _overlapping(session, before, values)
    if found and policy.overlap_policy == "reject":
        ids = ", ".join(map(str, found))
        raise Overlapping(f"It overlaps the entries {ids}.", entry_ids=list(found))
    return found


def _reaches_further(before: TimeEntry | None, values: Values) -> bool:
    if before is None or before.user_id != values["user_id"]:
        return True
    if values["started_at"] < before.started_at:
        return True
    ended_at = values["ended_at"]
    return before.ended_at is not None and (ended_at is None or ended_at > before.ended_at)


async def _overlapping(
    session: AsyncSession, before: TimeEntry | None, values: Values
) -> Sequence[int]:
    """Return the ids of the user's other entries that share time with these values.

    Intervals are half-open: one that begins where another ends does not overlap it. What has no
    length overlaps nothing, and what is running reaches on for ever.
    """
    started_at, ended_at = values["started_at"], values["ended_at"]
    if started_at == ended_at:
        return []
    statement = select(TimeEntry.id).where(
        TimeEntry.user_id == values["user_id"],
        or_(TimeEntry.ended_at.is_(None), TimeEntry.ended_at > started_at),
        or_(TimeEntry.ended_at.is_(None), TimeEntry.ended_at > TimeEntry.started_at),
    )
    if ended_at is not None:
        statement = statement.where(TimeEntry.started_at < ended_at)
    if before is not None:
        statement = statement.where(TimeEntry.id != before.id)
    return (await session.scalars(statement.order_by(TimeEntry.id).limit(100))).all()
