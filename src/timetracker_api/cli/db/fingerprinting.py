"""The command for developers that records what the revisions make of a database."""

from typing import Annotated

import typer

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, answer, progress
from timetracker_api.cli.db.authoring import unwritten
from timetracker_api.migrations import checking
from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.fingerprint import recording
from timetracker_api.migrations.importing import models
from timetracker_api.settings import Settings

Update = Annotated[
    bool, typer.Option("--update", help="Record it anew, for a release with other revisions.")
]


def fingerprint(
    database_url: DatabaseURL = None, as_json: AsJSON = False, update: Update = False
) -> None:
    """Show what the database is, as one number, and whether that is what its revision makes.

    With --update, run all revisions on scratch databases, an SQLite file and one on the PostgreSQL
    server of the URL, and write down what `check` compares with. Fails where the models would make
    something else.
    """

    async def record(settings: Settings) -> Answer:
        server = migration_url(settings)
        changed = [path.name for path in await recording.record(server)]
        missed = await recording.missed(server, models())
        text = [f"written: {name}" for name in changed] or ["nothing has changed"]
        document = {"written": changed, "differences": missed}
        failure = unwritten(missed) if missed else None
        return Answer("\n".join([*text, *missed]), document, failure)

    async def show(settings: Settings) -> Answer:
        found = await checking.fingerprint_of(settings, say=progress)
        verdict = {None: "not recorded", True: "as recorded", False: "not as recorded"}
        text = f"{found.digest}  {found.revision or 'no revision'} ({verdict[found.as_recorded]})"
        return Answer(text, {"fingerprint": found._asdict()})

    answer("fingerprint", record if update else show, database_url, as_json=as_json)
