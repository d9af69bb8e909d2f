"""Entries as lines of JSON, each as the list shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.entities import Representation, Values
from timetracker_api.time_entries.exporting import cells
from timetracker_api.time_entries.exporting.parameters import TimeEntryExport
from timetracker_api.time_entries.showing import TIME_ENTRIES

FORM = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True)
class ReadAlready(Representation):
    """Shows rows that a stream has read, as it would show them had it read them itself."""

    read: list[Sequence[Any]] = field(default_factory=list[Sequence[Any]])

    async def bare(
        self,
        session: AsyncSession,  # noqa: ARG002 - they are read
        statement: Select[*tuple[Any, ...]],  # noqa: ARG002
        parameters: Values | None = None,  # noqa: ARG002
    ) -> list[Values]:
        """Return the rows as they are."""
        return [self._shape.shaped(row) for row in self.read]


class Lines:
    """Writes entries as lines."""

    media_type = "application/jsonl"
    head = b""
    statement: Select[*tuple[Any, ...]] = TIME_ENTRIES.statement

    def __init__(self) -> None:
        self._entries = ReadAlready(TIME_ENTRIES.entity, self.statement)

    @classmethod
    async def of(cls, _session: AsyncSession, _query: TimeEntryExport) -> Self:
        """Return what writes lines for the caller."""
        return cls()

    async def written(self, session: AsyncSession, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write some rows."""
        self._entries.read[:] = rows
        shown = await self._entries.rows(session, self.statement)
        for entry in shown:
            del entry["version"]
            if entry["project"] is not None:
                del entry["project"]["code"]
        return b"".join([orjson.dumps(entry, cells.amount, FORM) for entry in shown])
