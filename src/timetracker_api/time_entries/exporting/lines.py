"""Entries as lines of JSON, each as the list shows it."""

from collections.abc import Sequence
from typing import Any, Self

import orjson
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.time_entries.exporting import cells
from timetracker_api.time_entries.exporting.parameters import TimeEntryExport
from timetracker_api.time_entries.showing import TIME_ENTRIES

FORM = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


class Lines:
    """Writes entries as lines."""

    media_type = "application/jsonl"
    head = b""
    statement: Select[*tuple[Any, ...]] = TIME_ENTRIES.statement

    @classmethod
    async def of(cls, _session: AsyncSession, _query: TimeEntryExport) -> Self:
        """Return what writes lines for the caller."""
        return cls()

    async def written(self, session: AsyncSession, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write some rows."""
        shown = await TIME_ENTRIES.completed(session, TIME_ENTRIES.shaped(rows))
        for entry in shown:
            del entry["version"]
            if entry["project"] is not None:
                del entry["project"]["code"]
        return b"".join([orjson.dumps(entry, cells.amount, FORM) for entry in shown])
