"""How far the changes of rows have come that revisions have asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from timetracker_api.db.data_migrations import DataMigration
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings

_jobs = DataMigration.__table__


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a change of rows has come."""

    name: str
    status: str
    done: int
    total: int
    error: str | None
    started_at: str | None
    finished_at: str | None

    def __str__(self) -> str:
        reason = f": {self.error}" if self.error else ""
        return f"{self.name}: {self.status}, {self.done} of {counted(self.total, 'row')}{reason}"


async def standings(settings: Settings) -> list[Standing]:
    """Return all that were ever asked for."""
    url = migration_url(settings)
    with explained(url):
        async with reading(url) as connection:
            return await connection.run_sync(read)


def read(connection: Connection) -> list[Standing]:
    """Return what a database says of its data migrations: nothing, before it has the table."""
    if not connection.dialect.has_table(connection, DataMigration.__tablename__):
        return []
    rows = connection.execute(select(_jobs).order_by(_jobs.c.name)).mappings()
    return [standing_of(row) for row in rows]


def standing_of(row: Mapping[Any, Any]) -> Standing:
    """Return what a row of the table says."""
    started, finished = row["started_at"], row["finished_at"]
    return Standing(
        row["name"],
        row["status"],
        row["done"],
        row["total"],
        row["error"],
        started.isoformat() if started else None,
        finished.isoformat() if finished else None,
    )
