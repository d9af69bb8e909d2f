"""Making the changes of rows that revisions have asked for, batch by batch."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Select,
    TableClause,
    Update,
    column,
    func,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.functions import count

from timetracker_api import clock
from timetracker_api.db.data_migrations import DataMigration
from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import migration_url, reading, writing
from timetracker_api.migrations.data import ATTRIBUTE, Batches
from timetracker_api.migrations.data.standings import Standing, read, standing_of
from timetracker_api.migrations.driver_errors import explain, explained, first_line
from timetracker_api.migrations.failures import BadUsage, Failure, Pending, RevisionFailed
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.staying import staying
from timetracker_api.settings import Settings

BATCH = 5000
"""Rows per transaction: a fifth of a second, so that nobody waits long for a row."""

PAUSE = 0.05
"""Seconds between two transactions, in which the service catches up."""

Say = Callable[[str], object]

_jobs = DataMigration.__table__


async def run(  # noqa: PLR0913 - each has a name and a default
    settings: Settings,
    name: str,
    *,
    batch: int = BATCH,
    pause: float = PAUSE,
    say: Say = lambda _: None,
    folder: Path | None = None,
) -> Standing:
    """Change what is left to change. May be killed at any time, and resumes after the last batch.

    Each batch is one transaction, which also notes how far it came.
    """
    batches = _known(name, folder)
    url = migration_url(settings)
    with explained(url):
        async with reading(url) as connection:
            await connection.run_sync(_verify, name, folder)
        async with writing(url) as connection:
            while True:
                standing = await _batch(connection, batches, batch, say, url)
                say(str(standing))
                if standing.status == "done":
                    return standing
                await asyncio.sleep(pause)


def _known(name: str, folder: Path | None) -> Batches:
    found: dict[str, Batches] = {}
    for script in revisions.scripts(folder).walk_revisions():
        batches = getattr(script.module, ATTRIBUTE, None)
        if batches:
            found[batches.name] = batches
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise BadUsage(f"no revision brings a data migration {name}", f"Those there are: {known}")
    return found[name]


def _verify(connection: Connection, name: str, folder: Path | None) -> None:
    state = revisions.read_state(connection, revisions.scripts(folder))
    if state.problem:
        raise state.problem
    if name not in {standing.name for standing in read(connection)}:
        raise _not_asked_for(name)


def _not_asked_for(name: str) -> Failure:
    return Pending(
        f"the database has not been asked for {name}", "Run `timetracker-api db upgrade`"
    )


async def _batch(
    connection: AsyncConnection, batches: Batches, size: int, say: Say, url: URL
) -> Standing:
    result: list[Standing] = []

    def attempt(connection: Connection) -> None:
        result.append(_advance(connection, batches, size))
        connection.commit()

    try:
        await patiently(connection, attempt, say=say)
    except Exception as error:
        await connection.rollback()
        if isinstance(error, Failure) or explain(error, url):
            raise
        await connection.execute(_change(batches.name, status="failed", error=first_line(error)))
        await connection.commit()
        raise RevisionFailed(
            f"a batch of {batches.name} failed and was rolled back: {first_line(error)}",
            "Correct what it stumbled over, then run this again: it resumes there",
        ) from error
    return result[-1]


def _advance(connection: Connection, batches: Batches, size: int) -> Standing:
    """Change the next rows. Who else does the same waits here, and goes on after them."""
    row = connection.execute(_row(batches.name).with_for_update()).mappings().one_or_none()
    if row is None:
        raise _not_asked_for(batches.name)
    if row["status"] == "done":
        return standing_of(row)
    rows = table(batches.table, column("id"))
    changes: dict[str, Any] = {"status": "running", "error": None}
    if not row["started_at"]:
        changes |= {"started_at": clock.now(), "total": connection.scalar(_number(rows))}
    last, number = connection.execute(_next(rows, row["cursor"], size)).one()
    if last is not None:
        with staying():
            batches.work(connection, row["cursor"] + 1, last)
        changes |= {"cursor": last, "done": row["done"] + number}
    else:
        changes |= {"status": "done", "finished_at": clock.now()}
    connection.execute(_change(batches.name, **changes))
    return standing_of({**row, **changes})


def _row(name: str) -> Select[Any]:
    return select(_jobs).where(_jobs.c.name == name)


def _number(rows: TableClause) -> Select[int]:
    return select(count()).select_from(rows)


def _next(rows: TableClause, cursor: int, size: int) -> Select[int | None, int]:
    """Select the last id of the next batch, and how many rows are in it."""
    ids = select(rows.c.id).where(rows.c.id > cursor).order_by(rows.c.id).limit(size).subquery()
    return select(func.max(ids.c.id), count()).select_from(ids)


def _change(name: str, **values: Any) -> Update:
    return update(DataMigration).where(_jobs.c.name == name).values(values)
