"""Trying a link template before it is saved."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.entities import Values
from timetracker_api.link_templates import service
from timetracker_api.link_templates.links import CUSTOM, attempts, known, source_of
from timetracker_api.link_templates.records import Records, readable
from timetracker_api.link_templates.schemas import MOST_RECORDS
from timetracker_api.link_templates.template import Template
from timetracker_api.problems import Fault, Invalid, pointer


async def preview(session: AsyncSession, data: Values) -> Values:
    """Return what a template makes of some records, or of values that are made up."""
    data, template = await service.checked(session, data)
    if faults := [*_contradictions(data), *_unknown(data)]:
        raise Invalid(*faults)
    source = source_of(data["field_key"])
    if data["values"] is not None:
        return {"items": [*_made_up(template, source, data["values"])]}
    items: list[Values] = []
    left = MOST_RECORDS
    for name in [data["entity_type"]] if data["entity_type"] else data["applies_to"]:
        if name in readable(session) and left:
            rows = await _some(session, Records(name), source, data["ids"], left)
            left -= len(rows)
            items += (item for row in rows for item in _tried(template, source, name, row))
    return {"items": items}


async def _some(
    session: AsyncSession, records: Records, source: str, ids: list[int] | None, most: int
) -> list[Values]:
    """Return the records that were named; otherwise the latest that have a value."""
    id = records.kind.id
    some = records.having(source) if ids is None else id.in_(ids)
    statement = records.shown.statement.where(some, *entities.visible(session, records.kind))
    return await records.shown.bare(session, statement.order_by(id.desc()).limit(most))


def _tried(template: Template, source: str, name: str, row: Values) -> Iterator[Values]:
    record = {"entity_type": name, "id": row["id"], "name": row.get("name")}
    for result in _results(template, source, known(name, row)):
        yield {**record, **result}


def _made_up(template: Template, source: str, values: Mapping[str, Any]) -> Iterator[Values]:
    """Without ``value`` it is what its field has; a link can name it by either."""
    value = values.get("value", values.get(source))
    for result in _results(template, source, {**values, source: value}):
        yield {"entity_type": None, "id": None, "name": None, **result}


def _results(template: Template, source: str, values: Mapping[str, Any]) -> Iterator[Values]:
    tried = list(attempts(template, source, values))
    for value, made in tried:
        if isinstance(made, str):
            yield {"value": value, "url": made, "reason": None}
        else:
            yield {"value": value, "url": None, "reason": made.reason}
    if not tried:
        yield {"value": None, "url": None, "reason": "missing_value"}


def _contradictions(data: Values) -> Iterator[Fault]:
    if data["ids"] is not None and data["entity_type"] is None:
        message = "Say of which type these records are."
        yield Fault(pointer="/entity_type", code="required", message=message)
    if data["entity_type"] not in {None, *data["applies_to"]}:
        message = "The template does not apply to these records."
        yield Fault(pointer="/entity_type", code="not_a_choice", message=message)
    if data["values"] is not None and data["entity_type"] is not None:
        message = "Give either values or records."
        yield Fault(pointer="/values", code="invalid", message=message)


def _unknown(data: Values) -> Iterator[Fault]:
    allowed = {"value", *service.natives(data["applies_to"])}
    for name in data["values"] or ():
        if name not in allowed and not name.startswith(CUSTOM):
            yield Fault(
                pointer=pointer("values", name),
                code="unknown_placeholder",
                message=f"These records have no {name}.",
            )
