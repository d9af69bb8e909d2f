import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, select

from callers import Callers
from elsewhere import left_behind, until_somebody_waits
from given import Given, faults
from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.db.schema_version import SchemaVersion
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event

PATH = "/custom-field-definitions"
GOLD, TIN = {"value": "gold", "label": "Gold"}, {"value": "tin", "label": "Tin"}
RUST = {"value": "rust", "label": "Rust", "is_active": False}


async def state(database: Database) -> tuple[Any, Any]:
    """Return what any change would move on."""
    async with database.read() as session:
        version = await session.scalar(select(SchemaVersion.version))
        return version, await session.scalar(select(func.max(Event.id)))


async def rehearse(
    api: AsyncClient, method: str, field: dict[str, Any], **body: Any
) -> dict[str, Any]:
    """Return the answer to a dry run; its impact by entity type."""
    address = f"{PATH}/{field['id']}?dry_run=true"
    answer = await api.request(method, address, json=body or None)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["dry_run"] is True
    return told | {"impact": {each.pop("entity_type"): each for each in told["impact"]}}


async def replace(
    api: AsyncClient, field: dict[str, Any], choice: str, other: str | None, query: str = ""
) -> Response:
    address = f"{PATH}/{field['id']}/choices/{quote(choice, safe='')}/replace{query}"
    return await api.post(address, json={"with": other})


class TestDryRun:
    async def test_of_a_tightened_rule_tells_what_would_break_it(
        self, api: AsyncClient, given: Given, database: Database
    ):
        field = await given.a_field("tier")
        bad = await given.a_client(custom_fields={"tier": "x"})
        await given.a_client("Other", custom_fields={"tier": "long"})
        before = await state(database)
        told = await rehearse(api, "PATCH", field, min_length=2, label="Stufe")
        assert (told["definition"]["min_length"], told["definition"]["label"]) == (2, "Stufe")
        impact = told["impact"]["client"]
        assert (impact["records"], impact["with_value"], impact["violations"]) == (2, 2, 1)
        assert [(each["id"], each["value"]) for each in impact["samples"]] == [(bad["id"], "x")]
        assert "problem" not in told
        assert await state(database) == before
        assert (await api.get(f"{PATH}/{field['id']}")).json() == field

    async def test_refuses_what_the_real_thing_refuses(self, api: AsyncClient, given: Given):
        field = await given.a_field("tier")
        path = f"{PATH}/{field['id']}?dry_run=true"
        assert faults(await api.patch(path, json={"kind": "url"})) == {("/kind", "immutable")}
        refused = await api.patch(path, json={"minimum": 1})
        assert faults(refused) == {("/minimum", "not_applicable")}
        stale = await api.patch(path, json={"label": "x"}, headers={"If-Match": '"9-x"'})
        assert stale.status_code == 412

    async def test_of_a_choice_that_is_in_use_says_so(self, api: AsyncClient, given: Given):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN])
        await given.a_client(custom_fields={"tier": "tin"})
        told = await rehearse(api, "PATCH", field, choices=[GOLD])
        assert (told["problem"]["code"], told["problem"]["usage"]) == ("in_use", {"client": 1})
        impact = told["impact"]["client"]
        assert (impact["violations"], impact["samples"][0]["value"]) == (1, "tin")
        assert told["definition"]["choices"][0]["value"] == "gold"

    async def test_of_a_field_that_becomes_unique_lists_the_duplicates(
        self, api: AsyncClient, given: Given
    ):
        field = await given.a_field("number")
        ids = [
            (await given.a_client(name, custom_fields={"number": number}))["id"]
            for name, number in (("A", "ab 1"), ("B", "AB 1"), ("C", "2"))
        ]
        problem = (await rehearse(api, "PATCH", field, is_unique=True))["problem"]
        assert problem["code"] == "not_unique"
        assert [each["ids"] for each in problem["duplicates"]] == [ids[:2]]
        assert (await api.get(f"{PATH}/{field['id']}")).json()["is_unique"] is False
        assert (await given.a_client("D", custom_fields={"number": "2"}))["id"]

    async def test_of_a_new_field_judges_what_an_older_system_left_behind(
        self, api: AsyncClient, given: Given, database: Database
    ):
        await left_behind(database, await given.a_client(), amount="7")
        body = {"key": "amount", "label": "Amount", "kind": "integer"}
        key = {"Idempotency-Key": "once"}
        before = await state(database)
        told = await api.post(f"{PATH}?dry_run=true", json=body, headers=key)
        assert told.status_code == 200, told.text
        assert "Location" not in told.headers
        assert told.json()["impact"][0]["violations"] == 1
        assert await state(database) == before
        assert (await api.get(PATH)).json()["total"] == 0
        again = await api.post(f"{PATH}?dry_run=true", json=body, headers=key)
        assert (again.json(), again.headers["Idempotency-Replayed"]) == (told.json(), "true")
        other = await api.post(PATH, json=body, headers=key)
        assert other.json()["code"] == "key_reused"
        assert (await api.post(PATH, json=body)).status_code == 201
        taken = await api.post(f"{PATH}?dry_run=true", json=body)
        assert faults(taken) == {("/key", "not_unique")}

    async def test_of_activating_a_field_tells_what_has_become_wrong(
        self, api: AsyncClient, given: Given
    ):
        field = await given.a_field("tier", is_mandatory=True, default="x")
        await given.a_client()
        path = f"{PATH}/{field['id']}"
        quiet = await rehearse(api, "PATCH", field, is_active=False)
        assert quiet["impact"]["client"]["violations"] == 0
        assert (await api.patch(path, json={"is_active": False})).is_success
        await given.a_client("Other")
        woken = await rehearse(api, "PATCH", field, is_active=True)
        assert woken["impact"]["client"]["violations"] == 1
        assert (await api.patch(path, json={"is_active": True})).is_success
        assert (await api.get(path)).json()["is_active"] is True

    async def test_of_deleting_counts_what_would_be_lost(
        self, api: AsyncClient, given: Given, database: Database
    ):
        field = await given.a_field("tier", is_mandatory=True)
        await given.a_client(custom_fields={"tier": "x"})
        before = await state(database)
        told = await rehearse(api, "DELETE", field)
        assert (told["definition"], told["problem"]["code"]) == (None, "in_use")
        assert told["impact"]["client"]["changed"] == 1
        told = await api.delete(f"{PATH}/{field['id']}?dry_run=true&purge=true")
        assert told.status_code == 200
        assert "problem" not in told.json()
        assert await state(database) == before


