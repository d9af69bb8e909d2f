"""Custom field values on their way out: only those that the caller sees, and has asked for."""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.definition import sees_everything
from timetracker_api.custom_fields.models import HasCustomFields, entities_with_custom_fields
from timetracker_api.custom_fields.registry import fields_of, registry
from timetracker_api.db.base import Numbered
from timetracker_api.db.session import context, request_context
from timetracker_api.entities import Values
from timetracker_api.events.models import Event

Include = Literal["inactive"]
INCLUDE = "`inactive` adds the values of custom fields that are not active."


async def include(
    request: Request, include: Annotated[Include | None, Query(description=INCLUDE)] = None
) -> None:
    """Note what the caller wants to see beyond the usual."""
    if include is not None:
        request_context(request).include = frozenset({include})


@entities.completes
async def hide_values(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Remove the values of hidden fields, and of inactive ones.

    With ``include=inactive`` the latter come back under ``inactive``.
    """
    if not issubclass(kind, HasCustomFields):
        return
    fields = await fields_of(session, kind.entity_type)
    wanted = "inactive" in context(session).include
    if not (fields.inactive or fields.hidden or wanted):
        return
    for row in rows:
        values: Values = row["custom_fields"]
        apart = fields.inactive | fields.hidden.keys()
        row["custom_fields"] = {k: v for k, v in values.items() if k not in apart}
        if wanted:
            row["inactive"] = {k: v for k, v in values.items() if k in fields.inactive}


@entities.completes
async def hide_changes(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Leave the changes of values out of events that the caller does not see on records.

    Also those of keys that nothing defines any more: the field may have been hidden when it went.
    """
    role = context(session).role
    if kind is not Event or sees_everything(role):
        return
    definitions = await registry(session)
    for row in rows:
        change = row["changes"].get("custom_fields")
        if change is None or row["entity_type"] not in entities_with_custom_fields():
            continue
        fields = definitions.fields(row["entity_type"], role)
        seen = fields.active.keys() | fields.inactive
        left = {when: _only(values, seen) for when, values in change.items()}
        row["changes"] = row["changes"] | {"custom_fields": left}
        if not any(left.values()):
            del row["changes"]["custom_fields"]


def _only(values: Values | None, keys: Collection[str]) -> Values | None:
    return values and {key: value for key, value in values.items() if key in keys}
