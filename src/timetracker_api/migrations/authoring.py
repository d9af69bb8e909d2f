"""Writing revisions, and proving that they work before anybody else sees them."""

import io
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import URL, Connection, MetaData

from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.driver_errors import explained, first_line
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import BadUsage, RevisionFailed
from timetracker_api.migrations.filling import unfilled
from timetracker_api.migrations.fingerprint import modelled, together, unlike
from timetracker_api.migrations.numbering import next_id
from timetracker_api.migrations.proving import apply, facts_of, prove
from timetracker_api.migrations.renames import suspected_renames
from timetracker_api.migrations.rendering import Remark
from timetracker_api.migrations.scratch import scratch_database, scratch_file
from timetracker_api.migrations.scratch_server import scratch_server
from timetracker_api.settings import Settings

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Written:
    """A new revision."""

    id: str
    path: Path
    warnings: tuple[str, ...] = ()


class Proposal(NamedTuple):
    """What could be written, and what could not."""

    written: Written | None
    """The revision, where autogenerate sees a difference."""
    missed: Sequence[str]
    """What it does not see, in words: that has to be written by hand."""


async def migrate(  # noqa: PLR0913 - each has a name
    settings: Settings,
    metadata: MetaData,
    message: str,
    *,
    scratch_url: str | None = None,
    say: Say = lambda _: None,
    folder: Path | None = None,
) -> Proposal:
    """Write the revision that leads from the head to the models; nothing where that is the same.

    It stays only if it works: up, down and up again, on both databases. What it leads to is then
    held against what the models make.
    """
    _single_head(folder)
    async with (
        scratch_server(settings, scratch_url) as server,
        scratch_database(server) as database,
        scratch_file() as file,
    ):
        urls = (database, file)
        say("applying the revisions there are to scratch databases")
        with explained(database):
            for url in urls:
                await apply(command.upgrade, url, "head", folder)
            written = await _generate(database, metadata, message, folder)
        try:
            if written:
                for url in urls:
                    say(f"trying {written.id} on {url.get_backend_name()}: up, down, up")
                    await prove(written.id, url, metadata, folder)
            missed = [unlike(await facts_of(url), await modelled(url, metadata)) for url in urls]
        except BaseException:
            if written:
                _remove(written)
            raise
        return Proposal(written, together(*missed))


def revise(message: str, folder: Path | None = None) -> Written:
    """Write a revision that does nothing yet."""
    scripts = _single_head(folder)
    rev_id = next_id(scripts, message)
    with _writing(folder):
        return _written(command.revision(_configuration(folder), message, rev_id=rev_id))


def merge(message: str, heads: list[str], folder: Path | None = None) -> Written:
    """Write a revision that joins several heads, and does nothing else."""
    scripts = revisions.scripts(folder)
    found = [revisions.find(scripts, head).revision for head in heads]
    if len(set(found)) == 1:
        raise BadUsage("a merge takes two revisions or more", "See `timetracker-api db heads`")
    rev_id = next_id(scripts, message)
    with _writing(folder):
        return _written(command.merge(_configuration(folder), found, message, rev_id=rev_id))


def _single_head(folder: Path | None) -> revisions.ScriptDirectory:
    scripts = revisions.scripts(folder)
    if failure := revisions.several_heads(scripts.get_heads()):
        raise failure
    return scripts


def _configuration(folder: Path | None, **attributes: object) -> Config:
    """Return what a new file takes: its name, and its format where there is a formatter."""
    config = revisions.configuration(folder, **attributes)
    config.set_main_option("file_template", "%%(rev)s")
    if find_spec("ruff"):
        options = {
            "hooks": "ruff",
            "ruff.type": "module",
            "ruff.module": "ruff",
            "ruff.options": "format --quiet REVISION_SCRIPT_FILENAME",
        }
        for name, value in options.items():
            config.set_section_option("post_write_hooks", name, value)
    return config


@contextmanager
def _writing(folder: Path | None) -> Generator[None]:
    """Leave nothing behind that cannot be imported: no command would work until it is gone."""
    versions = (folder or revisions.location()) / "versions"
    before = {*versions.glob("*.py")}
    try:
        with redirect_stdout(io.StringIO()):  # Alembic says what it writes, and so do we
            yield
    except Exception as error:
        written = {*versions.glob("*.py")} - before
        if not written:
            raise
        for path in written:
            path.unlink()
        raise RevisionFailed(
            f"{', '.join(path.name for path in written)} cannot be imported and was removed: "
            f"{first_line(error)}",
            "Correct script.py.mako, or the models it was written from",
        ) from error


def _written(script: object, warnings: tuple[str, ...] = ()) -> Written:
    if not isinstance(script, Script):
        raise TypeError(script)
    revisions.scripts.cache_clear()  # which did not know this one
    return Written(script.revision, Path(script.path), warnings)


def _remove(written: Written) -> None:
    written.path.unlink(missing_ok=True)
    revisions.scripts.cache_clear()


async def _generate(
    url: URL, metadata: MetaData, message: str, folder: Path | None
) -> Written | None:
    warnings: list[str] = []

    def notice(
        _context: MigrationContext, _revision: object, directives: list[MigrationScript]
    ) -> None:
        (script,) = directives
        if script.upgrade_ops is None or script.upgrade_ops.is_empty():
            directives.clear()
        else:
            warnings.extend(suspected_renames(script.upgrade_ops))
            warnings.extend(unfilled(script.upgrade_ops))
            remarks = [Remark(f"warning: {warning}") for warning in warnings]
            script.upgrade_ops.ops[:0] = remarks

    def generate(connection: Connection) -> object:
        config = _configuration(folder, connection=connection, metadata=metadata)
        return command.revision(
            config, message, autogenerate=True, process_revision_directives=notice
        )

    async with connecting(url) as connection, alembic_to_ourselves():
        with _writing(folder):
            script = await connection.run_sync(generate)
    return _written(script, tuple(warnings)) if script else None
