"""Turns the values of records into links, for whole lists at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.base import Numbered
from timetracker_api.db.schema_version import Snapshot
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.template import NATIVE, Template, parse
from timetracker_api.urls import LinkFault, safe_url

REACHES: Mapping[str, Sequence[str]] = {
    "client": ("client",),
    "project": ("project", "client"),
    "task": ("task", "project", "client"),
    "time_entry": ("time_entry", "task", "project", "client", "user"),
}
"""The records whose attributes a record's links may name: itself, and those above it."""

Links = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class ReadyTemplate:
    """A template as records need it: parsed once per schema version."""

    id: int
    name: str
    icon: str | None
    open_in_new_tab: bool
    field_key: str
    applies_to: frozenset[str]
    template: Template

    def link(self, url: str) -> dict[str, Any]:
        """Return the link as the API shows it."""
        return {
            "template_id": self.id,
            "name": self.name,
            "url": url,
            "icon": self.icon,
            "open_in_new_tab": self.open_in_new_tab,
        }


async def _load(session: AsyncSession) -> Sequence[ReadyTemplate]:
    statement = (
        select(LinkTemplate)
        .where(LinkTemplate.is_active)
        .order_by(LinkTemplate.position, LinkTemplate.name, LinkTemplate.id)
    )
    schemes = context(session).settings.link_schemes
    return [ready for row in await session.scalars(statement) if (ready := _ready(row, schemes))]


def _ready(row: LinkTemplate, schemes: Sequence[str]) -> ReadyTemplate | None:
    """None for a template whose scheme is no longer allowed: its links are left out."""
    try:
        template = parse(row.url_template, schemes=schemes)
    except LinkFault:
        return None
    return ReadyTemplate(
        id=row.id,
        name=row.name,
        icon=row.icon,
        open_in_new_tab=row.open_in_new_tab,
        field_key=row.field_key,
        applies_to=frozenset(row.applies_to),
        template=template,
    )


_snapshot = Snapshot(_load)


@entities.completes
async def add_links(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Give every row the links that follow from its values."""
    if not issubclass(kind, HasCustomFields):
        return
    templates = [t for t in await _snapshot.current(session) if kind.entity_type in t.applies_to]
    fields = await fields_of(session, kind.entity_type)
    schemes = context(session).settings.link_schemes
    own = {
        key: field.definition.label
        for key, field in fields.active.items()
        if field.definition.kind == "url"
    }
    for row in rows:
        links = _own_links(own, row["custom_fields"], schemes)
        if templates:
            known = _known(kind.entity_type, row)
            for each in templates:
                for url in _urls(each, known):
                    links.setdefault(each.field_key, []).append(each.link(url))
        row["custom_field_links"] = links


def _own_links(
    labels: Mapping[str, str], values: Mapping[str, Any], schemes: Sequence[str]
) -> Links:
    """Link the values that are URLs. One from before the field was defined may be anything."""
    return {
        key: [
            {
                "template_id": None,
                "name": label,
                "url": values[key],
                "icon": None,
                "open_in_new_tab": True,
            }
        ]
        for key, label in labels.items()
        if isinstance(url := values.get(key), str) and safe_url(url, schemes)
    }


def _known(entity_type: str, row: Values) -> dict[str, Any]:
    """Everything a placeholder may name, as far as this record has it."""
    known = {f"custom.{key}": value for key, value in row["custom_fields"].items()}
    for entity in REACHES[entity_type]:
        source = row if entity == entity_type else row.get(entity) or {}
        for name in NATIVE[entity]:
            known[f"{entity}.{name}"] = source.get(name)
    return known


def _urls(ready: ReadyTemplate, known: Mapping[str, Any]) -> Iterator[str]:
    key = ready.field_key if "." in ready.field_key else f"custom.{ready.field_key}"
    value = known.get(key)
    for each in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if url := ready.template.render({**known, "value": each}):
            yield url
