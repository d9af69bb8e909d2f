"""``timetracker-api openapi``: the document, for code generators."""

import json

import typer

from timetracker_api.app import create_app
from timetracker_api.cli.working import configuration


def openapi() -> None:
    """Print the OpenAPI document. It needs no database, and holds no text of your users."""
    typer.echo(json.dumps(create_app(configuration()).openapi(), indent=2))
