"""Links on records of every type, alone and in lists: the same, in order, and at no extra cost."""

from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given
from test_statements import statements
from timetracker_api.db.session import Database

ERP = "https://erp.example/"
PLACES = {
    "client": "/clients",
    "project": "/projects",
    "task": "/tasks",
    "time_entry": "/time-entries",
}
TYPES = list(PLACES)
CHOICES = [{"value": each, "label": each.upper()} for each in ("b", "a", "..")]


async def one_of_each(given: Given, name: str = "Acme", **values: Any) -> dict[str, dict[str, Any]]:
    client = await given.a_client(name, **values)
    project = await given.a_project(name, client_id=client["id"], code=name, **values)
    task = await given.a_task(name, project_id=project["id"], **values)
    entry = await given.an_entry(task_id=task["id"], **values)
    return {"client": client, "project": project, "task": task, "time_entry": entry}


async def shown(api: AsyncClient, name: str, record: dict[str, Any]) -> dict[str, list[str]]:
    """Return the links of a record, which are the same wherever it is shown."""
    one = (await api.get(f"{PLACES[name]}/{record['id']}")).json()["custom_field_links"]
    listed = (await api.get(PLACES[name])).json()["items"]
    assert [each["custom_field_links"] for each in listed if each["id"] == record["id"]] == [one]
    assert record["custom_field_links"] == one
    return {key: [link["url"] for link in links] for key, links in one.items()}


@pytest.mark.parametrize("name", TYPES)
async def test_several_templates_of_a_field_make_links_in_their_order(
    api: AsyncClient, given: Given, name: str
):
    await given.a_field("debtor", applies_to=TYPES)
    await given.a_field("places", "multi_choice", applies_to=TYPES, choices=CHOICES)
    for called, position in (("Z", 1), ("B", 2), ("A", 1)):
        url = ERP + called + "/{value}/{client.id}"
        await given.a_template("debtor", url, name=called, position=position, applies_to=TYPES)
        await given.a_template("places", url, name=called, position=position, applies_to=TYPES)
    values = {"debtor": "1", "places": ["b", "..", "a"]}
    records = await one_of_each(given, custom_fields=values)
    id = records["client"]["id"]
    assert await shown(api, name, records[name]) == {
        "debtor": [f"{ERP}{each}/1/{id}" for each in "AZB"],
        "places": [f"{ERP}{each}/{value}/{id}" for each in "AZB" for value in "ba"],
    }


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("client", ["client.id", "client.name"]),
        ("project", ["client.id", "client.name", "project.id", "project.code", "project.name"]),
        ("task", ["client.name", "project.code", "project.name", "task.id", "task.name"]),
        ("time_entry", ["client.name", "project.code", "task.name", "time_entry.id", "user.id"]),
    ],
)
async def test_attributes_of_a_record_and_those_above_it_become_links(
    api: AsyncClient, given: Given, name: str, attributes: list[str]
):
    for attribute in attributes:
        url = f"{ERP}{attribute}/{{value}}/{{{attribute}}}"
        await given.a_template(attribute, url, applies_to=[name])
    records = await one_of_each(given, "Ä B")
    me = (await api.get("/users/me")).json()["id"]
    known = {f"{each}.id": record["id"] for each, record in records.items()} | {"user.id": me}
    for each in ("client.name", "project.name", "project.code", "task.name"):
        known[each] = "%C3%84%20B"
    assert await shown(api, name, records[name]) == {
        each: [f"{ERP}{each}/{known[each]}/{known[each]}"] for each in attributes
    }


@pytest.mark.parametrize("name", TYPES)
async def test_a_record_without_a_value_has_no_link(api: AsyncClient, given: Given, name: str):
    await given.a_field("debtor", applies_to=TYPES)
    await given.a_template("debtor", ERP + "{client.id}", applies_to=TYPES)
    with_value = await one_of_each(given, "With", custom_fields={"debtor": "1"})
    without = await one_of_each(given, "Without")
    links = await shown(api, name, with_value[name])
    assert links == {"debtor": [f"{ERP}{with_value['client']['id']}"]}
    assert await shown(api, name, without[name]) == {}


@pytest.mark.parametrize("name", TYPES)
async def test_links_in_lists_cost_one_statement_at_most_and_none_once_they_are_known(
    api: AsyncClient, given: Given, database: Database, name: str
):
    await given.a_field("debtor", applies_to=TYPES)

    async def sent() -> Sequence[str]:
        with statements(database) as seen:
            assert (await api.get(PLACES[name])).is_success
        return seen

    for number in range(3):
        await one_of_each(given, f"Number {number}", custom_fields={"debtor": "1"})
    await sent()
    without = await sent()
    for number in range(10):
        url = f"{ERP}{number}/{{value}}/{{client.name}}"
        await given.a_template("debtor", url, applies_to=TYPES)
    first = [each for each in await sent() if "link_templates" in each]
    assert len(first) == 1
    assert len(await sent()) == len(without)


async def test_a_template_that_names_a_hidden_field_does_not_exist_for_those_who_do_not_see_it(
    callers: Callers, given: Given
):
    await given.a_field("debtor", applies_to=TYPES)
    await given.a_field("secret", applies_to=TYPES, read_roles=["manager"])
    await given.a_field("secret_site", "url", applies_to=TYPES, read_roles=["manager"])
    await given.a_field("elsewhere", applies_to=["project"], read_roles=["manager"])
    plain = await given.a_template("debtor", ERP + "{value}", applies_to=TYPES)
    hidden = [
        await given.a_template("secret", ERP + "{value}", applies_to=TYPES),
        await given.a_template("secret", ERP + "{client.id}", applies_to=TYPES),
        await given.a_template("debtor", ERP + "{value}/{custom.secret}", applies_to=TYPES),
        await given.a_template("debtor", ERP + "{value}/{custom.elsewhere}", applies_to=TYPES),
    ]
    values = {"debtor": "1", "secret": "s3cret", "secret_site": "https://s3cret.example/"}
    records = await one_of_each(given, custom_fields=values)
    viewer, manager = await callers.a("viewer"), await callers.a("manager")
    assert len((await manager.get("/link-templates")).json()["items"]) == 5
    assert (await viewer.get("/link-templates")).json()["items"] == [plain]
    for template in hidden:
        path = f"/link-templates/{template['id']}"
        assert (await viewer.get(path)).status_code == 404
        assert (await manager.get(path)).status_code == 200
    for name, record in records.items():
        for path in (PLACES[name], f"{PLACES[name]}/{record['id']}"):
            answer = await viewer.get(path)
            assert "s3cret" not in answer.text
            seen = answer.json()["items"][0] if path == PLACES[name] else answer.json()
            links = {
                key: [link["url"] for link in each]
                for key, each in seen["custom_field_links"].items()
            }
            assert links == {"debtor": [ERP + "1"]}
        links = (await manager.get(f"{PLACES[name]}/{record['id']}")).json()["custom_field_links"]
        assert {"debtor", "secret", "secret_site"} == links.keys()
        assert len(links["secret"]) == 2
