"""What Alembic runs, whoever called it: the lock, the transactions and the guards are for all.

Looking for drift, backing up and asking first is left to the commands of ``timetracker-api db``.
"""

import asyncio
import contextlib
import logging
from pathlib import Path

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.util import CommandError
from sqlalchemy import Connection

from timetracker_api.migrations.configured import configured
from timetracker_api.migrations.connections import LOCK_TIMEOUT, migrating, migration_url, reading
from timetracker_api.migrations.dialect_only import leaving_out
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.guards import Guard, refuse_open_transaction
from timetracker_api.migrations.importing import models
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.progress import Progress
from timetracker_api.migrations.rendering import comparison, render_item, write_revision
from timetracker_api.migrations.revisions import find, read_state
from timetracker_api.migrations.stamping import refuse_unlike
from timetracker_api.migrations.staying import staying

log = logging.getLogger("timetracker_api.migrations")
progress: Progress = context.config.attributes.get("progress") or Progress(log.info)


def changes_the_database() -> bool:
    """Tell upgrade, downgrade and stamp, which go somewhere, from commands that look around."""
    with contextlib.suppress(CommandError):  # `+1` goes somewhere too, but has no name
        try:
            context.get_revision_argument()
        except KeyError:
            return False
    return True


def migrate(connection: Connection) -> None:
    """Do what was asked for, every revision in a transaction of its own."""
    refuse_open_transaction(connection)
    guard = Guard()

    def after_revision(
        ctx: MigrationContext, step: MigrationInfo, heads: object, run_args: object
    ) -> None:
        del heads, run_args
        guard.verify(ctx, step)
        progress.note(ctx, step)

    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata") or models(),
        transaction_per_migration=True,
        transactional_ddl=True,  # on SQLite as well, where our connections say BEGIN themselves
        on_version_apply=after_revision,
        render_as_batch=True,
        render_item=render_item,
        process_revision_directives=write_revision,
        **comparison(connection.dialect.name),
    )
    if changes_the_database():
        refuse_strange_database(connection)
        refuse_wrong_stamp(connection)
        guard.begin(connection)
        connection.rollback()  # ends the reading, so that the first revision begins afresh
    with context.begin_transaction(), leaving_out(), staying():
        context.run_migrations()


def refuse_strange_database(connection: Connection) -> None:
    """Leave alone what is ahead of this release, unknown to it, or somebody else's."""
    scripts = context.get_context().script
    if scripts and (problem := read_state(connection, scripts).problem):
        raise problem


def refuse_wrong_stamp(connection: Connection) -> None:
    """Note no revision in a database that has not its tables."""
    running = context.get_context()
    if running.script and "purge" in running.opts:  # which is an option of `stamp` alone
        revision = find(running.script, str(context.get_revision_argument() or "base")).revision
        refuse_unlike(connection, revision, Path(running.script.dir))


async def migrate_on_own_connection() -> None:
    """Connect to the configured database; nobody else migrates it meanwhile."""
    url = migration_url(configured())
    with explained(url):
        if not changes_the_database():
            async with reading(url) as connection:
                await connection.run_sync(migrate)
            return
        async with migrating(url) as connection:
            await patiently(connection, migrate, may_resume=progress.may_resume, say=progress.say)


def write_sql() -> None:
    """Write a script for PostgreSQL: SQLite's revisions need to see the tables they change."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=models(),
        transaction_per_migration=True,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    context.static_output(f"SET lock_timeout = '{LOCK_TIMEOUT}';")
    with context.begin_transaction(), staying():
        context.run_migrations()


if context.config.cmd_opts:  # somebody typed `alembic ...`, and would like to see what happens
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)

if context.is_offline_mode():
    write_sql()
elif "connection" in context.config.attributes:
    migrate(context.config.attributes["connection"])
else:
    asyncio.run(migrate_on_own_connection())
