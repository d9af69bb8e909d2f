"""``timetracker-api db``: the revisions of the database, from the command line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer
from alembic.util import CommandError
from sqlalchemy import URL

from timetracker_api.migrations import checking, commands, revisions
from timetracker_api.migrations.configured import configured
from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.failures import (
    BadUsage,
    Drift,
    Failure,
    Internal,
    SeveralHeads,
    Unconfirmed,
    Unreachable,
)
from timetracker_api.migrations.lock import LOCK_WAIT
from timetracker_api.migrations.losses import forecast
from timetracker_api.migrations.revisions import State
from timetracker_api.models import metadata
from timetracker_api.settings import Settings

app = typer.Typer(help="Move the database along its revisions, and see where it is.")

DatabaseURL = Annotated[
    str | None, typer.Option(help="The database, instead of the configured one.", metavar="URL")
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document, also on failure.")]
LockWait = Annotated[
    float, typer.Option(help="Seconds to wait until another migration has finished.", min=0)
]


@dataclass
class Answer:
    """What a command found out: text for people, a document for programs."""

    text: str
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    failure: Failure | None = None


Work = Callable[[Settings], Awaitable[Answer]]


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="The revision to stop at, or +1.")] = "head",
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
) -> None:
    """Apply the revisions that the database does not have yet."""

    async def work(settings: Settings) -> Answer:
        outcome = await commands.upgrade(settings, revision, lock_wait=lock_wait, say=_progress)
        return Answer(_moved(outcome), {"revision": asdict(outcome)})

    _answer("upgrade", work, database_url, as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # -1 is no option
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision to go back to, -1, or base.")],
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and delete what it deletes.")] = False,
) -> None:
    """Undo revisions. Says what that deletes, and does it only with --yes."""

    async def work(settings: Settings) -> Answer:
        ahead = await forecast(settings, revision)
        text = "".join(f"deletes {loss}\n" for loss in ahead.losses)
        document: dict[str, Any] = {"losses": [asdict(loss) for loss in ahead.losses]}
        if ahead.steps and not yes:
            problem = f"this undoes {', '.join(ahead.steps)}, and deletes what they brought"
            return Answer(text.strip(), document, Unconfirmed(problem, "If it may, add --yes"))
        outcome = await commands.downgrade(settings, revision, lock_wait=lock_wait, say=_progress)
        return Answer(text + _moved(outcome), document | {"revision": asdict(outcome)})

    _answer("downgrade", work, database_url, as_json=as_json)


@app.command()
def current(
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    check_heads: Annotated[
        bool, typer.Option("--check-heads", help="Fail where it is not at the head.")
    ] = False,
) -> None:
    """Show the revision of the database."""

    async def work(settings: Settings) -> Answer:
        state = await commands.state(settings)
        failure = state.obstacle if check_heads else None
        text = _standing(state) if not failure else state.current or "no revision"
        return Answer(text, {"revision": _document(state)}, failure)

    _answer("current", work, database_url, as_json=as_json)


@app.command()
def history(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List the revisions, newest first, and mark where the database is."""

    async def work(settings: Settings) -> Answer:
        rows = revisions.history(revisions.scripts())
        try:
            at = (await commands.state(settings)).current
        except Unreachable as failure:  # the list is the same without it
            _progress(str(failure))
            at = None
        found = [{"id": id, "message": text, "current": id == at} for id, text in rows]
        lines = [f"{id}  {text}{' (current)' if id == at else ''}" for id, text in rows]
        return Answer("\n".join(lines), {"revisions": found})

    _answer("history", work, database_url, as_json=as_json)


@app.command()
def heads(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show the newest revision; there should be one."""

    async def work(_: Settings) -> Answer:
        found = revisions.scripts().get_heads()
        failure = SeveralHeads(f"there are {len(found)} heads") if len(found) > 1 else None
        return Answer("\n".join(found), {"heads": found}, failure)

    _answer("heads", work, database_url, as_json=as_json)


@app.command()
def check(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Compare the database with the models."""

    async def work(settings: Settings) -> Answer:
        found = await checking.check(settings, metadata)
        if not found:
            return Answer("the database is what the models say", {"differences": []})
        failure = Drift(
            f"{len(found)} differences between the database and the models",
            "Where the models are right, add a revision; where a person changed the database, undo",
        )
        return Answer("\n".join(found), {"differences": found}, failure)

    _answer("check", work, database_url, as_json=as_json)


def _answer(command: str, work: Work, database_url: str | None, *, as_json: bool) -> None:
    """Run a command, print what it says, and leave with the exit code of what went wrong."""
    document: dict[str, Any] = {"command": command, "ok": True, "exit_code": 0}
    try:
        settings = configured(database_url)
        document["database"] = _database(migration_url(settings))
        answer = asyncio.run(_awaited(work, settings))
    except Failure as failure:
        answer = Answer("", failure=failure)
    except CommandError as error:
        answer = Answer("", failure=BadUsage(str(error).removesuffix(".")))
    except Exception as bug:
        if not as_json:
            raise
        answer = Answer("", failure=Internal(f"{type(bug).__name__}, which is a bug"))
    document |= answer.document
    if failure := answer.failure:
        error = {"code": failure.code, "message": failure.problem, "way_out": failure.way_out}
        document |= {"ok": False, "exit_code": failure.exit_code, "error": error}
        _progress(str(failure))
    if as_json:
        typer.echo(json.dumps(document))
    elif answer.text:
        typer.echo(answer.text)
    raise typer.Exit(document["exit_code"])


async def _awaited(work: Work, settings: Settings) -> Answer:
    return await work(settings)


def _progress(text: str) -> None:
    typer.echo(text, err=True)


def _database(url: URL) -> dict[str, str | None]:
    """Say which database it is, without what would let others in."""
    return {"dialect": url.get_backend_name(), "host": url.host, "name": url.database}


def _document(state: State) -> dict[str, Any]:
    problem = str(state.problem) if state.problem else None
    return {
        "current": state.current,
        "head": state.head,
        "pending": state.pending,
        "problem": problem,
    }


def _standing(state: State) -> str:
    at = state.current or "no revision"
    if state.problem:
        return f"{at}: {state.problem}"
    return f"{at}, {len(state.pending)} pending" if state.pending else f"{at} (head)"


def _moved(outcome: commands.Outcome) -> str:
    at = outcome.after or "no revision"
    where = f"{at} (head)" if outcome.after == outcome.head else at
    return f"now at {where}" if outcome.steps else f"nothing to do: already at {where}"
