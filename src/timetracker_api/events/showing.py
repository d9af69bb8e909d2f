"""How events are shown, and to whom: an event shows nobody what its record would not."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.base import Entity, Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.events.models import Event

READABLE_WITH: Mapping[str, Scope] = {
    "client": Scope.CLIENTS_READ,
    "custom_field_definition": Scope.CUSTOM_FIELDS_WRITE,
    "invoice": Scope.INVOICES_READ,
    "invoice_line": Scope.INVOICES_READ,
    "link_template": Scope.LINK_TEMPLATES_WRITE,
    "payment": Scope.PAYMENTS_READ,
    "project": Scope.PROJECTS_READ,
    "settings": Scope.SETTINGS_READ,
    "task": Scope.TASKS_READ,
    "time_entry": Scope.TIME_ENTRIES_READ,
    "token": Scope.TOKENS_READ,
    "user": Scope.USERS_READ,
}
"""By entity type, the scope that shows all its records, and so what happened to them. Some
definitions, and templates that name them, are only seen by those who may write them."""

PERSONAL: Mapping[str, Scope] = {
    "time_entry": Scope.TIME_ENTRIES_OTHERS,
    "token": Scope.USERS_WRITE,
}
"""The entity types whose records belong to somebody, and the scope that shows what others did."""

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
    shown = [name for name, scope in READABLE_WITH.items() if scope in known.scopes]
    own = [name for name, scope in PERSONAL.items() if scope not in known.scopes]
    conditions: list[ColumnElement[bool]] = []
    if len(shown) < len(READABLE_WITH):
        conditions.append(Event.entity_type.in_(shown))
    if own:
        conditions.append(or_(Event.entity_type.not_in(own), Event.actor_id == known.actor_id))
    return conditions


@entities.completes
async def hide_rates(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Leave the changes of rates out for those who may not see rates."""
    if kind is not Event or Scope.RATES_READ in context(session).scopes:
        return
    rates = frozenset[str]().union(*(each.rates for each in Entity.kinds()))
    for row in rows:
        row["changes"] = {
            name: change
            for name, change in row["changes"].items()
            # An object such as `rate` is kept in columns that begin with its name.
            if name not in rates and name.partition("_")[0] not in rates
        }
