"""Defining custom fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, inspect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields import uniqueness
from timetracker_api.custom_fields.changes import counting
from timetracker_api.custom_fields.completing import complete_again
from timetracker_api.custom_fields.definition import ATTRIBUTES, sees_everything
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.kinds.numbers import scale_of
from timetracker_api.custom_fields.models import CustomFieldDefinition, entities_with_custom_fields
from timetracker_api.custom_fields.references import unknown_users
from timetracker_api.custom_fields.rules import RESERVED, completed
from timetracker_api.db.json.keys import HasItem
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Conflict, Fault, InUse, Invalid, fault

DEFINITIONS = Representation(
    CustomFieldDefinition,
    select(*inspect(CustomFieldDefinition).columns),
)

IMMUTABLE = {
    "key": "The key cannot be changed; values are stored by it.",
    "kind": "The kind cannot be changed like this; convert the field: POST .../{id}/convert.",
}
CLAIMING = ("is_unique", "is_active", "applies_to")
"""What decides which values of which records are kept unique."""


class TooManyDefinitions(Conflict):
    """An entity type has as many active custom fields as this installation allows."""

    title = "There are too many of them"


def visible(session: AsyncSession) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the definitions that the caller may see."""
    role = context(session).role
    if role is None or sees_everything(role):
        return ()
    allowed = CustomFieldDefinition.read_roles
    return (or_(cast(allowed, String) == "[]", HasItem(allowed, role)),)


async def create(session: AsyncSession, values: Values) -> CustomFieldDefinition:
    """Define a field; every record created from now on is checked against it."""
    values = plain(values)
    reserved = _reserved(values["key"], values["applies_to"], "key")
    faults = [*reserved, *_too_many_choices(session, values)]
    checked = completed(values, *faults)
    await _refuse_unknown_default(session, checked)
    checked["created_by_id"] = context(session).actor_id
    definition = await entities.create(session, CustomFieldDefinition, checked)
    await _keep_the_limit(session, _shown_on(checked))
    await uniqueness.rebuild(session, definition)  # there may be values of an older system
    return definition


async def update(
    session: AsyncSession,
    definition: CustomFieldDefinition,
    values: Values,
    *,
    converting: bool = False,
) -> CustomFieldDefinition:
    """Change a definition. Records stay as they are, and editable, whatever it says now.

    Where the caller is ``converting`` them, the kind may change as well; that they fit, and which
    of them are unique, is then for the caller to see.
    """
    values = plain(values)
    before = {name: getattr(definition, name) for name in ATTRIBUTES}
    identity = () if converting else _new_identity(before, values)
    more = set(values.get("applies_to", ())) - set(before["applies_to"])
    reserved = _reserved(before["key"], more, "applies_to")
    wanted = completed(before | values, *identity, *reserved, *_too_many_choices(session, values))
    await _refuse_unknown_default(session, wanted)
    changed = {n: wanted[n] for n in wanted if n in values or wanted[n] != before[n]}
    rescaled = scale_of(before["scale"]) != scale_of(wanted["scale"])
    definition = await entities.update(session, definition, changed)
    # Counted after the flush: from there on no record can be written before this commits.
    if not converting:
        if rescaled:
            await _refuse_new_scale(session, definition)
        await _refuse_lost_choices(session, definition, _choices(before) - _choices(wanted))
        if any(wanted[name] != before[name] for name in CLAIMING):
            await uniqueness.rebuild(session, definition)
    await _keep_the_limit(session, _shown_on(wanted) - _shown_on(before))
    await complete_again(session, _demanded_on(before) - _demanded_on(wanted))
    return definition


async def delete(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    """Remove a definition that no record has a value for."""
    await remove(session, definition)
    if found := await counting.counts(session, definition.key):
        raise InUse(
            f"It has values on {_counted(found)}; make the field inactive instead.", usage=found
        )


async def remove(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    """Remove a definition, whatever values there are."""
    demanded_on = _demanded_on({name: getattr(definition, name) for name in ATTRIBUTES})
    await entities.delete(session, definition)
    await complete_again(session, demanded_on)


def plain(values: Values) -> Values:
    """Return attributes of a definition as they are stored."""
    choices = values.get("choices")
    if choices is None:
        return values
    return values | {"choices": [c if isinstance(c, Mapping) else c.model_dump() for c in choices]}


def _choices(values: Values) -> set[str]:
    return {choice["value"] for choice in values["choices"]}


def _new_identity(before: Values, values: Values) -> Iterator[Fault]:
    for name, message in IMMUTABLE.items():
        if name in values and values[name] != before[name]:
            yield fault(name, "immutable", message)


def _reserved(key: str, entity_types: Iterable[str], field: str) -> Iterator[Fault]:
    """A field must not be called like an attribute that its records have anyway."""
    kinds: Mapping[str, Any] = entities_with_custom_fields()
    taken = {column.key for name in entity_types for column in inspect(kinds[name]).columns}
    if key in RESERVED | taken:
        yield fault(field, "reserved", f"{key} means something else already.")


def _too_many_choices(session: AsyncSession, values: Values) -> Iterator[Fault]:
    limit = context(session).settings.limits.choices
    if len(values.get("choices") or ()) > limit:
        yield fault("choices", "too_large", f"There are more than {limit} choices.")


async def _refuse_unknown_default(session: AsyncSession, wanted: Values) -> None:
    default = wanted.get("default")
    if wanted["kind"] == "user" and default is not None:
        for id in await unknown_users(session, [default]):
            raise Invalid(fault("default", "reference_not_found", f"There is no user {id}."))


async def _refuse_new_scale(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    """Values are found by their text, which has as many decimals as the scale said."""
    if found := await counting.counts(session, definition.key):
        raise InUse(
            f"It has values on {_counted(found)}, stored with another number of decimals.",
            fault("scale", "in_use", "The scale cannot be changed once there are values."),
            usage=found,
        )


async def _refuse_lost_choices(
    session: AsyncSession, definition: CustomFieldDefinition, removed: Iterable[str]
) -> None:
    in_list = KINDS[definition.kind].is_list
    for choice in sorted(removed):
        found = await counting.choice_counts(session, definition.key, choice, in_list=in_list)
        if found:
            raise InUse(
                f"{choice} is chosen on {_counted(found)}; make it inactive instead.",
                fault("choices", "in_use", f"{choice} is in use."),
                usage=found,
            )


def _shown_on(values: Values) -> set[str]:
    """Return the entity types whose records show a field."""
    return set(values["applies_to"]) if values["is_active"] else set()


def _demanded_on(values: Values) -> set[str]:
    """Return the entity types whose records must have a value."""
    return _shown_on(values) if values["is_mandatory"] else set()


async def _keep_the_limit(session: AsyncSession, added_to: Iterable[str]) -> None:
    limit = context(session).settings.limits.definitions
    for name in sorted(added_to):
        count = await session.scalar(
            select(func.count())
            .select_from(CustomFieldDefinition)
            .where(
                CustomFieldDefinition.is_active,
                HasItem(CustomFieldDefinition.applies_to, name),
            )
        )
        if (count or 0) > limit:
            raise TooManyDefinitions(f"A {name} can have {limit} active custom fields.")


def _counted(found: Mapping[str, int]) -> str:
    return " and ".join(
        f"{count} {name.replace('_', ' ')} record{'' if count == 1 else 's'}"
        for name, count in found.items()
    )
