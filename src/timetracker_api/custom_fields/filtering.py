"""Finding records by the values of their custom fields: ``?custom.tier=gold``."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.models import HasCustomFields
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.custom_fields.showing import INCLUDE, Include
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from timetracker_api.db.base import Numbered
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

    include: str | None = None
    """What to add; `inactive` is the values of fields that are not active."""

    async def conditions(
        self, session: AsyncSession, kind: type[Numbered]
    ) -> list[ColumnElement[bool]]:
        """Return all conditions, those on custom fields included."""
        if self.include is not None:
            context(session).include = frozenset({self.include})
        conditions = await super().conditions(session, kind)
        if self.filters:
            owner = cast(type[HasCustomFields], kind)
            fields = await fields_of(session, owner.entity_type)
            conditions += _conditions(fields, owner.custom_fields, self.filters)
        return conditions


class CustomListing(CustomFilters, Listing, frozen=True):
    """The query parameters of a paged list of records that have custom fields."""

    include: Annotated[Include | None, Field(description=INCLUDE)] = None


def _conditions(
    fields: Fields, column: Any, filters: Mapping[str, Any]
) -> list[ColumnElement[bool]]:
    unknown = [key for key in filters if key not in fields.active]
    faults = [
        _fault(key, "undefined_field", message)
        for key, message in fields.undefined(unknown, PREFIX)
    ]
    conditions: list[ColumnElement[bool]] = []
    for key, text in filters.items():
        validator = fields.active.get(key)
        if validator is None:
            continue
        try:
            value = _sought(validator, text, pointer(PREFIX + key))
        except ValueFault as error:
            faults += [fault.model_copy(update={"source": "query"}) for fault in error.faults]
        except (ValueError, KeyError):
            message = f"{validator.definition.label} must be {validator.kind.noun}, given once."
            faults.append(_fault(key, "type", message))
        else:
            conditions.append(HasValue(column, key, value, in_list=validator.kind.is_list))
    if faults:
        raise Invalid(*faults)
    return conditions


def _sought(validator: Validator, text: object, at: str) -> Any:
    """Return the stored form of one value. What is no longer acceptable can be looked for."""
    if not isinstance(text, str) or is_empty(text):
        raise ValueError
    if validator.kind.is_list:
        return validator.unbounded.canonical([text], stored=[text], at=at)[0]
    return validator.unbounded.canonical(validator.kind.reads(text), stored=text, at=at)


def _fault(key: str, code: str, message: str) -> Fault:
    return Fault(pointer=pointer(PREFIX + key), source="query", code=code, message=message)
