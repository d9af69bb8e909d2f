"""Turns what a unit of work changed into events, in the same transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import Delete, FromClause, Update, event, insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from timetracker_api.db.base import Base, Entity
from timetracker_api.db.session import UnitOfWork, context
from timetracker_api.events.models import Event

BOOKKEEPING = frozenset({"id", "version", "created_at", "updated_at"})
"""Attributes that change with every change, and say nothing about it."""


CHANGED = {"changed": True}
"""All that events say of secrets."""

_INSERT = insert(Event)


async def record(session: AsyncSession, type: str, entity: Entity, **facts: Any) -> None:
    """Note something that no change of an attribute says by itself: an invoice was sent."""
    row = _row(session.sync_session, type, entity.entity_type, entity.id, facts)
    await session.execute(_INSERT, [row])


async def record_updates(
    session: AsyncSession,
    entity_type: str,
    updates: Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]],
) -> None:
    """Note changes that many entities of a type went through at once, past the session.

    Of each its id, and its attributes before and after.
    """
    rows = [
        _row(
            session.sync_session,
            f"{entity_type}.updated",
            entity_type,
            id,
            {
                name: _difference(before[name], after[name])
                for name in after
                if before[name] != after[name]
            },
        )
        for id, before, after in updates
    ]
    await session.execute(_INSERT, rows)


@event.listens_for(UnitOfWork, "after_flush")
def _record_changes(session: Session, _flush: UOWTransaction) -> None:
    if rows := list(_changes(session)):
        session.connection().execute(_INSERT, rows)


@event.listens_for(UnitOfWork, "do_orm_execute")
def _refuse_unrecorded_changes(statement: ORMExecuteState) -> None:
    changing = statement.statement
    if not isinstance(changing, Update | Delete):
        return
    unrecorded = statement.execution_options.get("unrecorded", False)
    if changing.table in _tables_of_entities() and not unrecorded:
        raise RuntimeError("entities change through the session, where events see it")


@cache
def _tables_of_entities() -> frozenset[FromClause]:
    mappers = Base.registry.mappers
    return frozenset(each.local_table for each in mappers if issubclass(each.class_, Entity))


def _changes(session: Session) -> Iterator[dict[str, Any]]:
    for verb, entities, told in (
        ("created", session.new, _first),
        ("updated", session.dirty, _differences),
        ("deleted", session.deleted, _last),
    ):
        for entity in entities:
            if isinstance(entity, Entity):
                changes = dict(told(entity))
                if changes or verb == "deleted":
                    type = f"{entity.entity_type}.{verb}"
                    yield _row(session, type, entity.entity_type, entity.id, changes)


Changes = Iterator[tuple[str, dict[str, Any]]]


def _first(entity: Entity) -> Changes:
    """Of something new, all that it is: asking for the history of each attribute takes longer."""
    values = inspect(entity).dict
    for key, is_secret in _worth_telling(type(entity)):
        if (new := values.get(key)) is not None:
            yield key, CHANGED if is_secret else {"old": None, "new": _plain(new)}


def _differences(entity: Entity) -> Changes:
    attributes = inspect(entity).attrs
    for key, is_secret in _worth_telling(type(entity)):
        history = attributes[key].history
        old, new = next(iter(history.deleted), None), next(iter(history.added), None)
        if old != new:
            yield key, CHANGED if is_secret else _difference(_plain(old), _plain(new))


def _last(entity: Entity) -> Changes:
    """Of something deleted, all that it was: nobody can look it up any more."""
    values = inspect(entity).dict
    for key, is_secret in _worth_telling(type(entity)):
        if (old := values.get(key)) is not None:
            yield key, CHANGED if is_secret else {"old": _plain(old), "new": None}


@cache
def _worth_telling(kind: type[Entity]) -> Sequence[tuple[str, bool]]:
    """Return the attributes that events are about, and whether they say no more than that."""
    columns = {each.key: each.columns[0] for each in inspect(kind).column_attrs}
    return [
        (key, bool(column.info.get("secret")))
        for key, column in columns.items()
        if key not in BOOKKEEPING and "field" not in column.info
    ]


def _difference(old: Any, new: Any) -> dict[str, Any]:
    """Of objects only the keys that differ: a record may have two hundred custom fields."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, Any], old), cast(dict[str, Any], new)
        keys = [k for k in before.keys() | after.keys() if before.get(k) != after.get(k)]
        old = {key: before[key] for key in keys if key in before}
        new = {key: after[key] for key in keys if key in after}
    return {"old": old, "new": new}


def _row(
    session: Session, type: str, entity_type: str, entity_id: int, changes: dict[str, Any]
) -> dict[str, Any]:
    known = context(session)
    return {
        "type": type,
        "entity_type": entity_type,
        "entity_id": entity_id,
        "actor_id": known.actor_id,
        "request_id": known.request_id,
        "changes": changes,
    }


def _plain(value: Any) -> Any:
    plain = PLAIN.get(type(value))
    return plain(value) if plain else value


PLAIN: Mapping[Any, Callable[[Any], str]] = {
    datetime: lambda value: value.isoformat().replace("+00:00", "Z"),
    Decimal: str,
}
"""How events say what JSON has no type for."""
