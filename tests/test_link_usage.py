from typing import Any

from httpx import AsyncClient

from callers import Callers
from elsewhere import another_process, left_behind
from given import Given
from test_statements import statements
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings

ERP = "https://erp.example/"


async def usage(api: AsyncClient, template: dict[str, Any]) -> dict[str, Any]:
    response = await api.get(f"/link-templates/{template['id']}/usage")
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_records_with_and_without_a_link_are_counted_per_template(
    api: AsyncClient, given: Given
):
    types = ["client", "project", "task", "time_entry"]
    field = await given.a_field("note", "long_text", applies_to=types)
    plain = await given.a_template("note", ERP + "{value}", name="Plain", applies_to=types)
    named = await given.a_template(
        "note", ERP + "{value}?c={client.name}&p={project.code}", name="Named", applies_to=types[1:]
    )
    fine, broken = {"note": "a b"}, {"note": "a\nb"}
    client = await given.a_client("Acme", custom_fields=broken)
    await given.a_client("Without")
    project = await given.a_project(client_id=client["id"], code="P", custom_fields=fine)
    bare = await given.a_project("Bare", client_id=client["id"], custom_fields=fine)
    task = await given.a_task(project_id=project["id"], custom_fields=fine)
    entry = await given.an_entry(client_id=client["id"], custom_fields=fine)
    await given.an_entry(task_id=task["id"], custom_fields=fine)

    def why(record: dict[str, Any], name: str, reason: str) -> dict[str, Any]:
        return {"entity_type": name, "id": record["id"], "reason": reason}

    expected = [
        {
            "id": named["id"],
            "name": "Named",
            "links": 3,
            "broken": 2,
            "samples": [
                why(bare, "project", "missing_value"),
                why(entry, "time_entry", "missing_value"),
            ],
        },
        {
            "id": plain["id"],
            "name": "Plain",
            "links": 5,
            "broken": 1,
            "samples": [why(client, "client", "control_characters")],
        },
    ]
    assert [await usage(api, named), await usage(api, plain)] == expected
    of_field = await api.get(f"/custom-field-definitions/{field['id']}/usage")
    assert of_field.json()["link_templates"] == expected


async def test_one_value_of_several_that_becomes_a_link_is_enough(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("note")
    template = await given.a_template("note", ERP + "{value}")
    fine, broken, nothing = [await given.a_client(name) for name in ("A", "B", "C")]
    await left_behind(database, fine, note=[{"a": 1}, "b"])
    await left_behind(database, broken, note=[{"a": 1}, ".."])
    await left_behind(database, nothing, note=None)
    found = await usage(api, template)
    assert (found["links"], found["broken"]) == (1, 1)
    assert found["samples"] == [
        {"entity_type": "client", "id": broken["id"], "reason": "dot_segment"}
    ]


async def test_attributes_have_templates_whose_links_are_counted_as_well(
    api: AsyncClient, given: Given
):
    template = await given.a_template(
        "project.code", ERP + "{value}", applies_to=["project", "time_entry"]
    )
    project = await given.a_project(code="..")
    await given.a_project("Other", code="P")
    await given.a_project("Without")
    await given.an_entry(project_id=project["id"])
    await given.an_entry()
    found = await usage(api, template)
    assert (found["links"], found["broken"]) == (1, 2)
    assert {(each["entity_type"], each["reason"]) for each in found["samples"]} == {
        ("project", "dot_segment"),
        ("time_entry", "dot_segment"),
    }


async def test_a_template_whose_scheme_is_no_longer_allowed_is_broken_as_a_whole(
    api: AsyncClient, given: Given, settings: Settings
):
    await given.a_field("number", "phone")
    template = await given.a_template("number", "tel:{value}")
    client = await given.a_client(custom_fields={"number": "+32 2 555"})
    await given.a_client("Without")
    assert (await usage(api, template))["links"] == 1
    async with another_process(settings, api, link_schemes=["https"]) as narrow:
        found = await usage(narrow, template)
    assert (found["links"], found["broken"]) == (0, 1)
    assert found["samples"] == [{"entity_type": "client", "id": client["id"], "reason": "scheme"}]


async def test_many_records_take_no_more_statements_than_few(
    api: AsyncClient, given: Given, database: Database
):
    types = ["client", "project", "task", "time_entry"]
    await given.a_field("note", applies_to=types)
    template = await given.a_template("note", ERP + "{value}/{client.name}", applies_to=types)
    await usage(api, template)
    sent: list[int] = []
    for number in range(2):
        for each in range(12 * number):
            await given.a_client(f"Client {each}", custom_fields={"note": ".."})
        with statements(database) as seen:
            found = await usage(api, template)
        assert (found["broken"], len(found["samples"])) == (12 * number, 10 * number)
        sent.append(len(seen))
    assert sent[0] == sent[1]


async def test_only_those_who_define_templates_see_what_becomes_of_them(
    callers: Callers, given: Given, api: AsyncClient
):
    template = await given.a_template("client.id", ERP + "{value}")
    for role in ("manager", "member", "viewer"):
        who = await callers.a(role)
        refused = await who.get(f"/link-templates/{template['id']}/usage")
        assert (refused.status_code, refused.json()["scopes"]) == (403, ["link_templates:write"])
    assert (await api.get(f"/link-templates/{template['id'] + 1}/usage")).status_code == 404
