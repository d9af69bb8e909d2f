"""Commands that move the database along its revisions."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, LockWait, answer, progress
from timetracker_api.migrations import commands, plans, stamping
from timetracker_api.migrations.backups.taking import Backup
from timetracker_api.migrations.failures import Unconfirmed
from timetracker_api.migrations.lock import LOCK_WAIT
from timetracker_api.migrations.losses import forecast
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings

NoBackup = Annotated[
    bool, typer.Option("--no-backup", help="Change a database without backing it up first.")
]


def upgrade(  # noqa: PLR0913, PLR0917 - Typer makes an option of each
    revision: Annotated[str, typer.Argument(help="The revision to stop at, or +1.")] = "head",
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
    ignore_drift: Annotated[
        bool, typer.Option("--ignore-drift", help="Go on where somebody has changed the tables.")
    ] = False,
    no_backup: NoBackup = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would do, and stop.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Write it for PostgreSQL, and stop.")] = False,
) -> None:
    """Apply the revisions that the database does not have yet, after a backup of its data."""

    async def look(settings: Settings) -> Answer:
        if sql:
            _, written = await plans.ahead(settings, revision)
            return Answer(written.rstrip(), {"sql": written})
        return _planned(await plans.plan(settings, revision))

    async def work(settings: Settings) -> Answer:
        outcome = await commands.upgrade(
            settings,
            revision,
            lock_wait=lock_wait,
            ignore_drift=ignore_drift,
            backup=not no_backup,
            say=progress,
        )
        return Answer(_moved(outcome), _document(outcome))

    answer("upgrade", look if plan or sql else work, database_url, as_json=as_json)


def downgrade(  # noqa: PLR0913, PLR0917 - Typer makes an option of each
    revision: Annotated[str, typer.Argument(help="The revision to go back to, -1, or base.")],
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
    no_backup: NoBackup = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and delete what it deletes.")] = False,
) -> None:
    """Undo revisions, after a backup. Says what that deletes, and does it only with --yes."""

    async def work(settings: Settings) -> Answer:
        ahead = await forecast(settings, revision, say=progress)
        document: dict[str, Any] = {"losses": [asdict(loss) for loss in ahead.losses]}
        if ahead.steps and not yes:
            problem = f"this undoes {', '.join(ahead.steps)}, and all that came with that"
            failure = Unconfirmed(problem, "If it may, add --yes")
            lines = [f"deletes {loss}" for loss in ahead.losses]
            return Answer("\n".join(lines), document, failure)
        outcome = await commands.downgrade(
            settings, revision, lock_wait=lock_wait, backup=not no_backup, say=progress
        )
        lines = [f"deleted {loss}" for loss in ahead.losses]
        return Answer("\n".join([*lines, _moved(outcome)]), document | _document(outcome))

    answer("downgrade", work, database_url, as_json=as_json)


downgrading = typer.Typer(add_completion=False)
downgrading.command(context_settings={"ignore_unknown_options": True})(downgrade)  # -1 is no option


def stamp(  # noqa: PLR0913, PLR0917 - Typer makes an option of each
    revision: Annotated[str, typer.Argument(help="The revision whose tables it has.")],
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    lock_wait: LockWait = LOCK_WAIT,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Do it even if the tables are others.")
    ] = False,
) -> None:
    """Note in the database which revision it is at, where that is lost or wrong.

    Only with --yes, and only if its tables are those of the revision.
    """

    async def work(settings: Settings) -> Answer:
        if not yes:
            problem = f"this notes {revision} in the database, and changes nothing else"
            raise Unconfirmed(problem, "If it may, add --yes")
        outcome = await stamping.stamp(
            settings, revision, force=force, lock_wait=lock_wait, say=progress
        )
        for difference in outcome.differences:
            progress(f"warning: {difference}")
        before = f"before that at {outcome.before or 'no revision'}"
        text = (
            f"now at {outcome.after}, {before if outcome.before != outcome.after else 'as before'}"
        )
        return Answer(text, {"revision": asdict(outcome)})

    answer("stamp", work, database_url, as_json=as_json)


def _planned(found: list[plans.Planned]) -> Answer:
    document = {"plan": [asdict(planned) for planned in found]}
    if not found:
        return Answer("nothing to do", document)
    losses = sum(len(planned.losses) for planned in found)
    deletes = counted(losses, "operation deletes data", "operations delete data")
    summary = f"{counted(len(found), 'revision')}, {deletes if losses else 'nothing is deleted'}"
    return Answer("\n".join([*map(str, found), summary]), document)


def _moved(outcome: commands.Outcome) -> str:
    at = outcome.after or "no revision"
    where = f"{at} (head)" if outcome.after == outcome.head else at
    return f"now at {where}" if outcome.steps else f"nothing to do: already at {where}"


def _document(outcome: commands.Outcome) -> dict[str, Any]:
    moved = asdict(replace(outcome, backup=None))
    del moved["backup"]
    return {"revision": moved, "backup": outcome.backup and _backup(outcome.backup)}


def _backup(backup: Backup) -> dict[str, Any]:
    account = backup.manifest.model_dump(include={"bytes", "sha256", "verified"})
    return {"path": str(backup.file.resolve()), **account}
