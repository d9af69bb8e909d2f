import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import event, exc, text

from callers import BASE
from downloads import downloading
from given import Given
from timetracker_api.db.engine import MOST_LASTING
from timetracker_api.db.session import Database
from timetracker_api.time_entries.exporting.service import AT_ONCE
from timetracker_api.time_entries.exporting.table import Table
from timetracker_api.web import streaming

PATH = "/time-entries/export"
ENTRIES = 4 * AT_ONCE


@pytest.fixture
async def entries(api: AsyncClient, given: Given) -> list[dict[str, Any]]:
    """More entries than are written at once."""
    client = await given.a_client()
    entry = {"client_id": client["id"], "started_at": "2026-11-20T09:00:00Z"}
    operations = [
        {"op": "create", "data": {**entry, "duration_seconds": number, "notes": f"no. {number}"}}
        for number in range(ENTRIES)
    ]
    done = await api.post("/time-entries/bulk", json={"operations": operations})
    assert done.status_code == 200, done.text
    return [each["entry"] for each in done.json()["results"]]


def in_use(database: Database) -> int:
    """Count the connections that exports hold."""
    pool: Any = database.engines.lasting.pool
    return pool.checkedout()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
async def test_a_file_is_what_it_was_when_it_was_begun(
    app: FastAPI, api: AsyncClient, given: Given, entries: list[dict[str, Any]], format: str
):
    query = {"format": format, "sort": "started_at"}
    whole = (await api.get(PATH, params=query)).content
    async with downloading(app, api, PATH, **query) as download:
        assert await download.start() == 200
        begun = await download.piece()
        *_, changed, deleted = (f"/time-entries/{each['id']}" for each in entries)
        assert (await api.delete(deleted)).status_code == 204
        assert (await api.patch(changed, json={"notes": "Other"})).status_code == 200
        await given.an_entry(client_id=entries[0]["client"]["id"])
        renamed = await api.patch(f"/clients/{entries[0]['client']['id']}", json={"name": "New"})
        assert renamed.status_code == 200
        assert begun
        assert begun + await download.rest() == whole
    assert (await api.get(PATH, params=query)).content != whole


