from typing import Any, get_args

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from elsewhere import another_process, left_behind
from given import Given, faults, try_field
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.schemas import EntityType
from timetracker_api.db.session import Database
from timetracker_api.settings import Limits, Settings

PATH = "/custom-field-definitions"
GOLD, TIN = {"value": "gold", "label": "Gold"}, {"value": "tin", "label": "Tin"}

SHOWN: dict[str, Any] = {**GOLD, "color": "#ffd700", "is_active": True}


async def define(api: AsyncClient, kind: str = "text", **attributes: Any) -> Response:
    return await api.post(PATH, json={"key": "field", "label": "Field", "kind": kind, **attributes})


def test_every_entity_with_custom_fields_can_be_named():
    assert set(get_args(EntityType)) == set(entities_with_custom_fields())


async def test_a_definition_can_be_created_and_found_again(api: AsyncClient):
    attributes: dict[str, Any] = {
        "key": "debtor_number",
        "label": "Debtor number",
        "description": "As in\nthe ERP.",
        "placeholder": "10042",
        "group": "Accounting",
        "kind": "text",
        "applies_to": ["client"],
        "is_mandatory": True,
        "is_active": True,
        "default": "1000",
        "position": -5,
        "min_length": 4,
        "max_length": 10,
        "pattern": r"\d+",
    }
    created = await api.post(PATH, json=attributes)
    assert created.status_code == 201, created.text
    found = await api.get(f"{PATH}/{created.json()['id']}")
    assert found.json() == created.json()
    me = (await api.get("/users/me")).json()["id"]
    expected: dict[str, Any] = {
        **attributes,
        "created_by_id": me,
        "version": 1,
        "choices": [],
        "schemes": None,
    }
    assert found.json() | expected == found.json()


async def test_a_change_counts_the_versions_and_keeps_the_author(given: Given, callers: Callers):
    field = await given.a_field("field")
    other = await callers.a("admin")
    changed = await try_field(other, field, label="Other")
    assert (changed.json()["version"], changed.json()["label"]) == (2, "Other")
    assert changed.json()["created_by_id"] == field["created_by_id"]


async def test_what_one_would_not_define_twice_is_said_once(api: AsyncClient, given: Given):
    await given.a_field("field", applies_to=["client", "client"])
    assert (await api.get(PATH)).json()["items"][0]["applies_to"] == ["client"]
    again = await define(api)
    assert (again.status_code, faults(again)) == (409, {("/key", "not_unique")})


@pytest.mark.parametrize(
    "key",
    ["", "A", "aB", "1a", "_a", "a-b", "a b", "a.b", "é", "a\n", "a'b", "__proto__", "k" * 64],
    ids=ascii,
)
async def test_a_key_that_is_none_is_refused(api: AsyncClient, key: str):
    stripped_to_a_key = key.strip() != key
    refused = await define(api, key=key)
    if stripped_to_a_key:
        assert refused.json()["key"] == key.strip()
    else:
        assert {where for where, _ in faults(refused)} == {"/key"}


@pytest.mark.parametrize(
    "key",
    [
        *("constructor", "prototype", "null", "value", "inactive", "id", "name", "archived_at"),
        *("custom_fields", "created_at", "version", "hourly_rate"),
    ],
)
async def test_a_key_that_means_something_already_is_refused(api: AsyncClient, key: str):
    assert faults(await define(api, key=key)) == {("/key", "reserved")}


async def test_key_and_kind_cannot_be_changed(api: AsyncClient, given: Given):
    field = await given.a_field("field")
    refused = await try_field(api, field, key="other", kind="long_text")
    assert faults(refused) == {("/key", "immutable"), ("/kind", "immutable")}
    sent_along = await try_field(api, field, key="field", kind="text", label="Other")
    assert sent_along.json()["label"] == "Other"


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("integer", {"pattern": "a", "min_length": 1}, {"pattern", "min_length"}),
        ("boolean", {"choices": [GOLD], "minimum": 1}, {"choices", "minimum"}),
        ("text", {"minimum": 1, "scale": 2, "schemes": ["https"]}, {"minimum", "scale", "schemes"}),
        ("integer", {"scale": 0}, {"scale"}),
        ("url", {"max_length": 5}, {"max_length"}),
        ("datetime", {"maximum": "2026-01-01T00:00:00Z"}, {"maximum"}),
        ("user", {"choices": [GOLD]}, {"choices"}),
    ],
)
async def test_a_constraint_that_says_nothing_about_the_kind_is_refused(
    api: AsyncClient, kind: str, attributes: dict[str, Any], expected: set[str]
):
    refused = await define(api, kind, **attributes)
    assert faults(refused) == {(f"/{name}", "not_applicable") for name in expected}


