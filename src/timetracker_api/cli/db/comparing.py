"""The command that compares the database with what it should be."""

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, answer, progress
from timetracker_api.migrations import checking, commands
from timetracker_api.migrations.failures import Drift
from timetracker_api.migrations.importing import models
from timetracker_api.migrations.wording import counted
from timetracker_api.settings import Settings


def check(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Compare the database with the models, and with what its revision should have made of it."""

    async def work(settings: Settings) -> Answer:
        state = await commands.state(settings, say=progress)
        if state.pending:  # the models are newer: compare with its own revision
            found = await checking.drift(settings, say=progress)
            return Answer("\n".join(found), {"differences": found}, state.obstacle)
        found = await checking.check(settings, models(), say=progress)
        if not found:
            return Answer("the database is what the models say", {"differences": []})
        failure = Drift(
            f"{counted(len(found), 'difference')} between the database and what it should be",
            "Where the models are right, add a revision; where a person changed the database, undo",
        )
        return Answer("\n".join(found), {"differences": found}, failure)

    answer("check", work, database_url, as_json=as_json)
