"""Giving a field another kind, and all its values with it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service
from timetracker_api.custom_fields.changes.conversions import POSSIBLE, brought, converted, named
from timetracker_api.custom_fields.changes.redefining import redefine
from timetracker_api.custom_fields.changes.rehearsing import as_it_is
from timetracker_api.custom_fields.changes.rewriting import Rewriting
from timetracker_api.custom_fields.changes.schemas import Conversion
from timetracker_api.custom_fields.definition import Definition
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
    after = Validator(Definition.of(wanted))

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
    return await redefine(session, definition, values, conversion, dry_run=dry_run)


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
