from typing import Any

import pytest
from httpx import AsyncClient, Response

from elsewhere import left_behind
from given import Given, faults
from timetracker_api.db.session import Database

CHOICES = [{"value": value, "label": value.upper()} for value in ("gold", "übrig", "0")]
INACTIVE = [*CHOICES, {"value": "tin", "label": "Tin", "is_active": False}]


async def find(api: AsyncClient, **filters: Any) -> Response:
    return await api.get(
        "/clients", params={f"custom.{key}": value for key, value in filters.items()}
    )


async def names(api: AsyncClient, **filters: Any) -> list[str]:
    found = await find(api, **filters)
    assert found.status_code == 200, found.text
    items = found.json()["items"]
    assert found.json()["total"] == len(items)
    return [each["name"] for each in items]


@pytest.mark.parametrize(
    ("definition", "stored", "sought"),
    [
        ({"kind": "text"}, "gold", ["gold", " gold "]),
        ({"kind": "text"}, "Ä 'x\" 100%_\\{}", ["Ä 'x\" 100%_\\{}"]),
        ({"kind": "text"}, "5", ["5"]),
        ({"kind": "text"}, "true", ["true"]),
        ({"kind": "text"}, "👩‍👩‍👧", ["👩‍👩‍👧"]),
        ({"kind": "text"}, '["a"]', ['["a"]']),
        ({"kind": "long_text"}, "a\nb", ["a\nb"]),
        ({"kind": "integer"}, 0, ["0", "-0", "00"]),
        ({"kind": "integer"}, 2**53 - 1, [str(2**53 - 1)]),
        ({"kind": "integer"}, -5, ["-5"]),
        ({"kind": "decimal"}, "5.00", ["5", "5.0", "5.00", "05"]),
        ({"kind": "decimal"}, "0.00", ["0", "-0", "0.00"]),
        ({"kind": "decimal", "scale": 0}, "12345678901234567", ["12345678901234567"]),
        ({"kind": "boolean"}, True, ["true"]),
        ({"kind": "boolean"}, False, ["false"]),
        ({"kind": "date"}, "2026-01-31", ["2026-01-31"]),
        (
            {"kind": "datetime"},
            "2026-01-31T09:00:00.000000Z",
            ["2026-01-31T09:00:00Z", "2026-01-31T10:00:00+01:00"],
        ),
        ({"kind": "url"}, "https://a.example/?b=c&d#e", ["https://a.example/?b=c&d#e"]),
        ({"kind": "email"}, "a@example.com", ["a@example.com", "a@EXAMPLE.com"]),
        ({"kind": "phone"}, "+32 2 555", ["+32 2 555"]),
        ({"kind": "choice", "choices": CHOICES}, "übrig", ["übrig"]),
        ({"kind": "choice", "choices": CHOICES}, "0", ["0"]),
        ({"kind": "multi_choice", "choices": CHOICES}, ["0", "gold"], ["gold", "0"]),
        ({"kind": "duration"}, 3600, ["3600"]),
    ],
)
async def test_a_value_is_found_by_every_way_of_writing_it(
    api: AsyncClient, given: Given, definition: dict[str, Any], stored: object, sought: list[str]
):
    await given.a_field("field", **definition)
    await given.a_client("Has it", custom_fields={"field": stored})
    await given.a_client("Has none")
    for text in sought:
        assert await names(api, field=text) == ["Has it"]


@pytest.mark.parametrize(
    ("kind", "stored", "others"),
    [
        ("text", "gold", ["Gold", "gol", "gold%", "gold*", "g_ld", "gold'--", "null"]),
        ("text", "é", ["e\u0301", "e", "É"]),
        ("integer", 1, ["0", "10", "-1", "2"]),
        ("decimal", "1.00", ["1.01", "-1", "10"]),
        ("boolean", True, ["false"]),
        ("boolean", False, ["true"]),
        ("date", "2026-01-31", ["2026-01-30"]),
        ("duration", 0, ["1"]),
        ("user", None, ["1", str(2**53 - 1), str(2**63 - 1)]),
    ],
)
async def test_another_value_is_not_found(
    api: AsyncClient, given: Given, kind: str, stored: object, others: list[str]
):
    await given.a_field("field", kind)
    await given.a_client(custom_fields={"field": stored})
    for text in others:
        assert await names(api, field=text) == []


