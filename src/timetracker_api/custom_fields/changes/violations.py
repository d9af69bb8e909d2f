"""The records that break the rules of a field, one by one."""

from collections.abc import AsyncIterator
from typing import Any, Literal

from sqlalchemy import String, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.changes.usage import (
    AT_A_TIME,
    by_type,
    defined,
    read_in_one_go,
)
from timetracker_api.custom_fields.changes.verdicts import applies, verdict
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.schemas import EntityType
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.json.stored import Stored
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.web.feeds import Feed, Place
from timetracker_api.web.parameters import Order

BY_TYPE = Order(literal("", String()), backwards=False)
"""What cursors hold: the type of a record."""


class ViolationFeed(Feed, frozen=True):
    """How to list violations."""

    include: Literal["total"] | None = None
    """`total` adds how many there are."""
    entity_type: EntityType | None = None
    """Only those of records of this type."""
    sort: Literal["id"] = "id"
    """The order: by the type of the records, then by their id."""

    async def found(self, session: AsyncSession, id: int) -> Values:
        """Return the next violations."""
        if self.include == "total":
            await read_in_one_go(session)
        definition = await defined(session, id)
        seen = Place("", 0) if self.cursor is None else self._read(self.cursor, BY_TYPE)
        items: list[Values] = []
        following = None
        async for each in self._after(session, Validator(definition), seen):
            if len(items) == self.limit:
                last = items[-1]
                following = self.cursor_after(Place(last["entity_type"], last["entity_id"]))
                context(session).next_page = {"cursor": following}
                break
            items.append(each)
        answer: Values = {"items": items, "next": following}
        if self.include == "total":
            counted = await by_type(session, definition)
            wanted = (each for each in counted if self.entity_type in {None, each["entity_type"]})
            answer["total"] = sum(each["violations"] for each in wanted)
            answer["total_is_exact"] = True
        return answer

    async def _after(
        self, session: AsyncSession, validator: Validator, seen: Place
    ) -> AsyncIterator[Values]:
        """Give the violations that follow, reading no further than somebody wants to know."""
        for name in sorted(entities_with_custom_fields()):
            wanted = self.entity_type in {None, name} and name >= seen.key
            if wanted and applies(validator, name):
                begin = seen.id if name == seen.key else 0
                async for violation in _violations(session, validator, name, begin):
                    yield violation


async def _violations(
    session: AsyncSession, validator: Validator, entity_type: str, begin: int
) -> AsyncIterator[Values]:
    kind: Any = entities_with_custom_fields()[entity_type]
    key = validator.definition.key
    looked_at = true() if validator.definition.is_mandatory else HasKey(kind.custom_fields, key)
    statement = select(kind.id, Stored(kind.custom_fields, key)).where(looked_at)
    statement = statement.order_by(kind.id).limit(AT_A_TIME)
    while rows := (await session.execute(statement.where(kind.id > begin))).all():
        for id, value in rows:
            if faults := verdict(validator, entity_type, value):
                yield {
                    "entity_type": entity_type,
                    "entity_id": id,
                    "value": value,
                    "errors": faults,
                }
        begin = rows[-1][0]
