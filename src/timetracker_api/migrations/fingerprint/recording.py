"""Recording what the revisions make of empty databases, for the next release to bring along."""

from pathlib import Path

from alembic import command
from sqlalchemy import URL, Connection, MetaData

from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import migrating
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import BadUsage
from timetracker_api.migrations.fingerprint.describing import Facts, digest, facts, together
from timetracker_api.migrations.fingerprint.modelling import MEMORY, unlike_models
from timetracker_api.migrations.fingerprint.recorded import Expected, expected, file
from timetracker_api.migrations.scratch import scratch_database, scratch_file


async def record(server: URL, folder: Path | None = None) -> list[Path]:
    """Write down how both databases look at each revision, and return the files that changed."""
    rebuilt = {file(name, folder): found for name, found in (await rebuild(server, folder)).items()}
    changed = {
        path: found.to_json()
        for path, found in rebuilt.items()
        if not path.exists() or path.read_text(encoding="utf-8") != found.to_json()
    }
    for path, written in changed.items():
        path.write_text(written, encoding="utf-8")
    expected.cache_clear()
    return list(changed)


async def rebuild(server: URL, folder: Path | None = None) -> dict[str, Expected]:
    """Run all revisions on a new database of either kind, and look at it after each."""
    if server.get_backend_name() != "postgresql":
        raise BadUsage(
            "this needs a PostgreSQL server, on which it creates a database and drops it again",
            "Name one with --database-url postgresql://...",
        )
    async with scratch_file() as file, scratch_database(server) as database:
        return {"sqlite": await _walk(file, folder), "postgresql": await _walk(database, folder)}


async def missed(server: URL, metadata: MetaData, folder: Path | None = None) -> list[str]:
    """Return how what is recorded of the head differs from what the models make of either."""
    async with scratch_database(server) as database:
        found = [await unlike_models(url, metadata, folder) for url in (database, MEMORY)]
    return together(*found)


async def _walk(url: URL, folder: Path | None) -> Expected:
    digests: dict[str, str] = {}
    tables: dict[str, list[str]] = {}
    head = ""
    found: Facts = ()
    async with migrating(url) as connection, alembic_to_ourselves():
        for head in revisions.steps_up(revisions.scripts(folder), None, "head"):
            await connection.run_sync(_upgrade, head, folder)
            found = await connection.run_sync(facts)
            await connection.rollback()
            digests[head] = digest(found)
            tables[head] = sorted(fact.name for fact in found if fact.kind == "table")
    return Expected(head, found, digests, tables)


def _upgrade(connection: Connection, revision: str, folder: Path | None) -> None:
    command.upgrade(revisions.configuration(folder, connection=connection), revision)
