import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults


async def test_a_task_can_be_created_and_found_again(api: AsyncClient, given: Given):
    project = await given.a_project()
    ada = await given.a_user("ada", name="Ada Lovelace")
    body = {
        "project_id": project["id"],
        "name": "Landing page",
        "priority": "high",
        "assignee_id": ada["id"],
        "due_on": "2026-12-24",
        "estimated_seconds": 7200,
    }
    created = await api.post("/tasks", json=body)
    assert created.status_code == 201, created.text
    task = created.json()
    assert task["project"] == {"id": project["id"], "name": "Website"}
    assert task["assignee"] == {"id": ada["id"], "name": "Ada Lovelace"}
    assert (task["status"], task["priority"], task["due_on"]) == ("todo", "high", "2026-12-24")
    assert task["tracked_seconds"] == 0
    found = await api.get(created.headers["location"].removeprefix("/api/v1"))
    assert found.json() == task
    assert (await api.get("/tasks")).json()["items"] == [task]


async def test_somebody_without_a_name_is_called_by_their_username(given: Given):
    bob = await given.a_user("bob")
    task = await given.a_task(assignee_id=bob["id"])
    assert task["assignee"]["name"] == "bob"


async def test_a_task_knows_the_time_recorded_on_it(api: AsyncClient, given: Given):
    task, other = await given.a_task("One"), await given.a_task("Other")
    await given.an_entry(task_id=task["id"])
    await given.an_entry(task_id=task["id"], billable=False)
    await api.post("/timer/start", json={"task_id": task["id"]})
    assert (await api.get(f"/tasks/{task['id']}")).json()["tracked_seconds"] == 7200
    listed = {each["id"]: each for each in (await api.get("/tasks")).json()["items"]}
    assert listed[task["id"]]["tracked_seconds"] == 7200
    assert listed[other["id"]]["tracked_seconds"] == 0


async def test_names_are_unique_per_project_whatever_the_case(api: AsyncClient, given: Given):
    first = await given.a_task("Landing page")
    body = {"project_id": first["project"]["id"], "name": "LANDING  page"}
    taken = await api.post("/tasks", json=body)
    assert taken.status_code == 409
    assert ("/name", "not_unique") in faults(taken)
    other = await given.a_project("Other")
    assert (await api.post("/tasks", json={**body, "project_id": other["id"]})).is_success
    moved = await api.patch(f"/tasks/{first['id']}", json={"project_id": other["id"]})
    assert (moved.status_code, moved.json()["code"]) == (409, "not_unique")


async def test_of_two_that_take_a_name_at_once_one_gets_it(api: AsyncClient, given: Given):
    project = await given.a_project()
    answers = await asyncio.gather(
        *(
            api.post("/tasks", json={"project_id": project["id"], "name": name})
            for name in ("Concept", "CONCEPT")
        )
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    (refused,) = (each for each in answers if each.status_code == 409)
    assert ("/name", "not_unique") in faults(refused)


async def test_an_archived_project_takes_no_new_tasks(api: AsyncClient, given: Given):
    task = await given.a_task()
    gone = await given.a_project("Gone")
    await api.post(f"/projects/{gone['id']}/archive")
    refused = await api.post("/tasks", json={"project_id": gone["id"], "name": "Concept"})
    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
    moved = await api.patch(f"/tasks/{task['id']}", json={"project_id": gone["id"]})
    assert (moved.status_code, moved.json()["code"]) == (409, "archived")


async def test_what_is_there_of_an_archived_project_can_still_be_changed(
    api: AsyncClient, given: Given
):
    task = await given.a_task()
    await api.post(f"/projects/{task['project']['id']}/archive")
    whole = {"project_id": task["project"]["id"], "status": "done"}
    changed = await api.patch(f"/tasks/{task['id']}", json=whole)
    assert (changed.status_code, changed.json()["status"]) == (200, "done")


async def test_the_project_stays_once_time_is_recorded(api: AsyncClient, given: Given):
    task, other = await given.a_task(), await given.a_project("Other")
    free = await given.a_task("Free")
    await given.an_entry(task_id=task["id"])
    move = {"project_id": other["id"]}
    refused = await api.patch(f"/tasks/{task['id']}", json=move)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert refused.json()["usage"] == {"time_entry": 1}
    moved = await api.patch(f"/tasks/{free['id']}", json=move)
    assert moved.json()["project"]["name"] == "Other"


@pytest.mark.parametrize("field", ["project_id", "assignee_id"])
async def test_what_is_referred_to_must_be_there(api: AsyncClient, given: Given, field: str):
    task = await given.a_task()
    project = task["project"]["id"]
    unknown = {"project_id": project, "name": "Concept", field: 9_000_000}
    for refused in (
        await api.post("/tasks", json=unknown),
        await api.patch(f"/tasks/{task['id']}", json={field: 9_000_000}),
    ):
        assert refused.status_code == 422, refused.text
        assert faults(refused) == {(f"/{field}", "reference_not_found")}


async def test_somebody_archived_gets_no_new_tasks_and_keeps_the_old(
    api: AsyncClient, given: Given
):
    ada = await given.a_user("ada")
    task = await given.a_task(assignee_id=ada["id"])
    await api.post(f"/users/{ada['id']}/archive")
    body = {"project_id": task["project"]["id"], "name": "Concept", "assignee_id": ada["id"]}
    refused = await api.post("/tasks", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
    whole = {"assignee_id": ada["id"], "status": "review"}
    assert (await api.patch(f"/tasks/{task['id']}", json=whole)).json()["status"] == "review"
    freed = await api.patch(f"/tasks/{task['id']}", json={"assignee_id": None})
    assert freed.json()["assignee"] is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("status", "started", "not_a_choice"),
        ("priority", "asap", "not_a_choice"),
        ("status", None, "not_a_choice"),
        ("due_on", "2026-02-30", "type"),
        ("estimated_seconds", -1, "minimum"),
        ("estimated_seconds", 2**31, "maximum"),
        ("name", "", "min_length"),
    ],
)
async def test_values_that_make_no_sense_are_pointed_at(
    api: AsyncClient, given: Given, field: str, value: object, code: str
):
    task = await given.a_task()
    refused = await api.patch(f"/tasks/{task['id']}", json={field: value})
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {(f"/{field}", code)}


