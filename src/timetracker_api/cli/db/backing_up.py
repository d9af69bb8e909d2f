"""Commands that copy the database, and put a copy in its place."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from timetracker_api.cli.db.answering import (
    Answer,
    AsJSON,
    DatabaseURL,
    LockWait,
    answer,
    progress,
)
from timetracker_api.migrations.backups import examining, rehearsing, restoring, taking
from timetracker_api.migrations.backups.manifest import Manifest
from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.failures import Unconfirmed
from timetracker_api.migrations.lock import LOCK_WAIT
from timetracker_api.migrations.progress import Note, unnoticed
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings

MEGABYTE = 1 << 20


def backup(
    path: Annotated[
        Path | None, typer.Argument(help="A file, or the folder for it.", show_default=False)
    ] = None,
    format: Annotated[
        taking.Wanted,
        typer.Option(help="The database's own, or the one that any database restores."),
    ] = "auto",
    keep: Annotated[
        int | None,
        typer.Option(min=0, help="Delete all but so many backups of this database; 0: none."),
    ] = None,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Back up the database, while the service runs, and verify the backup."""

    async def work(settings: Settings) -> Answer:
        with meter("backing up") as note:
            taken = await taking.back_up(
                settings, path, format=format, keep=keep, say=progress, note=note
            )
        lines = [f"{taken.file}\n{_told(taken.manifest)}"]
        lines += [f"deleted {file}" for file in taken.retired]
        document = _document(taken.file, taken.manifest)
        retired = [str(file) for file in taken.retired]
        return Answer("\n".join(lines), {"backup": document, "deleted": retired})

    answer("backup", work, database_url, as_json=as_json)


def restore(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[Path, typer.Argument(help="The backup; its manifest lies beside it.")],
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Replace what the database holds, after backing it up."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
) -> None:
    """Put a backup into an empty database, or in the place of what there is. All or nothing."""

    async def work(settings: Settings) -> Answer:
        if not yes:
            manifest = restoring.restorable(file, migration_url(settings))
            problem = f"this puts {_told(manifest)} into the database"
            if in_place:
                problem += ", in the place of all it holds"
            return Answer("", failure=Unconfirmed(problem, "If it may, add --yes"))
        with meter("restoring") as note:
            restored = await restoring.restore(
                settings, file, in_place=in_place, lock_wait=lock_wait, say=progress, note=note
            )
        lines = [f"restored {_told(restored.manifest)}"]
        if restored.state.pending:
            lines.append(str(restored.state.obstacle))
        document: dict[str, Any] = {
            "restored": _document(file, restored.manifest),
            "replaced": str(restored.replaced) if restored.replaced else None,
            "pending": restored.state.pending,
        }
        return Answer("\n".join(lines), document)

    answer("restore", work, database_url, as_json=as_json)


def verify(
    file: Annotated[
        Path | None,
        typer.Argument(help="A backup to read whole, instead of rehearsing.", show_default=False),
    ] = None,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Rehearse a backup, a restore into a scratch database, upgrade, downgrade and upgrade there,
    and compare the data after each. With a FILE, only verify that backup.
    """

    async def work(settings: Settings) -> Answer:
        if file:
            manifest = await examining.examine(file)
            return Answer(f"whole: {_told(manifest)}", {"backup": _document(file, manifest)})
        with meter("copying") as note:
            seconds = await rehearsing.rehearse(settings, progress, note)
        return Answer("the rehearsal went well", {"seconds": seconds})

    answer("verify", work, database_url, as_json=as_json)


@dataclass
class meter:  # noqa: N801 - used as a statement
    """Shows on a terminal how far something is, on a line that goes away again."""

    doing: str
    shown: str = ""

    def __enter__(self) -> Note:
        return self._note if sys.stderr.isatty() else unnoticed

    def __exit__(self, *_: object) -> None:
        if self.shown:
            typer.echo("\r\033[K", err=True, nl=False)

    def _note(self, done: int, total: int) -> None:
        share = f"{100 * done // total} %" if total else f"{done // MEGABYTE} MB"
        text = f"\r\033[K{self.doing}: {share}"
        if text != self.shown:
            self.shown = text
            typer.echo(text, err=True, nl=False)


def _told(manifest: Manifest) -> str:
    rows = counted(sum(manifest.tables.values()), "row")
    tables = counted(len(manifest.tables), "table")
    return f"{rows} of {tables} at {manifest.revision}, from {manifest.created:%Y-%m-%d %H:%M} UTC"


def _document(file: Path, manifest: Manifest) -> dict[str, Any]:
    return {"path": str(file.resolve()), **manifest.model_dump(mode="json")}
