from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from people import OTHER_PASSWORD, PASSWORD
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.base import Entity
from timetracker_api.events.showing import PERSONAL, READABLE_WITH


async def seen(caller: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the events a caller sees, the oldest first."""
    answer = await caller.get("/events", params={"limit": 200, "sort": "id", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_an_event_says_who_changed_what_from_what_to_what(api: AsyncClient, given: Given):
    me = (await api.get("/users/me")).json()
    project = await given.a_project("Website")
    path = f"/projects/{project['id']}"
    headers = {"X-Request-ID": "r-1"}
    await api.patch(path, json={"name": "Shop", "billable": False}, headers=headers)
    created, updated = await seen(api, entity_type="project", entity_id=project["id"])
    assert (created["type"], updated["type"]) == ("project.created", "project.updated")
    assert created["changes"]["name"] == {"old": None, "new": "Website"}
    assert updated["changes"] == {
        "name": {"old": "Website", "new": "Shop"},
        "billable": {"old": True, "new": False},
    }
    assert updated["actor"] == {"id": me["id"], "name": me["username"]}
    assert updated["request_id"] == "r-1"


async def test_of_custom_fields_only_those_that_changed_are_told(api: AsyncClient, given: Given):
    for key in ("ticket", "team"):
        await given.a_field(key, applies_to=["task"])
    task = await given.a_task(custom_fields={"ticket": "WEB-1", "team": "red"})
    await api.patch(f"/tasks/{task['id']}", json={"custom_fields": {"ticket": "WEB-2"}})
    (event,) = await seen(api, type="task.updated")
    assert event["changes"] == {
        "custom_fields": {"old": {"ticket": "WEB-1"}, "new": {"ticket": "WEB-2"}}
    }


async def test_what_was_deleted_is_told_as_it_was(api: AsyncClient, given: Given):
    task = await given.a_task("Concept")
    await api.delete(f"/tasks/{task['id']}")
    *_, event = await seen(api, entity_type="task", entity_id=task["id"])
    assert event["type"] == "task.deleted"
    assert event["changes"]["name"] == {"old": "Concept", "new": None}


async def test_the_feed_is_read_on_from_a_cursor_and_narrowed(api: AsyncClient, given: Given):
    for number in range(5):
        await given.a_client(f"Client {number}")
    first = (await api.get("/events?entity_type=client&limit=2&include=total")).json()
    assert (first["total"], first["total_is_exact"]) == (5, True)
    ids = [each["id"] for each in first["items"]]
    query: dict[str, Any] = {"entity_type": "client", "limit": 2, "cursor": first["next"]}
    await given.a_client("Meanwhile")
    while query["cursor"]:
        portion = (await api.get("/events", params=query)).json()
        ids += [each["id"] for each in portion["items"]]
        query["cursor"] = portion["next"]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    me = (await api.get("/users/me")).json()["id"]
    assert len(await seen(api, actor_id=me, type="client.created")) == 6
    assert await seen(api, actor_id=9_000_000) == []
    last = (await seen(api))[-1]
    assert await seen(api, occurred_after=last["occurred_at"]) == [last]
    assert last not in await seen(api, occurred_before=last["occurred_at"])


@pytest.mark.parametrize("parameter", ["occurred_after", "occurred_before"])
@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20",
        "1768899600",
        "2026-11-20T09",
        "2026-11-20T09:00:00 Europe/Brussels",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
async def test_the_feed_is_narrowed_by_instants_of_the_calendar_only(
    api: AsyncClient, parameter: str, written: str
):
    refused = await api.get("/events", params={parameter: written})
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {(f"/{parameter}", "type")}


async def test_every_way_to_write_an_instant_is_read_everywhere(api: AsyncClient, given: Given):
    client = await given.a_client()
    for written in ("2026-11-20T09:00Z", "2026-11-20 10:00:00+01:00", "2026-11-20t09:00:00.0z"):
        entry = await given.an_entry(
            client_id=client["id"], started_at=written, duration_seconds=60
        )
        assert entry["started_at"] == "2026-11-20T09:00:00Z"
        found = await api.get("/time-entries", params={"started_after": written})
        assert entry["id"] in [each["id"] for each in found.json()["items"]]
        await seen(api, occurred_after=written)


async def test_no_event_holds_a_secret(api: AsyncClient, given: Given):
    ada = await given.a_user("ada", password=PASSWORD)
    await api.patch(f"/users/{ada['id']}", json={"password": OTHER_PASSWORD})
    token = (await api.post("/tokens", json={"name": "CI", "scopes": ["clients:read"]})).json()
    created, changed = await seen(api, entity_type="user", entity_id=ada["id"])
    assert created["changes"]["password_hash"] == {"changed": True}
    assert changed["changes"] == {"password_hash": {"changed": True}}
    (made,) = await seen(api, entity_type="token", entity_id=token["id"])
    assert made["changes"]["digest"] == {"changed": True}
    everything = (await api.get("/events?limit=200")).text
    for secret in (PASSWORD, OTHER_PASSWORD, token["token"], "argon2"):
        assert secret not in everything


async def test_rates_are_told_only_to_who_may_see_them(
    api: AsyncClient, callers: Callers, given: Given
):
    client = await given.a_client(hourly_rate="95")
    project = await given.a_project(
        client_id=client["id"], hourly_rate="96", budget_amount="100", budget_hours="10"
    )
    task = await given.a_task(project_id=project["id"], hourly_rate="97")
    await given.an_entry(task_id=task["id"])
    await given.a_user("ada", hourly_rate="98")
    await api.patch("/settings", json={"hourly_rate": "99"})
    hidden = {"hourly_rate", "budget_amount", "rate_amount", "rate_currency", "rate_source"}
    told = {name for each in await seen(api) for name in each["changes"]}
    assert told >= hidden
    poor = await callers.a("admin", *(scope for scope in Scope if scope != Scope.RATES_READ))
    events = await seen(poor)
    assert {each["type"] for each in events} >= {"time_entry.created", "settings.updated"}
    names = {name for each in events for name in each["changes"]}
    assert not names & hidden
    assert "budget_hours" in names


async def test_what_others_do_with_their_time_is_told_only_to_who_may_see_it(
    api: AsyncClient, callers: Callers, given: Given
):
    client = await given.a_client()
    theirs = await given.an_entry(client_id=client["id"])
    one = await callers.a(
        "admin", *(scope for scope in Scope if scope != Scope.TIME_ENTRIES_OTHERS)
    )
    body = {
        "client_id": client["id"],
        "started_at": "2026-11-20T09:00:00Z",
        "duration_seconds": 60,
    }
    mine = (await one.post("/time-entries", json=body)).json()
    assert [e["entity_id"] for e in await seen(one, entity_type="time_entry")] == [mine["id"]]
    assert await seen(one, entity_type="time_entry", entity_id=theirs["id"]) == []
    total = (await one.get("/events?entity_type=time_entry&include=total")).json()["total"]
    assert total == 1
    both = {e["entity_id"] for e in await seen(api, entity_type="time_entry")}
    assert both == {mine["id"], theirs["id"]}


async def test_tokens_of_others_are_told_only_to_who_manages_users(
    api: AsyncClient, callers: Callers
):
    made = (await api.post("/tokens", json={"name": "CI", "scopes": ["clients:read"]})).json()
    manager = await callers.a("manager")
    own = await manager.post("/tokens", json={"name": "Own", "scopes": ["clients:read"]})
    ids = [event["entity_id"] for event in await seen(manager, entity_type="token")]
    assert ids == [own.json()["id"]]
    everybodys = {event["entity_id"] for event in await seen(api, entity_type="token")}
    assert everybodys >= {made["id"], own.json()["id"]}


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_events_are_for_those_with_the_scope(callers: Callers, role: str):
    refused = await (await callers.a(role)).get("/events")
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["events:read"])


async def test_an_event_shows_nobody_what_its_record_would_not(
    api: AsyncClient, callers: Callers, given: Given
):
    task = await given.a_task()
    await given.an_entry(task_id=task["id"])
    await given.a_field("ticket")
    await given.a_template("ticket", "https://tickets.example.com/{value}")
    await given.a_user("ada")
    await given.a_payment(await given.an_issued_invoice(), "1")
    await api.patch("/settings", json={"name": "Ours"})
    await api.post("/tokens", json={"name": "CI", "scopes": ["clients:read"]})
    assert {each["entity_type"] for each in await seen(api)} == READABLE_WITH.keys()
    for scope in READABLE_WITH.values():
        caller = await callers.a("admin", *(each for each in Scope if each != scope))
        kinds = {each["entity_type"] for each in await seen(caller)}
        assert kinds == {name for name, needed in READABLE_WITH.items() if needed != scope}


def test_every_kind_of_record_has_a_scope_that_shows_its_events():
    assert {kind.entity_type for kind in Entity.kinds()} == READABLE_WITH.keys()
    assert PERSONAL.keys() <= READABLE_WITH.keys()
