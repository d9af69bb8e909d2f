"""What the models make of an empty database, which is what the revisions should lead to.

Autogenerate compares the names of rules and indexes. It does not see another text of a CHECK, or
another condition of an index.
"""

from pathlib import Path

from sqlalchemy import URL, Connection, MetaData, make_url
from sqlalchemy.exc import SQLAlchemyError

from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.driver_errors import first_line
from timetracker_api.migrations.failures import BadUsage
from timetracker_api.migrations.fingerprint.describing import Facts, differences, facts
from timetracker_api.migrations.fingerprint.recorded import expected

MEMORY = make_url("sqlite+aiosqlite:///:memory:")


async def modelled(url: URL, metadata: MetaData) -> Facts:
    """Return what the models make of a database of the same kind as one, and leave nothing there.

    On PostgreSQL that is a schema within a transaction, which takes the right to create one.
    """
    url = MEMORY if url.get_backend_name() == "sqlite" else url
    async with connecting(url) as connection:
        try:
            return await connection.run_sync(_created, metadata)
        except SQLAlchemyError as error:
            raise BadUsage(
                f"the models do not work on {url.get_backend_name()}: {first_line(error)}",
                "Correct the models",
            ) from error


def _created(connection: Connection, metadata: MetaData) -> Facts:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("CREATE SCHEMA of_the_models")
        connection.exec_driver_sql("SET LOCAL search_path = of_the_models")
    metadata.create_all(connection)
    found = facts(connection)
    connection.rollback()
    return found


async def unlike_models(url: URL, metadata: MetaData, folder: Path | None = None) -> list[str]:
    """Return in words how what is recorded of the head differs from what the models make.

    Nothing where nothing is recorded of it, as of a revision that is being written.
    """
    recorded = expected(url.get_backend_name(), folder)
    if not recorded or [recorded.head] != revisions.scripts(folder).get_heads():
        return []
    return unlike(recorded.facts, await modelled(url, metadata))


def unlike(made: Facts, wanted: Facts) -> list[str]:
    """Return in words how what revisions make differs from what the models make."""
    return differences(made, wanted, where="in the revisions")
