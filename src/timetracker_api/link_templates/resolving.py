"""From an address to the records that link to it.

What the placeholders may have stood for finds the candidates; their links are then made again, and
only a record with the very address is an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.json.values import HasAnyValue
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.link_templates.inverse import normal
from timetracker_api.link_templates.links import (
    ReadyTemplate,
    attempts,
    known,
    own_urls,
    templates_on,
)
from timetracker_api.link_templates.records import Records, readable
from timetracker_api.urls import MAX_URL

MOST_FOUND = 50
MOST_CANDIDATES = 200
"""Records of a type whose links are made; more only share parts of an address that fit."""


async def resolve(session: AsyncSession, url: str) -> Values:
    """Return the records, among those the caller may see, that have this address as a link."""
    url, wanted = url.strip(), normal(url)
    found: list[Values] = []
    for name in readable(session) if len(wanted) <= MAX_URL + len("/") else ():
        found += await _linking(session, Records(name), url, wanted)
    return {"items": found[:MOST_FOUND]}


async def _linking(
    session: AsyncSession, records: Records, url: str, wanted: str
) -> Sequence[Values]:
    fields = await fields_of(session, records.entity_type)
    templates = await templates_on(session, fields, records.entity_type)
    possible = [
        (each, condition)
        for each in templates
        if (condition := _candidates(records, each, wanted)) is not None
    ]
    labels = {
        key: field.definition.label
        for key, field in fields.active.items()
        if field.definition.kind == "url"
    }
    spellings = [url, wanted, wanted.removesuffix("/")]
    own = [HasAnyValue(records.kind.custom_fields, key, spellings) for key in labels]
    if not (possible or own):
        return []
    fitting = [condition for _, condition in possible]
    some = or_(*fitting, *own), *entities.visible(session, records.kind)
    rows = await records.shown.bare(session, records.statement.where(*some).limit(MOST_CANDIDATES))
    schemes = context(session).settings.link_schemes
    return [
        {"entity_type": records.entity_type, "id": row["id"], "name": row.get("name"), **link}
        for row in rows
        for link in (
            *_own(labels, own_urls(labels, row["custom_fields"], schemes)),
            *_made([each for each, _ in possible], known(records.entity_type, row)),
        )
        if normal(link.pop("url")) == wanted
    ]


def _candidates(records: Records, ready: ReadyTemplate, wanted: str) -> ColumnElement[bool] | None:
    captured = ready.inverse.captures(wanted)
    if captured is None:
        return None
    fits = records.dialled if ready.template.scheme == "tel" else records.written
    conditions = [
        fits(ready.source if name == "value" else name, values)
        for name, values in captured.items()
        if values is not None
    ]
    return and_(records.having(ready.source), *conditions) if conditions else None


def _own(labels: Mapping[str, str], urls: Mapping[str, str]) -> Iterator[Values]:
    for key, url in urls.items():
        yield {
            "template_id": None,
            "template_name": labels[key],
            "field_key": key,
            "value": url,
            "url": url,
        }


def _made(templates: Sequence[ReadyTemplate], values: Mapping[str, Any]) -> Iterator[Values]:
    for each in templates:
        for value, made in attempts(each.template, each.source, values):
            if isinstance(made, str):
                yield {
                    "template_id": each.id,
                    "template_name": each.name,
                    "field_key": each.field_key,
                    "value": value,
                    "url": made,
                }
