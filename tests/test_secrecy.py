import logging
from collections.abc import Callable

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from callers import Callers
from people import OTHER_PASSWORD, PASSWORD, signed_in
from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event


@pytest.fixture
async def logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """Gives what has been logged, by whichever library."""
    caplog.set_level(logging.INFO)
    return lambda: caplog.text + "".join(capsys.readouterr())


@pytest.mark.usefixtures("quick_hashes")
async def test_neither_password_nor_hash_is_ever_shown_recorded_or_logged(
    api: AsyncClient,
    callers: Callers,
    database: Database,
    logged: Callable[[], str],
):
    created = await api.post("/users", json={"username": "ada", "password": PASSWORD})
    path = f"/users/{created.json()['id']}"
    ada = await signed_in(callers, "ada")
    change = {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    answers = [
        created,
        await api.get(path),
        await api.get("/users"),
        await api.get("/tokens"),
        await ada.get("/users/me"),
        await ada.get("/sessions/current"),
        await ada.patch("/users/me", json=change),
        await api.patch(path, json={"password": PASSWORD}),
        await api.patch(path, json={"password": "password1234"}),
        await api.delete(path),
    ]
    async with database.write() as session:
        events = (await session.scalars(select(Event))).all()
    shown = "".join(answer.text for answer in answers)
    told = str([event.changes for event in events])
    log = logged()
    assert "/api/v1/sessions" in log
    for secret in ("argon2", PASSWORD, OTHER_PASSWORD, "password1234", "digest'"):
        assert secret not in shown
        assert secret not in log
    for secret in ("argon2", PASSWORD, OTHER_PASSWORD, "old_password"):
        assert secret not in told
    changed = [
        event.changes["password_hash"] for event in events if "password_hash" in event.changes
    ]
    assert changed == [{"changed": True}] * 4


async def test_a_statement_that_fails_does_not_carry_the_hash_into_the_log(database: Database):
    values = {"username": "ada", "role": "member", "password_hash": "$argon2id$secret"}
    with pytest.raises(DBAPIError) as failed:
        async with database.write() as session:
            await entities.create(session, User, {**values, "email": object()})
    assert "INSERT INTO users" in str(failed.value)
    assert "argon2" not in str(failed.value)
