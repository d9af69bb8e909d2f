"""How events are shown, and to whom: an event shows nobody what its record would not."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.base import Entity, Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.events.models import Event

PERSONAL = "time_entry"
"""The entity type whose records belong to somebody."""

EVENTS = Representation(
    Event,
    select(
        Event.id,
        Event.occurred_at,
        Event.type,
        Event.entity_type,
        Event.entity_id,
        User.id.label("actor__id"),
        func.coalesce(User.name, User.username).label("actor__name"),
        Event.request_id,
        Event.changes,
    ).outerjoin(User, User.id == Event.actor_id),
)


def visible(session: AsyncSession) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the events that the caller may see."""
    known = context(session)
    if Scope.TIME_ENTRIES_OTHERS in known.scopes:
        return ()
    return (or_(Event.entity_type != PERSONAL, Event.actor_id == known.actor_id),)


@entities.completes
async def hide_rates(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Leave the changes of rates out for those who may not see rates."""
    if kind is not Event or Scope.RATES_READ in context(session).scopes:
        return
    hidden = {"rate_amount"}.union(*(each.rates for each in Entity.__subclasses__()))
    for row in rows:
        row["changes"] = {k: v for k, v in row["changes"].items() if k not in hidden}
