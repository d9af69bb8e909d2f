"""Custom field values on their way out: those of inactive fields only for who asks for them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.principal import Caller
from timetracker_api.custom_fields.models import HasCustomFields
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.base import Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Values

Include = Literal["inactive"]
INCLUDE = "`inactive` adds the values of custom fields that are not active."


async def include(
    caller: Caller, include: Annotated[Include | None, Query(description=INCLUDE)] = None
) -> None:
    """Note what the caller wants to see beyond the usual."""
    if include is not None:
        caller.include = frozenset({include})


@entities.completes
async def hide_inactive(
    session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]
) -> None:
    """Take the values of inactive fields out of rows, and hand them over apart when asked."""
    if not issubclass(kind, HasCustomFields):
        return
    inactive = (await fields_of(session, kind.entity_type)).inactive
    wanted = "inactive" in context(session).include
    if not inactive and not wanted:
        return
    for row in rows:
        values: Values = row["custom_fields"]
        row["custom_fields"] = {k: v for k, v in values.items() if k not in inactive}
        if wanted:
            row["inactive"] = {k: v for k, v in values.items() if k in inactive}
