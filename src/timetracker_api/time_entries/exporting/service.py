"""Reading rows as long as there are some, and writing them while they are sent."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock
from timetracker_api.db.session import context
from timetracker_api.organization.service import policy
from timetracker_api.time_entries.exporting.lines import Lines
from timetracker_api.time_entries.exporting.parameters import Format, TimeEntryExport
from timetracker_api.time_entries.exporting.table import Table
from timetracker_api.web.streaming import Streamed

AT_ONCE = 100
"""Rows that are written before others have their turn: a millisecond or two."""

FORMATS: Mapping[Format, type[Table] | type[Lines]] = {"csv": Table, "jsonl": Lines}


class Form(Protocol):
    """What writes the rows of a statement."""

    media_type: str
    head: bytes

    async def written(self, session: AsyncSession, rows: Sequence[Sequence[Any]], /) -> bytes:
        """Write some rows."""
        ...


async def export(session: AsyncSession, query: TimeEntryExport) -> Streamed:
    """Return the answer that reads and writes the entries, after this session has ended."""
    form = await FORMATS[query.format].of(session, query)
    statement = await query.narrowed(session, form.statement)
    return await file(session, form, statement, "time-entries", query.format)


async def file(
    session: AsyncSession,
    form: Form,
    statement: Select[*tuple[Any, ...]],
    name: str,
    format: Format,
) -> Streamed:
    """Return the answer that reads and writes rows, with a name that says what day it is."""
    known = context(session)
    zone = ZoneInfo(known.time_zone or (await policy(session)).time_zone)
    today = clock.now().astimezone(zone).date()
    return Streamed(
        known.database.long_read(partial(_pieces, form, statement), known),
        media_type=form.media_type,
        filename=f"{name}-{today}.{format}",
    )


async def _pieces(
    form: Form, statement: Select[*tuple[Any, ...]], session: AsyncSession
) -> AsyncGenerator[bytes]:
    head = form.head
    result = await session.stream(statement)
    async for rows in result.partitions(AT_ONCE):
        yield head + await form.written(session, rows)
        head = b""
    if head:
        yield head
