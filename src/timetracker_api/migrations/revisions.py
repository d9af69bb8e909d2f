"""Where the revisions are, and how far a database has come along them."""

import re
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RangeNotAncestorError, RevisionError
from alembic.util import CommandError, to_tuple
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.catalog import relations, version_rows
from timetracker_api.migrations.failures import (
    Failure,
    ForeignSchema,
    Pending,
    SeveralHeads,
    UnknownRevision,
)
from timetracker_api.migrations.importing import unreadable

NUMBERED = re.compile(r"(\d{4})_[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class State:
    """How a database stands to the revisions of this release."""

    current: str | None
    """The revision it is at; nothing before the first. Several are separated by commas."""
    head: str | None
    """The newest revision there is."""
    pending: tuple[str, ...]
    """The revisions still to be applied, oldest first."""
    problem: Failure | None
    """Why no revision may be applied here, with the way out."""

    @property
    def obstacle(self) -> Failure | None:
        """Why the service cannot use this database as it is."""
        if self.problem or not self.pending:
            return self.problem
        return Pending(
            f"the database is at {self.current or 'no revision'}, the head is {self.head}",
            "Run `timetracker-api db upgrade`",
        )


def location() -> Path:
    """Return the folder of the scripts: inside an installed package, at the root of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "alembic"
    return installed if installed.is_dir() else package.parent.parent / "alembic"


def configuration(folder: Path | None = None, **attributes: object) -> Config:
    """Return what Alembic's commands want to know; ``attributes`` reach ``env.py``."""
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(folder or location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def scripts(folder: Path | None = None) -> ScriptDirectory:
    """Return the revisions, read once: a release does not change while it runs.

    Whoever asks for them gets all of them, or hears in one line which is broken.
    """
    try:
        found = ScriptDirectory.from_config(configuration(folder))
        with warnings.catch_warnings():  # two of one name, or none: Alembic warns, and goes on
            warnings.filterwarnings("error", "Revision .* is (not )?present", UserWarning)
            found.get_heads()  # reads every file
    except (Exception, SystemExit) as error:
        raise unreadable(error, folder or location()) from error
    return found


async def database_state(connection: AsyncConnection) -> State:
    """Return how a database stands to this release; for health checks and the like."""
    return await connection.run_sync(read_state, scripts())


def read_state(connection: Connection, scripts: ScriptDirectory) -> State:
    """Return how a database stands to some scripts, without changing it."""
    rows = version_rows(connection)
    heads = scripts.get_heads()
    problem = _problem(connection, rows, heads, scripts)
    pending: tuple[str, ...] = ()
    if not problem:
        pending = steps_up(scripts, rows[0] if rows else None, "head")
    return State(", ".join(rows) or None, ", ".join(heads) or None, pending, problem)


def steps_up(scripts: ScriptDirectory, current: str | None, target: str) -> tuple[str, ...]:
    """Return the revisions to apply on the way to ``target``, in their order."""
    _named(target)
    with revisions_named_right():
        found = scripts.iterate_revisions(target, current or "base", implicit_base=True)
        return tuple(script.revision for script in found)[::-1]


def steps_down(scripts: ScriptDirectory, current: str | None, target: str) -> tuple[str, ...]:
    """Return the revisions to undo on the way to ``target``, in their order."""
    _named(target)
    if current is None:
        return ()
    with revisions_named_right():
        found = list(scripts.iterate_revisions(current, target, select_for_downgrade=True))
    steps = tuple(script.revision for script in found)
    ends = {end for script in found for end in to_tuple(script.down_revision, ())} - {*steps}
    if len(ends) > 1:
        raise SeveralHeads(
            f"that would leave the database at several revisions: {', '.join(sorted(ends))}",
            "Go back to one from before they parted",
        )
    return steps


def parent(scripts: ScriptDirectory, revision: str) -> str:
    """Return the revision at which undoing one leaves a database."""
    script = scripts.get_revision(revision)
    return str(script.down_revision or "base") if script else "base"


@contextmanager
def revisions_named_right() -> Generator[None]:
    """Turn what Alembic says of a revision that is not there into a failure of ours."""
    try:
        yield
    except RangeNotAncestorError as error:
        raise UnknownRevision(
            "the revision to go back to is ahead of the database",
            "See `timetracker-api db current`",
        ) from error
    except (RevisionError, CommandError) as error:
        if "Ambiguous walk" in str(error):
            raise SeveralHeads(
                "revisions were merged there, so that it is not one way back",
                "Name the revision to go back to, one from before they parted",
            ) from error
        raise UnknownRevision(
            str(error).removesuffix("."), "See `timetracker-api db history`"
        ) from error


def _named(target: str) -> None:
    if not target:
        raise UnknownRevision("a revision without a name", "See `timetracker-api db history`")


def find(scripts: ScriptDirectory, name: str) -> Script:
    """Return a revision by its name, by what no other name begins with, or as ``head``."""
    _named(name)
    with revisions_named_right():
        found = scripts.get_revisions(name)
    if len(found) != 1 or not (script := found[0]):
        raise UnknownRevision(f"{name} is not one revision", "See `timetracker-api db history`")
    return script


def several_heads(heads: Sequence[str]) -> Failure | None:
    """Return what is wrong with revisions of which more than one is the newest."""
    if len(heads) <= 1:
        return None
    return SeveralHeads(
        f"the revisions have several heads: {', '.join(heads)}",
        "Let one of them follow the other by its down_revision, or run "
        f'`timetracker-api db merge -m "merge" {" ".join(heads)}`',
    )


def _problem(
    connection: Connection, rows: list[str], heads: list[str], scripts: ScriptDirectory
) -> Failure | None:
    if failure := several_heads(heads):
        return failure
    known = {script.revision for script in scripts.walk_revisions()}
    for row in rows:
        if row not in known:
            return _unknown(row, heads)
    if len(rows) > 1:
        return SeveralHeads(
            f"the database is at several revisions: {', '.join(rows)}",
            "Restore a backup from before they parted",
        )
    if not rows and (found := relations(connection)):
        return ForeignSchema(
            f"the database has tables but no revision ({', '.join(found[:3])}"
            f"{', ...' if len(found) > 3 else ''})",  # noqa: PLR2004 - as many as a line holds
            "Use an empty database, or correct the URL",
        )
    return None


def _unknown(row: str, heads: list[str]) -> Failure:
    number = NUMBERED.fullmatch(row)
    newest = NUMBERED.fullmatch(heads[0]) if heads else None
    if not number:
        return ForeignSchema(
            f"the database belongs to something else: it is at {row}",
            "Use an empty database, or correct the URL",
        )
    if newest and number[1] > newest[1]:
        return UnknownRevision(
            f"the database is at {row}, which is newer than this release ({heads[0]})",
            "Install the release that upgraded it, or restore a backup made before that",
        )
    return UnknownRevision(
        f"the database is at {row}, which this release does not know",
        "Install the release that created it, or restore a backup",
    )
