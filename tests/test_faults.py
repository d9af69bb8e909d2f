import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import AdaptedConnection, Connection, event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from apps import another_app, logging_kept
from callers import Callers
from conftest import empty_database, settings_for
from given import Given
from timetracker_api.auth import tokens
from timetracker_api.clients.models import Client
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event
from timetracker_api.settings import Settings
from timetracker_api.web.idempotency import forget_old
from timetracker_api.web.observability import configure_logging

ROOT = "http://test"


@pytest.fixture(autouse=True)
def served_log(settings: Settings) -> Generator[None]:
    """Logs as a server does: left alone, the library draws tracebacks for ten seconds each."""
    with logging_kept():
        configure_logging(settings)
        yield


def unavailable(response: Response) -> str:
    """Return the reason a response gives for not being the one asked for."""
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0
    return response.json()["detail"]


def warned(caplog: pytest.LogCaptureFixture) -> list[Mapping[str, Any]]:
    """Return what the log was given at the level of a warning."""
    told = [cast(Any, each.msg) for each in caplog.records if each.levelname == "WARNING"]
    assert told
    return told


@contextmanager
def failing_commits(database: Database, error: Exception) -> Generator[None]:
    """Have every commit fail."""

    def fail(_connection: Connection) -> None:
        raise error

    engine = database.engines.writing.sync_engine
    event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(engine, "commit", fail)


