"""Recording time. Every way in leads through `write`: single entries, bulk, and the timer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth.principal import require
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Conflict
from timetracker_api.time_entries import rules
from timetracker_api.time_entries.held import Held, hold, owner
from timetracker_api.time_entries.instants import local_date
from timetracker_api.time_entries.intervals import between, interval
from timetracker_api.time_entries.invoiced import refuse_invoiced
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.places import PLACE, Place, refuse_archived, spot
from timetracker_api.time_entries.pricing import price
from timetracker_api.time_entries.showing import TIME_ENTRIES
from timetracker_api.web import caching


@dataclass(frozen=True)
class Written:
    """An entry with its new values, and those of its user that it overlaps."""

    entry: TimeEntry
    overlaps: Sequence[int] = ()


async def create(session: AsyncSession, values: Values) -> Values:
    """Record time that was spent; return it as it is shown."""
    held = await hold(session, [(None, values)])
    return await _answer(session, await add(session, held, values))


async def update(
    session: AsyncSession, id: int, values: Values, if_match: str | None = None
) -> Values:
    """Change an entry; return it as it is shown."""
    held = await hold(session, [(id, values)])
    entry = held.entry(id)
    caching.check_unchanged(entry, if_match)
    return await _answer(session, await change(session, held, entry, values))


async def delete(session: AsyncSession, id: int, if_match: str | None = None) -> None:
    """Remove an entry."""
    held = await hold(session, [(id, {})])
    entry = held.entry(id)
    caching.check_unchanged(entry, if_match)
    await remove(session, held, entry)
    await session.flush()


async def add(session: AsyncSession, held: Held, values: Values) -> Written:
    """Record time that was spent, among other changes."""
    id = owner(session, values)
    _require_others(session, id)
    user = held.user(id)
    values["time_zone"] = values["time_zone"] or user.time_zone or held.rule.time_zone
    values |= interval(values, ZoneInfo(values["time_zone"]), None)
    where = await held.places.find(session, {name: values[name] for name in PLACE})
    values["user_id"] = user.id
    return await write(session, held, None, values, where)


async def change(session: AsyncSession, held: Held, entry: TimeEntry, values: Values) -> Written:
    """Change an entry, among other changes."""
    refuse_invoiced(held.invoiced.get(entry.id))
    rules.refuse_locked(session, held.rule, entry.local_date)
    user = held.users[entry.user_id]
    if values.get("user_id", user.id) != user.id:
        _require_others(session, values["user_id"])
        user = held.user(values["user_id"])
    zone = values.get("time_zone", entry.time_zone)
    values["time_zone"] = zone or user.time_zone or held.rule.time_zone
    values |= interval(values, ZoneInfo(values["time_zone"]), entry)
    goes = spot(entry, values)
    where = await held.places.find(session, goes) if goes else None
    values["user_id"] = user.id
    return await write(session, held, entry, values, where)


async def remove(session: AsyncSession, held: Held, entry: TimeEntry) -> None:
    """Remove an entry, among other changes."""
    refuse_invoiced(held.invoiced.get(entry.id))
    rules.refuse_locked(session, held.rule, entry.local_date)
    await entities.stage_removal(session, entry)
    del held.entries[entry.id]


async def write(
    session: AsyncSession,
    held: Held,
    before: TimeEntry | None,
    values: Values,
    where: Place | None,
) -> Written:
    """Give an entry, or a new one, the values it is to have, if all rules allow.

    ``values`` have its user, the whole interval and the time zone; ``where`` it takes place is
    needed for a new entry and for one whose place, user or `billable` is to change. Nothing has
    changed when this raises, so that the rest of many changes can go on.
    """
    user, rule = held.users[values["user_id"]], held.rule
    started_at, ended_at = values["started_at"], values["ended_at"]
    values["local_date"] = local_date(started_at, ZoneInfo(values["time_zone"]))
    rules.refuse_locked(session, rule, values["local_date"])
    if before is None or before.started_at != started_at:
        planned = rule.future_entries == "allow" and ended_at is not None
        now = clock.now()
        rules.refuse_future(started_at, now, "started_at", allowed=planned)
        if ended_at is None:  # what has taken too long already could not be stopped
            between(started_at, max(started_at, now), "started_at")
    if before is not None and before.user_id != user.id and ended_at is None:
        raise Conflict("It is running; its user's timer has to be stopped first.")
    if where is not None:
        moved = before is None or any(getattr(where, n) != getattr(before, n) for n in PLACE)
        if moved:
            refuse_archived(where)
        if moved or before is None or before.user_id != user.id:
            values |= price(where, user, rule).columns()
        values |= {name: getattr(where, name) for name in PLACE}
        if "billable" in values and values["billable"] is None:
            values["billable"] = where.billable
    overlaps = await rules.check_overlaps(session, rule, before, values)
    entry = await entities.stage(session, before or TimeEntry(), values)
    return Written(entry, overlaps)


async def shown(session: AsyncSession, *written: Written) -> Mapping[int, Values]:
    """Return entries by id as they are shown, in one statement."""
    await session.flush()
    overlaps = {each.entry.id: each.overlaps for each in written}
    rows = await TIME_ENTRIES.several(session, overlaps)
    for row in rows:
        if found := overlaps[row["id"]]:
            row["warnings"] = [{"code": "overlap", "entry_ids": found}]
    return {row["id"]: row for row in rows}


async def _answer(session: AsyncSession, written: Written) -> Values:
    found = await shown(session, written)
    context(session).subject = found[written.entry.id]
    return found[written.entry.id]


def _require_others(session: AsyncSession, user_id: int) -> None:
    known = context(session)
    if known.actor_id not in {None, user_id}:
        require(known, [Scope.TIME_ENTRIES_OTHERS])
