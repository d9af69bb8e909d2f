from typing import Any

from httpx import AsyncClient
from sqlalchemy import insert, select

from callers import Callers
from elsewhere import left_behind
from given import Given, faults
from test_statements import statements
from timetracker_api.custom_fields.models import CustomFieldDefinition, entities_with_custom_fields
from timetracker_api.db.session import Database

PATH = "/custom-field-definitions"


async def usage(api: AsyncClient, field: dict[str, Any]) -> dict[str, Any]:
    """Return the answer by entity type."""
    answer = await api.get(f"{PATH}/{field['id']}/usage")
    assert answer.status_code == 200, answer.text
    return {each["entity_type"]: each for each in answer.json()["usage"]}


async def statements_of(database: Database, api: AsyncClient, path: str) -> int:
    """Return how many statements count values."""
    with statements(database) as sent:
        assert (await api.get(path)).is_success
    return sum("GROUP BY" in each for each in sent)


async def test_values_are_counted_per_type(api: AsyncClient, given: Given):
    field = await given.a_field("tier", applies_to=["client", "project"])
    for name, tier in (("A", "gold"), ("B", "gold"), ("C", "tin"), ("D", None)):
        await given.a_client(name, custom_fields={"tier": tier} if tier else {})
    nothing: dict[str, Any] = {"with_value": 0, "distinct": 0, "violations": 0, "samples": []}
    assert await usage(api, field) == {
        "client": {
            "entity_type": "client",
            "records": 4,
            "with_value": 3,
            "distinct": 2,
            "violations": 0,
            "samples": [],
        },
        "project": {"entity_type": "project", "records": 0, **nothing},
    }


async def test_what_breaks_the_rules_is_counted_and_shown(api: AsyncClient, given: Given):
    field = await given.a_field("sign")
    first = await given.a_client("A")
    short = await given.a_client("B", custom_fields={"sign": "x"})
    for name, sign in (("C", "x"), ("D", "long"), ("E", None)):
        await given.a_client(name, custom_fields={"sign": sign} if sign else {})
    await api.patch(f"{PATH}/{field['id']}", json={"is_mandatory": True, "min_length": 2})
    found = (await usage(api, field))["client"]
    assert (found["records"], found["with_value"], found["distinct"]) == (5, 3, 2)
    assert found["violations"] == 4
    shown = [
        (each["id"], each["value"], [error["code"] for error in each["errors"]])
        for each in found["samples"]
    ]
    assert shown == [(first["id"], None, ["required"]), (short["id"], "x", ["min_length"])]
    assert found["samples"][1]["errors"][0]["message"] == "Sign must have at least 2 characters."


async def test_at_most_ten_samples_are_shown(api: AsyncClient, given: Given):
    field = await given.a_field("sign")
    for number in range(12):
        await given.a_client(f"Client {number}", custom_fields={"sign": str(number)})
    await api.patch(f"{PATH}/{field['id']}", json={"pattern": "x"})
    found = (await usage(api, field))["client"]
    assert found["violations"] == 12
    assert [each["value"] for each in found["samples"]] == [str(number) for number in range(10)]


async def test_a_choice_that_is_no_longer_offered_is_acceptable_where_it_is(
    api: AsyncClient, given: Given
):
    tin = {"value": "tin", "label": "Tin"}
    one = await given.a_field("tier", "choice", choices=[tin])
    many = await given.a_field("tiers", "multi_choice", choices=[tin])
    await given.a_client(custom_fields={"tier": "tin", "tiers": ["tin"]})
    for field in (one, many):
        change = {"choices": [{**tin, "is_active": False}]}
        assert (await api.patch(f"{PATH}/{field['id']}", json=change)).is_success
        assert (await usage(api, field))["client"]["violations"] == 0


