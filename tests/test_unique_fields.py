from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from elsewhere import left_behind
from given import Given, faults, try_client, try_field, try_values
from timetracker_api.clients.models import Client
from timetracker_api.db.session import Database

FULL_WIDTH = "\uff21\uff42 \uff11\uff10\uff10\uff14\uff12"
TAKEN = {("/custom_fields/debtor_number", "not_unique")}


@pytest.fixture
async def field(given: Given) -> dict[str, Any]:
    return await given.a_field("debtor_number", is_unique=True)


@pytest.fixture
async def acme(given: Given, field: dict[str, Any]) -> dict[str, Any]:
    return await given.a_client("Acme", custom_fields={field["key"]: "Ab 10042"})


async def test_two_records_of_a_type_never_have_the_same_value(
    api: AsyncClient, given: Given, acme: dict[str, Any]
):
    refused = await try_client(api, "Other", debtor_number="Ab 10042")
    assert (refused.status_code, faults(refused)) == (422, TAKEN)
    assert refused.json()["errors"][0]["message"] == "Debtor number Ab 10042 is taken."

    other = await given.a_client("Other", custom_fields={"debtor_number": "2"})
    refused = await try_values(api, other, debtor_number="Ab 10042")
    assert (refused.status_code, faults(refused)) == (422, TAKEN)
    assert (await try_values(api, acme, debtor_number="2")).status_code == 422
    assert (await api.get(f"/clients/{other['id']}")).json() == other


@pytest.mark.parametrize("spelling", ["aB 10042", " Ab   10042 ", "Ab\u00a010042", FULL_WIDTH])
async def test_spellings_do_not_make_a_value_another_one(
    api: AsyncClient, acme: dict[str, Any], spelling: str
):
    assert faults(await try_client(api, "Other", debtor_number=spelling)) == TAKEN
    respelled = await try_values(api, acme, debtor_number=spelling)
    assert respelled.json()["custom_fields"] == {"debtor_number": spelling.strip()}