async def test_a_change_of_definitions_does_not_reach_what_has_begun(
    app: FastAPI,
    api: AsyncClient,
    given: Given,
    database: Database,
    entries: list[dict[str, Any]],
):
    asked: list[str] = []

    def gather(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    field = await given.a_field("word", applies_to=["time_entry"])
    for entry in (entries[0], entries[-1]):
        body = {"custom_fields": {"word": "hush"}}
        assert (await api.patch(f"/time-entries/{entry['id']}", json=body)).status_code == 200
    path = f"/custom-field-definitions/{field['id']}"
    engine = database.engines.lasting.sync_engine
    for format in ("csv", "jsonl"):
        query = {"format": format, "sort": "started_at"}
        whole = (await api.get(PATH, params=query)).content
        assert whole.count(b"hush") == 2
        async with downloading(app, api, PATH, **query) as download:
            await download.start()
            begun = await download.piece()
            assert (await api.patch(path, json={"is_active": False})).status_code == 200
            assert b"hush" not in (await api.get("/time-entries?limit=1&sort=started_at")).content
            event.listen(engine, "before_cursor_execute", gather)
            assert (begun or b"") + await download.rest() == whole
            event.remove(engine, "before_cursor_execute", gather)
        assert asked == []  # who has begun does not ask what others have changed
        assert b"hush" not in (await api.get(PATH, params=query)).content
        assert (await api.patch(path, json={"is_active": True})).status_code == 200


async def test_who_leaves_gives_the_connection_back(
    app: FastAPI, api: AsyncClient, database: Database, entries: list[dict[str, Any]]
):
    assert entries
    for format in ("csv", "jsonl"):
        for pieces in (0, 1, 2):
            async with downloading(app, api, PATH, format=format) as download:
                assert await download.start() == 200
                for _ in range(pieces):
                    assert await download.piece()
                assert in_use(database) == 1
            assert in_use(database) == 0
    opened: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        opened.append(connection)

    assert (await api.get(PATH)).status_code == 200
    event.listen(database.engines.lasting.pool, "connect", note)
    for _ in range(3):
        async with downloading(app, api, PATH) as download:
            await download.start()  # and what comes next is being sent
    event.remove(database.engines.lasting.pool, "connect", note)
    assert opened == []


async def test_who_asks_for_the_headers_alone_does_not_have_it_all_written(
    api: AsyncClient,
    database: Database,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    assert entries
    written: list[int] = []
    write = Table.written

    async def counted(self: Table, session: Any, rows: Any) -> bytes:
        written.append(len(rows))
        await asyncio.sleep(0.01)
        return await write(self, session, rows)

    monkeypatch.setattr(Table, "written", counted)
    assert (await api.head(PATH)).content == b""
    assert sum(written) < ENTRIES
    assert in_use(database) == 0


async def test_exports_do_not_take_the_connections_of_requests(
    app: FastAPI,
    api: AsyncClient,
    database: Database,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(database.engines.lasting.pool, "_timeout", 0.1)
    async with AsyncExitStack() as stack:
        for _ in range(MOST_LASTING):
            download = await stack.enter_async_context(downloading(app, api, PATH))
            assert await download.start() == 200
        refused = await api.get(PATH)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "retry-after" in refused.headers
        answers = await asyncio.gather(*(api.get("/time-entries") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        body = {"notes": "meanwhile"}
        changed = await api.patch(f"/time-entries/{entries[0]['id']}", json=body)
        assert changed.status_code == 200
    assert (await api.get(PATH)).status_code == 200


async def test_who_stops_reading_is_not_waited_for(
    app: FastAPI,
    api: AsyncClient,
    database: Database,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    assert entries
    monkeypatch.setattr(streaming, "PATIENCE_SECONDS", 0.05)
    async with downloading(app, api, PATH) as download:
        await download.start()
        await download.abandoned()
        assert in_use(database) == 0
        with pytest.raises(ConnectionResetError):
            await download.rest()


def fails_at(piece: int) -> Callable[..., Any]:
    """Return a way of writing that finds the database gone at some piece."""
    write, pieces = Table.written, iter(range(1, 100))

    async def failing(self: Table, session: Any, rows: Any) -> bytes:
        if next(pieces) == piece:
            raise exc.OperationalError("SELECT", {}, ConnectionResetError("gone"))
        return await write(self, session, rows)

    return failing


async def test_a_failure_before_the_file_begins_is_a_problem(
    api: AsyncClient,
    database: Database,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    assert entries
    monkeypatch.setattr(Table, "written", fails_at(1))
    answer = await api.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "content-disposition" not in answer.headers
    assert in_use(database) == 0


async def test_a_failure_later_has_no_proper_end(
    app: FastAPI,
    api: AsyncClient,
    database: Database,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    assert entries
    monkeypatch.setattr(Table, "written", fails_at(3))
    async with downloading(app, api, PATH) as download:
        assert await download.start() == 200
        assert await download.piece()
        assert await download.piece()
        with pytest.raises(ConnectionResetError):
            await download.piece()
    assert in_use(database) == 0


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_server_that_ends_the_connection_ends_the_file(
    app: FastAPI, api: AsyncClient, database: Database, entries: list[dict[str, Any]]
):
    assert entries
    end = text("""
        SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND state = 'idle in transaction'
    """)
    async with downloading(app, api, PATH) as download:
        assert await download.start() == 200
        assert await download.piece()
        async with database.engines.writing.connect() as connection:
            assert await connection.scalar(end) == 1
        with pytest.raises(ConnectionResetError):
            await download.rest()
    assert in_use(database) == 0
    assert (await api.get(PATH)).status_code == 200


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[str]:
    """Serve on the loopback interface; give the address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def test_a_client_can_tell_a_part_from_the_whole(
    app: FastAPI,
    api: AsyncClient,
    entries: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
):
    assert entries
    async with served(app) as address, AsyncClient(headers=api.headers) as client:
        url = address + BASE.removeprefix("http://test") + PATH
        whole = await client.get(url)
        assert whole.text == (await api.get(PATH)).text
        assert whole.headers["transfer-encoding"] == "chunked"
        assert (await client.head(url)).status_code == 200
        monkeypatch.setattr(Table, "written", fails_at(3))
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await client.get(url)
