from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from callers import Callers
from given import Given, faults
from test_operators import CHOICES
from test_statements import AUTHENTICATION, count, statements
from timetracker_api.custom_fields.finding.filters import MOST_FILTERS
from timetracker_api.db.session import Database

LISTS = ("clients", "projects", "tasks", "time-entries")
TYPES = ["client", "project", "task", "time_entry"]


async def found(api: AsyncClient, path: str, **asked: str) -> list[str]:
    """Return the names of what is found; of time entries, their notes."""
    answer = await api.get(f"/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return [each.get("name") or each["notes"] for each in answer.json()["items"]]


async def refusal(api: AsyncClient, path: str, **asked: str) -> set[tuple[str, str]]:
    return faults(await api.get(f"/{path}", params=asked))


async def a_record(given: Given, path: str, name: str, **fields: Any) -> dict[str, Any]:
    create = {"clients": given.a_client, "projects": given.a_project, "tasks": given.a_task}
    if path in create:
        return await create[path](name, **fields)
    client = await given.a_client(f"Client of {name}")
    return await given.an_entry(client_id=client["id"], notes=name, **fields)


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_of_records_with_custom_fields_knows_the_operators(
    api: AsyncClient, given: Given, path: str
):
    await given.a_field("amount", "decimal", applies_to=TYPES)
    await given.a_field("tier", applies_to=TYPES)
    for name, amount, tier in (("A", "1", "gold"), ("B", "2.5", "Silver"), ("C", "10", "gold")):
        await a_record(given, path, name, custom_fields={"amount": amount, "tier": tier})
    await a_record(given, path, "D")
    for asked, expected in (
        ({"custom.amount": "2.50"}, "B"),
        ({"custom.amount.eq": "2.50"}, "B"),
        ({"custom.amount.ne": "1"}, "BCD"),
        ({"custom.amount.in": "1,10"}, "AC"),
        ({"custom.amount.gte": "1", "custom.amount.lt": "10"}, "AB"),
        ({"custom.amount.gt": "1", "custom.amount.lte": "10", "custom.tier.ne": "gold"}, "B"),
        ({"custom.amount.gt": "10", "custom.amount.lt": "1"}, ""),
        ({"custom.tier.contains": "L"}, "ABC"),
        ({"custom.tier.starts_with": "S"}, "B"),
        ({"custom.tier": "gold", "custom.tier.is_set": "true", "custom.amount.ne": "1"}, "C"),
        ({"custom.amount.is_set": "false"}, "D"),
    ):
        assert sorted(await found(api, path, **asked)) == [*expected], asked


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"custom.amount.gte": "x"}, "type"),
        ({"custom.amount.gte": ""}, "type"),
        ({"custom.amount.lt": "1.005"}, "scale"),
        ({"custom.amount.in": ""}, "type"),
        ({"custom.amount.in": "1,,2"}, "type"),
        ({"custom.amount.in": "1,x"}, "type"),
        ({"custom.amount.in": ",".join(["1"] * 101)}, "max_length"),
        ({"custom.amount.is_set": "1"}, "type"),
        ({"custom.amount.is_set": "True"}, "type"),
        ({"custom.amount.is_set": ""}, "type"),
        ({"custom.amount.contains": "1"}, "operator"),
        ({"custom.tier.in": "gold,silver"}, "not_a_choice"),
        ({"custom.note.contains": ""}, "type"),
        ({"custom.note.contains": "x" * 2001}, "max_length"),
        ({"custom.note.starts_with": "x" * 2001}, "max_length"),
        ({"custom.nothing.gte": "1"}, "undefined_field"),
        ({"custom.nothing.like": "1"}, "undefined_field"),
        ({"client.custom.amount": "1"}, "unknown_parameter"),
        ({"project.custom.amount": "1"}, "unknown_parameter"),
        ({"customs.amount": "1"}, "unknown_parameter"),
    ],
)
async def test_a_question_without_sense_is_refused(
    api: AsyncClient, given: Given, asked: dict[str, str], code: str
):
    await given.a_field("amount", "decimal")
    await given.a_field("tier", "choice", choices=CHOICES)
    await given.a_field("note", "long_text")
    (name,) = asked
    assert await refusal(api, "clients", **asked) == {(f"/{name}", code)}
    repeated = await api.get("/clients?custom.note.contains=a&custom.note.contains=b")
    assert faults(repeated) == {("/custom.note.contains", "type")}


