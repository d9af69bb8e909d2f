import json
from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from callers import Callers
from document import DOCUMENT
from given import Given
from terminal import On
from timetracker_api.api import PREFIX
from timetracker_api.custom_fields.forms.harmless import harmless, is_harmless

STATIC = "http://test/openapi.json"
LIVE = f"{STATIC}?live=true"
EVERYWHERE = ["client", "project", "task", "time_entry", "invoice"]

HOSTILE = [
    "*/ process.exit() /*",
    "**//**/",
    "`${process.exit()}`",
    "\\u002a\\u002f",
    'a""" + evil() + """',
    "''' x '''",
    "{{ 7 * 7 }} #{x} {% x %}",
    "</script><!-- -->",
    "a\nb\r\u2028c\td",
]


async def live(api: AsyncClient) -> dict[str, Any]:
    response = await api.get(LIVE)
    assert response.status_code == 200, response.text
    return response.json()


async def test_every_body_and_answer_is_typed(api: AsyncClient, given: Given):
    await given.a_field("amount", "decimal", applies_to=EVERYWHERE, is_mandatory=True)
    schemas = (await live(api))["components"]["schemas"]
    typed = {
        name: schema["properties"]["custom_fields"]["$ref"].rpartition("/")[2]
        for name, schema in schemas.items()
        if "custom_fields" in schema.get("properties", {}) and name != "LimitsRead"
    }
    assert (
        typed.items()
        >= {
            "ClientCreate": "ClientCustomFieldsCreate",
            "ClientUpdate": "ClientCustomFieldsUpdate",
            "ClientRead": "ClientCustomFieldsRead",
            "TimeEntryCreate": "TimeEntryCustomFieldsCreate",
            "TimerStart": "TimeEntryCustomFieldsStart",
        }.items()
    )
    assert len(typed) >= 14
    for component in typed.values():
        assert list(schemas[component]["properties"]) == ["amount"]
    assert "custom_fields" in schemas["ClientCreate"]["required"]
    assert "required" not in schemas["TimeEntryCustomFieldsStart"]


async def test_every_example_of_a_body_is_valid(api: AsyncClient, given: Given):
    await given.a_field("amount", "decimal", applies_to=EVERYWHERE, is_mandatory=True)
    document = await live(api)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                media = body.get("content", {}).get("application/json")
                if media is not None:
                    whole = {**media["schema"], "components": document["components"]}
                    validator = jsonschema_rs.Draft202012Validator(whole)
                    validator.validate(media["example"])
                    assert "debtor_number" not in json.dumps(
                        media["example"].get("custom_fields")
                    ), path


async def test_lists_name_the_filters_there_are(api: AsyncClient, given: Given):
    await given.a_field("tier", label="Tier", applies_to=["client"])
    document = await live(api)
    found = {
        each["name"]: each["description"]
        for each in document["paths"][f"{PREFIX}/clients"]["get"]["parameters"]
    }
    assert found["custom.tier"] == "Tier: has this value."
    assert found["custom.tier.is_set"] == "Tier: has a value at all."
    assert "custom.tier" not in str(document["paths"][f"{PREFIX}/projects"]["get"]["parameters"])
    for name in (each for each in found if each.startswith("custom.")):
        asked = {name: "true" if name.endswith("is_set") else "a"}
        assert (await api.get("/clients", params=asked)).status_code == 200, name


async def test_the_static_document_stays_what_it_is(
    app: FastAPI, given: Given, api: AsyncClient, callers: Callers
):
    before = deepcopy(app.openapi())
    await given.a_field("zugspitze", label="Zugspitze", group="Zugspitze")
    assert "zugspitze" in json.dumps(await live(api))
    assert app.openapi() == before
    served = await callers.nobody().get(STATIC)
    assert served.json() == DOCUMENT
    assert "zugspitze" not in served.text.casefold()
    seen = {"If-None-Match": served.headers["etag"]}
    assert (await callers.nobody().get(STATIC, headers=seen)).status_code == 304


