import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from elsewhere import another_process
from given import Given, faults
from test_field_changes import GOLD, PATH, RUST, state
from test_statements import statements
from timetracker_api.db.session import Database
from timetracker_api.settings import Limits, Settings


async def backfill(
    api: AsyncClient, field: dict[str, Any], query: str = "", **body: Any
) -> Response:
    return await api.post(f"{PATH}/{field['id']}/backfill{query}", json=body)


async def values(api: AsyncClient, path: str = "/clients") -> list[Any]:
    listed = (await api.get(f"{path}?sort=created_at")).json()["items"]
    return [each["custom_fields"] for each in listed]


async def test_records_without_a_value_get_one(api: AsyncClient, given: Given, database: Database):
    field = await given.a_field("amount", "decimal")
    bare = await given.a_client("A")
    await given.a_client("B", custom_fields={"amount": "1.00"})
    await api.post(f"/clients/{(await given.a_client('C'))['id']}/archive")
    before = await state(database)
    told = (await backfill(api, field, "?dry_run=true", value=5)).json()
    impact = told["impact"][0]
    assert (impact["records"], impact["with_value"], impact["changed"]) == (3, 1, 2)
    assert await state(database) == before
    told = (await backfill(api, field, value=5)).json()
    assert (told["dry_run"], told["impact"][0]) == (False, impact)
    path = f"/events?type=client.updated&entity_id={bare['id']}"
    (event,) = (await api.get(path)).json()["items"]
    assert event["changes"] == {"custom_fields": {"old": {}, "new": {"amount": "5.00"}}}
    assert event["actor"]["id"]
    assert event["request_id"]
    now = await api.get(f"/clients/{bare['id']}")
    assert now.headers["ETag"].startswith('"2-')
    assert now.json()["updated_at"] > bare["updated_at"]
    stale = await api.patch(
        f"/clients/{bare['id']}", json={"name": "x"}, headers={"If-Match": '"1-x"'}
    )
    assert stale.status_code == 412
    assert (await backfill(api, field, value=6)).json()["impact"][0]["changed"] == 0


async def test_more_records_than_are_written_at_a_time(
    api: AsyncClient, given: Given, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("timetracker_api.custom_fields.changes.rewriting.AT_A_TIME", 2)
    field = await given.a_field("tier")
    for number in range(5):
        await given.a_client(f"Client {number}")
    assert (await backfill(api, field, value="x")).json()["impact"][0]["changed"] == 5
    assert await values(api) == [{"tier": "x"}] * 5


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("/value", "required")),
        ({"value": None}, ("/value", "required")),
        ({"value": " "}, ("/value", "required")),
        ({"value": "x", "copy_from": "other"}, ("/copy_from", "invalid")),
        ({"value": "tin"}, ("/value", "not_a_choice")),
        ({"value": "rust"}, ("/value", "inactive_choice")),
        ({"value": 7}, ("/value", "type")),
        ({"copy_from": "nothing"}, ("/copy_from", "undefined_field")),
        ({"copy_from": "tier"}, ("/copy_from", "undefined_field")),
        ({"copy_from": "flag"}, ("/copy_from", "no_conversion")),
        ({"value": "gold", "entity_types": ["task"]}, ("/entity_types/0", "not_a_choice")),
    ],
    ids=str,
)
async def test_a_value_must_be_acceptable(
    api: AsyncClient, given: Given, body: dict[str, Any], fault: tuple[str, str]
):
    await given.a_field("flag", "boolean")
    field = await given.a_field("tier", "choice", choices=[GOLD, RUST])
    for query in ("", "?dry_run=true"):
        assert faults(await backfill(api, field, query, **body)) == {fault}


async def test_values_are_copied_where_they_fit(api: AsyncClient, given: Given):
    await given.a_field("old")
    field = await given.a_field("new", "integer", maximum=100)
    olds = ("7", "seven", "700", None)
    clients = [
        await given.a_client(f"Client {n}", custom_fields={"old": old} if old else {})
        for n, old in enumerate(olds)
    ]
    dry = (await backfill(api, field, "?dry_run=true", copy_from="old")).json()
    told = (await backfill(api, field, copy_from="old")).json()
    assert told["impact"] == dry["impact"]
    (impact,) = told["impact"]
    assert (impact["changed"], impact["violations"]) == (1, 2)
    shown = [(each["id"], each["value"], each["errors"][0]["code"]) for each in impact["samples"]]
    assert shown == [
        (clients[1]["id"], "seven", "type"),
        (clients[2]["id"], "700", "maximum"),
    ]
    assert [each.get("new") for each in await values(api)] == [7, None, None, None]


async def test_a_user_must_exist(api: AsyncClient, given: Given):
    field = await given.a_field("owner", "user")
    await given.a_client()
    refused = await backfill(api, field, value=999_999)
    assert faults(refused) == {("/value", "reference_not_found")}
    me = (await api.get("/users/me")).json()["id"]
    assert (await backfill(api, field, value=me)).is_success
    assert await values(api) == [{"owner": me}]


