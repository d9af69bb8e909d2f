"""Finding records by the values of their custom fields: ``?custom.tier=gold``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from timetracker_api.auth.principal import require
from timetracker_api.custom_fields.finding.operators import EQUAL, OPERATORS
from timetracker_api.custom_fields.finding.sort_parameter import PREFIX, sorted_key
from timetracker_api.custom_fields.finding.sorting import order_by, sort_faults
from timetracker_api.custom_fields.models import HasCustomFields
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.custom_fields.showing import INCLUDE, Include
from timetracker_api.custom_fields.values import Validator, ValueFault
from timetracker_api.db.base import Entity, Numbered
from timetracker_api.db.session import context
from timetracker_api.problems import Fault, Invalid, pointer
from timetracker_api.web.pagination import Listing
from timetracker_api.web.parameters import Order, Parameters

MOST_FILTERS = 100
"""What can be asked at once: SQLite does not take expressions of any depth."""

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Related:
    """Other records by which those of a list can be found."""

    kind: type[Entity]
    references: Sequence[InstrumentedAttribute[Any]]
    """The columns that lead to them, the list's own first."""

    def reached(self, holds: Condition) -> Condition:
        """Turn a condition on the others into one on the records of the list."""
        kind: Any = self.kind
        for reference in reversed(self.references):
            # The list may have joined the same table, for what it shows.
            holds = reference.in_(select(kind.id).where(holds).correlate(None))
            kind = reference.class_
        return holds


class CustomFilters(Parameters, frozen=True):
    """The query parameters of a list of records that have custom fields.

    ``custom.<key>=value`` keeps the records that have this value, ``custom.<key>.<operator>=value``
    those that compare to it as the operator says; several must all hold.
    """

    related: ClassVar[Mapping[str, Related]] = {}
    """The records that ``<name>.custom.<key>`` asks about."""

    @classmethod
    def prefixes(cls) -> tuple[str, ...]:
        """Return the beginnings of the names of filters."""
        return (PREFIX, *(f"{name}.{PREFIX}" for name in cls.related))

    async def conditions(self, session: AsyncSession, kind: type[Numbered]) -> list[Condition]:
        """Return all conditions, those on custom fields included."""
        conditions = await super().conditions(session, kind)
        faults = [*_too_many(self.filters), *await self._sort_faults(session, kind)]
        for prefix in self.prefixes():
            asked = {name: text for name, text in self.filters.items() if name.startswith(prefix)}
            if not asked:
                continue
            related = self.related.get(prefix.partition(".")[0])
            owner = related.kind if related else kind
            require(context(session), [f"{owner.__tablename__}:read"])
            fields = await _fields(session, owner)
            faults += _undefined(fields, prefix, asked)
            for name, text in asked.items():
                key, dot, operator = name.removeprefix(prefix).partition(".")
                if key not in fields.active:
                    continue
                question = Question(fields.active[key], operator if dot else EQUAL, related)
                try:
                    conditions.append(question.asks(_values(owner), text, pointer(name)))
                except ValueFault as error:
                    faults += error.faults
        if faults:
            raise Invalid(*faults)
        return conditions

    async def sorted_by(self, session: AsyncSession, kind: type[Numbered], key: Any) -> Order:
        """Return the order, which may be that of a custom field."""
        if (named := sorted_key(self.sort)) is None:
            return await super().sorted_by(session, kind, key)
        fields = await _fields(session, kind)
        backwards = self.sort.startswith("-")
        return order_by(fields.active[named], _values(kind), backwards=backwards)

    async def _sort_faults(self, session: AsyncSession, kind: type[Numbered]) -> Iterator[Fault]:
        key = sorted_key(self.sort)
        return iter(()) if key is None else sort_faults(await _fields(session, kind), key)


class ShownFields(CustomFilters, frozen=True):
    """The query parameters of a list that shows such records, with their values."""

    include: str | None = None
    """What to add; `inactive` is the values of fields that are not active."""

    async def conditions(self, session: AsyncSession, kind: type[Numbered]) -> list[Condition]:
        """Return all conditions, and note what the caller wants to see beyond the usual."""
        if self.include is not None:
            context(session).include = frozenset({self.include})
        return await super().conditions(session, kind)


class CustomListing(ShownFields, Listing, frozen=True):
    """The query parameters of a paged list of records that have custom fields."""

    include: Annotated[Include | None, Field(description=INCLUDE)] = None


@dataclass(frozen=True)
class Question:
    """What one filter asks."""

    validator: Validator
    operator: str
    related: Related | None

    def asks(self, column: Any, text: str, at: str) -> Condition:
        """Return the condition on records; raise `ValueFault` where the question has no sense."""
        label, kind = self.validator.definition.label, self.validator.kind
        if self.operator not in kind.operators:
            message = f"{label} can be asked for with {', '.join(kind.operators)}."
            raise ValueFault([_fault(at, "operator", message)])
        operator = OPERATORS[self.operator]
        message = f"{label} must be {operator.expects.format(noun=kind.noun)}."
        try:
            value = operator.reads(self.validator, text, at)
        except ValueFault as error:
            changed = {"source": "query", "pointer": at}
            raise ValueFault([each.model_copy(update=changed) for each in error.faults]) from None
        except (ValueError, KeyError):
            raise ValueFault([_fault(at, "type", message)]) from None
        holds = operator.holds(column, self.validator, value)
        if self.related:
            holds = self.related.reached(holds)
        return holds.is_not(true()) if operator.negates(value) else holds


async def _fields(session: AsyncSession, kind: type[Numbered]) -> Fields:
    return await fields_of(session, cast(type[HasCustomFields], kind).entity_type)


def _values(kind: type[Numbered]) -> Any:
    return cast(type[HasCustomFields], kind).custom_fields


def _undefined(fields: Fields, prefix: str, asked: Mapping[str, Any]) -> Iterator[Fault]:
    keys = {name: name.removeprefix(prefix).partition(".")[0] for name in asked}
    unknown = dict.fromkeys(key for key in keys.values() if key not in fields.active)
    messages = dict(fields.undefined(unknown, prefix))
    for name, key in keys.items():
        if key in messages:
            yield _fault(pointer(name), "undefined_field", messages[key])


def _too_many(filters: Mapping[str, Any]) -> Iterator[Fault]:
    for name in islice(filters, MOST_FILTERS, MOST_FILTERS + 1):
        message = f"At most {MOST_FILTERS} custom fields can be asked about at once."
        yield _fault(pointer(name), "max_length", message)


def _fault(at: str, code: str, message: str) -> Fault:
    return Fault(pointer=at, source="query", code=code, message=message)
