"""Turns the values of records into links, for whole lists at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Row, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.custom_fields.registry import Fields, fields_of, hidden_keys
from timetracker_api.db.base import Numbered
from timetracker_api.db.schema_version import Snapshot
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.link_templates.inverse import Inverse
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.template import NATIVE, NoLink, Template, parse
from timetracker_api.urls import LinkFault, safe_url

CUSTOM = "custom."

REACHES: Mapping[str, Sequence[str]] = {
    "client": ("client",),
    "project": ("project", "client"),
    "task": ("task", "project", "client"),
    "time_entry": ("time_entry", "task", "project", "client", "user"),
    "invoice": ("invoice", "client"),
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

    @cached_property
    def source(self) -> str:
        """What a placeholder for its value would be called, had it not a name of its own."""
        return source_of(self.field_key)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The custom fields it names."""
        names = {self.source, *self.template.placeholders}
        return frozenset(n.removeprefix(CUSTOM) for n in names if n.startswith(CUSTOM))

    @cached_property
    def inverse(self) -> Inverse:
        """The way back from its links to values."""
        return Inverse(self.template)

    def link(self, url: str) -> dict[str, Any]:
        """Return the link as the API shows it."""
        return {
            "template_id": self.id,
            "name": self.name,
            "url": url,
            "icon": self.icon,
            "open_in_new_tab": self.open_in_new_tab,
        }


COLUMNS = select(*inspect(LinkTemplate).columns).order_by(
    LinkTemplate.position, LinkTemplate.name, LinkTemplate.id
)
"""All that is kept of templates, in the order in which their links are shown."""


async def _load(session: AsyncSession) -> Sequence[ReadyTemplate]:
    schemes = context(session).settings.link_schemes
    rows = await session.execute(COLUMNS.where(LinkTemplate.is_active))
    return [ready for row in rows if (ready := _ready(row, schemes))]


def _ready(row: Row[*tuple[Any, ...]], schemes: Sequence[str]) -> ReadyTemplate | None:
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


async def templates_on(session: AsyncSession, fields: Fields, name: str) -> list[ReadyTemplate]:
    """Return what makes links on records of a type, as far as the caller sees all that it names.

    A template of a hidden field does not exist, and one of an inactive field makes no links.
    """
    apart = fields.inactive | await hidden_keys(session)
    return [
        each
        for each in await _snapshot.current(session)
        if name in each.applies_to and apart.isdisjoint(each.keys)
    ]


@entities.completes
async def add_links(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Give every row the links that follow from its values."""
    if not issubclass(kind, HasCustomFields):
        return
    fields = await fields_of(session, kind.entity_type)
    templates = await templates_on(session, fields, kind.entity_type)
    schemes = context(session).settings.link_schemes
    labels = {
        key: field.definition.label
        for key, field in fields.active.items()
        if field.definition.kind == "url"
    }
    for row in rows:
        links = _own_links(own_urls(labels, row["custom_fields"], schemes), labels)
        if templates:
            values = known(kind.entity_type, row)
            for each in templates:
                for _, made in attempts(each.template, each.source, values):
                    if isinstance(made, str):
                        links.setdefault(each.field_key, []).append(each.link(made))
        row["custom_field_links"] = links


def own_urls(
    keys: Collection[str], values: Mapping[str, Any], schemes: Sequence[str]
) -> dict[str, str]:
    """Return the values that are URLs. One from before the field was defined may be anything."""
    return {
        key: url
        for key in keys
        if isinstance(url := values.get(key), str) and safe_url(url, schemes)
    }


def _own_links(urls: Mapping[str, str], labels: Mapping[str, str]) -> Links:
    return {
        key: [
            {
                "template_id": None,
                "name": labels[key],
                "url": url,
                "icon": None,
                "open_in_new_tab": True,
            }
        ]
        for key, url in urls.items()
    }


def source_of(field_key: str) -> str:
    """Return the name that the value of a field has among those that placeholders may use."""
    return field_key if "." in field_key else CUSTOM + field_key


def known(entity_type: str, row: Values) -> dict[str, Any]:
    """Return everything a placeholder may name, as far as this record has it."""
    values = {CUSTOM + key: value for key, value in row["custom_fields"].items()}
    for entity in REACHES[entity_type]:
        source = row if entity == entity_type else row.get(entity) or {}
        for name in NATIVE[entity]:
            values[f"{entity}.{name}"] = source.get(name)
    return values


def attempts(
    template: Template, source: str, values: Mapping[str, Any]
) -> Iterator[tuple[Any, str | NoLink]]:
    """Give every value of a field with its URL, or why it makes none. Without a value, nothing."""
    value = values.get(source)
    if value is None:
        return
    put_in = dict(values)
    for each in cast("list[Any]", value) if isinstance(value, list) else [value]:
        put_in["value"] = each
        try:
            yield each, template.link(put_in)
        except NoLink as reason:
            yield each, reason
