"""What there is of a field: its values, those that break its rules, and what hangs on it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.changes.verdicts import verdict
from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.models import CustomFieldDefinition, entities_with_custom_fields
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.json.stored import Stored
from timetracker_api.db.session import dialect
from timetracker_api.entities import Values

Report = Callable[[AsyncSession, str], Awaitable[Mapping[str, Any]]]

MOST_SAMPLES = 10
AT_A_TIME = 1000

_reports: list[Report] = []


def report(function: Report) -> Report:
    """Have ``function(session, key)`` add members to the answer about the usage of a field."""
    _reports.append(function)
    return function


async def usage(session: AsyncSession, id: int) -> Values:
    """Return what there is of a field, per entity type and in what else knows it."""
    await read_in_one_go(session)
    definition = await defined(session, id)
    answer: Values = {"usage": await by_type(session, definition)}
    for function in _reports:
        answer |= await function(session, definition.key)
    return answer


async def read_in_one_go(session: AsyncSession) -> None:
    """Begin a transaction for reading. PostgreSQL hands out rows bit by bit only inside of one."""
    if dialect(session) == "postgresql":
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def defined(session: AsyncSession, id: int) -> Definition:
    """Return one definition as the engine uses it, or raise `NotFound`."""
    columns = (getattr(CustomFieldDefinition, name) for name in ATTRIBUTES)
    found = await session.execute(select(*columns).where(CustomFieldDefinition.id == id))
    if (row := found.mappings().first()) is None:
        raise entities.missing(CustomFieldDefinition, id)
    return Definition(**row)


async def by_type(session: AsyncSession, definition: Definition) -> list[Values]:
    """Count the records, their values and the violations, per type that has any of these.

    One statement per type: the database counts how often each value occurs, and the engine that
    checks what is written judges each of them once.
    """
    validator = Validator(definition)
    found = [await _counted(session, validator, name) for name in entities_with_custom_fields()]
    return [
        each
        for each in found
        if each["entity_type"] in definition.applies_to or each["with_value"] > 0
    ]


async def _counted(session: AsyncSession, validator: Validator, entity_type: str) -> Values:
    kind: Any = entities_with_custom_fields()[entity_type]
    value, first = Stored(kind.custom_fields, validator.definition.key), func.min(kind.id)
    statement = select(value, func.count(), first).group_by(value).order_by(first)
    counted = dict.fromkeys(("records", "with_value", "distinct", "violations"), 0)
    samples: list[Values] = []
    result = await session.stream(statement)
    async for rows in result.partitions(AT_A_TIME):
        for stored, count, id in rows:
            counted["records"] += count
            if stored is not None:
                counted["with_value"] += count
                counted["distinct"] += 1
            if faults := verdict(validator, entity_type, stored):
                counted["violations"] += count
                if len(samples) < MOST_SAMPLES:
                    samples.append({"id": id, "value": stored, "errors": faults})
    return {"entity_type": entity_type, **counted, "samples": samples}
