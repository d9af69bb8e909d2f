"""The verbs every entity answers to. What all entities share happens here, once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock
from timetracker_api.db.base import Entity, Numbered
from timetracker_api.db.naming import Archivable
from timetracker_api.db.nesting import Shape
from timetracker_api.db.schema_version import ChangesSchema
from timetracker_api.db.session import context
from timetracker_api.problems import Fault, InUse, Invalid, NotFound, pointer

E = TypeVar("E", bound=Entity)
A = TypeVar("A", bound=Archivable)
Values = dict[str, Any]
Check = Callable[[AsyncSession, Entity, Values], Awaitable[None]]
Removal = Callable[[AsyncSession, Entity], Awaitable[None]]
Completion = Callable[[AsyncSession, type[Numbered], Sequence[Values]], Awaitable[None]]
Visibility = Callable[[AsyncSession], Sequence[ColumnElement[bool]]]

BY_PLACE = {"_result_disable_adapt_to_context": True}
"""SQLAlchemy's private option, as its ORM uses it: the columns of these rows are read by position.
To prepare their look-up by column takes as long as to run the statement."""
AT_A_TIME = 1000
"""Rows in memory while many are read."""

_checks: list[Check] = []
_removals: list[Removal] = []
_completions: list[Completion] = []
_visibility: dict[type[Numbered], Visibility] = {}
_representations: dict[type[Numbered], "Representation"] = {}


def check(function: Check) -> Check:
    """Have the values of every entity pass through ``function`` before they are taken over.

    It may change them. The entity still has its old values; a new one has no id yet.
    """
    _checks.append(function)
    return function


def removal(function: Removal) -> Removal:
    """Have every entity that is about to be removed pass through ``function``."""
    _removals.append(function)
    return function


def completes(function: Completion) -> Completion:
    """Have every row that is about to be shown pass through ``function``, which may add to it."""
    _completions.append(function)
    return function


def visibility(kind: type[Numbered]) -> Callable[[Visibility], Visibility]:
    """Have a function give the conditions for the records of a kind that the caller may see."""

    def register(function: Visibility) -> Visibility:
        _visibility[kind] = function
        return function

    return register


def visible(session: AsyncSession, kind: type[Numbered]) -> Sequence[ColumnElement[bool]]:
    """Return those conditions, for whoever may see records of the kind at all. Mostly none."""
    function = _visibility.get(kind)
    return function(session) if function else ()


@dataclass(frozen=True)
class Representation:
    """How an entity is shown: one select of exactly the columns of its read schema.

    Lists, single reads and the answers to writes all use it, so they cannot differ.
    """

    entity: type[Numbered]
    statement: Select[*tuple[Any, ...]]
    """See `db.nesting` for what its labels say."""

    def __post_init__(self) -> None:
        _representations.setdefault(self.entity, self)

    @cached_property
    def _shape(self) -> Shape:
        return Shape.of([str(column.key) for column in self.statement.selected_columns])

    @cached_property
    def _by_id(self) -> Select[*tuple[Any, ...]]:
        """One object for all requests, so that the work of reading it is done once."""
        return self.statement.where(self.entity.id == bindparam("id"))

    @cached_property
    def _by_ids(self) -> Select[*tuple[Any, ...]]:
        return self.statement.where(self.entity.id.in_(bindparam("ids", expanding=True)))

    async def rows(
        self,
        session: AsyncSession,
        statement: Select[*tuple[Any, ...]],
        parameters: Values | None = None,
    ) -> list[Values]:
        """Run a narrowed form of the statement."""
        return await self.completed(session, await self.bare(session, statement, parameters))

    async def completed(self, session: AsyncSession, rows: list[Values]) -> list[Values]:
        """Add to bare rows what the caller is to see beside their columns."""
        for function in _completions:
            await function(session, self.entity, rows)
        return rows

    async def bare(
        self,
        session: AsyncSession,
        statement: Select[*tuple[Any, ...]],
        parameters: Values | None = None,
    ) -> list[Values]:
        """Run a narrowed form of the statement, and leave the rows as they are.

        They are not for showing: what the caller may not see is still there.
        """
        result = await session.execute(statement, parameters, execution_options=BY_PLACE)
        return self.shaped(result.all())

    def shaped(self, rows: Iterable[Sequence[Any]]) -> list[Values]:
        """Return rows as they come from the database as objects."""
        shaped = self._shape.shaped
        return [shaped(row) for row in rows]

    async def stream(
        self, session: AsyncSession, statement: Select[*tuple[Any, ...]]
    ) -> AsyncIterator[Values]:
        """Give such rows a few at a time, as many as there are. Takes a transaction."""
        options = {"yield_per": AT_A_TIME}
        async for row in await session.stream(statement, execution_options=options):
            yield self._shape.shaped(row)

    def only(self, labels: Collection[str]) -> "Representation":
        """Return the same with some of its columns: ``id``, ``client__name``."""
        columns = [each for each in self.statement.selected_columns if each.key in labels]
        return Representation(
            self.entity, self.statement.with_only_columns(*columns, maintain_column_froms=True)
        )

    async def several(self, session: AsyncSession, ids: Collection[int]) -> list[Values]:
        """Return those with these ids, in no order."""
        return await self.rows(session, self._by_ids, {"ids": list(ids)})

    async def one(self, session: AsyncSession, id: int, *conditions: ColumnElement[bool]) -> Values:
        """Return the one with this id, or raise `NotFound` for one the conditions leave out."""
        statement = self._by_id.where(*conditions) if conditions else self._by_id
        rows = await self.rows(session, statement, {"id": id})
        if not rows:
            raise missing(self.entity, id)
        context(session).subject = rows[0]
        return rows[0]

    async def after(self, session: AsyncSession, work: Awaitable[Numbered]) -> Values:
        """Return the one that a piece of work has created or changed."""
        return await self.one(session, (await work).id)


def representation(kind: type[Numbered]) -> Representation:
    """Return how records of a kind are shown, for slices below theirs."""
    return _representations[kind]


async def locked(session: AsyncSession, kind: type[E], id: int) -> E:
    """Return the one with this id, which nobody else can change before the transaction ends.

    One that the caller may not see is not there.
    """
    # Those who have shared the definitions' version may refer to a definition still. Whoever is
    # to change it waits for them with the version; they must not wait for the definition.
    shared = issubclass(kind, ChangesSchema)
    statement = select(kind).where(kind.id == id, *visible(session, kind))
    found = await session.scalar(statement.with_for_update(key_share=shared))
    if found is None:
        raise missing(kind, id)
    return found


def missing(kind: type[Numbered], id: int) -> NotFound:
    """Return the problem of a row that is not there, or not for the caller to see."""
    return NotFound(f"There is no {_called(kind)} {id}.")


def _called(kind: type[Numbered]) -> str:
    name = kind.entity_type if issubclass(kind, Entity) else kind.__name__.lower()
    return name.replace("_", " ")


async def create(session: AsyncSession, kind: type[E], values: Values) -> E:
    """Add one to the database; constraints speak now, not at the end of the request."""
    return await add(session, kind(), values)


async def add(session: AsyncSession, entity: E, values: Values) -> E:
    """Add one that knows something of itself already, for the checks to go by."""
    await stage(session, entity, values)
    await session.flush()
    return entity


async def update(session: AsyncSession, entity: E, values: Values) -> E:
    """Give some attributes of an entity new values."""
    await stage(session, entity, values)
    await session.flush()
    return entity


async def archive(session: AsyncSession, entity: A) -> A:
    """Put an entity away: it keeps its history, and takes nothing new."""
    since = entity.archived_at or clock.now()
    return await update(session, entity, {"archived_at": since})


async def unarchive(session: AsyncSession, entity: A) -> A:
    """Bring an entity back."""
    return await update(session, entity, {"archived_at": None})


async def delete(session: AsyncSession, entity: Entity) -> None:
    """Remove an entity nothing refers to, or raise `InUse` with what does."""
    await stage_removal(session, entity)
    await session.flush()


async def stage(session: AsyncSession, entity: E, values: Values) -> E:
    """Give an entity values that pass all checks.

    The database hears of it with the next statement, together with all that is staged by then:
    for many at once. Its constraints speak no earlier.
    """
    for function in _checks:
        await function(session, entity, values)
    for name, value in values.items():
        setattr(entity, name, value)
    session.add(entity)
    return entity


async def stage_removal(session: AsyncSession, entity: Entity) -> None:
    """Mark an entity as removed for the next statement, or raise `InUse`."""
    if found := await dependents(session, entity):
        counted = " and ".join(_counted(name, count) for name, count in found.items())
        raise InUse(f"It is in use by {counted}.", usage=found)
    for function in _removals:
        await function(session, entity)
    await session.delete(entity)


async def dependents(session: AsyncSession, entity: Entity) -> dict[str, int]:
    """Count what the database would not let this entity go without, per entity type.

    The entity is locked, so that nothing can begin to refer to it while we count.
    """
    found: dict[str, int] = {}
    for kind in Entity.kinds():
        for key in kind.__table__.foreign_keys:
            if key.column.table is not entity.__table__ or key.ondelete is not None:
                continue
            count = select(func.count()).select_from(kind).where(key.parent == entity.id)
            if number := await session.scalar(count):
                found[kind.entity_type] = found.get(kind.entity_type, 0) + number
    return found


def _counted(entity_type: str, count: int) -> str:
    name = entity_type.replace("_", " ")
    if count == 1:
        return f"1 {name}"
    return f"{count} {name.removesuffix('y')}ies" if name.endswith("y") else f"{count} {name}s"


async def referred(session: AsyncSession, kind: type[E], id: int, field: str) -> E:
    """Return what a field refers to, unchanged until the transaction ends; or raise `Invalid`."""
    statement = select(kind).where(kind.id == id).with_for_update(read=True)
    found = await session.scalar(statement)
    if found is None:
        raise Invalid(dangling(kind, id, field))
    return found


def dangling(kind: type[Entity], id: int, field: str) -> Fault:
    """Say that a field refers to nothing."""
    return Fault(
        pointer=pointer(field),
        code="reference_not_found",
        message=f"There is no {_called(kind)} {id}.",
    )