@pytest.mark.parametrize(
    ("kind", "attributes", "fault"),
    [
        ("integer", {"minimum": 2, "maximum": 1}, ("/minimum", "minimum")),
        ("decimal", {"minimum": "2", "maximum": "1.99"}, ("/minimum", "minimum")),
        ("date", {"minimum": "2026-01-02", "maximum": "2026-01-01"}, ("/minimum", "minimum")),
        ("duration", {"minimum": -1}, ("/minimum", "minimum")),
        ("duration", {"maximum": -1}, ("/maximum", "minimum")),
        ("integer", {"minimum": "1"}, ("/minimum", "type")),
        ("integer", {"minimum": 1.5}, ("/minimum", "type")),
        ("integer", {"maximum": 2**53}, ("/maximum", "maximum")),
        ("integer", {"minimum": True}, ("/minimum", "type")),
        ("integer", {"minimum": [1]}, ("/minimum", "type")),
        ("decimal", {"maximum": "NaN"}, ("/maximum", "type")),
        ("decimal", {"maximum": "0.001"}, ("/maximum", "scale")),
        ("date", {"minimum": "2026-02-30"}, ("/minimum", "type")),
        ("date", {"minimum": 5}, ("/minimum", "type")),
        ("text", {"min_length": 3, "max_length": 2}, ("/min_length", "maximum")),
        ("text", {"min_length": 256}, ("/min_length", "maximum")),
        ("text", {"max_length": 2001}, ("/max_length", "maximum")),
        ("text", {"max_length": 0}, ("/max_length", "minimum")),
        ("text", {"min_length": -1}, ("/min_length", "minimum")),
        ("long_text", {"max_length": 65_537}, ("/max_length", "maximum")),
        ("long_text", {"max_length": 2001, "pattern": "a"}, ("/max_length", "maximum")),
        ("decimal", {"scale": 11}, ("/scale", "maximum")),
        ("decimal", {"scale": -1}, ("/scale", "minimum")),
        ("url", {"schemes": ["javascript"]}, ("/schemes/0", "not_a_choice")),
        ("url", {"schemes": []}, ("/schemes", "min_length")),
        ("choice", {}, ("/choices", "required")),
        ("choice", {"choices": []}, ("/choices", "required")),
        ("choice", {"choices": [GOLD, TIN, GOLD]}, ("/choices/2/value", "not_unique")),
        ("choice", {"choices": [{"value": "", "label": "x"}]}, ("/choices/0/value", "min_length")),
        ("choice", {"choices": [GOLD, {"value": "a\x00", "label": "x"}]}, None),
        ("choice", {"choices": [{**GOLD, "color": "red"}]}, ("/choices/0/color", "pattern")),
        ("choice", {"choices": [{**GOLD, "id": 1}]}, ("/choices/0/id", "unknown_field")),
        ("nonsense", {}, ("/kind", "not_a_choice")),
        ("text", {"applies_to": []}, ("/applies_to", "min_length")),
        ("text", {"applies_to": ["planet"]}, ("/applies_to/0", "not_a_choice")),
        ("text", {"label": " "}, ("/label", "min_length")),
        ("text", {"label": "a\u202eb"}, ("/label", "control_characters")),
        ("text", {"group": "a\nb"}, ("/group", "control_characters")),
        ("text", {"is_mandatory": 1}, ("/is_mandatory", "type")),
        ("text", {"position": 2**40}, ("/position", "maximum")),
    ],
)
async def test_a_definition_that_makes_no_sense_is_refused(
    api: AsyncClient, kind: str, attributes: dict[str, Any], fault: tuple[str, str] | None
):
    assert faults(await define(api, kind, **attributes)) == {
        fault or ("/choices/1/value", "control_characters")
    }


