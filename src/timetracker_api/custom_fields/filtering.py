"""Finding records by the values of their custom fields: ``?custom.tier=gold``."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.models import HasCustomFields
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.custom_fields.showing import INCLUDE, Include
from timetracker_api.custom_fields.values import ValueFault
from timetracker_api.db.base import Entity
from timetracker_api.db.json_keys import HasValue
from timetracker_api.db.session import context
from timetracker_api.problems import Fault, Invalid, pointer
from timetracker_api.web.pagination import Listing
from timetracker_api.web.parameters import Parameters

PREFIX = "custom."


class CustomFilters(Parameters, frozen=True):
    """The query parameters of a list of records that have custom fields.

    ``custom.<key>=value`` keeps the records that have this value; several must all hold.
    """

    open_prefix: ClassVar[str | None] = PREFIX

    include: Annotated[Include | None, Field(description=INCLUDE)] = None

    async def conditions(
        self, session: AsyncSession, kind: type[Entity]
    ) -> list[ColumnElement[bool]]:
        """Return all conditions, those on custom fields included."""
        if self.include is not None:
            context(session).include = frozenset({self.include})
        conditions = await super().conditions(session, kind)
        if self.filters:
            fields = await fields_of(session, kind.entity_type)
            column = cast(type[HasCustomFields], kind).custom_fields
            conditions += _conditions(fields, column, self.filters)
        return conditions


class CustomListing(CustomFilters, Listing, frozen=True):
    """The query parameters of a paged list of records that have custom fields."""


def _conditions(
    fields: Fields, column: Any, filters: Mapping[str, Any]
) -> list[ColumnElement[bool]]:
    faults: list[Fault] = []
    conditions: list[ColumnElement[bool]] = []
    for key, text in filters.items():
        validator = fields.active.get(key)
        if validator is None:
            faults.append(_undefined(fields, key))
            continue
        at = pointer(PREFIX + key)
        try:
            # A choice that is no longer offered can still be looked for.
            stored = [text] if validator.kind.is_list else text
            value = validator.canonical(validator.kind.reads(text), stored=stored, at=at)
        except ValueFault as error:
            faults += [fault.model_copy(update={"source": "query"}) for fault in error.faults]
        except (ValueError, KeyError, TypeError):
            message = f"{validator.definition.label} must be {validator.kind.noun}, given once."
            faults.append(Fault(pointer=at, source="query", code="type", message=message))
        else:
            one = value[0] if validator.kind.is_list else value
            conditions.append(HasValue(column, key, one, in_list=validator.kind.is_list))
    if faults:
        raise Invalid(*faults)
    return conditions


def _undefined(fields: Fields, key: str) -> Fault:
    nearest = get_close_matches(key, fields.active, n=1)
    hint = f" Did you mean {PREFIX}{nearest[0]}?" if nearest else ""
    return Fault(
        pointer=pointer(PREFIX + key),
        source="query",
        code="undefined_field",
        message=f"No custom field {key!a} is defined here.{hint}",
    )
