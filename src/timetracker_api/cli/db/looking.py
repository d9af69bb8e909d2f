"""Commands that look at the revisions and the database, and change nothing."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, answer, progress
from timetracker_api.migrations import commands, plans, revisions
from timetracker_api.migrations import history as revision_history
from timetracker_api.migrations.failures import Unreachable
from timetracker_api.migrations.revisions import State
from timetracker_api.migrations.status import examine
from timetracker_api.settings import Settings

CheckHeads = Annotated[
    bool, typer.Option("--check-heads", help="Fail where it is not at the head.")
]


def current(
    database_url: DatabaseURL = None, as_json: AsJSON = False, check_heads: CheckHeads = False
) -> None:
    """Show the revision of the database."""

    async def work(settings: Settings) -> Answer:
        state = await commands.state(settings, say=progress)
        failure = state.obstacle if check_heads else None
        text = _standing(state) if not failure else state.current or "no revision"
        return Answer(text, {"revision": _document(state)}, failure)

    answer("current", work, database_url, as_json=as_json)


def history(
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    span: Annotated[
        str, typer.Option("--rev-range", "-r", metavar="A:B", help="Only those from A to B.")
    ] = "base:head",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="All about each.")] = False,
) -> None:
    """List the revisions, newest first, and mark where the database is."""

    async def work(settings: Settings) -> Answer:
        scripts = revisions.scripts()
        found = revision_history.history(scripts, revision_history.span(scripts, span))
        try:
            at = (await commands.state(settings, say=progress)).current
        except Unreachable as failure:  # the list is the same without it
            progress(str(failure))
            at = None
        lines: list[str] = []
        for revision in found:
            lines.append(f"{revision}{' (current)' if revision.id == at else ''}")
            lines += revision.place() if verbose else []
        document = [asdict(revision) | {"current": revision.id == at} for revision in found]
        return Answer("\n".join(lines), {"revisions": document})

    answer("history", work, database_url, as_json=as_json)


def show(
    revision: Annotated[str, typer.Argument(help="The revision, or its beginning.")] = "head",
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show a revision: what comes before and after it, and what it does on PostgreSQL."""

    async def work(_: Settings) -> Answer:
        script = revisions.find(revisions.scripts(), revision)
        described = revision_history.described(script)
        planned = await plans.of(script)
        lines = [
            str(described),
            *described.place(),
            *(f"  {operation}" for operation in planned.operations),
        ]
        document = asdict(described) | {"operations": planned.operations}
        return Answer("\n".join(lines), {"revision": document})

    answer("show", work, database_url, as_json=as_json)


def branches(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show where the revisions part: which have more than one after them."""

    async def work(_: Settings) -> Answer:
        found = [
            described
            for described in revision_history.history(revisions.scripts())
            if len(described.followed_by) > 1
        ]
        lines = [line for described in found for line in (str(described), *described.place())]
        return Answer(
            "\n".join(lines) or "the revisions are one line",
            {"branches": [asdict(described) for described in found]},
        )

    answer("branches", work, database_url, as_json=as_json)


def heads(
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where there are several.")] = False,
) -> None:
    """Show the newest revision; there should be one."""

    async def work(_: Settings) -> Answer:
        found = revisions.scripts().get_heads()
        failure = revisions.several_heads(found) if check else None
        return Answer("\n".join(found), {"heads": found}, failure)

    answer("heads", work, database_url, as_json=as_json)


def status(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show on one page how the database is, and what to do about it."""

    async def work(settings: Settings) -> Answer:
        report = await examine(settings)
        document = {"findings": [finding.document() for finding in report.findings]}
        return Answer("\n".join(map(str, report.findings)), document, report.failure)

    answer("status", work, database_url, as_json=as_json)


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
