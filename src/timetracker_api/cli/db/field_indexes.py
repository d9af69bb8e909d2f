"""The command that builds the indexes on custom fields at once."""

from dataclasses import asdict

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, LockWait, answer, progress
from timetracker_api.custom_fields import indexing
from timetracker_api.db.session import Database
from timetracker_api.migrations import commands
from timetracker_api.migrations.lock import LOCK_WAIT
from timetracker_api.models import metadata
from timetracker_api.settings import Settings

ENTITIES = metadata
"""Every entity that may have custom fields: commands load nothing else."""


def reindex_custom_fields(
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
) -> None:
    """Build the indexes on custom fields that are missing, and drop those nobody wants."""

    async def work(settings: Settings) -> Answer:
        state = await commands.state(settings, say=progress)
        if state.obstacle:
            raise state.obstacle
        url = settings.migration_database_url or settings.database_url
        direct = {"database_url": url, "database_pooler": "none"}
        database = Database(settings.model_copy(update=direct))
        try:
            outcome = await indexing.reconcile(database, lock_wait)
        finally:
            await database.dispose()
        found = asdict(outcome)
        lines = [f"{verb} {name}" for verb, names in found.items() for name in names]
        return Answer("\n".join(lines) or "no custom field is indexed", {"indexes": found})

    answer("reindex-custom-fields", work, database_url, as_json=as_json)
