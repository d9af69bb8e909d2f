"""Trying a new revision where it can do no harm: up, down and up again."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, MetaData

from timetracker_api.migrations import fingerprint, revisions
from timetracker_api.migrations.checking import differences
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.driver_errors import first_line
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import Failure, RevisionFailed


async def prove(id: str, url: URL, metadata: MetaData, folder: Path | None) -> None:
    """Refuse a revision that does not do what it should on a scratch database."""
    dialect = url.get_backend_name()
    try:
        await _there_and_back(id, url, metadata, folder)
    except Exception as error:
        reason = error.problem if isinstance(error, Failure) else first_line(error)
        raise RevisionFailed(
            f"{id} does not work on {dialect} and was removed: {reason}",
            "Correct the models, or write the revision by hand after `db revision`",
        ) from error


async def _there_and_back(id: str, url: URL, metadata: MetaData, folder: Path | None) -> None:
    """Apply a revision, undo it and apply it again, looking each time at what is there."""
    before = await facts_of(url)
    await apply(command.upgrade, url, id, folder)
    await apply(command.downgrade, url, "-1", folder)
    if left := fingerprint.differences(await facts_of(url), before):
        raise RevisionFailed(f"its downgrade leaves another schema behind: {left[0]}")
    await apply(command.upgrade, url, id, folder)
    async with connecting(url) as connection:
        if missed := await connection.run_sync(differences, metadata):
            raise RevisionFailed(f"afterwards, {missed[0]}")


async def facts_of(url: URL) -> fingerprint.Facts:
    """Return what there is in a scratch database."""
    async with connecting(url) as connection:
        return await connection.run_sync(fingerprint.facts)


async def apply(
    run: Callable[[Config, str], None], url: URL, target: str, folder: Path | None
) -> None:
    """Run a command of Alembic on a scratch database."""

    def work(connection: Connection) -> None:
        run(revisions.configuration(folder, connection=connection), target)

    async with connecting(url) as connection, alembic_to_ourselves():
        await connection.run_sync(work)
