"""What entries are changed by, held as it is until the transaction ends.

There is one order of locks, whatever is done to entries and to how many: their users by number,
the entries by number, the places they go to, the definitions and settings. Nobody waits for
somebody who waits for them; and who waits sees, after that, what the other has done.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.schema_version import fence
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.organization.service import Policy, policy
from timetracker_api.problems import Archived, Conflict, Invalid
from timetracker_api.time_entries.invoiced import on_invoices
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.places import Places, Spot, spot
from timetracker_api.time_entries.showing import visible

# Their keys stay free: who refers to them, with a new token for one, need not wait.
_ALL_USERS = select(User).order_by(User.id).with_for_update(key_share=True)
_AMONG = User.id.in_(bindparam("ids", expanding=True))
_USERS = _ALL_USERS.where(_AMONG)

Change = tuple[int | None, Values]
"""The id of an entry, none for a new one, and the values it is to have."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The records that some changes of entries are about; nobody else changes them meanwhile."""

    users: Mapping[int, User]
    entries: dict[int, TimeEntry]
    places: Places
    rule: Policy
    invoiced: Mapping[int, Values] = field(default_factory=dict[int, Values])
    """The invoices that entries are on."""

    def user(self, id: int) -> User:
        """Return a user whose time is to be recorded."""
        if id not in self.users:
            raise Invalid(entities.dangling(User, id, "user_id"))
        user = self.users[id]
        if user.archived_at is not None:
            raise Archived(f"The user {user.username} is archived.")
        return user

    def entry(self, id: int) -> TimeEntry:
        """Return an entry that the caller may see."""
        if id not in self.entries:
            raise entities.missing(TimeEntry, id)
        entry = self.entries[id]
        if entry.user_id not in self.users:
            raise Conflict("Somebody else has just become its user. Try again.")
        return entry


async def hold(session: AsyncSession, changes: Sequence[Change]) -> Held:
    """Lock all that some changes are about."""
    ids = sorted({id for id, _ in changes if id is not None})
    users = await locked_users(session, _named(session, changes), ids)
    entries = await _locked_entries(session, ids) if ids else {}
    invoiced = await on_invoices(session, entries)
    spots = (spot(entries.get(id or 0), values) for id, values in changes)
    found = await held(session, users, entries, filter(None, spots))
    return replace(found, invoiced=invoiced)


async def held(
    session: AsyncSession,
    users: Mapping[int, User],
    entries: dict[int, TimeEntry] | None = None,
    spots: Iterable[Spot] = (),
) -> Held:
    """Add what comes after users and entries in the order of locks."""
    places = Places()
    await places.hold(session, spots)
    await fence(session)
    return Held(users=users, entries=entries or {}, places=places, rule=await policy(session))


async def locked_users(
    session: AsyncSession, ids: Collection[int], entry_ids: Collection[int] = ()
) -> Mapping[int, User]:
    """Lock users, by their own ids and as those of entries, before their time is looked at.

    So there is one order of things for each of them, and a clock that is read after this tells a
    later time to whoever comes second: the timer can run neither twice nor backwards.
    """
    if not ids and not entry_ids:
        return {}
    statement = _USERS
    if entry_ids:
        owners = select(TimeEntry.user_id).where(TimeEntry.id.in_(entry_ids), *visible(session))
        statement = _ALL_USERS.where(or_(_AMONG, User.id.in_(owners)))
    return {user.id: user for user in await session.scalars(statement, {"ids": list(ids)})}


async def _locked_entries(session: AsyncSession, ids: Collection[int]) -> dict[int, TimeEntry]:
    statement = select(TimeEntry).where(TimeEntry.id.in_(ids), *visible(session))
    found = await session.scalars(statement.order_by(TimeEntry.id).with_for_update())
    return {entry.id: entry for entry in found}


def owner(session: AsyncSession, values: Values) -> int:
    """Return whose entry a new one is: the caller's unless they say otherwise."""
    return values.get("user_id") or context(session).actor_id or 0


def _named(session: AsyncSession, changes: Sequence[Change]) -> set[int]:
    """Return the users that changes are about. Without the scope, one cannot hold up others."""
    known = context(session)
    ids = {owner(session, values) for id, values in changes if id is None or "user_id" in values}
    if known.actor_id is None or Scope.TIME_ENTRIES_OTHERS in known.scopes:
        return ids
    return ids & {known.actor_id}
