"""Unique values of time entries, of which many are written at once, and some by the timer."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, select

from given import Given, faults
from test_statements import statements
from timetracker_api.custom_fields.models import UniqueValue
from timetracker_api.db.session import Database

KEY = "ticket"
HOUR = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}


@pytest.fixture
async def place(given: Given) -> dict[str, int]:
    await given.a_field(KEY, applies_to=["time_entry"], is_unique=True)
    return {"client_id": (await given.a_client())["id"]}


async def bulk(api: AsyncClient, mode: str, *operations: Mapping[str, Any]) -> Response:
    return await api.post("/time-entries/bulk", json={"mode": mode, "operations": operations})


def create(place: Mapping[str, int], value: str, **fields: Any) -> dict[str, Any]:
    return {"op": "create", "data": {**HOUR, **place, **fields, "custom_fields": {KEY: value}}}


def give(entry: dict[str, Any], value: str | None) -> dict[str, Any]:
    return {"op": "update", "id": entry["id"], "data": {"custom_fields": {KEY: value}}}


async def an_entry(given: Given, place: Mapping[str, int], value: str) -> dict[str, Any]:
    return await given.an_entry(**place, custom_fields={KEY: value})


async def values(api: AsyncClient) -> list[str | None]:
    entries = (await api.get("/time-entries?sort=started_at")).json()["items"]
    return [entry["custom_fields"].get(KEY) for entry in entries]


async def test_of_many_changes_all_are_refused_where_one_value_is_taken(
    api: AsyncClient, place: dict[str, int]
):
    refused = await bulk(api, "atomic", create(place, "1"), create(place, "2"), create(place, "1"))
    assert faults(refused) == {("/operations/2/data/custom_fields/ticket", "not_unique")}
    assert await values(api) == []
    done = await bulk(api, "atomic", create(place, "1"), create(place, "2"))
    assert done.status_code == 200


async def test_a_refused_change_leaves_nothing_that_the_others_could_stumble_over(
    api: AsyncClient, given: Given, place: dict[str, int]
):
    for key in ("first", "last"):
        await given.a_field(key, applies_to=["time_entry"], is_unique=True)
    before = await given.an_entry(**place, custom_fields={"first": "1", "last": "1", KEY: "1"})
    several = {"first": "2", KEY: "1", "last": "2"}
    done = await bulk(
        api,
        "partial",
        {"op": "create", "data": {**HOUR, **place, "custom_fields": several}},
        {"op": "create", "data": {**HOUR, **place, "custom_fields": {"first": "2", "last": "2"}}},
        create(place, "3", duration_seconds=None),
        create(place, "3"),
        {"op": "update", "id": before["id"], "data": {"custom_fields": {**several, KEY: "3"}}},
        create(place, "1"),
    )
    results = done.json()["results"]
    assert [each["status"] for each in results] == [422, 201, 422, 201, 422, 422]
    assert [fault["pointer"] for fault in results[4]["problem"]["errors"]] == [
        f"/operations/4/data/custom_fields/{key}" for key in ("first", "last", KEY)
    ]
    assert (await api.get(f"/time-entries/{before['id']}")).json() == before


async def test_a_value_that_one_change_frees_the_next_one_can_have(
    api: AsyncClient, given: Given, place: dict[str, int]
):
    one, other, third = [await an_entry(given, place, value) for value in ("1", "2", "3")]
    done = await bulk(
        api,
        "atomic",
        give(one, None),
        give(other, "1"),
        give(one, "2"),
        {"op": "delete", "id": third["id"]},
        create(place, "3"),
    )
    assert [each["status"] for each in done.json()["results"]] == [200, 200, 200, 204, 201]
    assert sorted(map(str, await values(api))) == ["1", "2", "3"]
    taken = await bulk(api, "partial", *(create(place, value) for value in "123"))
    assert [each["status"] for each in taken.json()["results"]] == [422] * 3


async def test_a_value_cannot_be_had_before_it_is_free(
    api: AsyncClient, given: Given, place: dict[str, int]
):
    one, other = [await an_entry(given, place, value) for value in ("1", "2")]
    swapped = await bulk(api, "partial", give(one, "2"), give(other, "3"), give(one, "2"))
    assert [each["status"] for each in swapped.json()["results"]] == [422, 200, 200]


async def test_five_hundred_entries_are_written_at_once_all_the_same(
    api: AsyncClient, place: dict[str, int], database: Database
):
    with statements(database) as sent:
        done = await bulk(api, "atomic", *(create(place, f"{n}") for n in range(500)))
    assert done.status_code == 200, done.text
    claiming = [i for i, each in enumerate(sent) if "custom_field_unique_values" in each]
    inserting = [i for i, each in enumerate(sent) if each.startswith("INSERT INTO time_entries")]
    assert len(claiming) == 500
    assert claiming[-1] < inserting[0]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(UniqueValue)) == 500


async def test_a_continued_timer_leaves_unique_values_where_they_are(
    api: AsyncClient, given: Given, place: dict[str, int]
):
    await given.a_field("billing", applies_to=["time_entry"])
    both = {"billing": "a", KEY: "1"}
    started = await api.post("/timer/start", json=place)
    path = f"/time-entries/{started.json()['timer']['id']}"
    assert (await api.patch(path, json={"custom_fields": both})).is_success
    assert (await api.post("/timer/stop", json={})).json()["stopped"]["custom_fields"] == both
    resumed = await api.post("/timer/resume", json={})
    assert resumed.status_code == 200
    assert resumed.json()["timer"]["custom_fields"] == {"billing": "a"}

    path = f"/time-entries/{resumed.json()['timer']['id']}"
    refused = await api.patch(path, json={"custom_fields": {KEY: "1"}})
    assert faults(refused) == {("/custom_fields/ticket", "not_unique")}
    assert (await api.patch(path, json={"custom_fields": {KEY: "2"}})).is_success
    assert (await api.post("/timer/discard", json={})).is_success
    done = await bulk(api, "partial", create(place, "2"), create(place, "1"))
    assert [each["status"] for each in done.json()["results"]] == [201, 422]