class TestPurge:
    async def test_removes_the_values_with_the_field(
        self, api: AsyncClient, given: Given, database: Database
    ):
        field = await given.a_field("tier", applies_to=["client", "project"], is_unique=True)
        client = await given.a_client(custom_fields={"tier": "x"})
        project = await given.a_project(client_id=client["id"], custom_fields={"tier": "y"})
        await left_behind(database, other := await given.a_client("Other"), kept=1, tier="z")
        await api.post(f"/clients/{other['id']}/archive")
        assert (await api.delete(f"{PATH}/{field['id']}")).status_code == 409
        gone = await api.delete(f"{PATH}/{field['id']}?purge=true")
        assert (gone.status_code, gone.text) == (204, "")
        for path in (f"/clients/{client['id']}", f"/projects/{project['id']}"):
            assert (await api.get(path)).json()["custom_fields"] == {}
        assert (await api.get(f"/clients/{other['id']}")).json()["custom_fields"] == {"kept": 1}
        path = f"/events?type=client.updated&entity_id={client['id']}"
        (event,) = (await api.get(path)).json()["items"]
        assert event["changes"] == {"custom_fields": {"old": {"tier": "x"}, "new": {}}}
        assert (await api.get(f"/clients/{client['id']}")).json()["updated_at"] > client[
            "updated_at"
        ]

    async def test_of_a_mandatory_field_leaves_time_complete(self, api: AsyncClient, given: Given):
        field = await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
        entry = await given.an_entry(custom_fields={"ticket": "T-1"})
        gone = await api.delete(f"{PATH}/{field['id']}?purge=true")
        assert gone.status_code == 204, gone.text
        seen = await api.get(f"/time-entries/{entry['id']}")
        assert (seen.json()["custom_fields"], seen.json()["complete"]) == ({}, True)
        assert seen.headers["ETag"].startswith('"2-')


