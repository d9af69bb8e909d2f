"""Giving a value to records that have none."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import MISSING
from sqlalchemy import not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import uniqueness
from timetracker_api.custom_fields.changes.conversions import POSSIBLE, converted
from timetracker_api.custom_fields.changes.converting import no_conversion
from timetracker_api.custom_fields.changes.rehearsing import as_it_is, carried_out
from timetracker_api.custom_fields.changes.rewriting import Rewriting, Unfit
from timetracker_api.custom_fields.changes.schemas import Backfill
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.references import unknown_users
from timetracker_api.custom_fields.validation import too_large
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Conflict, Fault, Invalid, NotUnique, pointer

Source = Callable[[Mapping[str, Any]], Any]
"""Gives the value that is meant for a record, by all it has."""


async def backfill(
    session: AsyncSession, definition: CustomFieldDefinition, data: Backfill, *, dry_run: bool
) -> Values:
    """Give a value to every record that has none. Those that it does not fit stay without."""
    field = as_it_is(definition)
    source = await _source(session, field, data)
    if not field.is_active:
        raise Conflict("The field is not active: make it active first.")
    limit = context(session).settings.limits.values_bytes

    def change(stored: Mapping[str, Any]) -> Any:
        value = source(stored)
        if value is not None and (faults := too_large(stored, {**stored, field.key: value}, limit)):
            raise Unfit(value, faults)
        return value

    filling = Rewriting(
        session=session,
        definition=field,
        which=lambda kind: not_(HasKey(kind.custom_fields, field.key)),
        change=change,
        entity_types=field.applies_to if data.entity_types is MISSING else data.entity_types,
        # Whether somebody else has a value already, only the real thing tells.
        dry_run=dry_run and not field.is_unique,
    )
    work = _fill(session, definition, data, filling)
    told = await carried_out(session, field.key, work, dry_run=dry_run)
    return {**told, "impact": filling.impact}


async def _fill(
    session: AsyncSession, definition: CustomFieldDefinition, data: Backfill, filling: Rewriting
) -> None:
    await filling.run()
    if not definition.is_unique:
        return
    if data.copy_from is MISSING and any(each.changed > 1 for each in filling.tallies.values()):
        message = "More than one record would have this value, which is to be unique."
        raise Invalid(Fault(pointer="/value", code="not_unique", message=message))
    try:
        await uniqueness.rebuild(session, definition)
    except NotUnique as clash:
        name = "value" if data.copy_from is MISSING else "copy_from"
        fault = Fault(pointer=pointer(name), code="not_unique", message=clash.detail)
        raise NotUnique(clash.detail, fault, **clash.members) from None


async def _source(session: AsyncSession, field: Definition, data: Backfill) -> Source:
    faults = list(_faults(field, data))
    if not faults and data.copy_from is not MISSING:
        return await _copied(session, field, data.copy_from)
    value: Any = None if data.value is MISSING else data.value
    if not faults:
        try:
            value = Validator(field).canonical(value, at="/value")
        except ValueFault as error:
            faults += error.faults
    if not faults and field.kind == "user" and await unknown_users(session, [value]):
        message = f"There is no user {value}."
        faults.append(Fault(pointer="/value", code="reference_not_found", message=message))
    if faults:
        raise Invalid(*faults)
    return lambda _stored: value


def _faults(field: Definition, data: Backfill) -> Iterator[Fault]:
    given = data.given()
    if given.keys() >= {"value", "copy_from"}:
        message = "Either a value or another field to copy from, not both."
        yield Fault(pointer="/copy_from", code="invalid", message=message)
    elif is_empty(given.get("value")) and "copy_from" not in given:
        message = "A value, or another field to copy from, is required."
        yield Fault(pointer="/value", code="required", message=message)
    for index, name in enumerate(given.get("entity_types", ())):
        if name not in field.applies_to:
            message = f"{field.label} does not apply to records of type {name}."
            yield Fault(
                pointer=pointer("entity_types", index), code="not_a_choice", message=message
            )


async def _copied(session: AsyncSession, field: Definition, key: str) -> Source:
    found = select(CustomFieldDefinition.kind).where(CustomFieldDefinition.key == key)
    kind = await session.scalar(found)
    if kind is None or key == field.key:
        message = f"There is no other custom field with the key {key}."
        raise Invalid(Fault(pointer="/copy_from", code="undefined_field", message=message))
    if kind != field.kind and field.kind not in POSSIBLE[kind]:
        raise Invalid(no_conversion("copy_from", kind))
    validator = Validator(field)

    def copied(stored: Mapping[str, Any]) -> Any:
        value = stored.get(key)
        return None if value is None else converted(value, kind, validator, kept=False)

    return copied
