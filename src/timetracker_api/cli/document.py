"""``timetracker-api openapi``: the document, for code generators."""

import json

import typer

from timetracker_api.app import create_app
from timetracker_api.cli.db import configured


def openapi() -> None:
    """Print the OpenAPI document. It needs no database, and holds no text of your users."""
    typer.echo(json.dumps(create_app(configured()).openapi(), indent=2))
