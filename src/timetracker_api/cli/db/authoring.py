"""Commands for those who write revisions."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, answer, progress
from timetracker_api.migrations import authoring, history, revisions, tree
from timetracker_api.migrations.failures import Drift
from timetracker_api.migrations.importing import models
from timetracker_api.migrations.scripting import by_revision, upgrade_sql, write_folder
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings

Message = Annotated[str, typer.Option("--message", "-m", help="What it is about; names the file.")]


def init(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Verify that the revisions are complete. Creates nothing: they come with the package."""

    async def work(_: Settings) -> Answer:
        found = tree.verified()
        many = counted(found.revisions, "revision")
        text = f"already initialised: {many} up to {found.head} in {found.folder}"
        return Answer(text, {"scripts": asdict(found) | {"folder": str(found.folder)}})

    answer("init", work, database_url, as_json=as_json)


def migrate(
    message: Message,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Write one that does nothing yet.")
    ] = False,
    scratch_url: Annotated[
        str | None,
        typer.Option(help="The PostgreSQL server to create a scratch database on.", metavar="URL"),
    ] = None,
) -> None:
    """Write the revision that the models need, and try it: up, down and up, on both databases."""

    async def work(settings: Settings) -> Answer:
        if empty:
            return _wrote(authoring.revise(message))
        written, missed = await authoring.migrate(
            settings, models(), message, scratch_url=scratch_url, say=progress
        )
        if written:
            return _wrote(written, missed)
        if missed:
            document = {"revision": None, "differences": missed}
            return Answer("\n".join(missed), document, unwritten(missed))
        text = "nothing to do: the revisions lead to what the models say"
        return Answer(text, {"revision": None})

    answer("migrate", work, database_url, as_json=as_json)


def revision(message: Message, database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Write a revision that does nothing yet."""

    async def work(_: Settings) -> Answer:
        return _wrote(authoring.revise(message))

    answer("revision", work, database_url, as_json=as_json)


def merge(
    heads: Annotated[list[str], typer.Argument(metavar="REV...", help="The heads to join.")],
    message: Message,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Write a revision that joins several heads."""

    async def work(_: Settings) -> Answer:
        return _wrote(authoring.merge(message, heads))

    answer("merge", work, database_url, as_json=as_json)


def sql(
    span: Annotated[str, typer.Argument(metavar="[A:B]", help="From and to.")] = "base:head",
    out: Annotated[
        Path | None, typer.Option(help="A folder, for a file per revision and SHA256SUMS.")
    ] = None,
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Write what the revisions do as SQL for PostgreSQL."""

    async def work(_: Settings) -> Answer:
        written = await upgrade_sql(history.span(revisions.scripts(), span))
        if out is None:
            return Answer(written.rstrip(), {"sql": written})
        files = [str(path) for path in write_folder(out, by_revision(written))]
        return Answer("\n".join(files), {"files": files})

    answer("sql", work, database_url, as_json=as_json)


def unwritten(missed: Sequence[str]) -> Drift:
    """Say that the revisions do not lead to the models."""
    return Drift(
        f"{counted(len(missed), 'difference')} between what the revisions make and the models",
        "Write by hand, after `timetracker-api db revision -m ...`, what autogenerate does not see",
    )


def _wrote(written: authoring.Written, missed: Sequence[str] = ()) -> Answer:
    by_hand = [f"{each}; that is not in the file, write it by hand" for each in missed]
    warnings = [*written.warnings, *by_hand]
    for warning in warnings:
        progress(f"warning: {warning}")
    document: dict[str, Any] = {"id": written.id, "path": str(written.path)}
    text = (
        f"written: {written.path}\n"
        "read it, and once it is as you want it run `timetracker-api db fingerprint --update`"
    )
    return Answer(text, {"revision": document, "warnings": warnings})
