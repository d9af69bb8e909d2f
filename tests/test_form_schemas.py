from typing import Any

from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from schemas import reader
from timetracker_api.custom_fields.forms.faces import FACES
from timetracker_api.custom_fields.kinds import KINDS

SCHEMA = "/custom-fields/schema/client"
CHOICES = [
    {"value": "gold", "label": "Gold", "color": "#ffd700"},
    {"value": "old", "label": "Old", "is_active": False},
]


async def properties(api: AsyncClient, purpose: str = "create") -> dict[str, Any]:
    response = await api.get(SCHEMA, params={"for": purpose})
    assert response.status_code == 200, response.text
    return response.json()["properties"]


def test_every_kind_has_a_face():
    assert FACES.keys() == KINDS.keys()


async def test_a_schema_says_what_forms_need(api: AsyncClient, given: Given):
    await given.a_field("remarks", "long_text", position=2, group="More")
    defined = await given.a_field(
        "debtor_number",
        pattern=r"\d{4,10}",
        position=1,
        is_mandatory=True,
        placeholder="10042",
        description="As in the ERP.",
    )
    await given.a_field("other", applies_to=["project"])
    schema = (await api.get(SCHEMA)).json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("/api/v1/custom-fields/schema/client?for=create&version=")
    assert list(schema["properties"]) == ["debtor_number", "remarks"]
    assert schema["required"] == ["debtor_number"]
    assert schema["additionalProperties"] is False
    number = schema["properties"]["debtor_number"]
    assert (number["title"], number["description"]) == ("Debtor number", "As in the ERP.")
    assert (number["type"], number["pattern"]) == ("string", "^(?:[0-9]{4,10})$")
    assert number["examples"] == ["10042"]
    assert number["x-timetracker"] == {
        "id": defined["id"],
        "kind": "text",
        "group": None,
        "position": 1,
        "widget": "text",
        "unique": False,
        "operators": list(KINDS["text"].operators),
        "sortable": True,
        "left_to_server": [],
    }


async def test_every_kind_has_a_schema_for_every_purpose(api: AsyncClient, given: Given):
    for kind in KINDS:
        choices = {"choices": CHOICES} if "choices" in KINDS[kind].constraints else {}
        await given.a_field(f"a_{kind}", kind, **choices)
    for purpose in ("create", "update", "read"):
        schema = (await api.get(SCHEMA, params={"for": purpose})).json()
        accepts = reader(schema)
        examples = {k: each["examples"][0] for k, each in schema["properties"].items()}
        accepts.validate(examples)
    examples["a_user"] = (await api.get("/users/me")).json()["id"]
    shown = (await given.a_client(custom_fields=examples))["custom_fields"]
    reader((await api.get(SCHEMA, params={"for": "read"})).json()).validate(shown)


async def test_a_mandatory_field_with_a_default_is_not_required(api: AsyncClient, given: Given):
    await given.a_field("tier", is_mandatory=True, default="gold")
    schema = (await api.get(SCHEMA)).json()
    assert schema["required"] == []
    assert schema["properties"]["tier"]["default"] == "gold"
    changing = (await api.get(SCHEMA, params={"for": "update"})).json()
    assert "required" not in changing
    assert "default" not in changing["properties"]["tier"]


async def test_a_choice_that_is_no_longer_offered_is_shown_and_not_offered(
    api: AsyncClient, given: Given
):
    await given.a_field("tier", "choice", choices=CHOICES)
    gold, none = {"const": "gold", "title": "Gold"}, {"const": None, "type": "null", "title": "-"}
    old = {"const": "old", "title": "Old", "deprecated": True}
    offered, changing, shown = [
        (await properties(api, purpose))["tier"] for purpose in ("create", "update", "read")
    ]
    assert offered["oneOf"] == [none, gold]
    assert changing["oneOf"] == [none, gold, old]
    assert changing["x-timetracker"]["left_to_server"] == ["inactive_choice"]
    assert shown["oneOf"] == [gold, old]
    assert shown["x-timetracker"]["colors"] == {"gold": "#ffd700"}


async def test_a_record_may_hold_what_nothing_defines(api: AsyncClient, given: Given):
    await given.a_field("tier", min_length=3)
    schema = (await api.get(SCHEMA, params={"for": "read"})).json()
    assert "required" not in schema
    assert reader(schema).is_valid({"tier": "a", "left_behind": {"by": "another system"}})


async def test_what_others_look_after_is_read_only(given: Given, callers: Callers):
    await given.a_field("audited", write_roles=["admin"], is_mandatory=True, default="no")
    manager = await callers.a("manager")
    creating = (await manager.get(SCHEMA)).json()
    assert creating["properties"]["audited"]["readOnly"] is True
    assert "default" not in creating["properties"]["audited"]
    assert creating["required"] == []
    assert reader(creating).is_valid({"audited": None})
    assert not reader(creating).is_valid({"audited": "yes"})
    changing = (await manager.get(SCHEMA, params={"for": "update"})).json()
    assert reader(changing).is_valid({"audited": "no"})
    vendor = changing["properties"]["audited"]["x-timetracker"]
    assert vendor["left_to_server"] == ["read_only"]


async def test_a_hidden_field_is_in_no_schema(api: AsyncClient, given: Given, callers: Callers):
    await given.a_field("tier")
    await given.a_field("margin", "decimal", read_roles=["manager"])
    member, manager = await callers.a("member"), await callers.a("manager")
    seen = [await who.get(SCHEMA) for who in (api, manager, member)]
    assert [list(each.json()["properties"]) for each in seen] == [
        ["margin", "tier"],
        ["margin", "tier"],
        ["tier"],
    ]
    assert len({each.headers["etag"] for each in seen}) == 3


async def test_who_has_the_schema_is_told_so_until_a_definition_changes(
    api: AsyncClient, given: Given
):
    field = await given.a_field("tier")
    for path in (SCHEMA, f"{SCHEMA}?for=update", f"{SCHEMA}/ui", f"{SCHEMA}/ui?format=rjsf"):
        first = await api.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        seen = {"If-None-Match": first.headers["etag"]}
        again = await api.get(path, headers=seen)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == "private, no-cache"
        label = {"label": f"Seen at {path}"}
        await api.patch(f"/custom-field-definitions/{field['id']}", json=label)
        changed = await api.get(path, headers=seen)
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]


async def test_every_schema_has_a_name_and_a_tag_of_its_own(api: AsyncClient, given: Given):
    await given.a_field("tier", applies_to=["client", "task"])
    answers = [
        await api.get(f"/custom-fields/schema/{of}", params={"for": purpose})
        for of in ("client", "project", "task", "time_entry")
        for purpose in ("create", "update", "read")
    ]
    assert len({each.headers["etag"] for each in answers}) == len(answers)
    assert len({each.json()["$id"] for each in answers}) == len(answers)


async def test_what_there_is_not_is_refused(api: AsyncClient, callers: Callers):
    assert faults(await api.get("/custom-fields/schema/tag")) == {("/entity_type", "not_a_choice")}
    assert faults(await api.get(f"{SCHEMA}?for=delete")) == {("/for", "not_a_choice")}
    assert faults(await api.get(f"{SCHEMA}/ui?format=html")) == {("/format", "not_a_choice")}
    without = await callers.a("admin", "clients:read")
    assert (await without.get(SCHEMA)).status_code == 403