class TestReplacingAChoice:
    async def test_gives_records_and_default_the_other_one(self, api: AsyncClient, given: Given):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN, RUST], default="tin")
        client = await given.a_client()
        await given.a_client("Other", custom_fields={"tier": "gold"})
        told = await replace(api, field, "tin", "gold", "?dry_run=true")
        assert told.json()["impact"][0]["changed"] == 1
        assert (await api.get(f"{PATH}/{field['id']}")).json() == field
        told = (await replace(api, field, "tin", "gold")).json()
        assert (told["dry_run"], told["impact"][0]["changed"]) == (False, 1)
        assert told["definition"]["default"] == "gold"
        assert [each["value"] for each in told["definition"]["choices"]] == ["gold", "rust"]
        assert (await api.get("/clients?custom.tier=gold")).json()["total"] == 2
        etag = (await api.get(f"/clients/{client['id']}")).headers["ETag"]
        assert etag.startswith('"2-')

    @pytest.mark.parametrize(
        ("other", "expected"), [("gold", ["gold", "x/y"]), ("x/y", ["x/y", "gold"]), (None, None)]
    )
    async def test_in_lists_keeps_the_order_and_each_once(
        self, api: AsyncClient, given: Given, other: str | None, expected: list[str] | None
    ):
        odd = {"value": "x/y", "label": "Odd"}
        field = await given.a_field("tiers", "multi_choice", choices=[GOLD, TIN, odd])
        tiers = ["tin", "gold", "x/y"] if expected else ["tin"]
        client = await given.a_client(custom_fields={"tiers": tiers})
        assert (await replace(api, field, "tin", other)).status_code == 200
        values = (await api.get(f"/clients/{client['id']}")).json()["custom_fields"]
        assert values.get("tiers") == expected

    async def test_takes_a_choice_whatever_its_characters(self, api: AsyncClient, given: Given):
        odd = "a/replace ?&#%é"
        field = await given.a_field(
            "tier", "choice", choices=[GOLD, {"value": odd, "label": "Odd"}]
        )
        client = await given.a_client(custom_fields={"tier": odd})
        assert (await replace(api, field, odd, "gold")).status_code == 200
        values = (await api.get(f"/clients/{client['id']}")).json()["custom_fields"]
        assert values == {"tier": "gold"}

    @pytest.mark.parametrize(
        ("other", "code"),
        [("rust", "inactive_choice"), ("tin", "not_a_choice"), ("x", "not_a_choice")],
    )
    async def test_needs_one_that_is_offered(
        self, api: AsyncClient, given: Given, other: str, code: str
    ):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN, RUST])
        assert faults(await replace(api, field, "tin", other)) == {("/with", code)}
        assert (await replace(api, field, "nonsense", "gold")).status_code == 404

    async def test_with_nothing_is_not_for_mandatory_fields(self, api: AsyncClient, given: Given):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN], is_mandatory=True)
        assert faults(await replace(api, field, "tin", None)) == {("/with", "required")}

    async def test_of_a_unique_field_cannot_make_two_of_one(self, api: AsyncClient, given: Given):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN], is_unique=True)
        for name in ("gold", "tin"):
            await given.a_client(name, custom_fields={"tier": name})
        told = await replace(api, field, "tin", "gold", "?dry_run=true")
        assert told.json()["problem"]["code"] == "not_unique"
        assert (await replace(api, field, "tin", "gold")).status_code == 409
        assert (await api.get("/clients?custom.tier=tin")).json()["total"] == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("POST", "/convert", {"kind": "multi_choice"}), ["tin"]),
        (("POST", "/choices/tin/replace", {"with": "gold"}), "gold"),
        (("DELETE", "?purge=true", None), None),
    ],
)
async def test_what_is_written_until_the_last_moment_changes_as_well(
    api: AsyncClient,
    given: Given,
    database: Database,
    asked: tuple[str, str, Any],
    expected: object,
):
    field = await given.a_field("tier", "choice", choices=[GOLD, TIN])
    values = {"custom_fields": {"tier": "tin"}}
    await given.a_client("First", **values)
    async with database.write() as session:
        await entities.create(session, Client, {"name": "Last", **values})
        method, path, body = asked
        change = api.request(method, f"{PATH}/{field['id']}{path}", json=body)
        changing = asyncio.create_task(change)
        await until_somebody_waits(database)
    answer = await changing
    assert answer.is_success, answer.text
    clients = (await api.get("/clients")).json()["items"]
    found = {each["name"]: each["custom_fields"].get("tier") for each in clients}
    assert found == {"First": expected, "Last": expected}


async def test_a_field_is_changed_by_whoever_may_define_it(given: Given, callers: Callers):
    field = await given.a_field("tier")
    manager = await callers.a("manager")
    bodies = {"backfill": {"value": "x"}, "convert": {"kind": "long_text"}}
    for command, body in bodies.items():
        refused = await manager.post(f"{PATH}/{field['id']}/{command}?dry_run=true", json=body)
        assert refused.json()["scopes"] == ["custom_fields:write"]
