"""Indexes on custom fields, made on demand: which there should be, and which there are.

The former follows from the definitions, the latter is what the database says. Nothing is noted
down, so that nothing can be wrong after a restore or an interruption.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Dialect, Index, MetaData, Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateIndex

from timetracker_api import entities
from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition, entities_with_custom_fields
from timetracker_api.db.base import Numbered
from timetracker_api.db.types import JSONDocument
from timetracker_api.entities import Values
from timetracker_api.migrations.dialect_only import ON_DEMAND

IndexState = Literal["none", "pending", "building", "ready", "failed"]
WORST_FIRST: Sequence[IndexState] = ("failed", "building", "pending", "ready", "none")

NAME = re.compile(r"(ix|st)_cf_[a-z_]+_[0-9]+_[0-9a-f]{8}", re.ASCII)
"""What indexes, and PostgreSQL's statistics, are called: by table, definition and digest."""

LOCK = int.from_bytes(
    hashlib.sha256(b"timetracker-api:custom-field-indexes").digest()[:8], signed=True
)
"""What PostgreSQL calls the lock of whoever builds them. All releases have to agree on it."""

_POSTGRESQL = text("""
    SELECT c.relname, CASE WHEN i.indisvalid THEN 'ready' WHEN EXISTS (
        SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND d.datname = current_database() AND objsubid = 1
          AND (CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT) = :lock
    ) THEN 'building' ELSE 'failed' END
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
    WHERE starts_with(c.relname, 'ix_cf_') AND pg_table_is_visible(c.oid)
    UNION ALL
    SELECT stxname, 'ready' FROM pg_statistic_ext
    WHERE starts_with(stxname, 'st_cf_') AND pg_statistics_obj_is_visible(oid)
""").bindparams(lock=LOCK)

_SQLITE = text("""
    SELECT name, 'ready' FROM sqlite_master WHERE type = 'index' AND name GLOB 'ix_cf_*'
""")


@dataclass(frozen=True)
class FieldIndex:
    """The index on one field of one table; of another expression, it would have another name."""

    name: str
    table: str
    expression: str
    create: CreateIndex

    @property
    def statistics(self) -> str:
        """The name of the statistics on the same expression.

        PostgreSQL gathers none that help from a partial index.
        """
        return f"st{self.name.removeprefix('ix')}"


@dataclass(frozen=True)
class Plan:
    """How to get from the indexes there are to those there should be."""

    drops: Sequence[str]
    builds: Sequence[FieldIndex]
    kept: Sequence[str]


def indexes(definition: Definition, dialect: Dialect) -> list[FieldIndex]:
    """Return the indexes that a field should have, one per table of the records it applies to."""
    if not (definition.is_indexed and definition.is_active):
        return []
    kinds = entities_with_custom_fields()
    owners: list[Any] = [kinds[name] for name in definition.applies_to if name in kinds]
    return [_index(owner.__tablename__, definition, dialect) for owner in owners]


def _index(name: str, definition: Definition, dialect: Dialect) -> FieldIndex:
    """Index the very text that filters and sorts compile to; it serves no other."""
    table = Table(name, MetaData(), Column("id", BigInteger), Column("custom_fields", JSONDocument))
    value = KINDS[definition.kind].comparable(table.c.custom_fields, definition)
    expression = str(value.compile(dialect=dialect, compile_kwargs={"include_table": False}))
    digest = hashlib.sha256(expression.encode()).hexdigest()[:8]
    index = Index(
        f"{ON_DEMAND}{name}_{definition.id}_{digest}",
        value,
        table.c.id,
        postgresql_where=value.is_not(None),
        sqlite_where=value.is_not(None),
        postgresql_concurrently=True,
    )
    return FieldIndex(str(index.name), name, expression, CreateIndex(index, if_not_exists=True))


_columns = select(*(getattr(CustomFieldDefinition, name) for name in ATTRIBUTES))


async def plan(session: AsyncSession) -> Plan:
    """Compare the indexes that there are with those that there should be."""
    dialect = session.get_bind().dialect
    rows = await session.execute(_columns.where(CustomFieldDefinition.is_indexed))
    definitions = [Definition(**row) for row in rows.mappings()]
    wanted = [index for each in definitions for index in indexes(each, dialect)]
    present = await _present(session)
    ready = {name for name, state in present.items() if state == "ready"}
    names = {name for index in wanted for name in (index.name, index.statistics)}
    has_statistics = dialect.name == "postgresql"
    kept = [
        index.name
        for index in wanted
        if index.name in ready and (index.statistics in ready or not has_statistics)
    ]
    return Plan(
        drops=sorted(present.keys() - (names & ready)),
        builds=[index for index in wanted if index.name not in kept],
        kept=kept,
    )


@entities.completes
async def tell_state(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Say of definitions how far their indexes have come."""
    if kind is not CustomFieldDefinition:
        return
    dialect = session.get_bind().dialect
    wanted = [indexes(Definition.of(row), dialect) for row in rows]
    present: Mapping[str, IndexState] = await _present(session) if any(wanted) else {}
    for row, of_row in zip(rows, wanted, strict=True):
        row["index_state"] = _worst(present.get(index.name, "pending") for index in of_row)


def _worst(states: Iterable[IndexState]) -> IndexState:
    found = {"none", *states}
    return next(state for state in WORST_FIRST if state in found)


async def _present(session: AsyncSession) -> Mapping[str, IndexState]:
    """Return what there is in the database, and how far it has come."""
    statement = _SQLITE if session.get_bind().dialect.name == "sqlite" else _POSTGRESQL
    rows = await session.execute(statement)
    return {name: state for name, state in rows.all() if NAME.fullmatch(name)}