@pytest.mark.parametrize(
    ("kind", "attributes", "default", "code"),
    [
        ("text", {"pattern": "[0-9]+"}, "x", "pattern"),
        ("text", {"max_length": 2}, "abc", "max_length"),
        ("integer", {"maximum": 2}, 3, "maximum"),
        ("boolean", {}, "true", "type"),
        ("date", {}, "2026-02-30", "type"),
        ("url", {}, "javascript:alert(1)", "type"),
        ("choice", {"choices": [GOLD]}, "tin", "not_a_choice"),
        ("choice", {"choices": [GOLD, {**TIN, "is_active": False}]}, "tin", "inactive_choice"),
        ("user", {}, 2**40, "reference_not_found"),
    ],
)
async def test_a_default_must_satisfy_the_rules(
    api: AsyncClient, kind: str, attributes: dict[str, Any], default: object, code: str
):
    assert faults(await define(api, kind, default=default, **attributes)) == {("/default", code)}
    defined = (await define(api, kind, **attributes)).json()
    assert faults(await try_field(api, defined, default=default)) == {("/default", code)}
    assert (await try_field(api, defined, default="")).json()["default"] is None


async def test_bounds_and_default_are_shown_as_values_are(api: AsyncClient):
    field = (await define(api, "decimal", minimum=1, maximum="9.50", default=5)).json()
    assert (field["minimum"], field["maximum"], field["default"]) == ("1.00", "9.50", "5.00")
    finer = (await try_field(api, field, scale=3)).json()
    assert (finer["minimum"], finer["maximum"], finer["default"]) == ("1.000", "9.500", "5.000")


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("integer", {"minimum": 0, "maximum": 10, "default": 0}),
        ("duration", {"minimum": 60, "default": 3600}),
        ("boolean", {"default": False}),
        ("multi_choice", {"choices": [SHOWN], "default": ["gold"]}),
        ("date", {"minimum": "2026-01-01", "default": "2026-01-31"}),
    ],
)
async def test_numbers_and_truth_values_are_bounds_and_defaults_as_well(
    api: AsyncClient, kind: str, attributes: dict[str, Any]
):
    field = (await define(api, kind, **attributes)).json()
    assert {name: field[name] for name in attributes} == attributes
    listed = (await api.get(PATH)).json()["items"]
    assert {name: listed[0][name] for name in attributes} == attributes


async def test_a_tightened_rule_must_suit_the_default(api: AsyncClient):
    field = (await define(api, "integer", default=5)).json()
    assert faults(await try_field(api, field, maximum=4)) == {("/default", "maximum")}
    assert (await try_field(api, field, maximum=4, default=None)).is_success


async def test_a_choice_in_use_cannot_be_removed(
    api: AsyncClient, given: Given, database: Database
):
    one = await given.a_field("tier", "choice", choices=[GOLD, TIN])
    many = await given.a_field("tiers", "multi_choice", choices=[GOLD, TIN])
    client = await given.a_client(custom_fields={"tier": "tin", "tiers": ["gold", "tin"]})
    await given.a_client("Other", custom_fields={"tier": "tin"})
    text_elsewhere = await given.a_client("Text")
    await left_behind(database, text_elsewhere, tier=["tin"], tiers="tin")

    refused = await try_field(api, one, choices=[GOLD])
    assert (refused.status_code, faults(refused)) == (409, {("/choices", "in_use")})
    assert refused.json()["usage"] == {"client": 2}
    assert refused.json()["detail"] == (
        "tin is chosen on 2 client records; make it inactive instead."
    )
    assert (await try_field(api, many, choices=[GOLD])).json()["usage"] == {"client": 1}
    assert (await api.get(f"{PATH}/{one['id']}")).json() == one

    await api.patch(f"/clients/{client['id']}", json={"custom_fields": {"tiers": ["gold"]}})
    assert (await try_field(api, many, choices=[GOLD])).is_success
    renamed = await try_field(api, one, choices=[GOLD, {**TIN, "label": "Blech"}])
    assert renamed.json()["choices"][1]["label"] == "Blech"