async def test_it_says_where_the_api_is(app: FastAPI, api: AsyncClient):
    transport = ASGITransport(app, root_path="/time")
    async with AsyncClient(transport=transport, headers=api.headers) as behind_a_proxy:
        for address in (STATIC, LIVE):
            assert "servers" not in (await api.get(address)).json()
            document = await behind_a_proxy.get(address.replace("test/", "test/time/"))
            assert document.json()["servers"] == [{"url": "/time"}]


async def test_only_who_may_see_definitions_gets_it(callers: Callers):
    assert (await callers.nobody().get(LIVE)).status_code == 401
    without = await callers.a("admin", "clients:read")
    refused = await without.get(LIVE)
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["custom_fields:read"])
    assert (await (await callers.a("viewer", "custom_fields:read")).get(LIVE)).is_success


async def test_each_role_gets_its_own(api: AsyncClient, given: Given, callers: Callers):
    await given.a_field("margin", label="Zugspitze", read_roles=["manager"])
    member, manager = await callers.a("member"), await callers.a("manager")
    answers = [await who.get(LIVE) for who in (api, manager, member)]
    assert ["margin" in each.text for each in answers] == [True, True, False]
    assert ["Zugspitze" in each.text for each in answers] == [True, True, False]
    assert len({each.headers["etag"] for each in answers}) == 3


async def test_who_has_it_is_told_so_until_a_definition_changes(api: AsyncClient, given: Given):
    field = await given.a_field("tier")
    first = await api.get(LIVE)
    seen = {"If-None-Match": first.headers["etag"]}
    assert first.headers["cache-control"] == "private, no-cache"
    assert (await api.get(LIVE, headers=seen)).status_code == 304
    await api.patch(f"/custom-field-definitions/{field['id']}", json={"label": "Other"})
    assert (await api.get(LIVE, headers=seen)).status_code == 200


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_made_harmless(text: str):
    assert not is_harmless(text)
    said = harmless(text)
    assert is_harmless(said)
    assert harmless(said) == said
    for breaking in ("*/", "/*", "`", "${", "\\", '"', "''", "{{", "<", ">", "\n", "\u2028"):
        assert breaking not in said


def test_ordinary_text_is_left_alone():
    for text in ("Debtor number", "Größe (m²) / Stück *", "It's 5 % & more", "[0-9]{4,10}"):
        assert is_harmless(text)
    assert harmless("It's 5 % & more") == "It's 5 % & more"


async def test_nothing_that_people_write_breaks_out(api: AsyncClient, given: Given):
    for number, text in enumerate(each.split("\n", maxsplit=1)[0] for each in HOSTILE):
        said = {"label": text, "description": text, "placeholder": text, "group": text}
        await given.a_field(f"text_{number}", default=text, **said)
        choices = [{"value": text, "label": text}]
        await given.a_field(f"choice_{number}", "choice", choices=choices, **said)
    await given.a_field("number", pattern=r"\d{2}")
    await given.a_field("quoted", pattern="`[$]{2}`")
    document = await live(api)
    properties = document["components"]["schemas"]["ClientCustomFieldsCreate"]["properties"]
    assert properties["number"]["pattern"] == "^(?:[0-9]{2})?$"
    assert properties["quoted"]["x-timetracker"]["left_to_server"] == ["pattern"]
    for key, each in properties.items():
        names = ("title", "description", "default", "oneOf", "examples")
        told = {name: each.get(name) for name in names} | {"in": each["x-timetracker"]["group"]}
        assert is_harmless(json.dumps(told, ensure_ascii=False).replace('"', "")), key
    for each in document["paths"][f"{PREFIX}/clients"]["get"]["parameters"]:
        if each["name"].startswith("custom."):
            assert is_harmless(each["description"])


async def test_the_command_line_prints_it(given: Given, on: On):
    await given.a_field("tier", label="Zugspitze")
    fixed, lively = await on("openapi"), await on("openapi", "--live")
    assert (fixed.exit_code, lively.exit_code) == (0, 0), lively
    assert json.loads(fixed.stdout) == DOCUMENT
    schemas = json.loads(lively.stdout)["components"]["schemas"]
    assert schemas["ClientCustomFieldsRead"]["properties"]["tier"]["title"] == "Zugspitze"