async def test_a_record_that_would_hold_too_much_stays_without(
    api: AsyncClient, given: Given, settings: Settings
):
    field = await given.a_field("note", "long_text")
    await given.a_field("other")
    full = await given.a_client("Full", custom_fields={"other": "x" * 100})
    await given.a_client("Empty")
    async with another_process(settings, api, limits=Limits(values_bytes=150)) as small:
        told = (await backfill(small, field, value="y" * 50)).json()
    (impact,) = told["impact"]
    assert (impact["changed"], impact["violations"]) == (1, 1)
    (sample,) = impact["samples"]
    assert (sample["id"], sample["errors"][0]["code"]) == (full["id"], "too_large")
    assert [each.get("note") for each in await values(api)] == [None, "y" * 50]


async def test_records_are_held_from_those_that_refer_to_others_on(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier", applies_to=["client", "project", "task", "time_entry"])
    task = await given.a_task()
    await given.an_entry(task_id=task["id"])
    with statements(database) as sent:
        assert (await backfill(api, field, value="x")).is_success
    changed = [each.split()[1] for each in sent if "custom_fields=" in each]
    assert changed == ["time_entries", "tasks", "projects", "clients"]


async def test_only_records_of_the_types_that_are_named(api: AsyncClient, given: Given):
    field = await given.a_field("tier", applies_to=["client", "project"])
    await given.a_project()
    await backfill(api, field, value="x", entity_types=["project"])
    assert (await values(api), await values(api, "/projects")) == ([{}], [{"tier": "x"}])


async def test_a_unique_value_goes_to_one_record_at_most(api: AsyncClient, given: Given):
    field = await given.a_field("number", is_unique=True)
    await given.a_field("old")
    await given.a_client("A", custom_fields={"old": "1"})
    assert (await backfill(api, field, value="7")).status_code == 200
    await given.a_client("B", custom_fields={"old": "7"})
    for query in ("", "?dry_run=true"):
        told = await backfill(api, field, query, value="7")
        problem = told.json()["problem"] if query else told.json()
        assert problem["code"] == "not_unique"
        assert problem["errors"][0]["pointer"] == "/value"
        copied = await backfill(api, field, query, copy_from="old")
        assert (copied.json()["problem"] if query else copied.json())["code"] == "not_unique"
    await given.a_client("C")
    assert faults(await backfill(api, field, value="8")) == {("/value", "not_unique")}
    assert [each.get("number") for each in await values(api)] == ["7", None, None]
    taken = await api.post("/clients", json={"name": "D", "custom_fields": {"number": "7"}})
    assert faults(taken) == {("/custom_fields/number", "not_unique")}


async def test_time_becomes_complete_also_where_it_is_closed_or_running(
    api: AsyncClient, given: Given
):
    client = await given.a_client()
    closed = await given.an_entry(client_id=client["id"])
    assert (await api.post("/timer/start", json={"client_id": client["id"]})).is_success
    field = await given.a_field("ticket", applies_to=["time_entry"])
    await api.patch(f"{PATH}/{field['id']}", json={"is_mandatory": True})
    await api.patch("/settings", json={"locked_before": "2026-11-22"})
    await api.patch(f"/time-entries/{closed['id']}", json={"notes": "x"})
    told = (await backfill(api, field, value="T-1")).json()
    assert told["impact"][0]["changed"] == 2
    entries = (await api.get("/time-entries")).json()["items"]
    assert [(each["complete"], each["custom_fields"]) for each in entries] == [
        (True, {"ticket": "T-1"})
    ] * 2


async def test_an_inactive_field_is_not_filled(api: AsyncClient, given: Given):
    field = await given.a_field("tier", is_active=False)
    assert (await backfill(api, field, value="x")).status_code == 409


async def test_no_record_is_left_without_a_value_whatever_is_written_meanwhile(
    api: AsyncClient, given: Given
):
    field = await given.a_field("tier")
    clients = [await given.a_client(f"Client {n}") for n in range(10)]

    async def fill() -> Response:
        made = await api.patch(f"{PATH}/{field['id']}", json={"is_mandatory": True})
        assert made.is_success
        return await backfill(api, field, value="x")

    async def create(number: int) -> Response:
        return await api.post("/clients", json={"name": f"New {number}"})

    async def edit(client: dict[str, Any]) -> Response:
        return await api.patch(f"/clients/{client['id']}", json={"name": f"{client['name']}!"})

    writers = [*(create(n) for n in range(10)), *(edit(client) for client in clients)]
    filled, *written = await asyncio.gather(fill(), *writers)
    assert filled.status_code == 200, filled.text
    assert {each.status_code for each in written} <= {200, 201, 422}
    found = await values(api)
    assert len(found) >= 10
    assert all(each == {"tier": "x"} for each in found)
