"""Taking a choice away from a field, and giving those who have it another one."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.changes.redefining import redefine
from timetracker_api.custom_fields.changes.rehearsing import as_it_is
from timetracker_api.custom_fields.changes.rewriting import Rewriting
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.json.values import HasValue
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid, NotFound


async def replace_choice(
    session: AsyncSession,
    definition: CustomFieldDefinition,
    choice: str,
    other: str | None,
    *,
    dry_run: bool,
) -> Values:
    """Replace a choice on every record and in the default; then there is no such choice."""
    before = as_it_is(definition)
    _check(before, choice, other)
    in_list = KINDS[before.kind].is_list

    def replaced(value: Any) -> Any:
        if not isinstance(value, list):
            return other if value == choice else value
        return _each_once(cast(list[str], value), choice, other) or None

    replacement = Rewriting(
        session=session,
        definition=before,
        which=lambda kind: HasValue(kind.custom_fields, before.key, choice, in_list=in_list),
        change=lambda stored: replaced(stored[before.key]),
        dry_run=dry_run and not before.is_unique,
    )
    values = {
        "choices": [each for each in before.choices if each["value"] != choice],
        "default": replaced(before.default),
    }
    return await redefine(session, definition, values, replacement, dry_run=dry_run)


def _check(definition: Definition, choice: str, other: str | None) -> None:
    active = {each["value"]: each["is_active"] for each in definition.choices}
    if choice not in active:
        raise NotFound(f"{definition.label} has no choice {choice}.")
    if other is None:
        if definition.is_mandatory and definition.is_active:
            raise _fault("required", f"{definition.label} is required: name another choice.")
    elif other not in active or other == choice:
        raise _fault("not_a_choice", f"{definition.label} has no other choice {other}.")
    elif not active[other]:
        raise _fault("inactive_choice", f"{other} is no longer offered.")


def _each_once(values: Sequence[str], choice: str, other: str | None) -> list[str]:
    """Replace a choice in its place, unless the other one is there already."""
    replaced = [other if value == choice else value for value in values]
    return [
        value
        for place, value in enumerate(replaced)
        if value is not None and value not in replaced[:place]
    ]


def _fault(code: str, message: str) -> Invalid:
    return Invalid(Fault(pointer="/with", code=code, message=message))
