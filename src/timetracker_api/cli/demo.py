"""``timetracker-api demo``: a company to try the service with."""

import sys
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.cli.serving import upgrade
from timetracker_api.cli.working import configuration, fail, run
from timetracker_api.demo.loading import Loaded, effort, load
from timetracker_api.demo.scale import Scale

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended."""


NOT_MADE_UP = "(was here before, with another password)"


def demo(
    clients: Annotated[int, typer.Option(min=1, max=100_000, help="How many clients.")] = 40,
    entries: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="How many time entries.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Another number makes up another company.")] = 1,
) -> None:
    """Load a made-up company into a database that has no clients yet.

    All of it or, where it is interrupted, nothing. The embedded SQLite database is migrated first.
    """
    settings = configuration()
    if settings.is_embedded:
        upgrade(settings)
    scale = Scale(clients, entries, seed)
    try:
        with typer.progressbar(
            length=effort(scale), label="Loading", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:

            async def work(session: AsyncSession) -> Loaded:
                return await load(session, scale, bar.update)

            loaded = run(settings, work)
    except KeyboardInterrupt:
        fail("\nInterrupted; nothing was loaded.", INTERRUPTED)
    typer.echo(_told(loaded))


def _told(loaded: Loaded) -> str:
    """Say what there is, and how to get in."""
    made_up = {user.id: user for user in loaded.people}
    known = {user.id: user for user in loaded.administrators} | made_up
    signing_in = [user for user in known.values() if user.archived_at is None]
    width = max(len(user.username) for user in signing_in)
    lines = [
        f"    {user.username:<{width}}  {user.role:<8}"
        f"  {(user.time_zone or '') if user.id in made_up else NOT_MADE_UP}".rstrip()
        for user in signing_in
    ]
    counted = (
        f"Loaded {loaded.clients} clients, {loaded.projects} projects, {loaded.tasks} tasks and"
        f" {loaded.entries} time entries."
    )
    end = (
        "The password is shown only now, and is the same for all who were made up.\n"
        "Start the service with timetracker-api serve, and sign in with POST /api/v1/sessions."
    )
    return "\n".join([counted, "", *lines, "", f"    password  {loaded.password}", "", end])
