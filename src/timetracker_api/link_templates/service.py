"""Saving link templates: what is saved can be rendered, and leads where it says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    values, _ = await checked(session, values)
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
        after, _ = await checked(session, after)
        values = {name: after.get(name, value) for name, value in values.items()}
    changed = await entities.update(session, template, values)
    if after["field_key"] != before["field_key"]:
        await _keep_the_limit(session, changed.field_key)
    return changed


async def checked(session: AsyncSession, values: Values) -> tuple[Values, Template]:
    """Return a template that may be saved, completed and taken apart.

    `Invalid` with all its faults otherwise.
    """
    fields = await _fields(session)
    values = _completed(fields, values)
    key, applies_to = values["field_key"], values["applies_to"]
    native = natives(applies_to)
    parsed, faults = _parsed(values["url_template"], context(session).settings.link_schemes, native)
    if parsed:
        faults += _unknown(parsed, fields, native)
    if key not in fields and key not in natives(REACHES):
        faults.append(
            Fault(
                pointer="/field_key",
                code="undefined_field",
                message=f"There is no custom field with the key {key!a}, and no such attribute;"
                f" there are {', '.join(sorted(native))}.",
            )
        )
    elif without := [name for name in applies_to if name not in _having(fields, key)]:
        faults.append(
            Fault(
                pointer="/applies_to",
                code="undefined_field",
                message=f"There is no {key} on {' and '.join(without)} records;"
                f" it is on {' and '.join(_having(fields, key))} records.",
            )
        )
    if faults or parsed is None:
        raise Invalid(*faults)
    return values, parsed


async def completed(session: AsyncSession, values: Values) -> Values:
    """Return a template with the types of records that show it, where it leaves them to its field.

    A field that does not exist is on all of them: that it does not is for `checked` to say.
    """
    return _completed(await _fields(session), values)


async def _fields(session: AsyncSession) -> Mapping[str, Sequence[str]]:
    """Return the keys of the custom fields that the caller may see, and what they apply to."""
    hidden = await hidden_keys(session)
    rows = await session.execute(
        select(CustomFieldDefinition.key, CustomFieldDefinition.applies_to)
    )
    return {row.key: row.applies_to for row in rows if row.key not in hidden}


def _completed(fields: Mapping[str, Sequence[str]], values: Values) -> Values:
    if values["applies_to"] is not None:
        return values
    key = values["field_key"]
    own = key.partition(".")[0]
    having = _having(fields, key)
    return values | {"applies_to": [own] if own in having else [*having] or [*REACHES]}


def _having(fields: Mapping[str, Sequence[str]], key: str) -> Sequence[str]:
    """Return the types of records that have a custom field, or know an attribute."""
    return fields.get(key) or [name for name in REACHES if key in natives([name])]


def natives(applies_to: Iterable[str]) -> set[str]:
    """Return the attributes that the links of records of these types may name."""
    return {
        f"{entity}.{attribute}"
        for name in applies_to
        for entity in REACHES[name]
        for attribute in NATIVE[entity]
    }


def _parsed(
    source: str, schemes: Sequence[str], native: set[str]
) -> tuple[Template | None, list[Fault]]:
    try:
        return parse(source, schemes=schemes), []
    except LinkFault as fault:
        sentence = fault.sentence
        if fault.code == "unknown_placeholder":
            sentence = f"{sentence} {_known(native)}"
        message = f"{sentence} (At position {fault.position}.)"
        return None, [Fault(pointer="/url_template", code=fault.code, message=message)]


def _known(native: set[str]) -> str:
    return f"There are value, {', '.join(sorted(native))} and custom.<key>, in braces."


def _unknown(parsed: Template, fields: Iterable[str], native: set[str]) -> Iterator[Fault]:
    allowed = {"value", *native, *(CUSTOM + key for key in fields)}
    for name, position in parsed.placeholders.items():
        if name not in allowed:
            yield Fault(
                pointer="/url_template",
                code="unknown_placeholder",
                message=f"These records have no {name}. {_known(native)} (At position {position}.)",
            )


async def _keep_the_limit(session: AsyncSession, field_key: str) -> None:
    limit = context(session).settings.limits.templates
    count = await session.scalar(
        select(func.count()).select_from(LinkTemplate).where(LinkTemplate.field_key == field_key)
    )
    if (count or 0) > limit:
        raise TooManyTemplates(f"{field_key} can have {limit} link templates.")
