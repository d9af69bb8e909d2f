"""``timetracker-api openapi``: the document, for code generators."""

import json
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.app import create_app
from timetracker_api.cli.working import configuration, run
from timetracker_api.custom_fields.forms.openapi import live_document


def openapi(
    live: Annotated[
        bool, typer.Option("--live", help="With the custom fields that are defined here.")
    ] = False,
) -> None:
    """Print the OpenAPI document. Without --live it needs no database, and holds no text of your
    users.
    """
    settings = configuration()
    document = create_app(settings).openapi()

    async def work(session: AsyncSession) -> dict[str, Any]:
        return await live_document(session, document)

    typer.echo(json.dumps(run(settings, work) if live else document, indent=2))
