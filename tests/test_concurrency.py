"""Many at once: in one process, and in several on the same database."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import httpx
import pytest
from httpx import AsyncClient
from sqlalchemy import func, select

from given import Given, faults
from people import recorded
from servers import serving
from timetracker_api.clients.models import Client
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings


@pytest.fixture
async def processes(
    api: AsyncClient, settings: Settings, tmp_path: Path
) -> AsyncGenerator[Sequence[AsyncClient]]:
    """Clients of two servers; on PostgreSQL one of them has two workers."""
    url = settings.database_url
    workers = "2" if url.startswith("postgresql") else "1"
    with (
        serving(tmp_path, "--workers", workers, TIMETRACKER_DATABASE_URL=url) as one,
        serving(tmp_path, TIMETRACKER_DATABASE_URL=url) as other,
    ):
        clients = [
            AsyncClient(
                base_url=f"{server.url}/api/v1",
                headers={"Authorization": api.headers["Authorization"]},
                timeout=30,
            )
            for server in (
                await asyncio.to_thread(one.wait_until),
                await asyncio.to_thread(other.wait_until),
            )
        ]
        yield clients
        for client in clients:
            await client.aclose()


async def test_of_two_who_take_a_name_at_once_one_gets_it(api: AsyncClient, database: Database):
    for name in ("Acme", "Bcme", "Ccme"):
        answers = await asyncio.gather(
            *(api.post("/clients", json={"name": spelling}) for spelling in (name, name.upper()))
        )
        _one_got_it(answers)
    assert len(await recorded(database, "client.created")) == 3


async def test_of_those_who_rename_at_once_one_gets_the_name(api: AsyncClient, given: Given):
    clients = [await given.a_client(f"Client {number}") for number in range(5)]
    answers = await asyncio.gather(
        *(api.patch(f"/clients/{client['id']}", json={"name": "Acme"}) for client in clients)
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 4}


async def test_of_those_who_change_what_they_saw_one_is_in_time(api: AsyncClient, given: Given):
    client = await given.a_client()
    path = f"/clients/{client['id']}"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    answers = await asyncio.gather(
        *(api.patch(path, json={"name": f"Name {n}"}, headers=seen) for n in range(8))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}


async def test_changes_of_different_fields_at_once_are_all_kept(api: AsyncClient, given: Given):
    client = await given.a_client()
    path = f"/clients/{client['id']}"
    changes = {"email": "a@example.com", "phone": "1", "contact_person": "Ada", "address": "Here"}
    answers = await asyncio.gather(
        *(api.patch(path, json={field: value}) for field, value in changes.items())
    )
    assert {answer.status_code for answer in answers} == {200}
    assert changes.items() <= (await api.get(path)).json().items()


async def test_deleting_at_once_deletes_once(api: AsyncClient, given: Given, database: Database):
    client = await given.a_client()
    answers = await asyncio.gather(*(api.delete(f"/clients/{client['id']}") for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {204: 1, 404: 4}
    assert len(await recorded(database, "client.deleted")) == 1


async def test_many_writes_at_once_all_succeed(
    api: AsyncClient, database: Database, settings: Settings
):
    # Who waits for a connection to PostgreSQL for ten seconds is told to come back; a machine
    # that is busy with other things needs longer than that for two hundred.
    many = 200 if settings.url.get_backend_name() == "sqlite" else 60
    answers = await asyncio.gather(
        *(api.post("/clients", json={"name": f"Client {number}"}) for number in range(many)),
        *(api.get("/clients") for _ in range(20)),
    )
    assert Counter(answer.status_code for answer in answers) == {201: many, 200: 20}
    assert len(await recorded(database, "client.created")) == many


async def test_several_processes_agree(
    processes: Sequence[AsyncClient], api: AsyncClient, database: Database
):
    one, other = processes

    for number in range(4):
        body = {"name": f"Acme {number}"}
        _one_got_it(
            await asyncio.gather(one.post("/clients", json=body), other.post("/clients", json=body))
        )

    key = {"Idempotency-Key": "one-effect"}
    answers = await asyncio.gather(
        *(
            client.post("/clients", json={"name": "Once"}, headers=key)
            for client in (*processes, api)
            for _ in range(16)
        )
    )
    seen = Counter(answer.status_code for answer in answers)
    assert set(seen) <= {201, 409}, seen
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1

    answers = await asyncio.gather(
        *(
            client.post("/clients", json={"name": f"Many {place} {number}"})
            for place, client in enumerate((*processes, api))
            for number in range(30)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 90}
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Client)) == 4 + 1 + 90

    made = (await api.post("/tokens", json={"name": "x", "scopes": ["clients:read"]})).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    for client in processes:
        assert (await client.get("/clients", headers=bearer)).status_code == 200
    await one.delete(f"/tokens/{made['id']}")
    for client in (*processes, api):
        assert (await client.get("/clients", headers=bearer)).status_code == 401


def _one_got_it(answers: Sequence[httpx.Response]) -> None:
    got, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (got.status_code, refused.status_code) == (201, 409)
    assert faults(refused) == {("/name", "not_unique")}
