"""Fields that are only for some roles: to the others they do not exist."""

from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults

DEFINITIONS = "/custom-field-definitions"
HIDDEN: dict[str, Any] = {"read_roles": ["manager"]}
EVERYWHERE: dict[str, Any] = {"applies_to": ["client", "project", "task", "time_entry"]}


@pytest.fixture
async def hour(given: Given) -> dict[str, Any]:
    """An hour of work, as somebody would record it."""
    client = await given.a_client()
    times = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}
    return {"client_id": client["id"], **times}


async def keys(caller: AsyncClient) -> list[str]:
    """Return the keys of the definitions that somebody sees."""
    return [each["key"] for each in (await caller.get(DEFINITIONS)).json()["items"]]


def undefined(path: str) -> set[tuple[str, str]]:
    return {(path, "undefined_field")}


async def test_only_those_who_may_read_a_field_see_its_definition(given: Given, callers: Callers):
    await given.a_field("open")
    hidden = await given.a_field("secret", position=1, **HIDDEN)
    nowhere = await given.api.get(f"{DEFINITIONS}/999999")
    for role, seen in (("admin", 200), ("manager", 200), ("member", 404), ("viewer", 404)):
        caller = await callers.a(role)
        assert await keys(caller) == (["open", "secret"] if seen == 200 else ["open"])
        total = (await caller.get(DEFINITIONS)).json()["total"]
        assert total == (2 if seen == 200 else 1)
        assert (await caller.get(f"{DEFINITIONS}?search=sec")).json()["total"] == total - 1
        one = await caller.get(f"{DEFINITIONS}/{hidden['id']}")
        assert one.status_code == seen
        if seen == 404:
            told = one.json()["detail"].replace(str(hidden["id"]), "999999")
            assert told == nowhere.json()["detail"]


async def test_values_are_shown_to_nobody_else_on_any_way_out(given: Given, callers: Callers):
    await given.a_field("secret", "url", **HIDDEN, **EVERYWHERE)
    retired = await given.a_field("retired", **HIDDEN, **EVERYWHERE)
    values: dict[str, Any] = {
        "custom_fields": {"secret": "https://secret.example", "retired": "hush"}
    }
    await given.a_template("secret", "https://a.example/{value}", **EVERYWHERE)
    await given.a_template("client.id", "https://a.example/{value}/{custom.secret}", name="Both")
    client = await given.a_client(**values)
    project = await given.a_project(client_id=client["id"], **values)
    task = await given.a_task(project_id=project["id"], **values)
    entry = await given.an_entry(task_id=task["id"], **values)
    await given.api.patch(f"{DEFINITIONS}/{retired['id']}", json={"is_active": False})
    manager, viewer = await callers.a("manager"), await callers.a("viewer")
    for path, record in (
        ("/clients", client),
        ("/projects", project),
        ("/tasks", task),
        ("/time-entries", entry),
    ):
        exports = [f"{path}/export"] if path == "/time-entries" else []
        for url in (f"{path}/{record['id']}", path, *exports):
            for suffix in ("", "?include=inactive"):
                seen, unseen = await manager.get(url + suffix), await viewer.get(url + suffix)
                assert "https://secret.example" in seen.text
                assert ("hush" in seen.text) is bool(suffix)
                assert unseen.status_code == 200, unseen.text
                assert not [word for word in ("secret", "retired", "hush") if word in unseen.text]
    assert (await manager.get("/link-templates")).json()["total"] == 2
    templates = await viewer.get("/link-templates")
    assert templates.json()["total"] == 0


async def test_answers_to_writes_hide_the_same(
    given: Given, callers: Callers, hour: dict[str, Any]
):
    await given.a_field("secret", default="hush", applies_to=["time_entry"], **HIDDEN)
    await given.a_field("note", applies_to=["time_entry"])
    member, manager = await callers.a("member"), await callers.a("manager")
    created = await member.post("/time-entries", json=hour)
    assert (created.status_code, created.json()["custom_fields"]) == (201, {})
    path = f"/time-entries/{created.json()['id']}"
    patched = await member.patch(path, json={"custom_fields": {"note": "a"}})
    assert patched.json()["custom_fields"] == {"note": "a"}
    seen = await manager.get(path)
    assert seen.json()["custom_fields"] == {"secret": "hush", "note": "a"}
    operations: list[dict[str, Any]] = [
        {"op": "create", "data": hour},
        {"op": "update", "id": created.json()["id"], "data": {"custom_fields": {"note": None}}},
    ]
    bulk = await member.post("/time-entries/bulk", json={"operations": operations})
    started = await member.post("/timer/start", json={"client_id": hour["client_id"]})
    state, stopped = await member.get("/timer"), await member.post("/timer/stop", json={})
    for answer in (bulk, started, state, stopped):
        assert answer.status_code == 200, answer.text
        assert not [word for word in ("secret", "hush") if word in answer.text]
    assert (await manager.get(path)).json()["custom_fields"] == {"secret": "hush"}
    stored = (await manager.get("/time-entries")).json()["items"]
    assert [each["custom_fields"].get("secret") for each in stored] == ["hush"] * 3


