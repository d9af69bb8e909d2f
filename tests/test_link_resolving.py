"""From a link back to its record: whatever a template makes of a value, pasting it finds both."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import example
from hypothesis import given as supposing
from hypothesis import strategies as st

from callers import Callers
from elsewhere import left_behind
from given import Given, faults
from test_statements import AUTHENTICATION, count
from test_template_language import GOOD, bounded, read
from timetracker_api.db.session import Database
from timetracker_api.link_templates.inverse import Inverse, normal
from timetracker_api.link_templates.template import NoLink

ERP = "https://erp.example/"
TYPES = ["client", "project", "task", "time_entry"]


async def resolve(api: AsyncClient, url: str) -> list[dict[str, Any]]:
    response = await api.get("/link-templates/resolve", params={"url": url})
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def found(api: AsyncClient, url: str) -> list[int]:
    return [each["id"] for each in await resolve(api, url)]


async def test_a_link_leads_back_to_its_record(api: AsyncClient, given: Given):
    await given.a_field("debtor")
    template = await given.a_template("debtor", ERP + "d/{value}", name="In the ERP")
    client = await given.a_client(custom_fields={"debtor": "D 1/2"})
    await given.a_client("Other", custom_fields={"debtor": "D 1"})
    assert await resolve(api, client["custom_field_links"]["debtor"][0]["url"]) == [
        {
            "entity_type": "client",
            "id": client["id"],
            "name": "Acme",
            "template_id": template["id"],
            "template_name": "In the ERP",
            "field_key": "debtor",
            "value": "D 1/2",
        }
    ]
    for nothing in ("d/D", "d/D%201%2F2/", "d/D%201/2", "d/", "", "d/d%201%2F2", "?d=D%201%2F2"):
        assert await resolve(api, ERP + nothing) == [], nothing


@pytest.mark.parametrize(
    ("template", "pasted"),
    [
        (ERP + "{value}", " https://ERP.Example:443/a%20%c3%a9%7e\n"),
        (ERP + "{value}", "HTTPS://erp.example/%61%20é~"),
        (ERP + "%7E/{value}", ERP + "~/a%20%C3%A9~"),
        ("https://ERP.Example?q={value}", ERP + "?q=a%20%C3%A9~"),
        ("https://erp.example#{value}", ERP + "#a é~"),
        ("http://erp.example:80/{value}", "http://erp.example/a%20%C3%A9~"),
    ],
)
async def test_how_an_address_is_written_does_not_matter(
    api: AsyncClient, given: Given, template: str, pasted: str
):
    await given.a_field("debtor")
    await given.a_template("debtor", template)
    client = await given.a_client(custom_fields={"debtor": "a é~"})
    assert await found(api, pasted) == [client["id"]]
    assert await found(api, pasted.replace("~", "~~").replace("%7e", "%7e~")) == []


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ({"kind": "integer"}, 0),
        ({"kind": "integer"}, -(2**53) + 1),
        ({"kind": "boolean"}, False),
        ({"kind": "boolean"}, True),
        ({"kind": "decimal"}, "1.5"),
        ({"kind": "date"}, "2026-01-31"),
        ({"kind": "datetime"}, "2026-01-31T10:00:00+01:00"),
        ({"kind": "email"}, "jörg+x@köln.example"),
        ({"kind": "phone"}, "+49 (30) 12-34"),
        ({"kind": "url"}, "https://a.example/?b=c#d"),
        ({"kind": "duration"}, 90),
        ({"kind": "choice", "choices": [{"value": "a%2F b", "label": "A"}]}, "a%2F b"),
        ({"kind": "multi_choice", "choices": [{"value": "a", "label": "A"}]}, ["a"]),
        *(({"kind": "text"}, each) for each in ("true", "5", "007", "1.50", "'\"<\\>`|^", "%2541")),
        *(
            ({"kind": "text"}, each)
            for each in ("1&admin=true#x", "{client.name}", "😀 + ٪", "...")
        ),
    ],
    ids=ascii,
)
async def test_every_value_is_found_on_every_type_of_record(
    api: AsyncClient, given: Given, definition: dict[str, Any], value: object
):
    await given.a_field("field", **definition, applies_to=TYPES)
    again = "" if isinstance(value, list) else "?again={custom.field}"
    await given.a_template("field", ERP + "{value}-{client.id}" + again, applies_to=TYPES)
    values: dict[str, Any] = {"custom_fields": {"field": value}}
    client = await given.a_client(**values)
    project = await given.a_project(client_id=client["id"], **values)
    task = await given.a_task(project_id=project["id"], **values)
    entry = await given.an_entry(task_id=task["id"], **values)
    other = await given.a_client("Other", **values)
    link = entry["custom_field_links"]["field"][-1]["url"]
    assert [(each["entity_type"], each["id"]) for each in await resolve(api, link)] == [
        ("client", client["id"]),
        ("project", project["id"]),
        ("task", task["id"]),
        ("time_entry", entry["id"]),
    ]
    assert await found(api, other["custom_field_links"]["field"][-1]["url"]) == [other["id"]]


async def test_every_attribute_leads_back(api: AsyncClient, given: Given):
    names = ["client.id", "client.name", "project.id", "project.code", "project.name"]
    names += ["task.id", "task.name", "user.id", "time_entry.id"]
    for name in names:
        url = f"{ERP}{name}/{{value}}/{{{name}}}"
        await given.a_template(name, url, applies_to=["time_entry"])
    client = await given.a_client("Ä/B")
    project = await given.a_project("1-2", client_id=client["id"], code="C.D")
    task = await given.a_task("true", project_id=project["id"])
    entry = await given.an_entry(task_id=task["id"])
    await given.an_entry()
    assert set(entry["custom_field_links"]) == set(names)
    for name, [link] in entry["custom_field_links"].items():
        expected = 2 if name == "user.id" else 1
        assert len(await found(api, link["url"])) == expected, name
    for nonsense in ("0", "-1", "9" * 19, "9" * 400, "x", "1.0", "%31%00", "٣"):
        assert await found(api, f"{ERP}client.id/{nonsense}/{nonsense}") == []


async def test_a_telephone_link_finds_the_number_however_it_is_written(
    api: AsyncClient, given: Given
):
    await given.a_field("number", "phone")
    await given.a_template("number", "tel:{value}")
    numbers = ("+49 (30) 12-34", "+49301234", "+49 30/1234")
    clients = [await given.a_client(each, custom_fields={"number": each}) for each in numbers]
    await given.a_client("Other", custom_fields={"number": "+49 30 12345"})
    assert await found(api, "tel:+49301234") == [each["id"] for each in clients]
    assert await found(api, "TEL:+49301234 ") == [each["id"] for each in clients]
    assert await found(api, "tel:+49-30-1234") == []


async def test_a_mail_link_finds_the_address(api: AsyncClient, given: Given):
    await given.a_field("mail", "email")
    await given.a_template("mail", "mailto:{value}?subject=Hi%20{client.name}")
    client = await given.a_client("A & B", custom_fields={"mail": "ann+x@acme.example"})
    assert await found(api, "mailto:ann%2bx@acme.example?subject=Hi%20A%20%26%20B") == [
        client["id"]
    ]


async def test_a_url_is_found_by_itself(api: AsyncClient, given: Given):
    await given.a_field("site", "url", label="Their site")
    client = await given.a_client(custom_fields={"site": "https://Acme.example/a?b=ü"})
    root = await given.a_client("Root", custom_fields={"site": "https://root.example"})
    [item] = await resolve(api, " https://Acme.example/a?b=ü")
    assert (item["id"], item["template_id"]) == (client["id"], None)
    assert (item["template_name"], item["field_key"]) == ("Their site", "site")
    assert item["value"] == "https://Acme.example/a?b=ü"
    assert await found(api, "HTTPS://root.example:443/") == [root["id"]]
    assert await found(api, "https://acme.example/") == []


async def test_what_an_older_system_left_behind_is_found_by_its_link(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("debtor")
    await given.a_template("debtor", ERP + "{value}")
    client = await given.a_client()
    for value in (5, 0.5, True, [1, "b"], ["b", {"a": 1}]):
        await left_behind(database, client, debtor=value)
        links = (await api.get(f"/clients/{client['id']}")).json()["custom_field_links"]["debtor"]
        for link in links:
            assert await found(api, link["url"]) == [client["id"]], value


async def test_only_records_that_the_caller_may_see_are_found(callers: Callers, given: Given):
    await given.a_template("client.id", ERP + "{value}", applies_to=TYPES)
    client = await given.a_client()
    project = await given.a_project(client_id=client["id"])
    task = await given.a_task(project_id=project["id"])
    url = f"{ERP}{client['id']}"
    theirs = await given.an_entry(task_id=task["id"])

    async def types(who: AsyncClient) -> list[str]:
        return [each["entity_type"] for each in await resolve(who, url)]

    member = await callers.a("member")
    assert await types(member) == TYPES[:3]
    own = await Given(member).an_entry(task_id=task["id"])
    assert await types(member) == TYPES
    assert own["id"] in await found(member, url)
    assert theirs["id"] not in (await found(member, url))[3:]
    viewer = await callers.a("viewer")
    assert await types(viewer) == [*TYPES, "time_entry"]
    narrow = await callers.a("admin", "link_templates:read", "projects:read")
    assert await types(narrow) == ["project"]
    nothing = await callers.a("admin", "clients:read")
    refused = await nothing.get("/link-templates/resolve", params={"url": url})
    assert refused.status_code == 403


async def test_what_is_not_active_or_hidden_finds_nothing(
    api: AsyncClient, callers: Callers, given: Given
):
    field = await given.a_field("debtor")
    site = await given.a_field("site", "url")
    template = await given.a_template("debtor", ERP + "{value}")
    values = {"debtor": "1", "site": "https://a.example/"}
    client = await given.a_client(custom_fields=values)
    member = await callers.a("member")

    async def both(who: AsyncClient) -> list[list[int]]:
        return [await found(who, ERP + "1"), await found(who, values["site"])]

    seen = [[client["id"]], [client["id"]]]
    nothing: list[list[int]] = [[], []]
    changes: list[dict[str, Any]] = [{"read_roles": ["manager"]}, {"is_active": False}]
    undone: dict[str, Any] = {"read_roles": [], "is_active": True}
    for change in changes:
        assert await both(member) == await both(api) == seen
        for each in (field, site):
            await api.patch(f"/custom-field-definitions/{each['id']}", json=change)
        assert await both(member) == nothing
        assert await both(api) == (seen if "is_active" not in change else nothing)
        for each in (field, site):
            await api.patch(f"/custom-field-definitions/{each['id']}", json=undone)
    await api.patch(f"/link-templates/{template['id']}", json={"is_active": False})
    assert await both(api) == [[], seen[1]]


async def test_it_takes_one_statement_per_type_of_record_and_finds_fifty(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("debtor", applies_to=TYPES)
    for number in range(10):
        await given.a_template("debtor", ERP + "{value}?" + str(number % 2), applies_to=TYPES)
    for number in range(11):
        await given.a_client(f"Client {number}", custom_fields={"debtor": "1"})
    path = "/link-templates/resolve?url=https://erp.example/1?0"
    assert len((await api.get(path)).json()["items"]) == 50
    assert await count(database, api, "GET", path) == AUTHENTICATION + len(TYPES)
    elsewhere = "/link-templates/resolve?url=https://other.example/1"
    assert await count(database, api, "GET", elsewhere) == AUTHENTICATION


@pytest.mark.parametrize(
    "rest",
    ["%00", "%ff", "%ed%a0%80", "%", "%4", "a%", "a" * 4000, "-" * 4000, "é" * 680, "?&=#/" * 100],
    ids=lambda rest: rest[:8],
)
async def test_a_hostile_address_finds_nothing(api: AsyncClient, given: Given, rest: str):
    await given.a_field("a")
    await given.a_template("a", ERP + "{value}-{client.name}-{client.id}{custom.a}-")
    await given.a_template("a", ERP + "{value}" * 250)
    await given.a_client("-", custom_fields={"a": "-"})
    assert await resolve(api, ERP + rest) == []


async def test_what_is_no_address_is_refused_or_finds_nothing(api: AsyncClient):
    path = "/link-templates/resolve"
    for nothing in (" ", "erp", "javascript:alert(1)", "https://", "x" * 4096, "'; --", "{value}"):
        assert await resolve(api, nothing) == []
    for url, code in (("", "min_length"), ("x" * 4097, "max_length"), ("\0", "control_characters")):
        assert faults(await api.get(path, params={"url": url})) == {("/url", code)}
    assert faults(await api.get(path)) == {("/url", "required")}


def captured(source: str, values: Mapping[str, object]) -> None:
    """Check that a link can be read as what it was made of."""
    template = read(source)
    try:
        link = normal(template.link(values))
    except NoLink:
        return
    assert normal(link) == link
    readings = Inverse(template).captures(link)
    assert readings is not None, link
    for name, each in readings.items():
        value = values[name]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        assert each is None or text in each or source.startswith("tel:"), (link, name)


@pytest.mark.parametrize(("source", "values", "_rest"), GOOD)
def test_every_link_of_a_good_template_can_be_read(
    source: str, values: Mapping[str, object], _rest: str
):
    template = read(source)
    readings = Inverse(template).captures(normal(template.link(values)))
    assert readings is not None
    assert readings.keys() == template.placeholders.keys()


NAMES: Sequence[str] = ("value", "client.name", "custom.a")
LITERALS = st.text("aZ09._~-/?&=#%", max_size=3).map(lambda each: each.replace("%", "%25"))
PLACES = st.sampled_from([f"{{{name}}}" for name in NAMES])
STARTS = st.sampled_from([ERP, "https://Erp.Example?q=", "http://e.example:80/%7e%41/", ERP + "a#"])
TEXTS = st.one_of(
    st.text(max_size=6), st.text("a.-~%2Fé/", max_size=6), st.integers(), st.booleans()
)


@bounded
@supposing(
    STARTS, st.lists(st.tuples(PLACES, LITERALS), min_size=1, max_size=5), TEXTS, TEXTS, TEXTS
)
@example(ERP, [("{value}", "-"), ("{client.name}", "-x")], "a-b", "c-d-", "")
@example(ERP, [("{value}", ""), ("{client.name}", "")], "%", "é%C3", "")
@example(ERP, [("{value}", "25"), ("{value}", "%25")], "%25", "", "")
def test_whatever_was_put_in_is_among_what_can_be_read(
    start: str, places: list[tuple[str, str]], value: object, name: object, other: object
):
    source = start + "".join(place + literal for place, literal in places)
    values = dict(zip(NAMES, (value, name, other), strict=True))
    try:
        read(source)
    except ValueError:
        return
    captured(source, values)
