"""The records of one type, as far as their links are concerned: what placeholders may name."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from sqlalchemy import ColumnElement, Select, func, or_
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.schemas import EntityType
from timetracker_api.db.json.comparing import Comparable
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.json.values import HasAnyValue
from timetracker_api.db.nesting import SEPARATOR
from timetracker_api.db.session import context
from timetracker_api.entities import Representation
from timetracker_api.events.showing import READABLE_WITH
from timetracker_api.link_templates.links import CUSTOM, REACHES
from timetracker_api.link_templates.template import NATIVE, SEPARATED_BY
from timetracker_api.schema import LARGEST_ID

TYPES: Sequence[str] = get_args(EntityType)
"""In the order of answers."""

NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", re.ASCII)
ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def readable(session: AsyncSession) -> list[str]:
    """Return the types of records that the caller may see."""
    scopes = context(session).scopes
    return [name for name in TYPES if READABLE_WITH[name] in scopes]


@dataclass(frozen=True)
class Records:
    """The records of a type."""

    entity_type: str

    @cached_property
    def kind(self) -> Any:
        """Their class."""
        return entities_with_custom_fields()[self.entity_type]

    @cached_property
    def shown(self) -> Representation:
        """What is read of them: as they are shown, without what is no concern of links."""
        labels = {
            self._label(entity, name)
            for entity in REACHES[self.entity_type]
            for name in NATIVE[entity]
        }
        return entities.representation(self.kind).only({*labels, "custom_fields"})

    @property
    def statement(self) -> Select[*tuple[Any, ...]]:
        """All of them, the first one first."""
        return self.shown.statement.order_by(self.kind.id)

    def having(self, source: str) -> ColumnElement[bool]:
        """Return the condition for those that have a value: of a custom field, or an attribute."""
        if source.startswith(CUSTOM):
            return HasKey(self.kind.custom_fields, source.removeprefix(CUSTOM))
        return self._column(source).is_not(None)

    def written(self, source: str, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition for those whose value is written as one of these texts."""
        if source.startswith(CUSTOM):
            return or_(*self._stored(source.removeprefix(CUSTOM), texts))
        column = self._column(source)
        if source.endswith(".id"):
            ids = (int(text) for text in texts if ID.fullmatch(text))
            return column.in_([id for id in ids if id <= LARGEST_ID])
        return column.in_(texts)

    def dialled(self, source: str, numbers: Collection[str]) -> ColumnElement[bool]:
        """Return the condition for those whose value is one of these telephone numbers.

        What separates its digits is no part of a number.
        """
        plain: ColumnElement[Any] = (
            Comparable(self.kind.custom_fields, source.removeprefix(CUSTOM), "text")
            if source.startswith(CUSTOM)
            else self._column(source)
        )
        for each in SEPARATED_BY:
            plain = func.replace(plain, each, "")
        return or_(plain.in_(numbers), self.written(source, numbers))

    def _stored(self, key: str, texts: Collection[str]) -> Iterator[ColumnElement[bool]]:
        """In a link 5 looks like "5", and one value of a list like a value."""
        numbers = [float(each) if "." in each else int(each) for each in texts if _is_number(each)]
        truths = [text == "true" for text in texts if text in {"true", "false"}]
        for values in filter(None, (sorted(texts), numbers, truths)):
            for in_list in (False, True):
                yield HasAnyValue(self.kind.custom_fields, key, values, in_list=in_list)

    def _column(self, name: str) -> ColumnElement[Any]:
        return self.shown.statement.selected_columns[self._label(*name.split("."))]

    def _label(self, entity: str, name: str) -> str:
        return name if entity == self.entity_type else f"{entity}{SEPARATOR}{name}"


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None
