import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults

MONEY = {"hourly_rate", "budget_amount", "tracked_amount", "budget_amount_used"}


async def test_a_project_can_be_created_and_found_again(api: AsyncClient, given: Given):
    client = await given.a_client()
    body = {
        "client_id": client["id"],
        "name": "Website",
        "code": "ACME-WEB",
        "hourly_rate": "95.5",
        "budget_hours": "120",
        "budget_amount": "10000",
        "color": "#3366cc",
    }
    created = await api.post("/projects", json=body)
    assert created.status_code == 201, created.text
    project = created.json()
    assert project["client"] == {"id": client["id"], "name": "Acme"}
    assert (project["hourly_rate"], project["budget_amount"]) == ("95.50", "10000.00")
    assert project["budget_hours"] == "120.00"
    assert project["billable"] is True
    found = await api.get(created.headers["location"].removeprefix("/api/v1"))
    assert found.json() == project
    assert found.headers["etag"] == created.headers["etag"]
    listed = (await api.get("/projects")).json()
    assert (listed["items"], listed["total"]) == ([project], 1)


async def test_names_are_unique_per_client_and_codes_everywhere(api: AsyncClient, given: Given):
    first = await given.a_project("Website", code="web")
    again = {"client_id": first["client"]["id"], "name": " WEBSITE "}
    taken = await api.post("/projects", json=again)
    assert taken.status_code == 409
    assert ("/name", "not_unique") in faults(taken)

    other = await given.a_client("Other")
    elsewhere = {"client_id": other["id"], "name": "Website"}
    taken = await api.post("/projects", json={**elsewhere, "code": "WEB"})
    assert taken.status_code == 409
    assert faults(taken) == {("/code", "not_unique")}
    assert (await api.post("/projects", json=elsewhere)).status_code == 201