@pytest.mark.parametrize(
    ("kind", "value", "others"),
    [
        ("text", "0", ("\uff10", "00")),
        ("integer", 0, (0, 1)),
        ("decimal", "5", ("5.00", "5.01")),
        ("decimal", "0", ("-0.00", "0.01")),
        ("date", "2026-01-31", (" 2026-01-31", "2026-02-01")),
        ("datetime", "2026-01-31T10:00:00+01:00", ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z")),
        ("email", "info@acme.example", ("INFO@ACME.example", "office@acme.example")),
        ("duration", 60, (60, 61)),
    ],
)
async def test_values_of_every_kind_are_told_apart_by_what_they_mean(
    api: AsyncClient, given: Given, kind: str, value: object, others: tuple[object, object]
):
    same, different = others
    await given.a_field("number", kind, is_unique=True)
    await given.a_client("Acme", custom_fields={"number": value})
    refused = await try_client(api, "Other", number=same)
    assert faults(refused) == {("/custom_fields/number", "not_unique")}
    assert (await try_client(api, "Other", number=different)).status_code == 201


@pytest.mark.parametrize(
    ("attributes", "at"),
    [
        ({"kind": "boolean"}, "/is_unique"),
        ({"kind": "multi_choice", "choices": [{"value": "a", "label": "A"}]}, "/is_unique"),
        ({"kind": "text", "default": "a"}, "/default"),
    ],
)
async def test_what_many_records_are_bound_to_share_is_never_unique(
    api: AsyncClient, given: Given, attributes: dict[str, Any], at: str
):
    body = {"key": "field", "label": "Field", "is_unique": True, **attributes}
    assert faults(await api.post("/custom-field-definitions", json=body)) == {
        (at, "not_applicable")
    }
    field = await given.a_field("field", **attributes)
    assert faults(await try_field(api, field, is_unique=True)) == {(at, "not_applicable")}


async def test_everything_that_is_taken_is_told_at_once_and_nothing_is_kept_of_it(
    api: AsyncClient, given: Given, acme: dict[str, Any]
):
    for key in ("first", "second", "third"):
        await given.a_field(key, "integer", is_unique=True)
    await try_values(api, acme, first=1, third=3)
    other = await given.a_client("Other", custom_fields={"first": 10, "second": 20})
    refused = await try_values(api, other, first=1, second=2, third=3)
    assert faults(refused) == {
        ("/custom_fields/first", "not_unique"),
        ("/custom_fields/third", "not_unique"),
    }
    assert faults(await try_client(api, "Third", second=20)) == {
        ("/custom_fields/second", "not_unique")
    }
    assert (await try_client(api, "Third", second=2)).status_code == 201


async def test_a_value_is_free_again_when_its_record_has_another_or_none_or_is_gone(
    api: AsyncClient, given: Given, acme: dict[str, Any]
):
    other = await given.a_client("Other")
    assert (await try_values(api, acme, debtor_number="1")).is_success
    assert (await try_values(api, other, debtor_number="Ab 10042")).is_success
    assert (await try_values(api, acme, debtor_number=None)).is_success
    assert (await try_values(api, other, debtor_number="1")).is_success
    assert (await api.delete(f"/clients/{other['id']}")).status_code == 204
    assert (await try_values(api, acme, debtor_number="1")).is_success
    assert (await try_client(api, "Third", debtor_number="Ab 10042")).is_success


async def test_what_cannot_be_deleted_keeps_its_value(
    api: AsyncClient, given: Given, acme: dict[str, Any]
):
    await given.a_project(client_id=acme["id"])
    assert (await api.delete(f"/clients/{acme['id']}")).status_code == 409
    assert faults(await try_client(api, "Other", debtor_number="Ab 10042")) == TAKEN


async def test_a_value_that_is_sent_back_is_no_new_one(api: AsyncClient, acme: dict[str, Any]):
    again = await api.patch(
        f"/clients/{acme['id']}",
        json={"name": "Acme & Sons", "custom_fields": acme["custom_fields"]},
    )
    assert again.status_code == 200
    assert (await api.patch(f"/clients/{acme['id']}", json={"name": "Acme"})).status_code == 200
    assert faults(await try_client(api, "Other", debtor_number="Ab 10042")) == TAKEN


async def test_an_archived_record_keeps_its_value(api: AsyncClient, acme: dict[str, Any]):
    path = f"/clients/{acme['id']}"
    assert (await api.post(f"{path}/archive")).is_success
    assert faults(await try_client(api, "Other", debtor_number="Ab 10042")) == TAKEN
    assert (await api.post(f"{path}/unarchive")).is_success


async def test_records_of_another_type_may_have_the_same_value(
    api: AsyncClient, given: Given, acme: dict[str, Any], field: dict[str, Any]
):
    assert (await try_field(api, field, applies_to=["client", "project"])).is_success
    same = {"client_id": acme["id"], "custom_fields": {"debtor_number": "Ab 10042"}}
    await given.a_project("Website", **same)
    refused = await api.post("/projects", json={"name": "Shop", **same})
    assert faults(refused) == TAKEN


async def test_a_field_applies_to_another_type_once_no_two_records_of_that_share_a_value(
    api: AsyncClient, given: Given, database: Database, acme: dict[str, Any], field: dict[str, Any]
):
    projects = [await given.a_project(name, client_id=acme["id"]) for name in ("Web", "Shop")]
    for project, value in zip(projects, ("1", " 1"), strict=True):
        await left_behind(database, project, kind="project", debtor_number=value)
    both = {"applies_to": ["client", "project"]}
    refused = await try_field(api, field, **both)
    assert (refused.status_code, faults(refused)) == (409, {("/is_unique", "not_unique")})
    assert [each["ids"] for each in refused.json()["duplicates"]] == [
        [project["id"] for project in projects]
    ]
    await left_behind(database, projects[1], kind="project", debtor_number="2")
    assert (await try_field(api, field, **both)).is_success
    values = {"custom_fields": {"debtor_number": "1"}}
    taken = await api.patch(f"/projects/{projects[1]['id']}", json=values)
    assert faults(taken) == TAKEN


async def test_who_does_not_see_a_field_keeps_its_values_and_frees_them(
    api: AsyncClient, given: Given, callers: Callers
):
    await given.a_field("debtor_number", is_unique=True, read_roles=["admin"])
    acme = await given.a_client("Acme", custom_fields={"debtor_number": "1"})
    manager = await callers.a("manager")
    assert faults(await try_client(manager, "Other", debtor_number="1")) == {
        ("/custom_fields/debtor_number", "undefined_field")
    }
    renamed = await manager.patch(
        f"/clients/{acme['id']}", json={"name": "Acme & Sons", "custom_fields": {}}
    )
    assert renamed.status_code == 200
    assert faults(await try_client(api, "Other", debtor_number="1")) == TAKEN
    assert (await manager.delete(f"/clients/{acme['id']}")).status_code == 204
    assert (await try_client(api, "Other", debtor_number="1")).status_code == 201


async def test_an_inactive_field_is_not_checked_and_becomes_active_without_duplicates_only(
    api: AsyncClient, given: Given, acme: dict[str, Any], field: dict[str, Any]
):
    other = await given.a_client("Other", custom_fields={"debtor_number": "2"})
    assert (await try_field(api, field, is_active=False)).is_success
    assert (await try_values(api, other, debtor_number="ab 10042")).is_success
    refused = await try_field(api, field, is_active=True)
    assert (refused.status_code, faults(refused)) == (409, {("/is_unique", "not_unique")})
    assert (await try_values(api, other, debtor_number="3")).is_success
    assert (await try_field(api, field, is_active=True)).is_success
    assert faults(await try_values(api, acme, debtor_number="3")) == TAKEN
    assert (await try_values(api, acme, debtor_number="2")).is_success


async def test_a_field_with_duplicates_cannot_become_unique_and_the_answer_lists_them(
    api: AsyncClient, given: Given
):
    field = await given.a_field("debtor_number", applies_to=["client", "project"])
    spellings = ["Ab", "aB", "AB", "1", "2", "2"]
    clients = [
        (await given.a_client(f"Client {number}", custom_fields={"debtor_number": value}))["id"]
        for number, value in enumerate(spellings)
    ]
    await given.a_project("Website", client_id=clients[0], custom_fields={"debtor_number": "1"})
    refused = await try_field(api, field, is_unique=True)
    assert (refused.status_code, faults(refused)) == (409, {("/is_unique", "not_unique")})
    body = refused.json()
    assert body["code"] == "not_unique"
    assert body["detail"] == (
        "Debtor number cannot be unique: 3 records have values that another one has already."
    )
    assert body["duplicates"] == [
        {"entity_type": "client", "value": "Ab", "count": 3, "ids": clients[:3]},
        {"entity_type": "client", "value": "2", "count": 2, "ids": clients[4:]},
    ]
    for id in (*clients[1:3], clients[5]):
        await api.patch(f"/clients/{id}", json={"custom_fields": {"debtor_number": None}})
    assert (await try_field(api, field, is_unique=True)).json()["is_unique"]
    assert faults(await try_client(api, "Other", debtor_number="ab")) == TAKEN

    assert (await try_field(api, field, is_unique=False)).is_success
    assert (await try_client(api, "Other", debtor_number="ab")).status_code == 201
    assert (await try_field(api, field, is_unique=True)).json()["detail"] == (
        "Debtor number cannot be unique: 1 record has a value that another one has already."
    )


async def test_of_many_duplicates_some_are_listed(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("number", "integer")
    values = [number % 120 if number < 1260 else number for number in range(1300)]
    async with database.write() as session:
        session.add_all(
            Client(name=f"{position}", custom_fields={"number": value})
            for position, value in enumerate(values)
        )
    refused = (await try_field(api, field, is_unique=True)).json()
    assert "1140 records" in refused["detail"]
    listed = refused["duplicates"]
    assert [each["value"] for each in listed] == list(range(100))
    assert {(each["count"], len(each["ids"])) for each in listed} == {(11, 10), (10, 10)}


async def test_values_of_an_older_system_are_unique_as_well(
    api: AsyncClient, given: Given, database: Database
):
    legacy: list[Any] = ["7", 7, True, 1, "", None, " ", ["a"], {"a": 1}, 1.5, "x" * 5000]
    async with database.write() as session:
        for number, value in enumerate(legacy):
            name = f"Legacy {number}"
            values = {"debtor_number": value}
            session.add(Client(name=name, custom_fields=values))
    field = await given.a_field("debtor_number", max_length=2000, is_unique=True)
    assert faults(await try_client(api, "Other", debtor_number="7")) == TAKEN
    clients = (await api.get("/clients?limit=200")).json()["items"]
    for client in clients:
        assert (await api.delete(f"/clients/{client['id']}")).status_code == 204
    assert (await try_client(api, "Other", debtor_number="7")).status_code == 201

    assert (await try_field(api, field, is_unique=False)).is_success
    async with database.write() as session:
        session.add_all(Client(name=f"{n}", custom_fields={"old": v}) for n, v in enumerate("xX"))
    body = {"key": "old", "label": "Old", "kind": "integer", "is_unique": True}
    refused = await api.post("/custom-field-definitions", json=body)
    assert (refused.status_code, faults(refused)) == (409, {("/is_unique", "not_unique")})
    assert refused.json()["duplicates"][0]["value"] == "x"
