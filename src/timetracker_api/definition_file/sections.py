"""What a file is made of: a list of custom fields, and a list of link templates."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service as fields
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.schemas import DefinitionCreate
from timetracker_api.entities import Values
from timetracker_api.link_templates import service as templates
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.schemas import LinkTemplateCreate
from timetracker_api.schema import Body

Identity = tuple[Any, ...]


@dataclass(frozen=True)
class Section:
    """A list of definitions of one sort. The body that the API takes says what they consist of."""

    name: str
    noun: str
    body: type[Body]
    entity: Any
    identity: Sequence[str]
    """What tells one from the others, in every installation.

    In each, the database sees to that.
    """
    order: Sequence[str]
    create: Callable[[AsyncSession, Values], Awaitable[object]]
    update: Callable[[AsyncSession, Any, Values], Awaitable[object]]
    completed: Callable[[AsyncSession, Values], Awaitable[Values]]
    """Gives what is left out the default that depends on what the database has."""

    @property
    def attributes(self) -> Sequence[str]:
        """What is written of each."""
        return tuple(self.body.model_fields)

    def of(self, source: Mapping[str, Any]) -> Identity:
        """Return what identifies one."""
        return tuple(source[name] for name in self.identity)

    def called(self, identity: Identity) -> str:
        """Return what people call one."""
        if len(identity) == 1:
            return f"{self.noun} {identity[0]}"
        where, name = identity
        return f"{self.noun} {json.dumps(name, ensure_ascii=False)} of {where}"


async def _as_it_is(_session: AsyncSession, values: Values) -> Values:
    return values


FIELDS = Section(
    name="custom_fields",
    noun="field",
    body=DefinitionCreate,
    entity=CustomFieldDefinition,
    identity=("key",),
    order=("position", "label", "key"),
    create=fields.create,
    update=fields.update,
    completed=_as_it_is,
)
TEMPLATES = Section(
    name="link_templates",
    noun="link template",
    body=LinkTemplateCreate,
    entity=LinkTemplate,
    identity=("field_key", "name"),
    order=("position", "name", "field_key"),
    create=templates.create,
    update=templates.update,
    completed=templates.completed,
)
SECTIONS = (FIELDS, TEMPLATES)
"""In the order they are applied: links need the fields they belong to."""
