"""Reports as files: a line for each group, and for each currency of its amounts.

So every column can be added up, and no line has to wait for the next one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.entities import Values
from timetracker_api.reports import showing, statement
from timetracker_api.reports.measures import MEASURES
from timetracker_api.reports.parameters import TimeReportExport
from timetracker_api.reports.statement import Question
from timetracker_api.time_entries.exporting import cells, service, table
from timetracker_api.time_entries.exporting.lines import FORM, Lines
from timetracker_api.time_entries.exporting.parameters import Format
from timetracker_api.time_entries.exporting.table import Table
from timetracker_api.web.streaming import Streamed

AMOUNT = ("amount", "currency")


class ReportLines:
    """Writes groups as lines of JSON."""

    media_type = Lines.media_type
    head = b""

    def __init__(self, question: Question, names: Sequence[str]) -> None:
        self.question = question
        self._names = names

    def shown(self, row: Sequence[Any]) -> Values:
        """Return a row as people are shown it."""
        part = dict(zip(self._names, row, strict=True))
        shown: Values = {"group": showing.group(self.question, part)}
        shown |= {name: part[name] for name in MEASURES}
        if self.question.priced:
            shown["amount"] = showing.priced(part)
        return shown

    async def written(self, _session: AsyncSession, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write some rows."""
        return b"".join([orjson.dumps(self.shown(row), cells.amount, FORM) for row in rows])


class ReportTable(ReportLines):
    """Writes groups as the rows of a table."""

    media_type = Table.media_type

    def __init__(self, question: Question, names: Sequence[str]) -> None:
        super().__init__(question, names)
        grouped = [
            f"{name}_{member}"
            for name, dimension in question.dimensions.items()
            for member in dimension.members
        ]
        priced = AMOUNT if question.priced else ()
        self.head = table.lines([[*grouped, *MEASURES, *priced]])

    async def written(self, _session: AsyncSession, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write some rows."""
        shown = [self.shown(row) for row in rows]
        columns: list[cells.Column] = []
        for name, dimension in self.question.dimensions.items():
            found = _members([each["group"][name] for each in shown], dimension.members)
            columns += map(dimension.written, found)
        columns += [[each[name] for each in shown] for name in MEASURES]
        if self.question.priced:
            amount, currency = _members([each["amount"] for each in shown], AMOUNT)
            columns += [[*map(cells.amount, amount)], currency]
        return table.lines(zip(*columns, strict=True))


def _members(objects: Sequence[Values | None], names: Sequence[str]) -> Sequence[cells.Column]:
    """Return a column for each member of some objects, of which some are null."""
    return [[each and each[name] for each in objects] for name in names]


FORMS: Mapping[Format, type[ReportLines]] = {"csv": ReportTable, "jsonl": ReportLines}


async def export(session: AsyncSession, query: TimeReportExport) -> Streamed:
    """Return the answer that reads and writes the groups, after this session has ended."""
    question = await query.question(session)
    wanted = statement.lines(question, query.limit)
    form = FORMS[query.format](question, [str(each.key) for each in wanted.selected_columns])
    return await service.file(session, form, wanted, "time-report", query.format)