async def test_a_definition_with_values_cannot_be_deleted(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier", "boolean")
    client = await given.a_client(custom_fields={"tier": False})
    refused = await api.delete(f"{PATH}/{field['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert refused.json()["usage"] == {"client": 1}
    assert "1 client record;" in refused.json()["detail"]

    await left_behind(database, client, tier=None)
    assert (await api.delete(f"{PATH}/{field['id']}")).status_code == 204
    assert (await api.get(f"{PATH}/{field['id']}")).status_code == 404


async def test_the_scale_stays_once_there_are_values(api: AsyncClient, given: Given):
    field = await given.a_field("amount", "decimal")
    client = await given.a_client(custom_fields={"amount": 5})
    refused = await try_field(api, field, scale=3)
    assert (refused.status_code, faults(refused)) == (409, {("/scale", "in_use")})
    assert (await try_field(api, field, scale=2)).is_success
    assert (await api.get("/clients?custom.amount=5")).json()["total"] == 1

    await api.patch(f"/clients/{client['id']}", json={"custom_fields": {"amount": None}})
    assert (await try_field(api, field, scale=3)).json()["scale"] == 3


class TestLimits:
    async def test_of_active_definitions(self, api: AsyncClient, given: Given, settings: Settings):
        fields = [await given.a_field(f"f{n}") for n in range(3)]
        async with another_process(settings, api, limits=Limits(definitions=2)) as small:
            full = await define(small)
            assert (full.status_code, full.json()["code"]) == (409, "too_many_definitions")
            inactive = await define(small, key="inactive_one", is_active=False)
            assert inactive.status_code == 201
            assert (await try_field(small, inactive.json(), is_active=True)).status_code == 409
            # Three are too many already: they can be changed and put away all the same.
            assert (await try_field(small, fields[0], label="Other")).is_success
            assert (await try_field(small, fields[1], is_active=False)).is_success
            assert (await try_field(small, fields[2], is_active=False)).is_success
            assert (await try_field(small, fields[2], is_active=True)).is_success
            other = await define(small, key="for_tasks", applies_to=["task"])
            assert other.status_code == 201
            assert (await try_field(small, other.json(), applies_to=["client"])).status_code == 409

    async def test_of_choices(self, api: AsyncClient, given: Given, settings: Settings):
        field = await given.a_field("tier", "choice", choices=[GOLD, TIN])
        async with another_process(settings, api, limits=Limits(choices=1)) as small:
            refused = await define(small, "choice", choices=[GOLD, TIN])
            assert faults(refused) == {("/choices", "too_large")}
            assert faults(await try_field(small, field, choices=[GOLD, TIN])) == faults(refused)
            assert (await try_field(small, field, label="Other")).is_success
            assert (await try_field(small, field, choices=[TIN])).is_success


async def test_definitions_are_listed_in_the_order_of_forms(api: AsyncClient, given: Given):
    await given.a_field("b", position=1)
    await given.a_field("a", "integer", position=2, is_mandatory=True)
    await given.a_field("c", position=0, is_active=False, applies_to=["task"])

    async def keys(query: str = "") -> list[str]:
        return [each["key"] for each in (await api.get(f"{PATH}?{query}")).json()["items"]]

    assert await keys() == ["c", "b", "a"]
    assert await keys("sort=-key") == ["c", "b", "a"]
    assert await keys("kind=integer") == ["a"]
    assert await keys("is_active=false") == ["c"]
    assert await keys("is_mandatory=true") == ["a"]
    assert await keys("applies_to=client") == ["b", "a"]
    assert await keys("search=B") == ["b"]
    assert faults(await api.get(f"{PATH}?custom.a=1")) == {("/custom.a", "unknown_parameter")}


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "reason"),
        [
            ("(?=a)b", "look-around, including look-ahead and look-behind, is not supported"),
            ("(?<!a)b", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            ("[", "unclosed character class"),
            ("a)|(b", "unopened group"),
            ("a)|(?:b", "unopened group"),
            ("(a", "unclosed group"),
            ("*a", "repetition operator missing expression"),
            ("(?x)a #b", "unclosed group"),
            (r"\q", "unrecognized escape sequence"),
            ("(((a{100}){100}){100})", "with its repetitions written out, it is too large"),
            ("a{2147483647}", "with its repetitions written out, it is too large"),
            ("[01]*1[01]{50000}", "with its repetitions written out, it is too large"),
            (r"(\pL{50}){50}", "with its repetitions written out, it is too large"),
        ],
    )
    async def test_one_that_cannot_be_used_is_refused_in_one_sentence(
        self, api: AsyncClient, pattern: str, reason: str
    ):
        refused = await define(api, pattern=pattern)
        assert faults(refused) == {("/pattern", "pattern")}
        message = refused.json()["errors"][0]["message"]
        assert message == f"The pattern cannot be used: {reason}."

    @pytest.mark.parametrize(
        "pattern",
        [
            "(a+)+",
            "(a*)*b",
            "(a|a)*b",
            "(a|aa)+",
            "(.*)*x",
            r"(\w+\s?)*",
            "([a-z]+)+[0-9]",
            "(a?){50}a{50}",
        ],
    )
    async def test_one_that_explodes_elsewhere_takes_no_longer_than_others(
        self, api: AsyncClient, given: Given, pattern: str
    ):
        """Another engine would not come back in a lifetime."""
        await given.a_field("field", "long_text", pattern=pattern)
        values = {"name": "Acme", "custom_fields": {"field": "a" * 1999 + "!"}}
        refused = await api.post("/clients", json=values)
        assert faults(refused) == {("/custom_fields/field", "pattern")}

    @pytest.mark.parametrize(
        ("pattern", "accepted", "refused"),
        [
            (r"\d+", ["0", "12"], ["٣", "1a", "a1"]),
            (r"[\d.]+", ["1.2"], ["1,2", "٣"]),
            (r"[^\D5]", ["4"], ["5", "a"]),
            (r"\w+", ["a_1"], ["é", "a b"]),
            (r"\W", ["é", "-"], ["a"]),
            (r"\\d", [r"\d"], ["1", r"\5"]),
            ("a|bc", ["a", "bc"], ["ac", "abc", "bcd"]),
            ("(?i)ab", ["AB"], ["ABC"]),
            ("(?m)^a$", ["a"], ["a\nb", "b\na"]),
            ("ab$", ["ab"], ["ab\nab"]),
        ],
    )
    async def test_one_is_matched_against_the_whole_value_in_ascii(
        self,
        api: AsyncClient,
        given: Given,
        pattern: str,
        accepted: list[str],
        refused: list[str],
    ):
        await given.a_field("field", "long_text", pattern=pattern)
        client = await given.a_client()
        path = f"/clients/{client['id']}"
        for value in accepted:
            changed = await api.patch(path, json={"custom_fields": {"field": value}})
            assert changed.is_success, value
        for value in refused:
            changed = await api.patch(path, json={"custom_fields": {"field": value}})
            assert faults(changed) == {("/custom_fields/field", "pattern")}, value

    async def test_one_has_at_most_500_characters_on_one_line(self, api: AsyncClient):
        assert (await define(api, pattern="a" * 500)).status_code == 201
        assert faults(await define(api, pattern="a" * 501)) == {("/pattern", "max_length")}
        assert faults(await define(api, pattern="a\nb")) == {("/pattern", "control_characters")}


async def test_the_label_decides_between_equal_positions(api: AsyncClient, given: Given):
    for key, label in (("one", "Zebra"), ("two", "Apple"), ("three", "Mango")):
        await given.a_field(key, label=label)
    listed = await api.get("/custom-field-definitions")
    assert [each["label"] for each in listed.json()["items"]] == ["Apple", "Mango", "Zebra"]
    listed = await api.get("/custom-field-definitions?sort=-position")
    assert [each["label"] for each in listed.json()["items"]] == ["Zebra", "Mango", "Apple"]
