"""``timetracker-api custom-fields``: custom fields and link templates as a file."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.cli.working import attempt, configuration, fail, run
from timetracker_api.definition_file import writing
from timetracker_api.definition_file.applying import apply as carry_out
from timetracker_api.definition_file.changes import Outcome
from timetracker_api.definition_file.complaints import Complaint, Refused, Unreadable
from timetracker_api.definition_file.plain_yaml import LARGEST
from timetracker_api.definition_file.reading import DefinitionFile, read
from timetracker_api.migrations.configured import configured
from timetracker_api.migrations.failures import Failure
from timetracker_api.settings import Settings

app = typer.Typer(
    help="Custom fields and link templates as a file.", no_args_is_help=True, add_completion=False
)

STANDARD = "-"
UNREADABLE = 2


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="Where to; - for standard output.")] = STANDARD,
) -> None:
    """Write all custom fields and link templates as YAML, to be reviewed, kept and applied."""
    try:
        text = run(configuration(), writing.export)
    except Refused as refused:
        fail("\n".join(each.message for each in refused.complaints))
    if file == STANDARD:
        typer.echo(text.encode(), nl=False)
        return
    try:
        Path(file).write_bytes(text.encode())
    except OSError as error:
        fail(f"{file}: {error.strerror}.", UNREADABLE)


@app.command()
def apply(
    file: Annotated[str, typer.Argument(help="What to apply; - for standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    deactivate_missing: Annotated[
        bool,
        typer.Option("--deactivate-missing", help="Deactivate what the file does not mention."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, also on failure.")
    ] = False,
) -> None:
    """Have the database define what a file says: all of it or, where a part is refused, nothing.

    What only the database has is left alone. Applying a file again changes nothing.
    """
    outcome, complaints, exit_code = Outcome(), list[Complaint](), 0
    try:
        settings = configured()
        wanted = read(_source(file))
        outcome = _applied(settings, wanted, dry_run, deactivate_missing)
    except Failure as failure:
        complaints, exit_code = [Complaint(str(failure))], failure.exit_code
    except Refused as refused:
        complaints = refused.complaints
        exit_code = UNREADABLE if isinstance(refused, Unreadable) else 1
    for each in complaints:
        typer.echo(_said(each, file), err=True)
    if as_json:
        typer.echo(json.dumps(_document(outcome, complaints, exit_code, dry_run=dry_run)))
    elif not complaints:
        for line in outcome.lines():
            typer.echo(line)
        if dry_run and outcome.changes:
            typer.echo("nothing was changed: this was a dry run")
    raise typer.Exit(exit_code)


def _applied(
    settings: Settings, wanted: DefinitionFile, dry_run: bool, deactivate_missing: bool
) -> Outcome:
    async def work(session: AsyncSession) -> Outcome:
        outcome = await carry_out(session, wanted, deactivate_missing=deactivate_missing)
        if dry_run:
            await session.rollback()
        return outcome

    return attempt(settings, work)


def _source(file: str) -> bytes:
    try:
        if file == STANDARD:
            return sys.stdin.buffer.read(LARGEST + 1)
        with Path(file).open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable([Complaint(f"{error.strerror}.")]) from None


def _said(complaint: Complaint, file: str) -> str:
    """Write a complaint as compilers do, so that editors find the line."""
    at = f"{file}:{complaint.line}" if complaint.line else file
    return ": ".join(part for part in (at, complaint.place, complaint.message) if part)


def _document(
    outcome: Outcome, complaints: list[Complaint], exit_code: int, *, dry_run: bool
) -> dict[str, Any]:
    errors = [
        {"line": each.line, "path": each.place, "message": each.message} for each in complaints
    ]
    return {
        "command": "custom-fields apply",
        "ok": not errors,
        "exit_code": exit_code,
        "dry_run": dry_run,
        **outcome.document(),
        "errors": errors,
    }
