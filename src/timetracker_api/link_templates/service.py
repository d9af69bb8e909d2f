"""Saving link templates: what is saved can be rendered, and leads where it says."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, func, inspect, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.registry import hidden_keys
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.link_templates.links import CUSTOM, REACHES
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.template import NATIVE, Template, parse
from timetracker_api.problems import Conflict, Fault, Invalid
from timetracker_api.urls import LinkFault

TEMPLATES = Representation(LinkTemplate, select(*inspect(LinkTemplate).columns))

MAKES_LINKS = ("url_template", "field_key", "applies_to")


class TooManyTemplates(Conflict):
    """A field has as many link templates as this installation allows."""

    title = "There are too many of them"


async def visible(session: AsyncSession) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the templates that name no field hidden from the caller."""
    hidden = await hidden_keys(session)
    if not hidden:
        return ()
    named = (
        LinkTemplate.url_template.contains(f"{{{CUSTOM}{key}}}", autoescape=True)
        for key in sorted(hidden)
    )
    return (LinkTemplate.field_key.not_in(hidden), not_(or_(*named)))


async def create(session: AsyncSession, values: Values) -> LinkTemplate:
    """Add a template; `Invalid` with the position of the fault where it is not safe."""
    await check(session, values)
    template = await entities.create(session, LinkTemplate, values)
    await _keep_the_limit(session, template.field_key)
    return template


async def update(session: AsyncSession, template: LinkTemplate, values: Values) -> LinkTemplate:
    """Change a template. It is checked anew when what makes its links changes: one whose field or
    scheme is gone can still be renamed and put away.
    """
    before = {name: getattr(template, name) for name in MAKES_LINKS}
    after = {name: values.get(name, before[name]) for name in MAKES_LINKS}
    if after != before:
        await check(session, after)
    changed = await entities.update(session, template, values)
    if after["field_key"] != before["field_key"]:
        await _keep_the_limit(session, changed.field_key)
    return changed


async def check(session: AsyncSession, values: Values) -> Template:
    """Return a template that may be saved, taken apart; or raise `Invalid` with all its faults."""
    parsed, faults = _parsed(values["url_template"], context(session).settings.link_schemes)
    hidden = await hidden_keys(session)
    keys = set(await session.scalars(select(CustomFieldDefinition.key))) - hidden
    native = natives(values["applies_to"])
    if parsed:
        faults += _unknown(parsed, keys, native)
    if values["field_key"] not in keys | native:
        faults.append(
            Fault(
                pointer="/field_key",
                code="undefined_field",
                message=f"There is no custom field with the key {values['field_key']!a}, and no"
                f" such attribute; there are {', '.join(sorted(native))}.",
            )
        )
    if faults or parsed is None:
        raise Invalid(*faults)
    return parsed


def natives(applies_to: Iterable[str]) -> set[str]:
    """Return the attributes that the links of records of these types may name."""
    return {
        f"{entity}.{attribute}"
        for name in applies_to
        for entity in REACHES[name]
        for attribute in NATIVE[entity]
    }


def _parsed(source: str, schemes: Sequence[str]) -> tuple[Template | None, list[Fault]]:
    try:
        return parse(source, schemes=schemes), []
    except LinkFault as fault:
        message = f"{fault.sentence} (At position {fault.position}.)"
        return None, [Fault(pointer="/url_template", code=fault.code, message=message)]


def _unknown(parsed: Template, keys: set[str], native: set[str]) -> Iterator[Fault]:
    allowed = {"value", *native, *(CUSTOM + key for key in keys)}
    for name, position in parsed.placeholders.items():
        if name not in allowed:
            yield Fault(
                pointer="/url_template",
                code="unknown_placeholder",
                message=f"These records have no {name}. (At position {position}.)",
            )


async def _keep_the_limit(session: AsyncSession, field_key: str) -> None:
    limit = context(session).settings.limits.templates
    count = await session.scalar(
        select(func.count()).select_from(LinkTemplate).where(LinkTemplate.field_key == field_key)
    )
    if (count or 0) > limit:
        raise TooManyTemplates(f"{field_key} can have {limit} link templates.")
