"""What lists of master data have in common: what is put away, what has changed, what takes time."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient

from given import Given, faults

Listed = Callable[..., Awaitable[list[int]]]

NOUNS = ("/clients", "/projects", "/tasks", "/users")


@pytest.fixture
def listed(api: AsyncClient) -> Listed:
    async def ids(path: str, **query: Any) -> list[int]:
        answer = await api.get(path, params={"sort": "created_at", **query})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["total"] == len(found["items"])
        return [each["id"] for each in found["items"]]

    return ids


async def two_of(given: Given, path: str) -> tuple[int, int]:
    creating = {
        "/clients": given.a_client,
        "/projects": given.a_project,
        "/tasks": given.a_task,
        "/users": given.a_user,
    }[path]
    first, second = await creating("first"), await creating("second")
    return first["id"], second["id"]


@pytest.mark.parametrize("path", NOUNS)
async def test_what_is_archived_is_listed_apart_or_with_the_rest(
    api: AsyncClient, given: Given, listed: Listed, path: str
):
    before = await listed(path)
    old, new = await two_of(given, path)
    await api.post(f"{path}/{old}/archive")
    assert await listed(path) == [*before, new]
    assert await listed(path, archived="false") == [*before, new]
    assert await listed(path, archived="true") == [old]
    assert await listed(path, archived="any") == [*before, old, new]


@pytest.mark.parametrize("path", NOUNS)
async def test_a_copy_is_kept_by_asking_for_what_has_changed_since(
    api: AsyncClient, given: Given, listed: Listed, path: str
):
    first, second = await two_of(given, path)
    since = (await api.get(f"{path}/{second}")).json()["updated_at"]
    assert await listed(path, archived="any", updated_since=since) == [second]
    archived = await api.post(f"{path}/{first}/archive")
    assert await listed(path, archived="any", updated_since=since) == [first, second]
    since = archived.json()["updated_at"]
    assert await listed(path, archived="any", updated_since=since) == [first]


@pytest.mark.parametrize("path", NOUNS)
@pytest.mark.parametrize(
    ("query", "pointer"), [("archived=maybe", "/archived"), ("updated_since=now", "/updated_since")]
)
async def test_what_makes_no_sense_is_one_fault(
    api: AsyncClient, path: str, query: str, pointer: str
):
    refused = await api.get(f"{path}?{query}")
    assert refused.status_code == 422
    [(at, _)] = faults(refused)
    assert at == pointer


@pytest.mark.parametrize("away", ["tasks", "projects", "clients"])
async def test_a_picker_shows_only_what_takes_new_time(
    api: AsyncClient, given: Given, listed: Listed, away: str
):
    kept, left = await given.a_task("kept"), await given.a_task("left")
    project = (await api.get(f"/projects/{left['project']['id']}")).json()
    ids = {"tasks": left["id"], "projects": project["id"], "clients": project["client"]["id"]}
    await api.post(f"/{away}/{ids[away]}/archive")
    everything = {"archived": "any"}
    assert await listed("/tasks", takes_time="true", **everything) == [kept["id"]]
    assert await listed("/tasks", takes_time="false", **everything) == [left["id"]]
    refused = await api.post("/timer/start", json={"task_id": left["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
    projects = await listed("/projects", takes_time="false", **everything)
    assert projects == ([] if away == "tasks" else [ids["projects"]])
    assert kept["project"]["id"] in await listed("/projects", takes_time="true")


async def test_tasks_are_found_by_client_and_by_several_states(
    api: AsyncClient, given: Given, listed: Listed
):
    todo = await given.a_task("todo", priority="urgent")
    review = await given.a_task("review", status="review", priority="low")
    done = await given.a_task("done", status="done", priority="high")
    ids = [each["id"] for each in (todo, review, done)]
    clients = [
        (await api.get(f"/projects/{each['project']['id']}")).json()["client"]["id"]
        for each in (todo, review)
    ]
    assert await listed("/tasks", client_id=clients[1]) == [ids[1]]
    assert await listed("/tasks", client_id=f"{clients[0]},{clients[1]}") == ids[:2]
    assert await listed("/tasks", status="todo,review") == ids[:2]
    assert await listed("/tasks", status="done") == ids[2:]
    assert await listed("/tasks", priority="high,urgent") == [ids[0], ids[2]]
    assert await listed("/tasks", sort="priority") == [ids[1], ids[2], ids[0]]
    assert await listed("/tasks", sort="-priority") == [ids[0], ids[2], ids[1]]
    refused = await api.get("/tasks?status=todo,finished&priority=")
    assert faults(refused) == {("/status", "not_a_choice"), ("/priority", "not_a_choice")}
    assert "todo" in refused.json()["errors"][0]["message"]