async def test_a_hidden_key_is_as_undefined_as_any_other(
    given: Given, callers: Callers, hour: dict[str, Any]
):
    await given.a_field("secret", applies_to=["client", "time_entry"], **HIDDEN)
    member, viewer = await callers.a("member"), await callers.a("viewer")
    entry = (await member.post("/time-entries", json=hour)).json()
    path = f"/time-entries/{entry['id']}"
    for value in ("hush", None):
        await given.api.patch(path, json={"custom_fields": {"secret": value}})
        for given_value in ("hush", "other", None):
            body = {"custom_fields": {"secret": given_value}}
            told: list[str] = []
            for answer in (
                await member.patch(path, json=body),
                await member.post("/time-entries", json={**hour, **body}),
                await member.post("/timer/start", json={"client_id": hour["client_id"], **body}),
            ):
                assert answer.status_code == 422, answer.text
                assert faults(answer) == undefined("/custom_fields/secret")
                told += [fault["message"] for fault in answer.json()["errors"]]
            assert set(told) == {"No custom field 'secret' is defined here."}
    misspelt = await member.patch(path, json={"custom_fields": {"secrte": "a"}})
    assert "Did you mean" not in misspelt.text
    for query in ("custom.secret=hush", "custom.secret.is_set=true", "sort=custom.secret"):
        for caller, url in ((viewer, f"/clients?{query}"), (member, f"/time-entries?{query}")):
            answer = await caller.get(url)
            unknown = await caller.get(url.replace("secret", "nobody"))
            assert answer.status_code == unknown.status_code == 422, answer.text
            assert (
                answer.text.replace("secret", "nobody").partition('"request_id"')[0]
                == (unknown.text.partition('"request_id"')[0])
            )
    related = await viewer.get("/time-entries?client.custom.secret=hush")
    assert faults(related) == undefined("/client.custom.secret")


async def test_what_happened_to_hidden_values_is_not_told(given: Given, callers: Callers):
    only: dict[str, Any] = {"read_roles": ["member"]}
    field = await given.a_field("secret", **only)
    await given.a_field("note")
    await given.a_template("secret", "https://a.example/{value}")
    client = await given.a_client(custom_fields={"secret": "hush", "note": "a"})
    path = f"/clients/{client['id']}"
    await given.api.patch(path, json={"custom_fields": {"secret": "still", "note": "b"}})
    await given.api.patch(path, json={"custom_fields": {"secret": None}})
    manager = await callers.a("manager")
    assert "hush" in (await given.api.get("/events?limit=100")).text
    for deleted in (False, True):
        if deleted:
            gone = await given.api.delete(f"{DEFINITIONS}/{field['id']}")
            assert gone.status_code == 204, gone.text
        events = await manager.get("/events?limit=100")
        assert events.status_code == 200
        assert not [word for word in ("secret", "hush", "still") if word in events.text]
        assert {"old": {"note": "a"}, "new": {"note": "b"}} in [
            each["changes"].get("custom_fields") for each in events.json()["items"]
        ]
        types = {each["entity_type"] for each in events.json()["items"]}
        assert not types & {"custom_field_definition", "link_template"}


async def test_nobody_has_to_give_what_they_cannot_see(
    given: Given, callers: Callers, hour: dict[str, Any]
):
    await given.a_field("secret", is_mandatory=True, applies_to=["time_entry"], **HIDDEN)
    member, manager = await callers.a("member"), await callers.a("manager")
    created = await member.post("/time-entries", json=hour)
    assert created.status_code == 201, created.text
    assert created.json()["complete"] is False
    assert faults(await manager.post("/time-entries", json=hour)) == {
        ("/custom_fields/secret", "required")
    }
    path = f"/time-entries/{created.json()['id']}"
    filled = await manager.patch(path, json={"custom_fields": {"secret": "a"}})
    assert filled.json()["complete"] is True
    edited = await member.patch(path, json={"notes": "Mine"})
    assert (edited.status_code, edited.json()["complete"]) == (200, True)
    assert (await manager.get(path)).json()["custom_fields"] == {"secret": "a"}


@pytest.mark.parametrize("given_value", ["other", None, ""])
async def test_a_field_that_others_give_is_sent_back_as_it_is(
    given: Given, callers: Callers, hour: dict[str, Any], given_value: str | None
):
    await given.a_field(
        "grade",
        default="new",
        is_mandatory=True,
        applies_to=["time_entry"],
        write_roles=["manager"],
    )
    member, manager = await callers.a("member"), await callers.a("manager")
    created = await member.post("/time-entries", json=hour)
    assert created.json()["custom_fields"] == {"grade": "new"}
    path = f"/time-entries/{created.json()['id']}"
    same = await member.patch(path, json={"custom_fields": {"grade": "new"}, "notes": "Mine"})
    assert (same.status_code, same.json()["notes"]) == (200, "Mine")
    changed = await member.patch(path, json={"custom_fields": {"grade": given_value}})
    assert faults(changed) == {("/custom_fields/grade", "read_only")}
    other = await member.post("/time-entries", json={**hour, "custom_fields": {"grade": "x"}})
    assert faults(other) == {("/custom_fields/grade", "read_only")}
    empty = await member.post("/time-entries", json={**hour, "custom_fields": {"grade": None}})
    assert empty.json()["custom_fields"] == {"grade": "new"}
    assert (await manager.patch(path, json={"custom_fields": {"grade": "b"}})).status_code == 200
    found = await member.get("/time-entries?custom.grade=b")
    assert [each["custom_fields"] for each in found.json()["items"]] == [{"grade": "b"}]
