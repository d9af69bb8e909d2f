import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import func, insert, select, text

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api import clock
from timetracker_api.app import create_app
from timetracker_api.clients.models import Client
from timetracker_api.db import engine
from timetracker_api.db.session import Database
from timetracker_api.web.idempotency import Answer, forget_old

KEY = {"Idempotency-Key": "0b7e"}
ACME = {"name": "Acme"}


async def count(database: Database, table: type[Client | Answer]) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_repeated_request_gets_the_same_answer_and_does_nothing(
    api: AsyncClient, database: Database
):
    first = await api.post("/clients", json=ACME, headers=KEY)
    again = await api.post("/clients", json=ACME, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    for header in ("location", "etag", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count(database, Client) == 1
    assert len(await recorded(database, "client.created")) == 1


async def test_the_answer_is_the_old_one_also_when_the_record_has_changed_or_gone(
    api: AsyncClient,
):
    first = await api.post("/clients", json=ACME, headers=KEY)
    path = f"/clients/{first.json()['id']}"
    await api.patch(path, json={"name": "Acme Inc."})
    assert (await api.post("/clients", json=ACME, headers=KEY)).content == first.content
    await api.delete(path)
    assert (await api.post("/clients", json=ACME, headers=KEY)).content == first.content
    assert (await api.get(path)).status_code == 404


async def test_without_a_key_every_request_counts(api: AsyncClient, database: Database):
    assert (await api.post("/clients", json=ACME)).status_code == 201
    assert (await api.post("/clients", json=ACME)).status_code == 409
    assert await count(database, Answer) == 0


async def test_a_key_belongs_to_one_request(api: AsyncClient, given: Given, database: Database):
    other = await given.a_client("Other")
    await api.post("/clients", json=ACME, headers=KEY)
    for answer in (
        await api.post("/clients", json={"name": "Bcme"}, headers=KEY),
        await api.post("/users", json=ACME, headers=KEY),
        await api.post(f"/clients/{other['id']}/archive", headers=KEY),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == "key_reused"
    assert await count(database, Client) == 2


async def test_a_key_belongs_to_one_user(api: AsyncClient, callers: Callers, database: Database):
    first = await api.post("/clients", json=ACME, headers=KEY)
    other = await callers.a("manager")
    second = await other.post("/clients", json={"name": "Bcme"}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["name"] == "Bcme"
    assert await count(database, Answer) == 2


async def test_whoever_has_lost_the_right_gets_no_old_answer(api: AsyncClient, callers: Callers):
    manager = await callers.a("manager")
    me = (await manager.get("/users/me")).json()["id"]
    assert (await manager.post("/clients", json=ACME, headers=KEY)).status_code == 201
    await api.patch(f"/users/{me}", json={"role": "viewer"})
    assert (await manager.post("/clients", json=ACME, headers=KEY)).status_code == 403


async def test_a_request_that_failed_can_be_sent_again(
    api: AsyncClient, given: Given, database: Database
):
    taken = await given.a_client("Acme")
    refused = [
        await api.post("/clients", json=ACME, headers=KEY),
        await api.post("/clients", json={"name": ""}, headers=KEY),
        await api.post("/clients", content="{", headers=KEY | {"Content-Type": "application/json"}),
        await api.post("/clients/999999/archive", headers=KEY),
    ]
    assert [answer.status_code for answer in refused] == [409, 422, 400, 404]
    assert await count(database, Answer) == 0
    await api.delete(f"/clients/{taken['id']}")
    now = await api.post("/clients", json=ACME, headers=KEY)
    assert now.status_code == 201
    assert "idempotency-replayed" not in now.headers


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_1_to_255_characters(api: AsyncClient, key: str):
    refused = await api.post("/clients", json=ACME, headers={"Idempotency-Key": key})
    assert refused.status_code == 422
    [(pointer, _)] = faults(refused)
    assert pointer == "/idempotency-key"
    longest = await api.post("/clients", json=ACME, headers={"Idempotency-Key": "x" * 255})
    assert longest.status_code == 201


async def test_a_key_is_new_again_after_24_hours(
    api: AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
):
    first = await api.post("/clients", json=ACME, headers=KEY)
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(hours=23, minutes=59))
    assert (await api.post("/clients", json=ACME, headers=KEY)).content == first.content
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(hours=24, seconds=1))
    assert (await api.post("/clients", json=ACME, headers=KEY)).status_code == 409
    other = await api.post("/clients", json={"name": "Bcme"}, headers=KEY)
    assert other.status_code == 201
    again = await api.post("/clients", json={"name": "Bcme"}, headers=KEY)
    assert again.content == other.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(database, Client) == 2


async def test_an_old_key_is_taken_over_by_one_of_many(
    api: AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
):
    await api.post("/clients", json=ACME, headers=KEY)
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(days=2))
    answers = await asyncio.gather(
        *(api.post("/clients", json={"name": "Bcme"}, headers=KEY) for _ in range(10))
    )
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert await count(database, Client) == 2


async def test_old_answers_are_deleted_and_young_ones_kept(
    api: AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
):
    await api.post("/clients", json=ACME, headers=KEY)
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(hours=23))
    await api.post("/clients", json={"name": "Bcme"}, headers={"Idempotency-Key": "young"})
    await forget_old(database)
    assert await count(database, Answer) == 2
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(hours=24, seconds=1))
    await forget_old(database)
    async with database.read() as session:
        assert (await session.scalars(select(Answer.key))).all() == ["young"]