async def test_what_an_older_system_left_behind_is_judged_as_well(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("amount", "integer", applies_to=["client"])
    for number, value in enumerate((7, "7", None, [7], {"a": 7}, True)):
        await left_behind(database, await given.a_client(f"Client {number}"), amount=value)
    found = (await usage(api, field))["client"]
    assert (found["records"], found["with_value"], found["distinct"]) == (6, 5, 5)
    assert found["violations"] == 4
    assert [each["value"] for each in found["samples"]] == ["7", [7], {"a": 7}, True]


async def test_types_it_no_longer_applies_to_are_told_while_they_have_values(
    api: AsyncClient, given: Given
):
    field = await given.a_field("tier", is_mandatory=True, applies_to=["client", "project"])
    await given.a_project(
        client_id=(await given.a_client(custom_fields={"tier": "x"}))["id"],
        custom_fields={"tier": "x"},
    )
    await api.patch(f"{PATH}/{field['id']}", json={"applies_to": ["project"], "pattern": "y"})
    found = await usage(api, field)
    assert {name: each["violations"] for name, each in found.items()} == {
        "client": 0,
        "project": 1,
    }


async def test_an_inactive_field_has_no_rules(api: AsyncClient, given: Given):
    field = await given.a_field("tier", is_mandatory=True, is_active=False)
    await given.a_client()
    assert (await usage(api, field))["client"]["violations"] == 0


async def test_it_takes_one_statement_per_type_whatever_there_is(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier", is_mandatory=True, default="x")
    path = f"{PATH}/{field['id']}/usage"
    few = await statements_of(database, api, path)
    for number in range(20):
        await given.a_client(f"Client {number}", custom_fields={"tier": str(number)})
    assert await statements_of(database, api, path) == few
    assert few == len(entities_with_custom_fields())


async def test_violations_are_listed_by_type_and_id(api: AsyncClient, given: Given):
    field = await given.a_field("tier", applies_to=["client", "project"])
    clients = [await given.a_client(f"Client {number}") for number in range(3)]
    for number in range(2):
        await given.a_project(f"P{number}", client_id=clients[0]["id"])
    fine = {"custom_fields": {"tier": "x"}}
    await api.patch(f"/clients/{clients[1]['id']}", json=fine)
    path = f"{PATH}/{field['id']}/violations"
    assert (await api.get(path)).json() == {"items": [], "next": None}

    await api.patch(f"{PATH}/{field['id']}", json={"is_mandatory": True})
    whole = (await api.get(path, params={"include": "total"})).json()
    assert (whole["total"], whole["total_is_exact"], whole["next"]) == (4, True, None)
    assert [each["entity_type"] for each in whole["items"]] == ["client"] * 2 + ["project"] * 2
    assert whole["items"][0]["value"] is None
    assert whole["items"][0]["errors"][0]["code"] == "required"

    gathered: list[Any] = []
    address: str | None = f"{path}?limit=1"
    while address:
        page = await api.get(address)
        gathered += page.json()["items"]
        address = page.links.get("next", {}).get("url", "").removeprefix("/api/v1")
    assert gathered == whole["items"]
    only = (await api.get(f"{path}?entity_type=project&include=total")).json()
    assert (only["items"], only["total"]) == (whole["items"][2:], 2)


async def test_a_cursor_of_another_list_is_refused(api: AsyncClient, given: Given):
    field = await given.a_field("tier", is_mandatory=True)
    path = f"{PATH}/{field['id']}/violations"
    assert faults(await api.get(f"{path}?cursor=abc")) == {("/cursor", "cursor")}
    assert faults(await api.get(f"{path}?sort=value")) == {("/sort", "not_a_choice")}


async def test_whoever_may_not_define_fields_does_not_see_the_values_of_all_records(
    given: Given, callers: Callers
):
    field = await given.a_field("tier")
    for role in ("manager", "member", "viewer"):
        who = await callers.a(role)
        for member in ("usage", "violations"):
            refused = await who.get(f"{PATH}/{field['id']}/{member}")
            assert refused.status_code == 403
            assert refused.json()["scopes"] == ["custom_fields:write"]


async def test_there_is_no_usage_of_what_is_not_there(api: AsyncClient):
    for member in ("usage", "violations"):
        assert (await api.get(f"{PATH}/999999/{member}")).status_code == 404


async def test_two_hundred_fields_with_a_thousand_choices_are_no_trouble(
    api: AsyncClient, given: Given, database: Database
):
    choices = [{"value": f"choice {number}", "label": "x" * 100} for number in range(1000)]
    first = await given.a_field("field_0", "multi_choice", choices=choices)
    table: Any = CustomFieldDefinition.__table__
    async with database.engines.writing.begin() as connection:
        rows = await connection.execute(select(table).where(table.c.id == first["id"]))
        row = {name: value for name, value in rows.mappings().one().items() if name != "id"}
        copies = [{**row, "key": f"field_{number}"} for number in range(1, 199)]
        await connection.execute(insert(table), copies)
    last = await given.a_field("field_199", "multi_choice", choices=choices)
    values = {f"field_{number}": ["choice 0", "choice 999"] for number in range(200)}
    client = await given.a_client(custom_fields=values)
    assert client["custom_fields"] == values
    listed = (await api.get(f"{PATH}?limit=200")).json()
    assert (listed["total"], len(listed["items"][0]["choices"])) == (200, 1000)
    assert (await usage(api, last))["client"]["distinct"] == 1
    assert (await api.get("/clients?custom.field_7=choice 999")).json()["total"] == 1
