"""Grouping by custom fields, those of the entries and those of what they were recorded on."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.principal import require
from timetracker_api.custom_fields.finding.filters import Related
from timetracker_api.custom_fields.finding.sort_parameter import PREFIX
from timetracker_api.custom_fields.finding.sorting import as_defined
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.json.json_text import JSONText
from timetracker_api.db.json.stored import Stored
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid
from timetracker_api.reports.dimensions import Dimension, Join, listed
from timetracker_api.time_entries.exporting import cells
from timetracker_api.time_entries.feed import TimeEntryFilters
from timetracker_api.time_entries.models import TimeEntry

MEMBERS = ("value", "label")


async def by_field(session: AsyncSession, name: str) -> Dimension:
    """Return the dimension `custom.<key>`, or that of a related record's.

    Raises `Invalid` for a field that the caller does not know of, `Forbidden` where the caller may
    not read what has it.
    """
    owner, _, key = name.rpartition(PREFIX)
    related = TimeEntryFilters.related.get(owner.removesuffix("."))
    kind: Any = related.kind if related else TimeEntry
    require(context(session), [f"{kind.__tablename__}:read"])
    fields = await fields_of(session, kind.entity_type)
    if key not in fields.active:
        raise Invalid(
            *(
                Fault(pointer="/group_by", source="query", code="undefined_field", message=message)
                for _, message in fields.undefined([key], name.removesuffix(key))
            )
        )
    return _dimension(fields.active[key], kind.custom_fields, _joined(related))


def _joined(related: Related | None) -> Sequence[Join]:
    if related is None:
        return []
    kind: Any = related.kind
    return [Join(kind, kind.id == related.references[0])]


def _dimension(validator: Validator, column: Any, joins: Sequence[Join]) -> Dimension:
    definition, kind = validator.definition, validator.kind
    labels = {choice["value"]: choice["label"] for choice in definition.choices}

    def shows(value: Any) -> Values:
        return {"value": value, "label": labels.get(value) if isinstance(value, str) else None}

    def shows_json(text: str) -> Values:
        return shows(orjson.loads(text))

    if kind.is_list:
        item, rows = listed(Stored(column, definition.key))
        return Dimension(
            keys=[item],
            shows=shows,
            members=MEMBERS,
            order=lambda keys: [as_defined(definition, keys[0]), keys[0]],
            joins=[*joins, rows],
            repeats=True,
        )
    return Dimension(
        keys=[JSONText(column, definition.key), kind.comparable(column, definition)],
        shows=shows_json,
        members=MEMBERS,
        written=cells.of_field(validator),
        order=lambda keys: [as_defined(definition, keys[1]), keys[0]],
        joins=joins,
    )