async def test_a_secret_is_neither_stored_nor_shown_twice(api: AsyncClient, database: Database):
    body = {"name": "x", "scopes": ["clients:read"]}
    first = await api.post("/tokens", json=body, headers=KEY)
    secret = first.json()["token"]
    again = await api.post("/tokens", json=body, headers=KEY)
    assert again.status_code == 409
    assert again.json()["code"] == "secret_shown"
    assert (await api.get("/tokens")).json()["total"] == 2
    async with database.read() as session:
        rows = (await session.execute(text("SELECT * FROM idempotent_answers"))).all()
        events = (await session.execute(text("SELECT * FROM events"))).all()
    assert len(rows) == 1
    stored = repr([tuple(row) for row in (*rows, *events)])
    assert secret not in stored
    assert secret.removeprefix("tt_")[:20] not in stored


async def test_fifty_at_once_have_one_effect(api: AsyncClient, database: Database):
    answers = await asyncio.gather(
        *(api.post("/clients", json=ACME, headers=KEY) for _ in range(50))
    )
    _one_effect(answers)
    assert await count(database, Client) == 1
    assert len(await recorded(database, "client.created")) == 1


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_while_the_first_request_takes_long_the_second_is_told_so(
    api: AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "LOCK_TIMEOUT", "200ms")
    impatient = create_app(database.settings)
    me = (await api.get("/users/me")).json()["id"]
    callers = Callers(impatient, impatient.state.database)
    second = callers.with_token(api.headers["Authorization"].removeprefix("Bearer "))
    claim: dict[str, Any] = {
        "user_id": me,
        "key": KEY["Idempotency-Key"],
        "request": "",
        "headers": {},
    }
    async with database.write() as session:
        await session.execute(insert(Answer).values(created_at=clock.now(), **claim))
        refused = await second.post("/clients", json=ACME, headers=KEY)
        await session.rollback()
    assert refused.status_code == 409
    assert refused.json()["code"] == "request_in_progress"
    assert refused.headers["retry-after"] == "1"
    assert (await second.post("/clients", json=ACME, headers=KEY)).status_code == 201
    await callers.leave()
    await impatient.state.database.dispose()


async def test_fifty_different_keys_have_fifty_effects(api: AsyncClient, database: Database):
    answers = await asyncio.gather(
        *(
            api.post("/clients", json={"name": f"C{n}"}, headers={"Idempotency-Key": f"k{n}"})
            for n in range(50)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert await count(database, Client) == 50
    assert await count(database, Answer) == 50


async def test_every_post_but_signing_in_takes_a_key(app: FastAPI):
    posts = {
        path: described["post"]
        for path, described in app.openapi()["paths"].items()
        if "post" in described
    }
    without = {
        path
        for path, described in posts.items()
        if "idempotency-key" not in [each["name"] for each in described.get("parameters", ())]
    }
    assert without == {"/api/v1/sessions"}


def _one_effect(answers: list[httpx.Response]) -> None:
    seen = Counter(answer.status_code for answer in answers)
    assert set(seen) <= {201, 409}, seen
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "request_in_progress"
            assert int(answer.headers["retry-after"]) >= 1
