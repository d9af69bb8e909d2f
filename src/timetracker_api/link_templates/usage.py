"""What link templates make of the values there are: which links, and which values make none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, or_
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.changes.usage import MOST_SAMPLES, read_in_one_go, report
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.link_templates.links import COLUMNS, attempts, known, source_of
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.records import TYPES, Records
from timetracker_api.link_templates.service import visible
from timetracker_api.link_templates.template import Template, parse
from timetracker_api.urls import LinkFault


@dataclass
class Tally:
    """What has been counted of one template."""

    id: int
    name: str
    source: str
    applies_to: Sequence[str]
    template: Template | LinkFault
    """Or why no value becomes a link, since what may be one has changed."""
    links: int = 0
    broken: int = 0
    samples: list[Values] = field(default_factory=list[Values])

    def count(self, entity_type: str, id: int, values: Mapping[str, Any]) -> None:
        """Count one record, if it has a value."""
        if values.get(self.source) is None:
            return
        if (reason := self._refusal(values)) is None:
            self.links += 1
            return
        self.broken += 1
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append({"entity_type": entity_type, "id": id, "reason": reason})

    def _refusal(self, values: Mapping[str, Any]) -> str | None:
        """Return why a record with a value has no link. One value of a list is enough."""
        if isinstance(self.template, LinkFault):
            return self.template.code
        reason = "missing_value"
        for _, made in attempts(self.template, self.source, values):
            if isinstance(made, str):
                return None
            reason = made.reason
        return reason

    def told(self) -> Values:
        """Return what was counted, as the API shows it."""
        return {name: getattr(self, name) for name in ("id", "name", "links", "broken", "samples")}


async def usage(session: AsyncSession, id: int) -> Values:
    """Return what one template makes of the values of its field."""
    await read_in_one_go(session)
    tallies = await _tallied(session, LinkTemplate.id == id)
    if not tallies:
        raise entities.missing(LinkTemplate, id)
    return tallies[0].told()


@report
async def of_field(session: AsyncSession, key: str) -> Values:
    """Add to the usage of a field what its templates make of its values."""
    tallies = await _tallied(session, LinkTemplate.field_key == key)
    return {"link_templates": [each.told() for each in tallies]}


async def _tallied(session: AsyncSession, *conditions: Any) -> list[Tally]:
    schemes = context(session).settings.link_schemes
    rows = await session.execute(COLUMNS.where(*conditions, *await visible(session)))
    tallies = [_begun(row, schemes) for row in rows]
    for name in TYPES:
        if counting := [each for each in tallies if name in each.applies_to]:
            await _go_through(session, Records(name), counting)
    return tallies


def _begun(row: Row[*tuple[Any, ...]], schemes: Sequence[str]) -> Tally:
    try:
        template = parse(row.url_template, schemes=schemes)
    except LinkFault as fault:
        template = fault
    return Tally(row.id, row.name, source_of(row.field_key), row.applies_to, template)


async def _go_through(session: AsyncSession, records: Records, tallies: Sequence[Tally]) -> None:
    """Read the records of a type that have a value, a few at a time, in one statement."""
    sources = {each.source for each in tallies}
    having = or_(*(records.having(source) for source in sorted(sources)))
    async for row in records.shown.stream(session, records.statement.where(having)):
        values = known(records.entity_type, row)
        for each in tallies:
            each.count(records.entity_type, row["id"], values)
