"""Values that no two records of a type share.

Every value of a unique field is claimed in the transaction that writes its record, and the claims'
primary key decides who was first: whoever comes second waits for the first to commit or roll back.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.models import (
    CustomFieldDefinition,
    HasCustomFields,
    UniqueValue,
    entities_with_custom_fields,
)
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.custom_fields.values import is_empty
from timetracker_api.db.base import Entity, fold
from timetracker_api.db.json.keys import HasKey
from timetracker_api.db.schema_version import fence, keep_writers_out
from timetracker_api.db.session import dialect
from timetracker_api.problems import Fault, NotUnique, pointer

AT_A_TIME = 500
"""Records that are read at once; each may have values of 64 KiB."""
MOST_LISTED, MOST_IDS = 100, 10
LONGEST_SHOWN = 100
"""Characters of a value that a message repeats."""

Claim = tuple[int, bytes]
"""A definition's id and the digest of a value."""


def digest(value: Any) -> bytes:
    """Return what is the same for all spellings of a value, and for no other value."""
    if isinstance(value, str):
        value = fold(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    return sha256(json.dumps(value, sort_keys=True).encode()).digest()


async def claim(
    session: AsyncSession,
    entity_type: str,
    fields: Fields,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> list[Fault]:
    """Claim a record's new values and let go of its old ones; or do nothing, and say why.

    All are claimed in one order before any is let go, so that writers who wait for each other's
    values never do so in a circle.
    """
    old, new = _claims(fields, before), _claims(fields, after)
    claimed = await _take(session, entity_type, sorted(new.keys() - old.keys()))
    taken = new.keys() - old.keys() - claimed
    await _let_go(session, entity_type, claimed if taken else old.keys() - new.keys())
    return [_taken(each, after[each.key]) for made, each in new.items() if made in taken]


@entities.removal
async def free_values(session: AsyncSession, entity: Entity) -> None:
    """Let others have the values of a record that is removed."""
    if isinstance(entity, HasCustomFields):
        await fence(session)
        fields = await fields_of(session, entity.entity_type)
        await _let_go(session, entity.entity_type, _claims(fields, entity.custom_fields))


async def rebuild(session: AsyncSession, definition: CustomFieldDefinition) -> None:
    """Claim the values that records have by now, or raise `NotUnique` with those that clash.

    For a field that has become unique or active, and for records that were written all at once.
    No other can be written from here on before this commits.
    """
    await keep_writers_out(session)
    connection = await session.connection()
    await connection.execute(delete(UniqueValue).where(UniqueValue.definition_id == definition.id))
    if not (definition.is_unique and definition.is_active):
        return
    repeated = 0
    clashes: dict[tuple[str, bytes], dict[str, Any]] = {}
    for entity_type in sorted(entities_with_custom_fields().keys() & set(definition.applies_to)):
        async for batch in _stored(session, entity_type, definition.key):
            digests = [each.digest for each in batch]
            claimed = await _take(session, entity_type, ((definition.id, d) for d in digests))
            clashing = Counter(digests) - Counter(digest for _, digest in claimed)
            repeated += clashing.total()
            for each in islice(clashing, MOST_LISTED - len(clashes)):
                clashes.setdefault((entity_type, each), {"entity_type": entity_type})
    if clashes:
        await _look_up(session, definition.key, clashes)
        raise _not_unique(definition, repeated, list(clashes.values()))


class _Stored(NamedTuple):
    id: int
    value: Any
    digest: bytes


async def _stored(
    session: AsyncSession, entity_type: str, key: str
) -> AsyncIterator[Sequence[_Stored]]:
    """Give the values of a type's records, some at a time, in the order of their ids."""
    kind: Any = entities_with_custom_fields()[entity_type]
    statement = select(kind.id, kind.custom_fields).where(HasKey(kind.custom_fields, key))
    statement = statement.order_by(kind.id).limit(AT_A_TIME)
    last = 0
    while rows := (await session.execute(statement.where(kind.id > last))).all():
        values = [(id, values[key]) for id, values in rows]
        yield [_Stored(id, each, digest(each)) for id, each in values if not is_empty(each)]
        last = rows[-1][0]


async def _look_up(
    session: AsyncSession, key: str, clashes: Mapping[tuple[str, bytes], dict[str, Any]]
) -> None:
    """Add to every clash its value as the first record has it, the count, and the first ids."""
    for entity_type in {entity_type for entity_type, _ in clashes}:
        async for batch in _stored(session, entity_type, key):
            for each in batch:
                if (clash := clashes.get((entity_type, each.digest))) is not None:
                    clash.setdefault("value", each.value)
                    clash["count"] = clash.get("count", 0) + 1
                    ids: list[int] = clash.setdefault("ids", [])
                    ids += [each.id][: MOST_IDS - len(ids)]


def _not_unique(
    definition: CustomFieldDefinition, repeated: int, duplicates: Sequence[Mapping[str, Any]]
) -> NotUnique:
    records = "1 record has a value" if repeated == 1 else f"{repeated} records have values"
    return NotUnique(
        f"{definition.label} cannot be unique: {records} that another one has already.",
        Fault(pointer="/is_unique", code="not_unique", message="There are duplicates."),
        duplicates=duplicates,
    )


def _claims(fields: Fields, values: Mapping[str, Any]) -> dict[Claim, Definition]:
    return {
        (each.id, digest(values[each.key])): each
        for each in fields.unique
        if not is_empty(values.get(each.key))
    }


def _taken(definition: Definition, value: Any) -> Fault:
    shown = str(value)
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}…"
    return Fault(
        pointer=pointer("custom_fields", definition.key),
        code="not_unique",
        message=f"{definition.label} {shown} is taken.",
    )


async def _take(session: AsyncSession, entity_type: str, claims: Iterable[Claim]) -> set[Claim]:
    """Make those claims that nobody has made, and return them.

    Past the session, which would write all that is staged first.
    """
    rows = [{"definition_id": id, "entity_type": entity_type, "digest": d} for id, d in claims]
    if not rows:
        return set()
    insert_unless = postgresql.insert if dialect(session) == "postgresql" else sqlite.insert
    statement = insert_unless(UniqueValue).on_conflict_do_nothing()
    connection = await session.connection()
    made = await connection.execute(
        statement.returning(UniqueValue.definition_id, UniqueValue.digest), rows
    )
    return {(id, digest) for id, digest in made.all()}


async def _let_go(session: AsyncSession, entity_type: str, claims: Collection[Claim]) -> None:
    if claims:
        connection = await session.connection()
        await connection.execute(
            delete(UniqueValue).where(
                UniqueValue.entity_type == entity_type,
                tuple_(UniqueValue.definition_id, UniqueValue.digest).in_(claims),
            )
        )
