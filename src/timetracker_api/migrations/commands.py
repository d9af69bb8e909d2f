"""Moving a database along the revisions, and looking where it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import revisions
from timetracker_api.migrations.backups.counting import holds_data
from timetracker_api.migrations.backups.taking import Backup, back_up
from timetracker_api.migrations.connections import migrating, migration_url, reading
from timetracker_api.migrations.driver_errors import explain, explained, first_line
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import (
    BackupFailed,
    Drift,
    Failure,
    RevisionFailed,
    Unverified,
)
from timetracker_api.migrations.fingerprint import drift
from timetracker_api.migrations.lock import LOCK_WAIT
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.progress import Progress
from timetracker_api.migrations.revisions import State, read_state
from timetracker_api.settings import Settings

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What moving a database did."""

    before: str | None
    after: str | None
    head: str | None
    steps: tuple[str, ...]
    """The revisions that were applied or undone, in this order."""
    backup: Backup | None = None
    """What the database was before, where that was asked for and there was any data."""


@dataclass(frozen=True, slots=True)
class _Direction:
    """What is different between up and down."""

    steps: Callable[[ScriptDirectory, str | None, str], tuple[str, ...]]
    target: Callable[[ScriptDirectory, str], str]
    """The revision at which the last step leaves the database."""
    command: Callable[[Config, str], None]
    tolerant: bool
    """Whether to go on where the database is not what its revision makes of it."""
    backup: bool = False
    """Whether to back up first what data there is."""


_UP = _Direction(revisions.steps_up, lambda _, last: last, command.upgrade, tolerant=False)
_DOWN = _Direction(revisions.steps_down, revisions.parent, command.downgrade, tolerant=True)


async def state(
    settings: Settings, folder: Path | None = None, *, say: Say = lambda _: None
) -> State:
    """Return how the configured database stands to this release."""
    look = partial(read_state, scripts=revisions.scripts(folder))
    url = migration_url(settings)
    with explained(url):
        async with reading(url) as connection:
            return await patiently(connection, look, say=say)


async def upgrade(  # noqa: PLR0913 - all but one have a default that suits most
    settings: Settings,
    revision: str = "head",
    *,
    lock_wait: float = LOCK_WAIT,
    ignore_drift: bool = False,
    backup: bool = False,
    say: Say = lambda _: None,
    folder: Path | None = None,
) -> Outcome:
    """Apply the revisions up to one of them. Who comes second waits, and finds nothing to do.

    Refuses a database that somebody has changed: the revisions were not written for that.
    """
    direction = replace(_UP, tolerant=ignore_drift, backup=backup)
    return await _move(direction, settings, revision, lock_wait, say, folder)


async def downgrade(  # noqa: PLR0913 - all but two have a default that suits most
    settings: Settings,
    revision: str,
    *,
    lock_wait: float = LOCK_WAIT,
    backup: bool = False,
    say: Say = lambda _: None,
    folder: Path | None = None,
) -> Outcome:
    """Undo the revisions down to one of them, or to ``base``."""
    direction = replace(_DOWN, backup=backup)
    return await _move(direction, settings, revision, lock_wait, say, folder)


async def _move(  # noqa: PLR0913, PLR0917 - the two callers above name them all
    direction: _Direction,
    settings: Settings,
    revision: str,
    lock_wait: float,
    say: Say,
    folder: Path | None,
) -> Outcome:
    url = migration_url(settings)
    scripts = revisions.scripts(folder)
    with explained(url):
        async with migrating(url, lock_wait) as connection:
            # Read under the lock: another migrator may just have done all there is to do.
            before = await patiently(connection, partial(read_state, scripts=scripts), say=say)
            await connection.rollback()
            if before.problem:
                raise before.problem
            steps = direction.steps(scripts, before.current, revision)
            if not steps:
                return Outcome(before.current, before.current, before.head, ())
            target = direction.target(scripts, steps[-1])
            compare = partial(drift, revision=before.current, folder=folder)
            drifted = await patiently(connection, compare, say=say)
            await connection.rollback()
            if drifted:
                _judge(drifted, before.current, direction, say)
            backup = await _backed_up(connection, settings, say) if direction.backup else None
            await _apply(connection, direction.command, target, steps, say, folder)
    after = await _verified(url, target, folder, say, drifted=bool(drifted))
    return Outcome(before.current, after.current, after.head, steps, backup)


async def _backed_up(connection: AsyncConnection, settings: Settings, say: Say) -> Backup | None:
    """Back up a database that holds data, before anything is done to it."""
    filled = await patiently(connection, holds_data, say=say)
    await connection.rollback()
    if not filled:
        return None
    try:
        backup = await back_up(settings, say=say)
    except Failure as failure:
        problem = f"nothing was changed, because there is no backup: {failure.problem}"
        raise BackupFailed(problem, failure.way_out) from failure
    say(f"backed up to {backup.file}")
    return backup


def _judge(drifted: list[str], revision: str | None, direction: _Direction, say: Say) -> None:
    """Refuse a database that differs from its revision, or say that it does."""
    problem = f"the database is not as {revision or 'nothing'} left it: {_shortly(drifted)}"
    if not direction.tolerant:
        raise Drift(
            problem,
            "See `timetracker-api db check`, and undo what somebody has changed; "
            "or go on regardless with --ignore-drift",
        )
    say(problem)


def _shortly(differences: list[str]) -> str:
    more = f"; and {len(differences) - 1} more" if differences[1:] else ""
    return f"{differences[0]}{more}"


async def _verified(
    url: URL, target: str, folder: Path | None, say: Say, *, drifted: bool
) -> State:
    """Look on a new connection whether the database is where, and what, it should be now.

    One that was something else before is something else after.
    """
    with explained(url):
        async with reading(url) as connection:
            look = partial(read_state, scripts=revisions.scripts(folder))
            after = await patiently(connection, look, say=say)
            if (after.current or "base") != target:
                raise Unverified(
                    f"the database should be at {target} now, but a new connection finds it at "
                    f"{after.current or 'no revision'}",
                    "Look for a second database, or a pooler, behind the same URL",
                )
            compare = partial(drift, revision=after.current, folder=folder)
            found = await patiently(connection, compare, say=say)
    if found and not drifted:
        raise Unverified(
            f"the database is at {target} now, but is not what that should make of it: "
            f"{_shortly(found)}",
            "See `timetracker-api db check`, and report this; a backup brings back what there was",
        )
    return after


async def _apply(  # noqa: PLR0913, PLR0917 - what a run of Alembic takes
    connection: AsyncConnection,
    run: Callable[[Config, str], None],
    target: str,
    steps: tuple[str, ...],
    say: Say,
    folder: Path | None,
) -> None:
    progress = Progress(say)

    def attempt(connection: Connection) -> None:
        run(revisions.configuration(folder, connection=connection, progress=progress), target)

    try:
        async with alembic_to_ourselves():
            await patiently(connection, attempt, say=say)
    except (Failure, SyntaxError, ImportError):  # the latter two of no revision, but of env.py
        raise
    except Exception as error:
        if explain(error, connection.engine.url):
            raise
        failed = steps[min(len(progress.done), len(steps) - 1)]
        raise RevisionFailed(
            f"{failed} failed and was rolled back: {first_line(error)}",
            "Correct what it stumbled over, then run this again: it resumes there",
        ) from error
