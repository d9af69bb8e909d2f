"""Entries as a table: CSV as in RFC 4180, a column for every attribute and custom field."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Self

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.scopes import Scope
from timetracker_api.custom_fields.registry import fields_of
from timetracker_api.db.nesting import SEPARATOR
from timetracker_api.db.session import context
from timetracker_api.time_entries.exporting import cells
from timetracker_api.time_entries.exporting.cells import Written
from timetracker_api.time_entries.exporting.parameters import TimeEntryExport
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import TIME_ENTRIES

LABELS = (
    "id",
    "user__id",
    "user__name",
    "client__id",
    "client__name",
    "project__id",
    "project__name",
    "task__id",
    "task__name",
    "started_at",
    "ended_at",
    "duration_seconds",
    "time_zone",
    "local_date",
    "notes",
    "tags",
    "billable",
    "rate__amount",
    "rate__currency",
    "rate__source",
    "source",
    "continues_id",
    "complete",
    "created_at",
    "updated_at",
)
"""The columns before those of custom fields, as the representation has them."""


class Table:
    """Writes entries as the rows of a table."""

    media_type = "text/csv"

    def __init__(self, labels: Sequence[str], fields: Sequence[tuple[str, str, Written]]) -> None:
        chosen = TIME_ENTRIES.only(labels).statement
        self._written = [cells.of_column(column.type) for column in chosen.selected_columns]
        self._fields = [(key, written) for _, key, written in fields]
        self.statement: Select[*tuple[Any, ...]] = chosen.add_columns(TimeEntry.custom_fields)
        names = [str(column.key).replace(SEPARATOR, "_") for column in chosen.selected_columns]
        self.head = lines([[*names, *(prefix + key for prefix, key, _ in fields)]])

    @classmethod
    async def of(cls, session: AsyncSession, query: TimeEntryExport) -> Self:
        """Return the table that the caller may see."""
        seen = Scope.RATES_READ in context(session).scopes
        hidden = frozenset[str]() if seen else TimeEntry.rates
        labels = [each for each in LABELS if each.partition(SEPARATOR)[0] not in hidden]
        found = await fields_of(session, TimeEntry.entity_type)
        fields = [("custom.", key, cells.of_field(each)) for key, each in found.active.items()]
        if query.include == "inactive":
            fields += [("inactive.", key, cells.documents) for key in sorted(found.inactive)]
        return cls(labels, fields)

    async def written(self, _session: AsyncSession, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write some rows."""
        *columns, found = zip(*rows, strict=True)
        body = [written(column) for written, column in zip(self._written, columns, strict=True)]
        for key, written in self._fields:
            body.append(written([values.get(key) for values in found]))
        return lines(zip(*body, strict=True))


def lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows of cells as they stand in the table."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