async def test_as_much_as_may_be_asked_at_once_can_be_answered(api: AsyncClient, given: Given):
    await given.a_client("Acme")
    keys = [f"field_{number}" for number in range(MOST_FILTERS // 2 + 1)]
    for key in keys:
        await given.a_field(key)
    asked = {f"custom.{key}.ne": "x" for key in keys} | {f"custom.{key}.in": "x" for key in keys}
    most = dict([*asked.items()][:MOST_FILTERS])
    assert await found(api, "clients", **most) == []
    refused = await refusal(api, "clients", **asked)
    assert refused == {(f"/{[*asked][MOST_FILTERS]}", "max_length")}
    values = ",".join(f"v{number}" for number in range(100))
    assert await found(api, "clients", **{"custom.field_0.in": values}) == []


async def a_company(given: Given) -> None:
    """Two clients, one of them gold; their projects and tasks, and time recorded on all levels."""
    for key in ("tier", "size"):
        await given.a_field(key, applies_to=TYPES[:3])
    gold = await given.a_client("Gold", custom_fields={"tier": "gold"})
    plain = await given.a_client("Plain", custom_fields={"size": "s"})
    for client, project, values in (
        (gold, "Web", {"tier": "Red"}),
        (gold, "App", {}),
        (plain, "Shop", {"tier": "blue"}),
    ):
        made = await given.a_project(project, client_id=client["id"], custom_fields=values)
        task = await given.a_task(
            f"{project} task", project_id=made["id"], custom_fields={"size": project[0].lower()}
        )
        await given.an_entry(project_id=made["id"], notes=f"on {project}")
        await given.an_entry(task_id=task["id"], notes=f"on {project} task")
    for client in (gold, plain):
        await given.an_entry(client_id=client["id"], notes=f"for {client['name']}")


RELATED: Sequence[tuple[str, dict[str, str], str]] = [
    ("projects", {"client.custom.tier": "gold"}, "Web App"),
    ("projects", {"client.custom.tier.ne": "gold"}, "Shop"),
    ("projects", {"client.custom.tier.is_set": "false"}, "Shop"),
    ("projects", {"client.custom.tier.is_set": "true", "custom.tier.is_set": "false"}, "App"),
    ("projects", {"client.custom.tier.in": "gold,tin", "custom.tier.contains": "e"}, "Web"),
    ("tasks", {"project.custom.tier": "Red"}, "Web"),
    ("tasks", {"project.custom.tier.ne": "Red"}, "App Shop"),
    ("tasks", {"project.custom.tier.starts_with": "B"}, "Shop"),
    ("tasks", {"client.custom.tier": "gold"}, "Web App"),
    ("tasks", {"client.custom.tier.ne": "gold"}, "Shop"),
    ("tasks", {"client.custom.tier": "gold", "project.custom.tier.is_set": "false"}, "App"),
    ("tasks", {"client.custom.size.is_set": "false", "custom.size": "w"}, "Web"),
]


async def test_records_are_found_by_the_fields_of_those_they_belong_to(
    api: AsyncClient, given: Given
):
    await a_company(given)
    for path, asked, expected in RELATED:
        names = {name.removesuffix(" task") for name in await found(api, path, **asked)}
        assert names == set(expected.split()), asked


async def test_time_is_found_by_client_project_and_task_or_by_not_having_one(
    api: AsyncClient, given: Given
):
    await a_company(given)
    everything = set(await found(api, "time-entries"))
    assert len(everything) == 8
    for asked, expected in (
        ({"client.custom.tier": "gold"}, "for Gold,on Web,on Web task,on App,on App task"),
        ({"client.custom.tier.ne": "gold"}, "for Plain,on Shop,on Shop task"),
        ({"project.custom.tier": "Red"}, "on Web,on Web task"),
        ({"project.custom.tier.contains": "E"}, "on Web,on Web task,on Shop,on Shop task"),
        ({"project.custom.tier.is_set": "false"}, "for Gold,for Plain,on App,on App task"),
        ({"task.custom.size.in": "w,s"}, "on Web task,on Shop task"),
        ({"client.custom.tier": "gold", "task.custom.size": "a"}, "on App task"),
        ({"client.custom.size.is_set": "true", "project.custom.tier.ne": "blue"}, "for Plain"),
    ):  # fmt: skip
        assert set(await found(api, "time-entries", **asked)) == set(expected.split(",")), asked
    without = set(await found(api, "time-entries", **{"task.custom.size.ne": "w"}))
    assert without == everything - {"on Web task"}
    asked = {"include": "total", "client.custom.tier": "gold"}
    assert (await api.get("/time-entries", params=asked)).json()["total"] == 5


async def test_what_is_wrong_with_questions_about_others_is_said_with_a_suggestion(
    api: AsyncClient, given: Given
):
    await given.a_field("tier", applies_to=["client"])
    await given.a_field("size", "integer", applies_to=["project"])
    asked = {
        "client.custom.teir": "x",
        "client.custom.size": "1",
        "project.custom.size.contains": "1",
        "project.custom.size.lt": "x",
        "custom.tier": "x",
    }
    refused = await api.get("/tasks", params=asked)
    assert faults(refused) == {
        ("/client.custom.teir", "undefined_field"),
        ("/client.custom.size", "undefined_field"),
        ("/project.custom.size.contains", "operator"),
        ("/project.custom.size.lt", "type"),
        ("/custom.tier", "undefined_field"),
    }
    messages = " ".join(each["message"] for each in refused.json()["errors"])
    assert "Did you mean client.custom.tier?" in messages


async def test_what_one_may_not_see_cannot_be_found_out_by_asking(given: Given, callers: Callers):
    await given.a_field("margin", "integer", read_roles=["manager"], applies_to=["client"])
    client = await given.a_client(custom_fields={"margin": 7})
    await given.a_project("Web", client_id=client["id"])
    member, manager = await callers.a("member"), await callers.a("manager")
    for path, asked in (
        ("clients", {"custom.margin.gt": "1"}),
        ("projects", {"client.custom.margin.gt": "1"}),
        ("tasks", {"client.custom.margin.like": "1"}),
    ):
        (name,) = asked
        assert await refusal(member, path, **asked) == {(f"/{name}", "undefined_field")}
    assert await refusal(member, "clients", sort="custom.margin") == {("/sort", "undefined_field")}
    assert await found(manager, "projects", **{"client.custom.margin.gt": "1"}) == ["Web"]
    body = {"name": "Narrow", "scopes": ["projects:read"]}
    token = (await manager.post("/tokens", json=body)).json()["token"]
    narrow = await manager.get(
        "/projects?client.custom.margin=7", headers={"Authorization": f"Bearer {token}"}
    )
    assert (narrow.status_code, narrow.json()["scopes"]) == (403, ["clients:read"])


async def test_questions_take_no_statement_of_their_own(
    api: AsyncClient, given: Given, database: Database
):
    await a_company(given)
    query = "custom.size.in=a,b&custom.size.ne=x&project.custom.tier.contains=e"
    for path, statements_of_its_own in (
        (f"/tasks?{query}&client.custom.tier=gold&client.custom.size.is_set=false", 2),
        ("/time-entries?client.custom.tier=gold&project.custom.tier=Red", 1),
    ):
        await api.get(path)
        expected = AUTHENTICATION + statements_of_its_own
        assert await count(database, api, "GET", path) == expected


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "asked",
    [
        "custom.tier=gold",
        "custom.tier.in=gold,tin",
        "custom.labels=gold",
        "custom.labels.in=gold,0",
    ],
)
async def test_equality_is_looked_up_in_the_index_of_all_values(
    api: AsyncClient, given: Given, database: Database, asked: str
):
    await given.a_field("tier")
    await given.a_field("labels", "multi_choice", choices=CHOICES)
    with statements(database) as sent:
        assert (await api.get(f"/clients?{asked}")).is_success
    [counting] = [each for each in sent if each.startswith("SELECT count(*)")]
    async with database.engines.writing.begin() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await connection.exec_driver_sql(f"EXPLAIN {counting}", counting.parameters)
        assert "ix_clients_custom_fields" in "\n".join(plan.scalars())
