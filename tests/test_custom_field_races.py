import asyncio

from httpx import AsyncClient, Response
from sqlalchemy import select

from elsewhere import until_somebody_waits
from given import Given, faults, try_client
from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.session import Database


async def test_writers_wait_for_a_definition_that_is_about_to_be_mandatory(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier")
    async with database.write() as session:
        definition = await entities.locked(session, CustomFieldDefinition, field["id"])
        await entities.update(session, definition, {"is_mandatory": True})
        writers = [asyncio.create_task(try_client(api, f"Client {n}")) for n in range(8)]
        await until_somebody_waits(database)
    for writer in writers:
        assert faults(await writer) == {("/custom_fields/tier", "required")}


async def test_no_client_lacks_a_value_that_was_mandatory_before_it_was_created(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier")

    async def tighten() -> set[int]:
        """Make it mandatory, and return the clients there were when that was known."""
        path = f"/custom-field-definitions/{field['id']}"
        assert (await api.patch(path, json={"is_mandatory": True})).is_success
        async with database.read() as session:
            return set(await session.scalars(select(Client.id)))

    async def create_many() -> list[Response]:
        wanted = [
            try_client(api, f"Client {n}", **({} if n % 4 else {"tier": "x"})) for n in range(20)
        ]
        return await asyncio.gather(*wanted)

    responses, before = await asyncio.gather(create_many(), tighten())
    for response in responses:
        assert response.status_code in {201, 422}, response.text
        if response.status_code == 422:
            assert faults(response) == {("/custom_fields/tier", "required")}
        elif not response.json()["custom_fields"]:
            assert response.json()["id"] in before
