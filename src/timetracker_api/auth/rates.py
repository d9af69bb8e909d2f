"""Rates and amounts: shown to, and set by, only those with ``rates:read``."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.base import Entity, Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Forbidden


@entities.completes
async def hide_rates(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Leave rates out of what is shown to others."""
    if not issubclass(kind, Entity) or Scope.RATES_READ in context(session).scopes:
        return
    for row in rows:
        for name in kind.rates:
            row.pop(name, None)


@entities.check
async def refuse_rates(session: AsyncSession, entity: Entity, values: Values) -> None:
    """Refuse a rate from who may not even see it. The command line may set all of them."""
    known = context(session)
    if known.actor_id is None or Scope.RATES_READ in known.scopes:
        return
    for name in entity.rates & values.keys():
        if values[name] != getattr(entity, name, None):
            raise Forbidden(f"Setting {name} needs the scope rates:read.", scopes=["rates:read"])
