"""Gives many records another value of one field: as events show it, and in one transaction.

Records are held from those that refer to others on to those that are referred to, and by number:
the order in which whoever records time holds them.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.changes.usage import AT_A_TIME, MOST_SAMPLES
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.base import Base
from timetracker_api.db.json.keys import HasKey
from timetracker_api.entities import Values
from timetracker_api.events.recording import record_updates
from timetracker_api.problems import Fault


class Unfit(Exception):
    """A record cannot have the value it was to have."""

    def __init__(self, value: Any, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.value = value
        self.faults = faults


@dataclass
class Tally:
    """What comes of the records of one type."""

    records: int
    with_value: int
    changed: int = 0
    unfit: int = 0
    samples: list[Values] = field(default_factory=list[Values])
    """Of those that stay as they are."""

    def leave(self, id: int, reason: Unfit) -> None:
        """Count a record that stays as it is."""
        self.unfit += 1
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append({"id": id, "value": reason.value, "errors": reason.faults})


@dataclass(kw_only=True)
class Rewriting:
    """A change of the values that records have under one key."""

    session: AsyncSession
    definition: Definition
    which: Callable[[Any], ColumnElement[bool]]
    """Gives the condition for the records of a class that are concerned."""
    change: Callable[[Mapping[str, Any]], Any]
    """Gives the value a record is to have by all it has, None for none, or raises `Unfit`."""
    entity_types: Collection[str] = field(default_factory=entities_with_custom_fields)
    dry_run: bool = False
    """Whether to look only, and neither hold nor change anything."""
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally], init=False)

    async def run(self) -> None:
        """Change all that is to be changed. What has been changed before stays as it is."""
        for kind in _in_order_of_locks(self.entity_types):
            if kind.entity_type not in self.tallies:
                self.tallies[kind.entity_type] = await self._counted(kind)
            await self._rewrite(kind, self.tallies[kind.entity_type])

    async def finish(self) -> None:
        """Change what others have written meanwhile, now that nobody can write any more.

        That is from the moment the definition is changed. To change it first would stop everybody
        for longer, and whoever holds a record would wait for us, and we for them.
        """
        if not (self.dry_run or self.unfit):
            await self.run()

    @property
    def unfit(self) -> int:
        """How many records cannot have the value they were to have."""
        return sum(tally.unfit for tally in self.tallies.values())

    @property
    def impact(self) -> list[Values]:
        """What comes of the records of every type."""
        return [
            {
                "entity_type": name,
                "records": tally.records,
                "with_value": tally.with_value,
                "violations": tally.unfit,
                "changed": tally.changed,
                "samples": tally.samples,
            }
            for name, tally in sorted(self.tallies.items())
            if tally.with_value or name in self.definition.applies_to
        ]

    @property
    def key(self) -> str:
        """What the values are stored under."""
        return self.definition.key

    async def _counted(self, kind: Any) -> Tally:
        having = func.count().filter(HasKey(kind.custom_fields, self.key))
        found = await self.session.execute(select(func.count(), having).select_from(kind))
        records, with_value = found.one()
        return Tally(records=records, with_value=with_value)

    async def _rewrite(self, kind: Any, tally: Tally) -> None:
        # A field that can lose its values is not mandatory, or not for much longer.
        needed = (await fields_of(self.session, kind.entity_type)).complete - {self.key}
        async for rows in self._batches(kind):
            updates: list[tuple[int, Values, Values]] = []
            for id, *stored in rows:
                before = dict(zip(_columns(kind), stored, strict=True))
                try:
                    after = self._changed(before["custom_fields"])
                except Unfit as reason:
                    tally.leave(id, reason)
                    continue
                if after != before["custom_fields"]:
                    whole = {"custom_fields": after, "complete": needed <= after.keys()}
                    updates.append((id, before, {name: whole[name] for name in before}))
            tally.changed += len(updates)
            if updates and not self.dry_run:
                await _write(self.session, kind, updates)

    def _changed(self, values: Mapping[str, Any]) -> Values:
        value = self.change(values)
        if value is None:
            return {key: kept for key, kept in values.items() if key != self.key}
        return {**values, self.key: value}

    async def _batches(self, kind: Any) -> AsyncIterator[Sequence[Any]]:
        columns = (getattr(kind, name) for name in _columns(kind))
        statement = select(kind.id, *columns).where(self.which(kind))
        statement = statement.order_by(kind.id).limit(AT_A_TIME)
        if not self.dry_run:
            # The keys stay free: who refers to these records, with a new project, need not wait.
            statement = statement.with_for_update(key_share=True)
        last = 0
        while rows := (await self.session.execute(statement.where(kind.id > last))).all():
            yield rows
            last = rows[-1][0]


def _in_order_of_locks(entity_types: Collection[str]) -> list[Any]:
    kinds: dict[str, Any] = entities_with_custom_fields()
    order = Base.metadata.sorted_tables
    return sorted(
        (kinds[name] for name in entity_types),
        key=lambda kind: order.index(kind.__table__),
        reverse=True,
    )


def _columns(kind: Any) -> Sequence[str]:
    return ("custom_fields", "complete") if kind.may_wait else ("custom_fields",)


async def _write(
    session: AsyncSession, kind: Any, updates: Sequence[tuple[int, Values, Values]]
) -> None:
    """Write a batch past the session, which would send a statement for each, and its events."""
    table = kind.__table__
    statement = (
        update(table)
        .where(table.c.id == bindparam("which"))
        .values(
            {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _columns(kind)}
        )
        .values(version=table.c.version + 1)
    )
    rows = [
        {"which": id, **{f"new_{name}": value for name, value in after.items()}}
        for id, _, after in updates
    ]
    connection = await session.connection()
    await connection.execute(statement, rows)
    await record_updates(session, kind.entity_type, updates)
