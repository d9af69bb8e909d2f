"""The command line: serve, migrate, and let the first people in."""

from typing import Annotated

import typer

from timetracker_api import __version__
from timetracker_api.cli import lazily


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"timetracker-api {__version__}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Say which release this is."
        ),
    ] = False,
) -> None:
    """Take what stands in front of a command."""


app = lazily.group(
    "Time tracking as an API.",
    {
        "serve": "timetracker_api.cli.serving:serve",
        "demo": "timetracker_api.cli.demo:demo",
        "openapi": "timetracker_api.cli.document:openapi",
        "db": "timetracker_api.cli.db:app",
        "custom-fields": "timetracker_api.cli.custom_fields:app",
        "users": "timetracker_api.cli.people:users",
        "tokens": "timetracker_api.cli.people:tokens",
    },
    _options,
)
