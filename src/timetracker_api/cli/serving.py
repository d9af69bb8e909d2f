"""``timetracker-api serve``: the service, and what its first start needs."""

import asyncio
import os
import signal
import socket
from typing import Annotated, NoReturn

import typer
import uvicorn
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from uvicorn.supervisors import ChangeReload, Multiprocess

from timetracker_api import entities
from timetracker_api.auth import passwords
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Role
from timetracker_api.cli.workers import serve_counting
from timetracker_api.cli.working import attempt, configuration, fail, run
from timetracker_api.migrations import commands
from timetracker_api.migrations.driver_errors import sqlstate
from timetracker_api.migrations.failures import Failure, Pending, Unreachable
from timetracker_api.settings import Settings
from timetracker_api.web.observability import configure_logging

ADMIN = "admin"

CONFIGURED_WRONG = frozenset({"28P01", "28000", "3D000"})
"""PostgreSQL's codes for what only a person can put right: password, user, name of the database."""


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="The port to listen on; 0 for a free one.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes to serve with.")] = 1,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when the code changes.")
    ] = False,
) -> None:
    """Serve the API.

    The embedded SQLite database is migrated, and gets its first user. Others are migrated where
    TIMETRACKER_MIGRATE_ON_START=upgrade says so.
    """
    settings = configuration()
    host, port = host or settings.host, settings.port if port is None else port
    with _listening(host, port) as listener:
        if settings.is_embedded or settings.migrate_on_start == "upgrade":
            upgrade(settings)
        if settings.is_embedded:
            _let_somebody_in(settings)
        else:
            _look_at_named(settings)
        named = f"[{host}]" if ":" in host else host
        address = f"http://{named}:{listener.getsockname()[1]}"
        typer.echo(f"API   {address}/api/v1\nDocs  {address}/docs")
        configure_logging(settings)
        config = uvicorn.Config(
            "timetracker_api.app:create_app",
            factory=True,
            workers=workers,
            reload=reload,
            access_log=False,
            log_config=None,
            server_header=False,
        )
        _serve(config, listener, counting=settings.metrics)


def _listening(host: str, port: int) -> socket.socket:
    """Take the port before anything is done, and above all before a password is shown."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        fail(
            f"Cannot listen on {host}, port {port}: {reason}. Choose others: TIMETRACKER_HOST and"
            " TIMETRACKER_PORT, in the environment or .env, or --host and --port."
        )
    listener.set_inheritable(True)
    return listener


def _serve(config: uvicorn.Config, listener: socket.socket, *, counting: bool) -> None:
    # Once everything is closed, the server raises the signal again that it was ended with.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _leave)
    if config.should_reload:
        server = uvicorn.Server(config)
        ChangeReload(config, target=server.run, sockets=[listener]).run()
    elif config.workers > 1 and counting:
        serve_counting(config, [listener])
    elif config.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest revision. Of several processes one does it; others wait."""
    try:
        outcome = asyncio.run(commands.upgrade(settings, backup=True))
    except Failure as failure:
        fail(str(failure), failure.exit_code)
    if outcome.backup:
        typer.echo(
            f"Upgraded the database from {outcome.before} to {outcome.after}.\n"
            f"As it was before: {outcome.backup.file}\n"
        )


def _let_somebody_in(settings: Settings) -> None:
    if password := run(settings, _first_user):
        typer.echo(
            f"First start: {settings.url.database} is new, and has one user.\n\n"
            f"    username  {ADMIN}\n"
            f"    password  {password}\n\n"
            "The password is shown only now. To change it: PATCH /api/v1/users/me\n"
        )


async def _first_user(session: AsyncSession) -> str | None:
    """Let one person into an installation that nobody can enter; return the password."""
    if not await _is_empty(session):
        return None
    password = passwords.generate()
    hashed = await passwords.hashed(password)
    values = {"username": ADMIN, "role": Role.ADMIN, "password_hash": hashed}
    await entities.create(session, User, values)
    return password


async def _is_empty(session: AsyncSession) -> bool:
    return not await session.scalar(select(exists(select(User.id))))


def _look_at_named(settings: Settings) -> None:
    """Say what is missing. What mends itself, or is mended elsewhere, does not end the start.

    After a power cut the database may be there a minute later than the service, and a new release
    may start before its migration has run: requests are answered with 503 until then.
    """
    try:
        if attempt(settings, _is_empty):
            typer.echo(
                "There are no users yet. Create the first with:\n\n"
                f"    timetracker-api users create {ADMIN} --role {Role.ADMIN}\n"
            )
    except Failure as failure:
        if not _may_pass(failure, settings):
            fail(str(failure), failure.exit_code)
        typer.echo(f"{failure} Until then, requests are answered with 503.", err=True)


def _may_pass(failure: Failure, settings: Settings) -> bool:
    if isinstance(failure, Unreachable):
        is_file = settings.url.get_backend_name() == "sqlite"
        return not is_file and sqlstate(failure.__cause__ or failure) not in CONFIGURED_WRONG
    return isinstance(failure, Pending)