async def test_a_user_is_found_by_id(api: AsyncClient, given: Given):
    await given.a_field("owner", "user")
    me = (await api.get("/users/me")).json()["id"]
    await given.a_client("Mine", custom_fields={"owner": me})
    await given.a_client("Nobody's")
    assert await names(api, owner=me) == ["Mine"]


async def test_several_filters_must_all_hold(api: AsyncClient, given: Given):
    await given.a_field("tier")
    await given.a_field("vip", "boolean")
    for name, tier, vip in (("A", "gold", True), ("B", "gold", False), ("C", "tin", True)):
        await given.a_client(name, custom_fields={"tier": tier, "vip": vip})
    assert await names(api, tier="gold", vip="true") == ["A"]
    assert await names(api, tier="tin", vip="false") == []
    both = await api.get("/clients?custom.tier=gold&search=b&limit=1")
    assert [each["name"] for each in both.json()["items"]] == ["B"]


async def test_the_next_page_keeps_the_filters(api: AsyncClient, given: Given):
    await given.a_field("tier")
    for name in ("A", "B", "C"):
        await given.a_client(name, custom_fields={"tier": "a&b" if name != "B" else "c"})
    first = await api.get("/clients", params={"custom.tier": "a&b", "limit": 1})
    assert first.json()["total"] == 2
    path = first.headers["link"].partition(">")[0].removeprefix("</api/v1")
    assert [each["name"] for each in (await api.get(path)).json()["items"]] == ["C"]


@pytest.mark.parametrize(
    ("definition", "text", "code"),
    [
        ({"kind": "integer"}, "x", "type"),
        ({"kind": "integer"}, "1.0", "type"),
        ({"kind": "integer"}, "1_000", "type"),
        ({"kind": "integer"}, "+1", "type"),
        ({"kind": "integer"}, " 1", "type"),
        ({"kind": "integer"}, "٣", "type"),
        ({"kind": "integer"}, "9" * 5000, "type"),
        ({"kind": "integer"}, str(2**53), "maximum"),
        ({"kind": "decimal"}, "1e2", "type"),
        ({"kind": "decimal"}, "NaN", "type"),
        ({"kind": "decimal"}, "1.005", "scale"),
        ({"kind": "boolean"}, "1", "type"),
        ({"kind": "boolean"}, "True", "type"),
        ({"kind": "date"}, "2026-02-30", "type"),
        ({"kind": "datetime"}, "2026-01-31T09:00:00", "type"),
        ({"kind": "datetime"}, "0001-01-01T00:00:00+01:00", "type"),
        ({"kind": "url"}, "javascript:alert(1)", "type"),
        ({"kind": "email"}, "x", "type"),
        ({"kind": "choice", "choices": CHOICES}, "silver", "not_a_choice"),
        ({"kind": "multi_choice", "choices": CHOICES}, "silver", "not_a_choice"),
        ({"kind": "multi_choice", "choices": CHOICES}, "gold,0", "not_a_choice"),
        ({"kind": "user"}, "0", "minimum"),
        ({"kind": "user"}, str(2**63), "maximum"),
        ({"kind": "text"}, "a\x07", "control_characters"),
        ({"kind": "text"}, "", "type"),
        ({"kind": "text"}, " ", "type"),
        ({"kind": "multi_choice", "choices": CHOICES}, "", "type"),
    ],
)
async def test_a_value_that_the_field_cannot_have_is_refused(
    api: AsyncClient, given: Given, definition: dict[str, Any], text: str, code: str
):
    await given.a_field("field", **definition)
    refused = await find(api, field=text)
    assert {(where.partition("/0")[0], code) for where, code in faults(refused)} == {
        ("/custom.field", code)
    }
    (fault,) = refused.json()["errors"]
    assert fault["source"] == "query"
    assert fault["message"].startswith("Field must ")


