"""Turns what a unit of work changed into events, in the same transaction."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import Delete, FromClause, Update, event, insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ColumnProperty, ORMExecuteState, Session, UOWTransaction

from timetracker_api.db.base import Base, Entity
from timetracker_api.db.session import UnitOfWork, context
from timetracker_api.events.models import Event

BOOKKEEPING = frozenset({"id", "version", "created_at", "updated_at"})
"""Attributes that change with every change, and say nothing about it."""


async def record(session: AsyncSession, type: str, entity: Entity, **facts: Any) -> None:
    """Note something that no change of an attribute says by itself: an invoice was sent."""
    row = _row(session.sync_session, type, entity.entity_type, entity.id, facts)
    await session.execute(insert(Event), [row])


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
    await session.execute(insert(Event), rows)


@event.listens_for(UnitOfWork, "after_flush")
def _record_changes(session: Session, _flush: UOWTransaction) -> None:
    if rows := list(_changes(session)):
        session.connection().execute(insert(Event), rows)


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
    for verb, entities in (
        ("created", session.new),
        ("updated", session.dirty),
        ("deleted", session.deleted),
    ):
        for entity in entities:
            if isinstance(entity, Entity):
                changes = dict(_last(entity) if verb == "deleted" else _differences(entity))
                if changes or verb == "deleted":
                    type = f"{entity.entity_type}.{verb}"
                    yield _row(session, type, entity.entity_type, entity.id, changes)


def _differences(entity: Entity) -> Iterator[tuple[str, dict[str, Any]]]:
    state = inspect(entity)
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        old, new = next(iter(history.deleted), None), next(iter(history.added), None)
        if _is_worth_telling(attribute) and old != new:
            yield attribute.key, _told(attribute, old, new)


def _last(entity: Entity) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of something deleted, all that it was: nobody can look it up any more."""
    for attribute in inspect(entity).mapper.column_attrs:
        old = inspect(entity).dict.get(attribute.key)
        if _is_worth_telling(attribute) and old is not None:
            yield attribute.key, _told(attribute, old, None)


def _is_worth_telling(attribute: ColumnProperty[Any]) -> bool:
    return attribute.key not in BOOKKEEPING and "field" not in attribute.columns[0].info


def _told(attribute: ColumnProperty[Any], old: Any, new: Any) -> dict[str, Any]:
    if attribute.columns[0].info.get("secret"):
        return {"changed": True}
    return _difference(_plain(old), _plain(new))


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
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Decimal) else value
