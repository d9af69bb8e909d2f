"""Saying at which revision a database is, without changing its tables."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, column, delete, table

from timetracker_api.migrations import revisions
from timetracker_api.migrations.catalog import VERSION_TABLE, version_rows
from timetracker_api.migrations.connections import migrating, migration_url, reading
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.failures import Drift
from timetracker_api.migrations.fingerprint import drift, matches
from timetracker_api.migrations.lock import LOCK_WAIT, is_locked
from timetracker_api.migrations.patience import patiently
from timetracker_api.settings import Settings

Say = Callable[[str], object]

_versions = table(VERSION_TABLE, column("version_num"))


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a database said of itself before and after."""

    before: str | None
    after: str | None
    differences: tuple[str, ...]
    """In what it is not the revision that it is said to be; empty unless that was forced."""


async def stamp(  # noqa: PLR0913 - all but two have a default that suits most
    settings: Settings,
    revision: str,
    *,
    force: bool = False,
    lock_wait: float = LOCK_WAIT,
    say: Say = lambda _: None,
    folder: Path | None = None,
) -> Stamped:
    """Note a revision in a database that has the tables of that revision.

    Unlike Alembic's ``stamp`` it takes one that has no revision, or an unknown one: that its tables
    are the right ones is proof enough.
    """
    url = migration_url(settings)
    scripts = revisions.scripts(folder)
    target = revisions.find(scripts, revision).revision
    with explained(url):
        if not force and _is_missing(url) and not await is_locked(url):  # nor will it come about
            async with reading(url) as connection:
                await connection.run_sync(refuse_unlike, target, folder)
        async with migrating(url, lock_wait) as connection:
            look = partial(_unlike if force else refuse_unlike, revision=target, folder=folder)

            def attempt(connection: Connection) -> Stamped:
                found, before = look(connection), version_rows(connection)
                _note(connection, scripts, target)
                connection.commit()
                return Stamped(", ".join(before) or None, target, tuple(found))

            return await patiently(connection, attempt, say=say)


def _is_missing(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def refuse_unlike(connection: Connection, revision: str, folder: Path | None) -> list[str]:
    """Return that nothing is different in a database that is to be at a revision, or raise."""
    if found := _unlike(connection, revision, folder):
        raise Drift(
            f"the database is not at {revision}: {'; '.join(found)}",
            "Correct the tables, or add --force to `timetracker-api db stamp` if you know better",
        )
    return []


def _unlike(connection: Connection, revision: str, folder: Path | None) -> list[str]:
    if matches(connection, revision, folder):
        return []
    return drift(connection, revision, folder) or [f"nothing is recorded of {revision}"]


def _note(connection: Connection, scripts: revisions.ScriptDirectory, revision: str) -> None:
    if version_rows(connection):
        connection.execute(delete(_versions))
    MigrationContext.configure(connection).stamp(scripts, revision)