async def test_tasks_are_found_by_what_they_are(api: AsyncClient, given: Given):
    ada = await given.a_user("ada")
    late = await given.a_task("Late", due_on="2026-01-01", assignee_id=ada["id"])
    await given.a_task("Soon", due_on="2026-12-01", status="review", priority="urgent")
    await given.a_task("Whenever")

    async def found(**query: Any) -> list[str]:
        answer = await api.get("/tasks", params=query)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["items"]]

    assert await found(status="review") == ["Soon"]
    assert await found(priority="urgent") == ["Soon"]
    assert await found(assignee_id=ada["id"]) == ["Late"]
    assert await found(assignee_id="none") == ["Soon", "Whenever"]
    assert await found(assignee_id=f"none,{ada['id']}") == ["Late", "Soon", "Whenever"]
    assert await found(project_id=late["project"]["id"]) == ["Late"]
    assert await found(due_before="2026-12-01") == ["Late"]
    assert await found(search="SOO") == ["Soon"]
    assert await found(sort="due_on") == ["Late", "Soon", "Whenever"]
    assert await found(sort="-due_on") == ["Whenever", "Soon", "Late"]
    await api.post(f"/tasks/{late['id']}/archive")
    assert await found() == ["Soon", "Whenever"]
    assert await found(archived="true") == ["Late"]


async def test_links_of_tasks_name_what_is_above_them(api: AsyncClient, given: Given):
    await given.a_field("ticket", applies_to=["task", "time_entry"])
    await given.a_template(
        "ticket",
        "https://tickets.example.com/{client.name}/{project.name}/{task.name}/{value}",
        applies_to=["task", "time_entry"],
    )
    client = await given.a_client()
    project = await given.a_project(client_id=client["id"])
    task = await given.a_task(
        "Concept", project_id=project["id"], custom_fields={"ticket": "WEB-1"}
    )
    entry = await given.an_entry(task_id=task["id"], custom_fields={"ticket": "WEB-2"})
    where = "https://tickets.example.com/Acme/Website/Concept"
    assert task["custom_field_links"]["ticket"][0]["url"] == f"{where}/WEB-1"
    assert entry["custom_field_links"]["ticket"][0]["url"] == f"{where}/WEB-2"
    found = (await api.get("/tasks?custom.ticket=WEB-1")).json()["items"]
    assert [each["id"] for each in found] == [task["id"]]


async def test_the_rate_is_neither_shown_nor_set_without_the_scope(
    api: AsyncClient, callers: Callers, given: Given
):
    task = await given.a_task(hourly_rate="95")
    path = f"/tasks/{task['id']}"
    poor = await callers.a("admin", "tasks:read", "tasks:write")
    body = {"project_id": task["project"]["id"], "name": "Concept"}
    for answer in (
        await poor.get(path),
        await poor.patch(path, json={"status": "done"}),
        await poor.post(f"{path}/archive"),
        await poor.post(f"{path}/unarchive"),
        await poor.post("/tasks", json=body),
    ):
        assert answer.is_success, answer.text
        assert "hourly_rate" not in answer.json()
    for each in (await poor.get("/tasks")).json()["items"]:
        assert "hourly_rate" not in each
    assert (await poor.patch(path, json={"hourly_rate": "96"})).status_code == 403
    dear = {**body, "name": "Dear", "hourly_rate": "96"}
    assert (await poor.post("/tasks", json=dear)).status_code == 403
    assert (await api.get(path)).json()["hourly_rate"] == "95.00"
