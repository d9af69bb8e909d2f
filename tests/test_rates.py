from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given

HOUR = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}


async def a_rated_world(api: AsyncClient, given: Given) -> dict[str, Any]:
    """Give every record that can have a rate one of its own."""
    await api.patch("/settings", json={"hourly_rate": "10"})
    await api.patch(f"/users/{await me(api)}", json={"hourly_rate": "20"})
    client = await given.a_client(hourly_rate="30")
    project = await given.a_project(client_id=client["id"], hourly_rate="40")
    task = await given.a_task(project_id=project["id"], hourly_rate="50")
    return {"client_id": client["id"], "project_id": project["id"], "task_id": task["id"]}


async def me(api: AsyncClient) -> int:
    return (await api.get("/users/me")).json()["id"]


def rate(amount: str, source: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency, "source": source}


async def test_the_most_specific_rate_there_is_counts(api: AsyncClient, given: Given):
    place = await a_rated_world(api, given)
    paths = {
        "task": f"/tasks/{place['task_id']}",
        "project": f"/projects/{place['project_id']}",
        "client": f"/clients/{place['client_id']}",
        "user": f"/users/{await me(api)}",
        "organization": "/settings",
    }
    for (source, path), amount in zip(paths.items(), ("50", "40", "30", "20", "10"), strict=True):
        entry = await given.an_entry(task_id=place["task_id"])
        assert entry["rate"] == rate(f"{amount}.00", source)
        assert (await api.patch(path, json={"hourly_rate": None})).is_success
    assert (await given.an_entry(task_id=place["task_id"]))["rate"] is None


async def test_a_rate_of_zero_is_a_rate(api: AsyncClient, given: Given):
    await a_rated_world(api, given)
    client = await given.a_client("Charity", hourly_rate="0")
    assert (await given.an_entry(client_id=client["id"]))["rate"] == rate("0.00", "client")


async def test_rates_of_users_and_organisation_do_not_count_in_another_currency(
    api: AsyncClient, given: Given
):
    await a_rated_world(api, given)
    client = await given.a_client("Overseas", currency="USD")
    assert (await given.an_entry(client_id=client["id"]))["rate"] is None
    project = await given.a_project(client_id=client["id"], hourly_rate="99.5")
    entry = await given.an_entry(project_id=project["id"])
    assert entry["rate"] == rate("99.50", "project", "USD")


async def test_an_entry_keeps_its_rate_whatever_changes_but_its_place_and_user(
    api: AsyncClient, given: Given
):
    place = await a_rated_world(api, given)
    path = f"/time-entries/{(await given.an_entry(**place))['id']}"
    await api.patch(f"/tasks/{place['task_id']}", json={"hourly_rate": "500"})
    for change in (
        {"notes": "x", "tags": ["a"], "duration_seconds": 60},
        {"billable": False},
        {"billable": None},
        {"started_at": "2026-11-19T09:00:00Z", "time_zone": "Asia/Tokyo"},
        {"user_id": await me(api)},
        place,
    ):
        changed = await api.patch(path, json=change)
        assert changed.is_success, changed.text
        assert changed.json()["rate"] == rate("50.00", "task"), change
    moved = await api.patch(path, json={"task_id": None})
    assert moved.json()["rate"] == rate("40.00", "project")
    back = await api.patch(path, json={"task_id": place["task_id"]})
    assert back.json()["rate"] == rate("500.00", "task")


async def test_another_user_brings_another_rate(api: AsyncClient, given: Given):
    client = await given.a_client()
    entry = await given.an_entry(client_id=client["id"])
    assert entry["rate"] is None
    ada = await given.a_user("ada", hourly_rate="75")
    changed = await api.patch(f"/time-entries/{entry['id']}", json={"user_id": ada["id"]})
    assert changed.json()["rate"] == rate("75.00", "user")


async def test_the_timer_records_the_rate_at_the_start(api: AsyncClient, given: Given):
    place = await a_rated_world(api, given)
    started = (await api.post("/timer/start", json=place)).json()["timer"]
    await api.patch(f"/tasks/{place['task_id']}", json={"hourly_rate": "500"})
    stopped = (await api.post("/timer/stop", json={})).json()["stopped"]
    assert started["rate"] == stopped["rate"] == rate("50.00", "task")
    resumed = (await api.post("/timer/resume", json={})).json()["timer"]
    assert resumed["rate"] == rate("500.00", "task")


async def test_billable_is_what_the_project_says_unless_one_says_it(api: AsyncClient, given: Given):
    client = await given.a_client()
    unpaid = await given.a_project(client_id=client["id"], billable=False)
    entry = await given.an_entry(project_id=unpaid["id"])
    path = f"/time-entries/{entry['id']}"
    assert entry["billable"] is False
    assert (await given.an_entry(project_id=unpaid["id"], billable=True))["billable"] is True
    assert (await given.an_entry(client_id=client["id"]))["billable"] is True
    assert (await api.patch(path, json={"billable": True})).json()["billable"] is True
    assert (await api.patch(path, json={"billable": None})).json()["billable"] is False
    moved = {"project_id": None, "billable": None}
    assert (await api.patch(path, json=moved)).json()["billable"] is True


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_rates_are_left_out_for_who_may_not_see_them(
    api: AsyncClient, given: Given, callers: Callers, role: str
):
    place = await a_rated_world(api, given)
    member = await callers.a(role)
    id = (await member.get("/users/me")).json()["id"]
    entry = await given.an_entry(**place, user_id=id)
    assert entry["rate"] == rate("50.00", "task")
    assert "rate" not in (await member.get(f"/time-entries/{entry['id']}")).json()
    for shown in (await member.get("/time-entries")).json()["items"]:
        assert "rate" not in shown


async def test_who_may_not_see_rates_records_them_all_the_same(
    api: AsyncClient, given: Given, callers: Callers
):
    place = await a_rated_world(api, given)
    member = await callers.a("member")
    operation = {"op": "create", "data": {**HOUR, **place}}
    body = {"operations": [operation]}
    created = (await member.post("/time-entries", json={**HOUR, **place})).json()
    many = (await member.post("/time-entries/bulk", json=body)).json()["results"][0]["entry"]
    running = (await member.post("/timer/start", json=place)).json()["timer"]
    refused = (await member.post("/timer/start", json=place)).json()["timer"]
    for entry in (created, many, running, refused):
        assert "rate" not in entry
        seen = await api.get(f"/time-entries/{entry['id']}")
        assert seen.json()["rate"] == rate("50.00", "task")
