"""What a downgrade would delete."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, quoted_name, select, table
from sqlalchemy import column as column_
from sqlalchemy.sql.functions import count

from timetracker_api.migrations import revisions
from timetracker_api.migrations.catalog import relations
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.scripting import downgrade_sql
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings

Say = Callable[[str], object]

_DROPPED = re.compile(
    r"^(?:DROP TABLE (?:IF EXISTS )?(?P<table>[\w\"]+)"
    r"|ALTER TABLE (?P<of>[\w\"]+) DROP COLUMN (?:IF EXISTS )?(?P<column>[\w\"]+))",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A table or column that would go, and how many values with it."""

    table: str
    column: str | None
    rows: int

    def __str__(self) -> str:
        if self.column:
            return f"column {self.table}.{self.column} with {counted(self.rows, 'value')}"
        return f"table {self.table} with {counted(self.rows, 'row')}"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a downgrade would do."""

    steps: tuple[str, ...]
    """The revisions it would undo."""
    losses: list[Loss]


async def forecast(
    settings: Settings,
    revision: str,
    folder: Path | None = None,
    *,
    say: Say = lambda _: None,
) -> Forecast:
    """Find out what downgrading to a revision would delete, without doing it."""
    url = migration_url(settings)
    scripts = revisions.scripts(folder)
    with explained(url):
        async with reading(url) as connection:
            look = partial(revisions.read_state, scripts=scripts)
            state = await patiently(connection, look, say=say)
            if state.problem:
                raise state.problem
            steps = revisions.steps_down(scripts, state.current, revision)
            if not steps:
                return Forecast((), [])
            target = revisions.parent(scripts, steps[-1])
            sql = await downgrade_sql(f"{state.current}:{target}", folder)
            losses = await patiently(connection, partial(_count, sql=sql), say=say)
            return Forecast(steps, losses)


def _count(connection: Connection, sql: str) -> list[Loss]:
    existing = set(relations(connection))
    found: list[Loss] = []
    for match in _DROPPED.finditer(sql):
        name = (match["table"] or match["of"]).strip('"')
        if name not in existing:
            continue
        column = match["column"].strip('"') if match["column"] else None
        counted = count(column_(quoted_name(column, True))) if column else count()
        rows = connection.scalar(select(counted).select_from(table(quoted_name(name, True))))
        found.append(Loss(name, column, rows or 0))
    return found
