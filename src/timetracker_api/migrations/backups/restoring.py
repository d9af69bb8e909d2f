"""Restoring a backup: all of it or nothing, and never over data that nobody meant."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import revisions
from timetracker_api.migrations.backups import folder, loading, postgresql, replaying, sqlite
from timetracker_api.migrations.backups.client_programs import ProgramFailed
from timetracker_api.migrations.backups.manifest import Manifest, read_whole
from timetracker_api.migrations.backups.taking import back_up
from timetracker_api.migrations.connections import connecting, migration_url, reading
from timetracker_api.migrations.driver_errors import explain, explained, first_line
from timetracker_api.migrations.failures import (
    Failure,
    ForeignSchema,
    RestoreFailed,
    UnknownRevision,
    Unverified,
)
from timetracker_api.migrations.lock import LOCK_WAIT, migration_lock
from timetracker_api.migrations.progress import Note, unnoticed
from timetracker_api.migrations.revisions import State, database_state
from timetracker_api.settings import Settings

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    state: State
    """How the database stands to this release now."""
    replaced: Path | None
    """The backup of what was there before."""


async def restore(  # noqa: PLR0913 - named by whoever calls
    settings: Settings,
    backup: Path,
    *,
    in_place: bool = False,
    lock_wait: float = LOCK_WAIT,
    say: Say = lambda _: None,
    note: Note = unnoticed,
) -> Restored:
    """Put a backup into the configured database: an empty one or, in place, any of ours.

    What is replaced in place is backed up before.
    """
    url = migration_url(settings)
    manifest = restorable(backup, url)
    with explained(url):
        async with migration_lock(url, lock_wait):
            replaced = None
            if await _holds_data(url, in_place=in_place):
                replaced = (await back_up(settings, keep=0, say=say, note=note)).file
                say(f"what is replaced is kept in {replaced}")
            try:
                await put(url, backup, manifest, note)
            except ProgramFailed as error:
                failed = RestoreFailed(f"{backup}: {error}", "The database is as it was")
                raise explain(error, url) or failed from error
        return Restored(manifest, await _verified(url, manifest), replaced)


def restorable(backup: Path, url: URL) -> Manifest:
    """Return what a backup says of itself, where it is whole and for such a database."""
    manifest = read_whole(backup)
    if manifest.revision not in {
        script.revision for script in revisions.scripts().walk_revisions()
    }:
        raise UnknownRevision(
            f"{backup} is at {manifest.revision}, which this release does not know",
            "Install the release that wrote it, or a newer one",
        )
    if manifest.format not in {"portable", url.get_backend_name()}:
        raise RestoreFailed(
            f"{backup} is for {manifest.format}, and the database is {url.get_backend_name()}",
            "To move from one to the other, use `timetracker-api db backup --format portable`",
        )
    return manifest


async def _holds_data(url: URL, *, in_place: bool) -> bool:
    async with reading(url) as connection:
        state = await database_state(connection)
    if isinstance(state.problem, ForeignSchema):
        raise state.problem
    if state.current is None:
        return False
    if not in_place:
        raise RestoreFailed(
            f"the database is not empty: it is at {state.current}",
            "Name an empty one, or replace what it holds with --in-place",
        )
    return True


async def put(url: URL, backup: Path, manifest: Manifest, note: Note) -> None:
    """Make a backup the content of a database, all of it or nothing."""
    if url.get_backend_name() == "sqlite":
        await _put_into_file(_file(url), backup, manifest, note)
    elif manifest.format == "postgresql":
        async with connecting(url) as connection:
            await replaying.load(connection, backup, manifest, note)
    else:
        async with connecting(url) as connection:
            home = await postgresql.current_schema(connection)
        async with loading.schema_aside(url) as connection:
            await _build(connection, backup, manifest, note)
            await loading.change_places(connection, home, manifest)


def _file(url: URL) -> Path:
    """Return where a database is: where a link leads to another disk, the file belongs there."""
    return Path(url.database or "").resolve()


async def _put_into_file(target: Path, backup: Path, manifest: Manifest, note: Note) -> None:
    with folder.writing_to(target.parent, RestoreFailed), folder.aside(target) as part:
        if manifest.format == "portable":
            async with connecting(sqlite.url_of(part)) as connection:
                await _build(connection, backup, manifest, note)
        else:
            shutil.copyfile(backup, part)
            if problem := await sqlite.flaw_of(part, manifest):
                raise RestoreFailed(f"{backup} is damaged: {problem}", "Use another backup")
        await sqlite.settle(part, target, note)


async def _build(connection: AsyncConnection, backup: Path, manifest: Manifest, note: Note) -> None:
    try:
        await loading.build(connection, backup, manifest.revision, manifest.tables, note)
    except Failure:
        raise
    except Exception as error:
        raise RestoreFailed(f"{backup}: {first_line(error)}", "Use another backup") from error


async def _verified(url: URL, manifest: Manifest) -> State:
    """Look with a connection of our own. The rows were compared before anybody could add some."""
    async with reading(url) as connection:
        state = await database_state(connection)
    expected = {manifest.revision, state.head if manifest.format == "portable" else None}
    if state.problem or state.current not in expected:
        raise Unverified(
            f"the backup is at {manifest.revision}, but a new connection finds the database at "
            f"{state.current or 'no revision'}",
            "Look for a second database, or a pooler, behind the same URL",
        )
    return state
