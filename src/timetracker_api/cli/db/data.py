"""Commands that change many rows, in batches, as revisions have asked for it."""

from dataclasses import asdict
from typing import Annotated

import typer

from timetracker_api.cli.db.answering import Answer, AsJSON, DatabaseURL, answer, finite, progress
from timetracker_api.migrations.data import running
from timetracker_api.migrations.data.standings import standings
from timetracker_api.settings import Settings


def run(
    name: Annotated[str, typer.Argument(help="The data migration, as `data status` calls it.")],
    database_url: DatabaseURL = None,
    as_json: AsJSON = False,
    batch: Annotated[int, typer.Option(help="Rows per transaction.", min=1)] = running.BATCH,
    sleep: Annotated[
        float, typer.Option(help="Seconds between them.", min=0, callback=finite)
    ] = running.PAUSE,
) -> None:
    """Change the rows that are left, batch by batch. It may be stopped, and resumes there."""

    async def work(settings: Settings) -> Answer:
        standing = await running.run(settings, name, batch=batch, pause=sleep, say=progress)
        return Answer(str(standing), {"data": asdict(standing)})

    answer("data run", work, database_url, as_json=as_json)


def status(database_url: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show how far the changes of rows have come."""

    async def work(settings: Settings) -> Answer:
        found = await standings(settings)
        text = "\n".join(map(str, found)) or "no revision has asked for a change of rows"
        return Answer(text, {"data": [asdict(standing) for standing in found]})

    answer("data status", work, database_url, as_json=as_json)


app = typer.Typer(
    help="Change many rows in batches, as revisions have asked for it.", add_completion=False
)
app.command()(run)
app.command()(status)
