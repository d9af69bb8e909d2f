"""Giving a field another kind, and all its values with it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service, uniqueness
from timetracker_api.custom_fields.changes.conversions import POSSIBLE, brought, converted, named
from timetracker_api.custom_fields.changes.rehearsing import Unconvertible, as_it_is, carried_out
from timetracker_api.custom_fields.changes.rewriting import Rewriting
from timetracker_api.custom_fields.changes.schemas import Conversion, TypeImpact
from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.kinds import CONSTRAINTS, KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.rules import completed
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.json.keys import HasKey
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid, pointer


async def convert(
    session: AsyncSession, definition: CustomFieldDefinition, data: Conversion, *, dry_run: bool
) -> Values:
    """Convert all values, or none of them where one does not fit."""
    before = as_it_is(definition)
    if data.kind not in POSSIBLE[before.kind]:
        raise Invalid(no_conversion("kind", before.kind))
    values = _wanted(before, data)
    wanted = completed({**vars(before), **values})
    after = Validator(Definition(**{name: wanted[name] for name in ATTRIBUTES}))

    def change(stored: Mapping[str, Any]) -> Any:
        return converted(stored[before.key], before.kind, after, kept=True)

    conversion = Rewriting(
        session=session,
        definition=before,
        which=lambda kind: HasKey(kind.custom_fields, before.key),
        change=change,
        # Values that differ may be the same in another kind, which only the real thing tells.
        dry_run=dry_run and not before.is_unique,
    )
    work = _convert(session, definition, values, conversion)
    told = await carried_out(session, before.key, work, dry_run=dry_run)
    return {**told, "impact": conversion.impact}


async def _convert(
    session: AsyncSession,
    definition: CustomFieldDefinition,
    values: Values,
    conversion: Rewriting,
) -> None:
    await conversion.run()
    await service.update(session, definition, values, converting=True)
    await conversion.finish()
    if conversion.unfit:
        count = conversion.unfit
        what = "1 value does" if count == 1 else f"{count} values do"
        report = [TypeImpact(**each).model_dump(mode="json") for each in conversion.impact]
        raise Unconvertible(f"{what} not fit; nothing was changed.", impact=report)
    if not conversion.dry_run:
        await uniqueness.rebuild(session, definition)


def no_conversion(name: str, kind: str) -> Fault:
    """Say that values of a kind do not become what is asked for, and what they can become."""
    return Fault(pointer=pointer(name), code="no_conversion", message=named(kind))


def _wanted(before: Definition, data: Conversion) -> Values:
    """Return the attributes that change: what the new kind has as well stays, in its form."""
    values: Values = {"kind": data.kind}
    for name in CONSTRAINTS:
        kept = name in KINDS[data.kind].constraints
        values[name] = getattr(before, name) if kept else ([] if name == "choices" else None)
    for name in ("minimum", "maximum", "default"):
        stays = before.default if name == "default" else values[name]
        values[name] = None if stays is None else brought(stays, before.kind, data.kind)
    return service.plain({**values, **data.given()})
