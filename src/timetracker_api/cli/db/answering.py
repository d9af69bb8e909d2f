"""What all commands about the database have in common: their options, and how they answer."""

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, Any

import typer
from alembic.util import CommandError
from sqlalchemy import URL

from timetracker_api.cli.interrupting import interruptible
from timetracker_api.migrations.configured import configured
from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.failures import BadUsage, Failure, Internal
from timetracker_api.migrations.importing import unimportable
from timetracker_api.settings import Settings

DatabaseURL = Annotated[
    str | None, typer.Option(help="The database, instead of the configured one.", metavar="URL")
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document, also on failure.")]


def finite(seconds: float) -> float:
    """Refuse what is a number for Python only."""
    if not isfinite(seconds):
        raise typer.BadParameter("it has to be a number of seconds")
    return seconds


LockWait = Annotated[
    float,
    typer.Option(
        help="Seconds to wait until another migration has finished.", min=0, callback=finite
    ),
]


@dataclass
class Answer:
    """What a command found out: text for people, a document for programs."""

    text: str
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    failure: Failure | None = None


Work = Callable[[Settings], Awaitable[Answer]]


def answer(command: str, work: Work, database_url: str | None, *, as_json: bool) -> None:
    """Run a command, print what it says, and leave with the exit code of what went wrong."""
    document: dict[str, Any] = {"command": command, "ok": True, "exit_code": 0}
    try:
        settings = configured(database_url)
        document["database"] = _database(migration_url(settings))
        found = asyncio.run(_awaited(work, settings))
    except Failure as failure:
        found = Answer("", failure=failure)
    except CommandError as error:
        found = Answer("", failure=BadUsage(str(error).removesuffix(".")))
    except (SyntaxError, ImportError) as error:
        found = Answer("", failure=unimportable(error))
    except Exception as bug:
        if not as_json:
            raise
        found = Answer("", failure=Internal(f"{type(bug).__name__}, which is a bug"))
    document |= found.document
    if failure := found.failure:
        error = {"code": failure.code, "message": failure.problem, "way_out": failure.way_out}
        document |= {"ok": False, "exit_code": failure.exit_code, "error": error}
    try:
        if as_json or found.text:
            typer.echo(json.dumps(document) if as_json else found.text)
    except OSError as error:
        _give_up_on_output()
        progress(f"standard output cannot be written: {str(error.strerror).lower()}.")
        document["exit_code"] = document["exit_code"] or BadUsage.exit_code
    if found.failure:
        progress(str(found.failure))
    raise typer.Exit(document["exit_code"])


async def _awaited(work: Work, settings: Settings) -> Answer:
    return await interruptible(work(settings))


def _give_up_on_output() -> None:
    """Let the interpreter not try again when it ends."""
    sys.stdout = io.StringIO()


def progress(text: str) -> None:
    """Tell the person how far it is, without disturbing what a program reads."""
    typer.echo(text, err=True)


def _database(url: URL) -> dict[str, str | None]:
    """Say which database it is, without what would let others in."""
    return {"dialect": url.get_backend_name(), "host": url.host, "name": url.database}