async def test_of_two_that_take_a_name_at_once_one_gets_it(api: AsyncClient, given: Given):
    client = await given.a_client()
    answers = await asyncio.gather(
        *(
            api.post("/projects", json={"client_id": client["id"], "name": name, "code": code})
            for name, code in (("Website", "A"), ("WEBSITE", "B"))
        )
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    (refused,) = (each for each in answers if each.status_code == 409)
    assert ("/name", "not_unique") in faults(refused)


async def test_of_two_that_take_a_code_at_once_one_gets_it(api: AsyncClient, given: Given):
    client = await given.a_client()
    answers = await asyncio.gather(
        *(
            api.post("/projects", json={"client_id": client["id"], "name": name, "code": "web"})
            for name in ("Website", "Shop")
        )
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    (refused,) = (each for each in answers if each.status_code == 409)
    assert faults(refused) == {("/code", "not_unique")}


async def test_an_unknown_client_is_pointed_at(api: AsyncClient):
    refused = await api.post("/projects", json={"client_id": 9_000_000, "name": "Website"})
    assert refused.status_code == 422
    assert faults(refused) == {("/client_id", "reference_not_found")}


async def test_an_archived_client_takes_no_new_projects(api: AsyncClient, given: Given):
    project = await given.a_project()
    client = await given.a_client("Gone")
    await api.post(f"/clients/{client['id']}/archive")
    refused = await api.post("/projects", json={"client_id": client["id"], "name": "Website"})
    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
    assert "Gone" in refused.json()["detail"]
    moved = await api.patch(f"/projects/{project['id']}", json={"client_id": client["id"]})
    assert (moved.status_code, moved.json()["code"]) == (409, "archived")
    await api.post(f"/clients/{client['id']}/unarchive")
    moved = await api.patch(f"/projects/{project['id']}", json={"client_id": client["id"]})
    assert moved.json()["client"]["name"] == "Gone"


async def test_the_client_stays_once_time_is_recorded(api: AsyncClient, given: Given):
    project = await given.a_project()
    other = await given.a_client("Other")
    await given.an_entry(project_id=project["id"])
    path = f"/projects/{project['id']}"
    refused = await api.patch(path, json={"client_id": other["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert refused.json()["usage"] == {"time_entry": 1}
    assert "1" in refused.json()["detail"]
    same = {"client_id": project["client"]["id"], "name": "Renamed"}
    assert (await api.patch(path, json=same)).json()["name"] == "Renamed"


@pytest.mark.parametrize("kind", ["clients", "projects", "tasks"])
async def test_what_time_is_recorded_on_can_only_be_archived(
    api: AsyncClient, given: Given, kind: str
):
    task = await given.a_task()
    project = (await api.get(f"/projects/{task['project']['id']}")).json()
    for _ in range(3):
        await given.an_entry(task_id=task["id"])
    ids = {"clients": project["client"]["id"], "projects": project["id"], "tasks": task["id"]}
    path = f"/{kind}/{ids[kind]}"
    refused = await api.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert refused.json()["usage"]["time_entry"] == 3
    assert "3 time entries" in refused.json()["detail"]
    archived = await api.post(f"{path}/archive")
    assert archived.json()["archived_at"]
    assert (await api.post(f"{path}/archive")).json()["archived_at"] == archived.json()[
        "archived_at"
    ]
    entry = {"task_id": task["id"], "started_at": "2026-11-20T12:00:00Z", "duration_seconds": 60}
    assert (await api.post("/time-entries", json=entry)).json()["code"] == "archived"


async def test_a_project_without_time_can_be_deleted(api: AsyncClient, given: Given):
    project = await given.a_project()
    assert (await api.delete(f"/projects/{project['id']}")).status_code == 204
    assert (await api.get(f"/projects/{project['id']}")).status_code == 404


async def test_archived_projects_are_listed_apart(api: AsyncClient, given: Given):
    old, new = await given.a_project("Old"), await given.a_project("New")
    await api.post(f"/projects/{old['id']}/archive")
    listed = (await api.get("/projects")).json()["items"]
    assert [each["id"] for each in listed] == [new["id"]]
    listed = (await api.get("/projects?archived=true")).json()["items"]
    assert [each["id"] for each in listed] == [old["id"]]
    back = await api.post(f"/projects/{old['id']}/unarchive")
    assert back.json()["archived_at"] is None


async def test_projects_are_found_by_client_code_and_whether_they_are_billable(
    api: AsyncClient, given: Given
):
    first = await given.a_project("Website", code="WEB-1")
    second = await given.a_project("Shop", billable=False)

    async def found(**query: Any) -> list[str]:
        answer = await api.get("/projects", params=query)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["items"]]

    assert await found(search="web-1") == ["Website"]
    assert await found(client_id=second["client"]["id"]) == ["Shop"]
    both = f"{first['client']['id']},{second['client']['id']}"
    assert await found(client_id=both, sort="-name") == ["Website", "Shop"]
    assert await found(billable="false") == ["Shop"]
    assert await found(sort="code") == ["Shop", "Website"]
    assert await found(sort="-code") == ["Website", "Shop"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("color", "red"),
        ("budget_hours", "-1"),
        ("budget_hours", "1.234"),
        ("budget_amount", "-1"),
        ("hourly_rate", "1.23456"),
        ("name", " "),
        ("code", ""),
        ("client_id", None),
    ],
)
async def test_values_that_make_no_sense_are_pointed_at(
    api: AsyncClient, given: Given, field: str, value: object
):
    project = await given.a_project()
    refused = await api.patch(f"/projects/{project['id']}", json={field: value})
    assert refused.status_code == 422, refused.text
    assert {at for at, _ in faults(refused)} == {f"/{field}"}


async def test_custom_fields_and_links_work_on_projects_as_on_clients(
    api: AsyncClient, given: Given
):
    await given.a_field("order", is_mandatory=True, applies_to=["client", "project"])
    await given.a_template(
        "order",
        "https://erp.example.com/{client.name}/{project.code}/{value}",
        applies_to=["project"],
    )
    client = await given.a_client(custom_fields={"order": "C1"})
    body = {"client_id": client["id"], "name": "Website", "code": "WEB"}
    refused = await api.post("/projects", json=body)
    assert faults(refused) == {("/custom_fields/order", "required")}
    project = await given.a_project(**body, custom_fields={"order": "P1"})
    (link,) = project["custom_field_links"]["order"]
    assert link["url"] == "https://erp.example.com/Acme/WEB/P1"
    listed = (await api.get("/projects?custom.order=P1")).json()
    assert [each["id"] for each in listed["items"]] == [project["id"]]
    assert (await api.get("/projects?custom.order=C1")).json()["total"] == 0


async def test_money_is_left_out_of_every_answer_without_the_scope(
    api: AsyncClient, callers: Callers, given: Given
):
    project = await given.a_project(hourly_rate="95", budget_amount="100", budget_hours="10")
    await given.an_entry(project_id=project["id"])
    path = f"/projects/{project['id']}"
    assert (await api.get(path)).json().keys() >= MONEY

    poor = await callers.a("admin", "projects:read", "projects:write")
    body = {"client_id": project["client"]["id"], "name": "Other"}
    for answer in (
        await poor.get(path),
        await poor.patch(path, json={"description": "-"}),
        await poor.post(f"{path}/archive"),
        await poor.post(f"{path}/unarchive"),
        await poor.post("/projects", json=body),
    ):
        assert answer.is_success, answer.text
        assert not answer.json().keys() & MONEY
    assert (await poor.get(path)).json()["budget_used"] == 0.1
    for each in (await poor.get("/projects")).json()["items"]:
        assert not each.keys() & MONEY
    member = await callers.a("member")
    assert not (await member.get(path)).json().keys() & MONEY


@pytest.mark.parametrize("field", ["hourly_rate", "budget_amount"])
async def test_money_is_set_only_with_the_scope(
    api: AsyncClient, callers: Callers, given: Given, field: str
):
    project = await given.a_project(**{field: "95"})
    poor = await callers.a("admin", "projects:read", "projects:write")
    path = f"/projects/{project['id']}"
    refused = await poor.patch(path, json={field: "96"})
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["rates:read"])
    refused = await poor.patch(path, json={field: None})
    assert refused.status_code == 403
    body = {"client_id": project["client"]["id"], "name": "Other", field: "96"}
    assert (await poor.post("/projects", json=body)).status_code == 403
    assert (await api.get(path)).json()[field] == "95.00"


async def test_clients_say_how_many_active_projects_they_have(api: AsyncClient, given: Given):
    client = await given.a_client()
    await given.a_client("Without any")
    assert client["project_count"] == 0
    old = await given.a_project("Old", client_id=client["id"])
    await given.a_project("New", client_id=client["id"])
    await given.a_project("Newer", client_id=client["id"])
    await api.post(f"/projects/{old['id']}/archive")
    assert (await api.get(f"/clients/{client['id']}")).json()["project_count"] == 2
    listed = (await api.get("/clients")).json()["items"]
    assert [each["project_count"] for each in listed] == [2, 0]


async def test_a_change_is_refused_to_who_has_seen_another_version(api: AsyncClient, given: Given):
    project = await given.a_project()
    path = f"/projects/{project['id']}"
    seen = (await api.get(path)).headers["etag"]
    first = await api.patch(path, json={"name": "First"}, headers={"If-Match": seen})
    assert first.status_code == 200
    second = await api.patch(path, json={"name": "Second"}, headers={"If-Match": seen})
    assert second.status_code == 412
    assert (await api.delete(path, headers={"If-Match": seen})).status_code == 412
