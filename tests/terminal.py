"""Commands in this process: to start one for each takes longer than what they do."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Lock

from typer.testing import CliRunner, Result

from servers import Ended
from timetracker_api.cli import app

On = Callable[..., Awaitable[Ended]]
"""Runs a command on a database."""

_alone = Lock()
"""What is typed shares one standard output, and one environment."""


async def typed(*arguments: str, stdin: str = "", **variables: str) -> Ended:
    """Run a command as if it had been typed."""

    def invoke() -> Result:
        with _alone:
            environment = {"COLUMNS": "200", **variables}
            return CliRunner().invoke(
                app, arguments, input=stdin, env=environment, catch_exceptions=False
            )

    # A command has an event loop of its own, which takes a thread of its own.
    ended = await asyncio.to_thread(invoke)
    return Ended(ended.exit_code, ended.stdout, ended.stderr)
