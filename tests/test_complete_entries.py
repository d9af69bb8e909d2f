from typing import Any

import pytest
from httpx import AsyncClient

from given import Given
from timetracker_api import entities
from timetracker_api.db.session import Database
from timetracker_api.time_entries.models import TimeEntry

RELAXED: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "", {"is_mandatory": False}),
    ("PATCH", "", {"is_active": False}),
    ("PATCH", "", {"applies_to": ["task"]}),
    ("DELETE", "", None),
    ("DELETE", "purge=true", None),
]
"""What makes a mandatory field one that time entries may lack."""


async def incomplete(api: AsyncClient) -> list[int]:
    found = await api.get("/time-entries?complete=false&sort=started_at")
    return [each["id"] for each in found.json()["items"]]


async def stopped(api: AsyncClient, client_id: int) -> dict[str, Any]:
    """Let the timer run without any values, and return the entry."""
    assert (await api.post("/timer/start", json={"client_id": client_id})).is_success
    return (await api.post("/timer/stop", json={})).json()["stopped"]


@pytest.mark.parametrize(("method", "query", "body"), RELAXED)
async def test_entries_that_lack_nothing_any_more_are_complete(
    api: AsyncClient, given: Given, method: str, query: str, body: dict[str, Any] | None
):
    client = await given.a_client()
    field = await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    entry = await stopped(api, client["id"])
    assert await incomplete(api) == [entry["id"]]
    path = f"/custom-field-definitions/{field['id']}?{query}"
    tried = await api.request(method, f"{path}&dry_run=true", json=body)
    assert tried.status_code == 200, tried.text
    assert await incomplete(api) == [entry["id"]]
    assert (await api.request(method, path, json=body)).is_success
    assert await incomplete(api) == []
    seen = (await api.get(f"/time-entries/{entry['id']}")).json()
    assert seen["complete"]
    assert seen["updated_at"] > entry["updated_at"]


async def test_entries_that_lack_another_value_stay_incomplete(api: AsyncClient, given: Given):
    client = await given.a_client()
    ticket = await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    await given.a_field("place", applies_to=["time_entry"], is_mandatory=True)
    lacking = await stopped(api, client["id"])
    placed = await stopped(api, client["id"])
    values = {"custom_fields": {"place": "Here"}}
    assert (await api.patch(f"/time-entries/{placed['id']}", json=values)).is_success
    assert len(await incomplete(api)) == 2
    path = f"/custom-field-definitions/{ticket['id']}"
    assert (await api.patch(path, json={"is_mandatory": False})).is_success
    assert await incomplete(api) == [lacking["id"]]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_an_entry_that_somebody_is_changing_is_left_to_them(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client()
    field = await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    entry = await stopped(api, client["id"])
    async with database.write() as session:
        await entities.locked(session, TimeEntry, entry["id"])
        path = f"/custom-field-definitions/{field['id']}"
        assert (await api.patch(path, json={"is_mandatory": False})).is_success
        assert await incomplete(api) == [entry["id"]]
    assert (await api.patch(f"/time-entries/{entry['id']}", json={"notes": "x"})).is_success
    assert await incomplete(api) == []