@pytest.mark.parametrize("kind", ["text", "integer", "boolean", "date"])
async def test_a_filter_is_given_once(api: AsyncClient, given: Given, kind: str):
    await given.a_field("field", kind)
    refused = await api.get("/clients?custom.field=1&custom.field=2")
    assert faults(refused) == {("/custom.field", "type")}
    assert refused.json()["errors"][0]["message"] == "custom.field must be given once."


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a'b",
        'a"b',
        "__proto__",
        "a/b~c",
        "a\x07",
        "é",
        "tier'",
        "teir.in",
        "$.tier",
        "k" * 9999,
    ],
    ids=lambda key: ascii(key)[:20],
)
async def test_a_hostile_key_is_undefined(api: AsyncClient, given: Given, key: str):
    await given.a_field("tier")
    refused = await find(api, **{key: "x"})
    escaped = key.replace("~", "~0").replace("/", "~1")
    assert faults(refused) == {(f"/custom.{escaped}", "undefined_field")}
    assert refused.json()["errors"][0]["source"] == "query"


async def test_everything_that_is_wrong_is_said_at_once_with_a_suggestion(
    api: AsyncClient, given: Given
):
    await given.a_field("debtor_number", "integer")
    gone = await given.a_field("gone")
    await api.patch(f"/custom-field-definitions/{gone['id']}", json={"is_active": False})
    refused = await find(api, debtor_nubmer="1", debtor_number="x", gone="x")
    assert faults(refused) == {
        ("/custom.debtor_nubmer", "undefined_field"),
        ("/custom.debtor_number", "type"),
        ("/custom.gone", "undefined_field"),
    }
    messages = {each["message"] for each in refused.json()["errors"]}
    assert "The custom field gone is not active." in messages
    assert (
        "No custom field 'debtor_nubmer' is defined here. Did you mean custom.debtor_number?"
        in messages
    )


async def test_what_is_no_longer_acceptable_can_be_looked_for(api: AsyncClient, given: Given):
    fields = [
        await given.a_field("text", max_length=2000),
        await given.a_field("count", "integer"),
        await given.a_field("tier", "choice", choices=[*CHOICES, {"value": "tin", "label": "T"}]),
        await given.a_field(
            "labels", "multi_choice", choices=[*CHOICES, {"value": "tin", "label": "T"}]
        ),
    ]
    values = {"text": "a" * 300, "count": 9, "tier": "tin", "labels": ["gold", "tin"]}
    await given.a_client("Old", custom_fields=values)
    tightened: list[dict[str, Any]] = [
        {"pattern": "[0-9]{2}", "max_length": 2},
        {"maximum": 5},
        {"choices": INACTIVE},
        {"choices": INACTIVE},
    ]
    for field, rules in zip(fields, tightened, strict=True):
        changed = await api.patch(f"/custom-field-definitions/{field['id']}", json=rules)
        assert changed.is_success, changed.text
    assert await names(api, text="a" * 300, count="9", tier="tin", labels="tin") == ["Old"]


async def test_values_of_another_type_from_before_are_not_taken_for_the_value(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("count", "integer")
    await given.a_field("vip", "boolean")
    await given.a_field("tier")
    await given.a_field("labels", "multi_choice", choices=CHOICES)
    others: list[dict[str, Any]] = [
        {"count": True, "vip": 1, "tier": ["1"], "labels": "gold"},
        {"count": "1", "vip": "true", "tier": 1, "labels": {"gold": "gold"}},
        {"count": [1], "vip": [True], "tier": {"1": "1"}, "labels": [["gold"]]},
        {"count": None, "vip": None, "tier": None, "labels": [None, 0]},
    ]
    for number, values in enumerate(others):
        await left_behind(database, await given.a_client(f"Client {number}"), **values)
    for filters in (
        {"count": 1},
        {"vip": "true"},
        {"tier": "1"},
        {"tier": '["1"]'},
        {"labels": "gold"},
    ):
        assert await names(api, **filters) == []
    assert await names(api, labels="0") == []
    await left_behind(database, await given.a_client("Float"), count=1.0)
    assert await names(api, count=1) == ["Float"]
