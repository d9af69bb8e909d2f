from pathlib import Path
from typing import Any, get_args

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from test_template_language import HOSTILE
from timetracker_api.link_templates.template import Reason

PATH = "/link-templates/preview"
ERP = "https://erp.example/"
DOCS = Path(__file__).parent.parent / "docs" / "custom-fields.md"


async def preview(
    api: AsyncClient, url: str, field_key: str = "debtor", **more: Any
) -> list[dict[str, Any]]:
    body = {"url_template": url, "field_key": field_key, **more}
    response = await api.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_a_template_is_tried_on_the_latest_records_with_a_value_and_not_stored(
    api: AsyncClient, given: Given
):
    await given.a_field("debtor", "long_text")
    for number in range(11):
        await given.a_client(f"Client {number}", custom_fields={"debtor": f"D {number}"})
    broken = await given.a_client("Broken", custom_fields={"debtor": "a\nb"})
    await given.a_client("None")
    first, second, *others = await preview(api, ERP + "{value}?by={client.name}")
    assert first == {
        "entity_type": "client",
        "id": broken["id"],
        "name": "Broken",
        "value": "a\nb",
        "url": None,
        "reason": "control_characters",
    }
    assert (second["url"], second["reason"]) == (ERP + "D%2010?by=Client%2010", None)
    assert len(others) == 8
    assert (await api.get("/link-templates")).json()["items"] == []
    assert (await api.get(f"/clients/{broken['id']}")).json()["custom_field_links"] == {}


async def test_a_template_is_tried_where_its_field_is_unless_it_says_so(
    api: AsyncClient, given: Given
):
    await given.a_field("po", applies_to=["project"])
    await given.a_project(custom_fields={"po": "4711"})
    (shown,) = await preview(api, ERP + "{value}", "po")
    assert (shown["entity_type"], shown["url"]) == ("project", ERP + "4711")


async def test_what_is_shown_is_what_saving_the_template_shows_on_every_type_of_record(
    api: AsyncClient, given: Given
):
    types = ["client", "project", "task", "time_entry"]
    choices = [{"value": each, "label": each} for each in ("a b", "c", "..")]
    await given.a_field("places", "multi_choice", applies_to=types, choices=choices)
    values: dict[str, Any] = {"custom_fields": {"places": ["a b", "..", "c"]}}
    client = await given.a_client(**values)
    project = await given.a_project(client_id=client["id"], **values)
    task = await given.a_task(project_id=project["id"], **values)
    entry = await given.an_entry(task_id=task["id"], **values)
    url = ERP + "{value}/{client.id}"
    shown = await preview(api, url, "places", applies_to=types, name="Open", position=3)
    assert [(each["value"], each["reason"]) for each in shown] == [
        ("a b", None),
        ("..", "dot_segment"),
        ("c", None),
    ] * 4
    names = [(each["entity_type"], each["id"], each["name"]) for each in shown[::3]]
    assert names == [
        ("client", client["id"], "Acme"),
        ("project", project["id"], "Website"),
        ("task", task["id"], "Landing page"),
        ("time_entry", entry["id"], None),
    ]
    await given.a_template("places", url, applies_to=types)
    for name in types:
        [record] = (await api.get(f"/{name.replace('y', 'ie').replace('_', '-')}s")).json()["items"]
        made = [each["url"] for each in record["custom_field_links"]["places"]]
        tried = [each["url"] for each in shown if each["entity_type"] == name and each["url"]]
        assert made == tried


async def test_ten_records_are_tried_of_all_types_together(api: AsyncClient, given: Given):
    types = ["client", "project"]
    await given.a_field("debtor", applies_to=types)
    values = {"custom_fields": {"debtor": "1"}}
    for number in range(6):
        client = await given.a_client(f"Client {number}", **values)
        await given.a_project(f"Project {number}", client_id=client["id"], **values)
    shown = await preview(api, ERP + "{value}", applies_to=types)
    assert [each["entity_type"] for each in shown] == ["client"] * 6 + ["project"] * 4


async def test_named_records_are_tried_even_without_a_value(api: AsyncClient, given: Given):
    everywhere = ["client", "project"]
    await given.a_field("debtor", applies_to=everywhere)
    one = await given.a_client("One", custom_fields={"debtor": "1"})
    none = await given.a_client("None")
    await given.a_client("Other", custom_fields={"debtor": "2"})
    ids = [one["id"], none["id"], 999_999]
    shown = await preview(api, ERP + "{value}", entity_type="client", ids=ids)
    assert [(each["id"], each["url"], each["reason"]) for each in shown] == [
        (none["id"], None, "missing_value"),
        (one["id"], ERP + "1", None),
    ]
    only = await preview(api, ERP + "{value}", entity_type="project", applies_to=everywhere)
    assert only == []