async def counted(database: Database, *kinds: type[Any]) -> list[int | None]:
    async with database.read() as session:
        return [await session.scalar(select(func.count()).select_from(kind)) for kind in kinds]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("disk on fire"), 500),
        (OperationalError("COMMIT", {}, Exception("disk is full")), 503),
        (
            IntegrityError("COMMIT", {}, Exception("UNIQUE constraint failed: clients.name_key")),
            409,
        ),
        (IntegrityError("COMMIT", {}, Exception("violates foreign key constraint")), 409),
    ],
)
async def test_what_fails_at_commit_was_never_created(
    api: AsyncClient, database: Database, error: Exception, status: int
):
    await api.get("/users/me")  # from here on, the token is not written to for a minute
    before = await counted(database, Client, Event)
    key = {"Idempotency-Key": "k-1"}
    with failing_commits(database, error):
        refused = await api.post("/clients", json={"name": "Acme"}, headers=key)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert "location" not in refused.headers
    assert await counted(database, Client, Event) == before

    again = await api.post("/clients", json={"name": "Acme"}, headers=key)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_what_fails_at_commit_is_as_it_was(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client()
    address = f"/clients/{client['id']}"
    with failing_commits(database, RuntimeError("disk on fire")):
        assert (await api.patch(address, json={"name": "B"})).status_code == 500
        assert (await api.delete(address)).status_code == 500
    assert (await api.get(address)).json() == client


@pytest.fixture
def unreachable(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a service whose database is not there."""
    if settings.url.get_backend_name() == "sqlite":
        return settings_for(settings.url.set(database=str(tmp_path / "no" / "such.db")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return settings_for(settings.url.set(host="127.0.0.1", port=port, query={}))


@pytest.fixture
async def empty(settings: Settings, tmp_path: Path, worker_id: str) -> AsyncGenerator[Settings]:
    """The settings of a service whose database is there, and has nothing in it."""
    backend = settings.url.get_backend_name()
    async with empty_database(backend, f"faults_{worker_id}", tmp_path) as url:
        yield settings_for(url)


async def everything(callers: Callers) -> list[Response]:
    """Ask for something with each kind of access to the database."""
    caller = callers.with_token(tokens.mint())
    nobody = callers.nobody()
    return [
        await caller.get("/clients"),
        await caller.post("/clients", json={"name": "Acme"}),
        await nobody.post("/sessions", json={"username": "ada", "password": "secret"}),
    ]


async def test_without_its_database_the_service_says_so(
    unreachable: Settings, caplog: pytest.LogCaptureFixture
):
    async with another_app(unreachable) as (_, callers):
        nobody = callers.nobody()
        assert "cannot be reached" in unavailable(await nobody.get(f"{ROOT}/health/ready"))
        for answer in await everything(callers):
            assert "cannot be reached" in unavailable(answer)
        assert (await nobody.get(f"{ROOT}/health/live")).json() == {"status": "ok"}
        assert (await nobody.get(f"{ROOT}/info")).json()["revision"] is None
        assert (await nobody.get(f"{ROOT}/openapi.json")).status_code == 200
        assert (await nobody.get("/clients")).status_code == 401
    assert not [each for each in warned(caplog) if each["exc_info"]]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_where_the_server_refuses_the_connection_the_service_says_so(settings: Settings):
    url = settings.url
    for wrong in (url.set(database="no_such"), url.set(username="no_such")):
        async with another_app(settings_for(wrong)) as (_, callers):
            for answer in await everything(callers):
                assert "cannot be reached" in unavailable(answer)
            assert (await callers.nobody().get(f"{ROOT}/info")).json()["revision"] is None


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_housekeeping_goes_on_after_the_server_has_refused_the_connection(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    attempts = asyncio.Semaphore(0)

    async def attempt(database: Database) -> None:
        attempts.release()
        await forget_old(database)

    monkeypatch.setattr("timetracker_api.app.HOUR", 0.01)
    monkeypatch.setattr("timetracker_api.app.forget_old", attempt)
    nowhere = settings_for(settings.url.set(database="no_such"))
    async with another_app(nowhere) as (app, _), app.router.lifespan_context(app):
        for _ in range(2):
            await asyncio.wait_for(attempts.acquire(), 30)


async def test_before_it_is_migrated_the_service_says_so(empty: Settings):
    async with another_app(empty) as (_, callers):
        nobody = callers.nobody()
        assert "db upgrade" in unavailable(await nobody.get(f"{ROOT}/health/ready"))
        for answer in await everything(callers):
            assert "migrated" in unavailable(answer)
        assert (await nobody.get(f"{ROOT}/health/live")).json() == {"status": "ok"}


async def test_a_service_that_can_serve_is_ready(callers: Callers):
    ready = await callers.nobody().get(f"{ROOT}/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_connection_that_has_become_read_only_is_replaced(
    settings: Settings, database: Database
):
    assert database
    async with another_app(settings) as (app, callers):
        api = await callers.a("admin")
        await api.get("/clients")  # writes down that its token is used
        async with app.state.database.engines.writing.begin() as connection:
            await connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        assert "cannot be reached" in unavailable(await api.post("/clients", json={"name": "Acme"}))
        assert (await api.post("/clients", json={"name": "Acme"})).status_code == 201


async def test_a_file_that_is_missing_is_told_with_the_place_where_it_is(
    api: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def look_up(*_: object) -> None:
        raise FileNotFoundError("/nowhere/at-all")

    monkeypatch.setattr("timetracker_api.auth.tokens.look_up", look_up)
    unavailable(await api.get("/clients"))
    [told] = warned(caplog)
    assert "/nowhere/at-all" in str(told["exc_info"])


@pytest.fixture
async def end_connections(
    settings: Settings, database: Database
) -> AsyncGenerator[Callable[[], Any]]:
    """Ends all connections to the database but its own, as a restart of the server would.

    It waits until that has reached the service: who asks in between is told 503.
    """
    engine = create_async_engine(settings.url, isolation_level="AUTOCOMMIT")
    used: list[Any] = []

    def note(connection: AdaptedConnection, *_: object) -> None:
        used.append(connection.driver_connection)

    pool = database.engines.writing.sync_engine
    event.listen(pool, "checkout", note)

    async def left() -> bool:
        known = not all(each.is_closed() for each in used)
        return known or bool(await _others(engine, "pid"))

    async def end() -> None:
        assert await _others(engine, "pg_terminate_backend(pid)")
        while await left():  # noqa: ASYNC110 - neither side tells
            await asyncio.sleep(0.01)

    yield end
    event.remove(pool, "checkout", note)
    await engine.dispose()


async def _others(engine: AsyncEngine, what: str) -> list[Any]:
    of_others = "datname = current_database() AND pid <> pg_backend_pid()"
    async with engine.connect() as connection:
        statement = text(f"SELECT {what} FROM pg_stat_activity WHERE {of_others}")  # noqa: S608 - our own
        return list((await connection.execute(statement)).all())


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_connections_the_server_has_dropped_are_replaced(
    api: AsyncClient, callers: Callers, end_connections: Callable[[], Any]
):
    async def several() -> list[int]:
        answers = await asyncio.gather(*(api.get("/clients") for _ in range(5)))
        return [each.status_code for each in answers]

    assert await several() == [200] * 5
    await end_connections()
    assert await several() == [200] * 5
    assert await several() == [200] * 5
    await end_connections()
    assert (await api.post("/clients", json={"name": "Acme"})).status_code == 201
    wrong = {"username": "ada", "password": "secret"}
    assert await several() == [200] * 5
    await end_connections()
    assert (await callers.nobody().post("/sessions", json=wrong)).status_code == 401
    assert await several() == [200] * 5
    await end_connections()
    assert (await callers.nobody().get(f"{ROOT}/health/ready")).status_code == 200
