"""``timetracker-api serve``: the service, and what its first start needs."""

import asyncio
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth import passwords
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Role
from timetracker_api.cli.db import configured
from timetracker_api.cli.working import fail, run
from timetracker_api.migrations import commands
from timetracker_api.migrations.failures import Failure
from timetracker_api.settings import Settings
from timetracker_api.web.observability import configure_logging

ADMIN = "admin"


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes to serve with.")] = 1,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when the code changes.")
    ] = False,
) -> None:
    """Serve the API.

    The embedded SQLite database is migrated, and gets its first user; others are left alone.
    """
    settings = configured()
    host, port = host or settings.host, settings.port if port is None else port
    configure_logging(settings)
    if settings.is_embedded:
        _prepare_embedded(settings)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    typer.echo(f"The API is at {address}/api/v1, its documentation at {address}/docs")
    uvicorn.run(
        "timetracker_api.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        reload=reload,
        access_log=False,
        log_config=None,
        server_header=False,
    )


def _prepare_embedded(settings: Settings) -> None:
    try:
        asyncio.run(commands.upgrade(settings))
    except Failure as failure:
        fail(str(failure), failure.exit_code)
    if password := run(settings, _first_user):
        typer.echo(f"First start: sign in as {ADMIN} with the password {password}")
        typer.echo("It is shown only now. Change it with PATCH /api/v1/users/me")


async def _first_user(session: AsyncSession) -> str | None:
    """Let one person into an installation that nobody can enter; return the password."""
    if await session.scalar(select(func.count()).select_from(User)):
        return None
    password = passwords.generate()
    hashed = await passwords.hashed(password)
    values = {"username": ADMIN, "role": Role.ADMIN, "password_hash": hashed}
    await entities.create(session, User, values)
    return password
