"""Many clients, few connections: each transaction has one, and the next may have another."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text

from apps import another_app
from bouncer import SERVER_CONNECTIONS, Bouncer
from callers import Callers
from given import Given
from servers import Server
from timetracker_api.clients.models import Client
from timetracker_api.db import engine
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings
from traffic import seen, traffic

pytestmark = pytest.mark.parametrize("settings", ["postgresql"], indirect=True, scope="session")

AT_ONCE = 24

PATIENCE = 60
"""Seconds after which an answer is not going to come."""


async def a_day(api: AsyncClient, number: int) -> None:
    """Read and write a little of everything, as one person does."""
    key = {"Idempotency-Key": f"{number}"}
    name = f"Client {number}"
    created = await api.post("/clients", json={"name": name}, headers=key)
    assert created.status_code == 201, created.text
    again = await api.post("/clients", json={"name": name}, headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (created.content, "true")
    id = created.json()["id"]
    started = await api.post("/timer/start", json={"client_id": id})
    assert started.status_code == 200, started.text
    assert (await api.get(f"/clients/{id}")).json() == created.json()
    changed = await api.patch(f"/clients/{id}", json={"description": f"No. {number}"})
    assert changed.json()["description"] == f"No. {number}"
    running = (await api.get("/timer")).json()["timer"]
    assert running["client"]["name"] == name
    stopped = (await api.post("/timer/stop", json={})).json()["stopped"]
    found = (await api.get("/time-entries", params={"client_id": id})).json()["items"]
    assert [each["id"] for each in found] == [stopped["id"]] == [running["id"]]
    of_client = {"client_id": id, "format": "jsonl"}
    exported = (await api.get("/time-entries/export", params=of_client)).text
    assert json.loads(exported)["id"] == running["id"]
    assert (await api.post("/clients", json={"name": name})).status_code == 409


async def test_many_people_share_the_connections_of_the_pooler(
    service: Server,
    callers: Callers,
    bouncer: Bouncer,
    settings: Settings,
    pooled_settings: Settings,
):
    async with AsyncExitStack() as stack:
        people: list[AsyncClient] = []
        for _ in range(AT_ONCE):
            headers = (await callers.a("manager")).headers
            client = AsyncClient(base_url=f"{service.url}/api/v1", headers=headers, timeout=60)
            people.append(await stack.enter_async_context(client))
        await asyncio.gather(*(a_day(each, number) for number, each in enumerate(people)))
        [pool] = [
            each for each in bouncer.show("POOLS") if each["database"] == settings.url.database
        ]
        assert int(pool["cl_active"]) > SERVER_CONNECTIONS
        database = Database(pooled_settings)
        stack.push_async_callback(database.dispose)
        left = await asyncio.gather(*(what_is_left(database) for _ in range(SERVER_CONNECTIONS)))
        assert left == [[]] * SERVER_CONNECTIONS


async def what_is_left(database: Database) -> Sequence[str]:
    """Return the statements that are prepared on a connection, which nobody else has meanwhile."""
    async with database.engines.writing.begin() as connection:
        statements = await connection.scalars(text("SELECT statement FROM pg_prepared_statements"))
        await connection.execute(text("SELECT pg_sleep(0.1)"))
        return statements.all()


async def test_who_waits_too_long_for_a_lock_is_told_so(
    api: AsyncClient,
    given: Given,
    database: Database,
    pooled_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
):
    client = await given.a_client()
    path = f"/clients/{client['id']}"
    monkeypatch.setattr(engine, "LOCK_TIMEOUT", "200ms")
    async with another_app(pooled_settings) as (app, callers):
        pooled = callers.with_token(api.headers["Authorization"].removeprefix("Bearer "))
        async with database.write() as session:
            await session.execute(select(Client).with_for_update())
            async with asyncio.timeout(PATIENCE):
                refused = await pooled.patch(path, json={"name": "B"})
            assert refused.status_code == 503, refused.text
            assert (await pooled.get(path)).json() == client
        assert (await pooled.patch(path, json={"name": "B"})).status_code == 200
        async with app.state.database.engines.reading.connect() as connection:
            assert await connection.scalar(text("SHOW lock_timeout")) == "0"


async def test_while_the_pooler_is_away_the_answer_is_503_and_then_all_is_well(
    running: Bouncer, service: Server, pooled: AsyncClient, given: Given
):
    path = f"/clients/{(await given.a_client())['id']}"
    async with traffic(pooled, path) as statuses:
        await seen(statuses, 200)
        await asyncio.to_thread(running.stop)
        await seen(statuses, 503)
        await asyncio.to_thread(service.wait_until, status=503)
        await asyncio.to_thread(running.start)
        await asyncio.to_thread(service.wait_until)
        await seen(statuses, 200)
    assert statuses.keys() == {200, 503}
    answers = await asyncio.gather(*(pooled.get(path) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