@pytest.mark.parametrize(
    ("url", "values", "expected"),
    [
        (ERP + "{value}", {"value": "a/b"}, ERP + "a%2Fb"),
        (ERP + "{value}", {"custom.debtor": "a"}, ERP + "a"),
        (ERP + "{custom.debtor}", {"value": 0}, ERP + "0"),
        (ERP + "{value}/{client.name}", {"value": False, "client.name": "A"}, ERP + "false/A"),
        (ERP + "{value}/{client.name}", {"value": "a"}, "missing_value"),
        (ERP + "{value}", {"value": ""}, "missing_value"),
        (ERP + "{value}", {}, "missing_value"),
        (ERP + "{value}", {"value": {"a": 1}}, "not_a_scalar"),
        (ERP + "{value}", {"value": "a\u0000"}, "control_characters"),
        (ERP + "{value}", {"value": "%2e."}, "dot_segment"),
        (ERP + "{value}", {"value": "ü" * 1000}, "too_long"),
        (ERP + "{value}", {"value": "a" * 5000}, "too_long"),
        ("mailto:{value}", {"value": "a@b.example,c@d.example"}, "address"),
        ("tel:{value}", {"value": "ask Ann"}, "number"),
        ("tel:+49{value}", {"value": "-"}, "number"),
    ],
    ids=ascii,
)
async def test_made_up_values_become_a_link_or_say_why_not(
    api: AsyncClient, given: Given, url: str, values: dict[str, Any], expected: str
):
    await given.a_field("debtor")
    [shown] = await preview(api, url, values=values)
    assert (shown["entity_type"], shown["id"], shown["name"]) == (None, None, None)
    assert expected in (shown["url"], shown["reason"])
    assert None in (shown["url"], shown["reason"])


def test_every_reason_is_documented():
    text = DOCS.read_text()
    assert [reason for reason in get_args(Reason) if f"| `{reason}` |" not in text] == []


async def test_a_template_that_may_not_be_saved_is_refused_in_the_same_words(
    api: AsyncClient, given: Given
):
    await given.a_template("client.id", ERP + "{value}")
    for url, code, position in HOSTILE:
        if not 0 < len(url.strip()) == len(url) <= 2000 or not url.isprintable():
            continue  # the schema has another word for it
        body = {"url_template": url, "field_key": "client.id"}
        refused = await api.post(PATH, json=body)
        assert faults(refused) == {("/url_template", code)}, url
        saved = await api.post("/link-templates", json={**body, "name": "Open"})
        assert refused.json()["errors"] == saved.json()["errors"]
        assert f"(At position {position}.)" in refused.text
    unknown = {"url_template": ERP + "{custom.nope}", "field_key": "nope"}
    assert faults(await api.post(PATH, json=unknown)) == {
        ("/field_key", "undefined_field"),
        ("/url_template", "unknown_placeholder"),
    }


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"ids": [1]}, ("/entity_type", "required")),
        ({"entity_type": "task"}, ("/entity_type", "not_a_choice")),
        ({"entity_type": "planet"}, ("/entity_type", "not_a_choice")),
        ({"entity_type": "client", "values": {}}, ("/values", "invalid")),
        ({"values": {"task.id": 1}}, ("/values/task.id", "unknown_placeholder")),
        ({"values": {"__class__": 1}}, ("/values/__class__", "unknown_placeholder")),
        ({"entity_type": "client", "ids": []}, ("/ids", "min_length")),
        ({"entity_type": "client", "ids": [0]}, ("/ids/0", "minimum")),
        ({"entity_type": "client", "ids": [*range(1, 12)]}, ("/ids", "max_length")),
    ],
)
async def test_what_to_try_it_on_must_make_sense(
    api: AsyncClient, asked: dict[str, Any], fault: tuple[str, str]
):
    body = {"url_template": ERP + "{value}", "field_key": "client.id", **asked}
    assert faults(await api.post(PATH, json=body)) == {fault}


async def test_only_records_that_the_caller_may_see_are_tried(callers: Callers, given: Given):
    project = await given.a_project()
    await given.an_entry(project_id=project["id"])
    types = ["client", "project", "time_entry"]
    scopes = ["link_templates:write", "projects:read", "time_entries:read"]
    narrow = await callers.a("admin", *scopes)
    asked: dict[str, Any] = {"applies_to": types, "field_key": "client.id"}
    shown = await preview(narrow, ERP + "{value}", **asked)
    assert [each["entity_type"] for each in shown] == ["project"]
    wide = await callers.a("admin", *scopes, "time_entries:others")
    shown = await preview(wide, ERP + "{value}", **asked)
    assert [each["entity_type"] for each in shown] == ["project", "time_entry"]
    for role in ("manager", "member", "viewer"):
        body = {"url_template": ERP + "{value}", "field_key": "client.id"}
        assert (await (await callers.a(role)).post(PATH, json=body)).status_code == 403
