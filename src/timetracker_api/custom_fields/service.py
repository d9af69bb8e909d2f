"""Defining custom fields."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import String, cast, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields import usage
from timetracker_api.custom_fields.definition import ATTRIBUTES
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition, entities_with_custom_fields
from timetracker_api.custom_fields.rules import completed
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Conflict, Fault, InUse, Invalid, pointer

DEFINITIONS = Representation(
    CustomFieldDefinition,
    select(*inspect(CustomFieldDefinition).columns),
)

IMMUTABLE = ("key", "kind")


class TooManyDefinitions(Conflict):
    """An entity type has as many active custom fields as this installation allows."""

    title = "There are too many of them"


async def create(session: AsyncSession, values: Values) -> CustomFieldDefinition:
    """Define a field; every record created from now on is checked against it."""
    checked = completed(_plain(values), context(session).settings.limits, _reserved())
    checked["created_by_id"] = context(session).actor_id
    definition = await entities.create(session, CustomFieldDefinition, checked)
    await _keep_the_limit(session, definition)
    return definition


async def update(
    session: AsyncSession, definition: CustomFieldDefinition, values: Values
) -> CustomFieldDefinition:
    """Change a definition. Records stay as they are, and editable, whatever it says now."""
    _refuse_new_identity(definition, values)
    before = {name: getattr(definition, name) for name in ATTRIBUTES}
    wanted = completed(before | _plain(values), context(session).settings.limits, _reserved())
    changed = {name: wanted[name] for name in wanted if name in values}
    removed = _choices(before) - _choices(wanted)
    definition = await entities.update(session, definition, changed)
    # Counted after the flush: from there on no record can be written before this commits.
    for choice in sorted(removed):
        in_list = KINDS[definition.kind].is_list
        found = await usage.choice_counts(session, definition.key, choice, in_list=in_list)
        if found:
            raise InUse(
                f"{_counted(found)} have the choice {choice}; make it inactive instead.",
                Fault(pointer="/choices", code="in_use", message=f"{choice} is in use."),
                usage=found,
            )
    await _keep_the_limit(session, definition)
    return definition


async def delete(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    """Remove a definition that no record has a value for."""
    await entities.delete(session, definition)
    if found := await usage.counts(session, definition.key):
        raise InUse(
            f"{_counted(found)} have a value; make the field inactive instead.", usage=found
        )


def _plain(values: Values) -> Values:
    choices = values.get("choices")
    if choices is None:
        return values
    return values | {"choices": [c if isinstance(c, Mapping) else c.model_dump() for c in choices]}


def _choices(values: Values) -> set[str]:
    return {choice["value"] for choice in values["choices"]}


def _refuse_new_identity(definition: CustomFieldDefinition, values: Values) -> None:
    faults = [
        Fault(
            pointer=pointer(name),
            code="immutable",
            message=f"The {name} cannot be changed; values are stored by it.",
        )
        for name in IMMUTABLE
        if name in values and values[name] != getattr(definition, name)
    ]
    if faults:
        raise Invalid(*faults)


def _reserved() -> frozenset[str]:
    """A custom field must not be called like an attribute that records have anyway."""
    kinds: Iterable[Any] = entities_with_custom_fields().values()
    return frozenset(column.key for kind in kinds for column in inspect(kind).columns)


async def _keep_the_limit(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    limit = context(session).settings.limits.definitions
    for name in definition.applies_to:
        count = await session.scalar(
            select(func.count())
            .select_from(CustomFieldDefinition)
            .where(
                CustomFieldDefinition.is_active,
                cast(CustomFieldDefinition.applies_to, String).contains(f'"{name}"'),
            )
        )
        if (count or 0) > limit:
            raise TooManyDefinitions(f"A {name} can have {limit} active custom fields.")


def _counted(found: Mapping[str, int]) -> str:
    return " and ".join(f"{count} {name} records" for name, count in found.items())
