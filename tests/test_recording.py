from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, func, insert, select, update

from callers import Callers
from given import Given
from people import recorded
from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.clients.models import Client
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event
from timetracker_api.models import metadata


async def events_in(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Event)) or 0


async def test_a_change_is_recorded_with_who_what_and_by_which_request(
    given: Given, callers: Callers, database: Database
):
    client = await given.a_client("Acme", email="a@example.com", hourly_rate="90.00")
    manager = await callers.a("manager")
    me = (await manager.get("/users/me")).json()["id"]
    change = {"name": "Acme Inc.", "email": None, "hourly_rate": "95.5"}
    path, headers = f"/clients/{client['id']}", {"X-Request-ID": "my-request"}
    assert (await manager.patch(path, json=change, headers=headers)).status_code == 200
    [event] = await recorded(database, "client.updated")
    assert (event.actor_id, event.request_id) == (me, "my-request")
    assert (event.entity_type, event.entity_id) == ("client", client["id"])
    rate = event.changes.pop("hourly_rate")
    assert event.changes == {
        "name": {"old": "Acme", "new": "Acme Inc."},
        "email": {"old": "a@example.com", "new": None},
    }
    assert (float(rate["old"]), float(rate["new"])) == (90, 95.5)


async def test_a_change_that_changes_nothing_is_not_recorded(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client("Acme")
    before = await events_in(database)
    same = await api.patch(f"/clients/{client['id']}", json={"name": "Acme"})
    assert same.status_code == 200
    assert await events_in(database) == before


async def test_of_custom_fields_only_those_that_differ_are_recorded(
    api: AsyncClient, given: Given, database: Database
):
    for key in ("crm_id", "region", "tier"):
        await given.a_field(key)
    client = await given.a_client(custom_fields={"crm_id": "A-1", "region": "EU"})
    change = {"custom_fields": {"region": None, "tier": "gold"}}
    changed = await api.patch(f"/clients/{client['id']}", json=change)
    assert changed.status_code == 200, changed.text
    [event] = await recorded(database, "client.updated")
    difference: dict[str, Any] = event.changes["custom_fields"]
    assert "crm_id" not in difference["old"]
    assert "crm_id" not in difference["new"]
    assert difference["old"]["region"] == "EU"
    assert difference["new"]["tier"] == "gold"


async def test_of_something_deleted_all_that_it_was_is_recorded(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client("Acme", email="a@example.com")
    await api.delete(f"/clients/{client['id']}")
    [event] = await recorded(database, "client.deleted")
    assert event.changes["name"] == {"old": "Acme", "new": None}
    assert event.changes["email"] == {"old": "a@example.com", "new": None}
    assert not {"id", "version", "name_key", "search_key"} & event.changes.keys()


async def test_what_was_rolled_back_is_not_recorded(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_client("Acme")
    before = await events_in(database)
    assert (await api.post("/clients", json={"name": "Acme"})).status_code == 409
    with pytest.raises(ZeroDivisionError):
        await _fail_halfway(database)
    assert await events_in(database) == before
    assert (await api.get("/clients")).json()["total"] == 1


async def _fail_halfway(database: Database) -> None:
    async with database.write() as session:
        await entities.create(session, Client, {"name": "Other"})
        _ = 1 / 0


async def test_work_without_a_request_is_recorded_without_an_actor(database: Database):
    async with database.write() as session:
        await entities.create(session, Client, {"name": "Acme"})
    [event] = await recorded(database, "client.created")
    assert (event.actor_id, event.request_id) == (None, None)


@pytest.mark.parametrize(
    "statement",
    [
        update(Client).values(name="x"),
        delete(Client),
        update(metadata.tables["users"]).values(role="admin"),
        delete(metadata.tables["users"]).where(User.id == 0),
    ],
    ids=["update", "delete", "update of the table", "delete from the table"],
)
async def test_changes_that_no_event_would_tell_of_are_refused(
    given: Given, database: Database, statement: Any
):
    await given.a_client("Acme")
    with pytest.raises(RuntimeError, match="through the session"):
        async with database.write() as session:
            await session.execute(statement)
    async with database.read() as session:
        assert await session.scalar(select(Client.name)) == "Acme"


async def test_whoever_means_it_can_change_without_a_record(given: Given, database: Database):
    await given.a_client("Acme")
    async with database.write() as session:
        renaming = update(Client).values(name="Bcme")
        await session.execute(renaming, execution_options={"unrecorded": True})
    assert await recorded(database, "client.updated") == []


@pytest.mark.parametrize(
    "statement",
    [
        insert(Event).values(type="x", entity_type="x", entity_id=1, changes={}),
        update(Client).values(name="x"),
        delete(Event),
    ],
)
async def test_a_session_for_reading_refuses_to_write(
    given: Given, database: Database, statement: Any
):
    await given.a_client("Acme")
    before = await events_in(database)
    with pytest.raises(RuntimeError, match="this session reads"):
        async with database.read() as session:
            await session.execute(statement)
    async with database.read() as session:
        assert await session.scalar(select(Client.name)) == "Acme"
    assert await events_in(database) == before


async def test_a_session_for_reading_has_no_entities(given: Given, database: Database):
    await given.a_client("Acme")
    async with database.read() as session:
        with pytest.raises(RuntimeError, match="this session gives rows"):
            await session.scalars(select(Client))
