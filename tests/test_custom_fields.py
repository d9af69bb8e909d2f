from typing import Any

import pytest
from httpx import AsyncClient, Response

from elsewhere import another_process, left_behind
from given import Given, faults, try_client, try_values
from timetracker_api.custom_fields.registry import MOST_SUGGESTIONS
from timetracker_api.db.session import Database
from timetracker_api.settings import Limits, Settings

CHOICES = [{"value": "gold", "label": "Gold"}, {"value": "tin", "label": "Tin"}]
WITHOUT_TIN = [CHOICES[0], {**CHOICES[1], "is_active": False}]


async def redefine(api: AsyncClient, field: dict[str, Any], **attributes: Any) -> None:
    changed = await api.patch(f"/custom-field-definitions/{field['id']}", json=attributes)
    assert changed.status_code == 200, changed.text


def values_of(response: Response) -> dict[str, Any]:
    assert response.is_success, response.text
    return response.json()["custom_fields"]


def sentences(response: Response) -> list[str]:
    return [fault["message"] for fault in response.json()["errors"]]


async def test_an_undefined_key_is_refused_with_the_nearest_one(api: AsyncClient, given: Given):
    await given.a_field("debtor_number")
    refused = await try_client(api, debtor_nubmer="1", zzz=1)
    assert refused.status_code == 422
    assert faults(refused) == {
        ("/custom_fields/debtor_nubmer", "undefined_field"),
        ("/custom_fields/zzz", "undefined_field"),
    }
    assert sentences(refused) == [
        "No custom field 'debtor_nubmer' is defined here. Did you mean debtor_number?",
        "No custom field 'zzz' is defined here.",
    ]


@pytest.mark.parametrize(
    "key", ["", "Debtor_Number", "a b", "a'b", 'a"b', "__proto__", "a/b~c", "a\x00", "é", "k" * 999]
)
async def test_a_hostile_key_is_undefined_and_pointed_to(api: AsyncClient, given: Given, key: str):
    await given.a_field("debtor_number")
    escaped = key.replace("~", "~0").replace("/", "~1")
    client = await given.a_client()
    for refused in (
        await try_client(api, **{key: "x"}),
        await try_values(api, client, **{key: "x"}),
    ):
        assert faults(refused) == {(f"/custom_fields/{escaped}", "undefined_field")}


async def test_only_a_few_undefined_keys_get_a_suggestion(api: AsyncClient, given: Given):
    await given.a_field("debtor_number")
    refused = await try_client(api, **{f"debtor_number{n}": 1 for n in range(40)})
    assert len(faults(refused)) == 40
    suggestions = [sentence for sentence in sentences(refused) if "Did you mean" in sentence]
    assert len(suggestions) == MOST_SUGGESTIONS


async def test_more_keys_than_anybody_has_are_refused_at_once(api: AsyncClient):
    refused = await try_client(api, **{f"k{n}": 1 for n in range(401)})
    assert faults(refused) == {("/custom_fields", "max_length")}


@pytest.mark.parametrize("values", [None, [], "x", 1, True])
async def test_values_come_in_an_object(api: AsyncClient, given: Given, values: object):
    client = await given.a_client()
    for refused in (
        await api.post("/clients", json={"name": "Other", "custom_fields": values}),
        await api.patch(f"/clients/{client['id']}", json={"custom_fields": values}),
    ):
        assert faults(refused) == {("/custom_fields", "type")}


async def test_a_patch_touches_only_the_keys_it_names(api: AsyncClient, given: Given):
    for key in ("one", "two", "three"):
        await given.a_field(key)
    client = await given.a_client(custom_fields={"one": "1", "two": "2"})
    assert values_of(await try_values(api, client, two=None, three="3")) == {
        "one": "1",
        "three": "3",
    }
    assert values_of(await try_values(api, client)) == {"one": "1", "three": "3"}
    renamed = await api.patch(f"/clients/{client['id']}", json={"name": "Acme Inc."})
    assert values_of(renamed) == {"one": "1", "three": "3"}


async def test_a_patch_without_effect_is_no_new_version(api: AsyncClient, given: Given):
    await given.a_field("one")
    client = await given.a_client(custom_fields={"one": "1"})
    before = (await api.get(f"/clients/{client['id']}")).headers["etag"]
    assert (await try_values(api, client, one="1")).headers["etag"] == before
    assert (await try_values(api, client, one="2")).headers["etag"] != before


async def test_a_refused_patch_changes_nothing(api: AsyncClient, given: Given):
    await given.a_field("one")
    await given.a_field("count", "integer")
    client = await given.a_client(custom_fields={"one": "1"})
    assert (await try_values(api, client, one="2", count="x")).status_code == 422
    assert values_of(await api.get(f"/clients/{client['id']}")) == {"one": "1"}


class TestWhatAnOlderSystemLeftBehind:
    LEFT: dict[str, Any] = {
        "peppol": "0088:1",
        "old flags": {"a": [1, None, {"b": False}]},
        "Ünïcode": 0,
        "none": None,
        "empty": "",
        "big": 2**60,
    }

    @pytest.fixture
    async def client(self, given: Given, database: Database) -> dict[str, Any]:
        client = await given.a_client()
        await left_behind(database, client, **self.LEFT)
        return client

    async def test_is_returned(self, api: AsyncClient, client: dict[str, Any]):
        assert values_of(await api.get(f"/clients/{client['id']}")) == self.LEFT
        assert (await api.get("/clients")).json()["items"][0]["custom_fields"] == self.LEFT

    async def test_is_kept_by_every_edit(
        self, api: AsyncClient, given: Given, client: dict[str, Any]
    ):
        await given.a_field("one", is_mandatory=True)
        await api.patch(f"/clients/{client['id']}", json={"name": "Other"})
        await api.post(f"/clients/{client['id']}/archive")
        assert values_of(await try_values(api, client, one="1")) == {**self.LEFT, "one": "1"}

    async def test_can_be_sent_back_whole(self, api: AsyncClient, client: dict[str, Any]):
        read = values_of(await api.get(f"/clients/{client['id']}"))
        assert values_of(await try_values(api, client, **read)) == self.LEFT

    async def test_can_be_changed_and_removed(self, api: AsyncClient, client: dict[str, Any]):
        changes: dict[str, Any] = {"peppol": [1, {"x": "y"}], "Ünïcode": True, "old flags": None}
        left = {key: value for key, value in self.LEFT.items() if key != "old flags"}
        assert values_of(await try_values(api, client, **changes)) == {
            **left,
            "peppol": [1, {"x": "y"}],
            "Ünïcode": True,
        }
        again = await try_values(api, client, **{"old flags": 1})
        assert faults(again) == {("/custom_fields/old flags", "undefined_field")}

    @pytest.mark.parametrize(
        "value",
        [
            *("a\x00", "a\u202eb", ["a\x07"], {"a\x00": 1}, {"a": {"b": "\x00"}}),
            *(2**53, -(2**53), [2**60], [[[[[1]]]]], [{"a": [{"b": [[1]]}]}]),
        ],
        ids=ascii,
    )
    async def test_cannot_become_what_a_database_cannot_keep(
        self, api: AsyncClient, client: dict[str, Any], value: object
    ):
        refused = await try_values(api, client, peppol=value)
        assert faults(refused) == {("/custom_fields/peppol", "type")}

    async def test_may_be_too_large_but_not_grow(
        self, api: AsyncClient, client: dict[str, Any], database: Database
    ):
        await left_behind(database, client, huge="a" * 70_000, other="b" * 70_000)
        assert len(values_of(await try_values(api, client, huge="a" * 69_000))["huge"]) == 69_000
        refused = await try_values(api, client, huge="a" * 70_000)
        assert faults(refused) == {("/custom_fields", "too_large")}
        assert values_of(await try_values(api, client, huge=None, other=None)) == {}

    async def test_is_not_checked_when_a_field_is_defined_for_it(
        self, api: AsyncClient, given: Given, client: dict[str, Any]
    ):
        await given.a_field("peppol", "integer", is_mandatory=True, minimum=5)
        await given.a_field("big", "url")
        unchanged = await try_values(api, client, peppol="0088:1", big=2**60)
        assert values_of(unchanged) == self.LEFT
        assert faults(await try_values(api, client, peppol="0088:2")) == {
            ("/custom_fields/peppol", "type")
        }
        assert faults(await try_values(api, client, peppol=None)) == {
            ("/custom_fields/peppol", "required")
        }
        assert values_of(await try_values(api, client, peppol=7))["peppol"] == 7


async def test_values_of_inactive_fields_are_kept_and_shown_to_who_asks(
    api: AsyncClient, given: Given
):
    field = await given.a_field("region", is_mandatory=True)
    await given.a_field("tier")
    client = await given.a_client(custom_fields={"region": "eu", "tier": "gold"})
    await redefine(api, field, is_active=False)

    path = f"/clients/{client['id']}"
    for hidden in ((await api.get(path)).json(), (await api.get("/clients")).json()["items"][0]):
        assert hidden["custom_fields"] == {"tier": "gold"}
        assert "inactive" not in hidden
    asked = {"include": "inactive"}
    listed = (await api.get("/clients", params=asked)).json()["items"][0]
    for shown in ((await api.get(path, params=asked)).json(), listed):
        assert shown["custom_fields"] == {"tier": "gold"}
        assert shown["inactive"] == {"region": "eu"}
    assert faults(await api.get(path, params={"include": "x"})) == {("/include", "not_a_choice")}

    assert values_of(await try_values(api, client, tier="tin")) == {"tier": "tin"}
    await redefine(api, field, is_active=True)
    assert values_of(await api.get(path)) == {"region": "eu", "tier": "tin"}


async def test_an_inactive_value_can_be_changed_and_removed_but_not_added(
    api: AsyncClient, given: Given
):
    field = await given.a_field("count", "integer")
    client = await given.a_client(custom_fields={"count": 1})
    other = await given.a_client("Other")
    await redefine(api, field, is_active=False)
    inactive = f"/clients/{client['id']}?include=inactive"

    assert (await try_values(api, client, count="not checked")).is_success
    assert (await api.get(inactive)).json()["inactive"] == {"count": "not checked"}
    refused = await try_values(api, other, count=1)
    assert faults(refused) == {("/custom_fields/count", "undefined_field")}
    assert sentences(refused) == ["The custom field count is not active."]
    assert (await try_values(api, client, count=None)).is_success
    assert (await api.get(inactive)).json()["inactive"] == {}
    assert faults(await try_values(api, client, count=2)) == faults(refused)


class TestMandatory:
    async def test_on_create_it_must_be_there(self, api: AsyncClient, given: Given):
        await given.a_field("tier", is_mandatory=True)
        empties: list[Any] = [None, "", "  ", [], {}]
        for empty in empties:
            refused = await try_client(api, tier=empty)
            assert faults(refused) == {("/custom_fields/tier", "required")}
            assert sentences(refused) == ["Tier is required."]
        without = await api.post("/clients", json={"name": "Acme"})
        assert faults(without) == {("/custom_fields/tier", "required")}

    @pytest.mark.parametrize(("kind", "value"), [("integer", 0), ("boolean", False)])
    async def test_zero_and_false_are_values(
        self, api: AsyncClient, given: Given, kind: str, value: object
    ):
        await given.a_field("field", kind, is_mandatory=True)
        assert values_of(await try_client(api, field=value)) == {"field": value}

    async def test_afterwards_it_can_be_changed_but_not_removed(
        self, api: AsyncClient, given: Given
    ):
        await given.a_field("tier", is_mandatory=True)
        client = await given.a_client(custom_fields={"tier": "gold"})
        assert faults(await try_values(api, client, tier=None)) == {
            ("/custom_fields/tier", "required")
        }
        assert faults(await try_values(api, client, tier=" ")) == {
            ("/custom_fields/tier", "required")
        }
        assert values_of(await try_values(api, client, tier="tin")) == {"tier": "tin"}

    async def test_records_from_before_stay_editable_in_everything_else(
        self, api: AsyncClient, given: Given
    ):
        client = await given.a_client()
        await given.a_field("tier", is_mandatory=True)
        await given.a_field("other")
        assert (await api.patch(f"/clients/{client['id']}", json={"name": "B"})).is_success
        assert values_of(await try_values(api, client, other="x")) == {"other": "x"}
        assert values_of(await try_values(api, client, tier=None)) == {"other": "x"}
        assert values_of(await try_values(api, client, tier="tin"))["tier"] == "tin"
        assert faults(await try_values(api, client, tier=None)) == {
            ("/custom_fields/tier", "required")
        }


class TestDefaults:
    async def test_fill_what_is_left_out_of_a_new_record(self, api: AsyncClient, given: Given):
        before = await given.a_client("Before")
        await given.a_field("tier", default="gold", is_mandatory=True)
        await given.a_field("rate", "decimal", default=5)
        await given.a_field("agreed", "boolean", default=False)
        filled = {"tier": "gold", "rate": "5.00", "agreed": False}
        assert values_of(await try_client(api, "A")) == filled
        assert values_of(await try_client(api, "B", tier="tin")) == {**filled, "tier": "tin"}
        assert values_of(await api.get(f"/clients/{before['id']}")) == {}
        assert values_of(await try_values(api, before, agreed=True)) == {"agreed": True}

    async def test_do_not_overrule_an_explicit_null(self, api: AsyncClient, given: Given):
        await given.a_field("tier", default="gold")
        await given.a_field("rate", "decimal", default="5", is_mandatory=True)
        assert values_of(await try_client(api, tier=None)) == {"rate": "5.00"}
        refused = await try_client(api, "Other", tier="", rate=None)
        assert faults(refused) == {("/custom_fields/rate", "required")}

    async def test_do_not_come_back_when_removed(self, api: AsyncClient, given: Given):
        await given.a_field("tier", default="gold")
        client = await given.a_client()
        assert values_of(await try_values(api, client, tier=None)) == {}
        assert values_of(await try_values(api, client)) == {}


async def test_a_value_may_stay_when_a_rule_is_tightened_but_not_return(
    api: AsyncClient, given: Given
):
    debtor = await given.a_field("debtor")
    count = await given.a_field("count", "integer")
    client = await given.a_client(custom_fields={"debtor": "x-1", "count": 9})
    await redefine(api, debtor, pattern="[0-9]{4}")
    await redefine(api, count, maximum=5)

    kept = {"debtor": "x-1", "count": 9}
    assert values_of(await try_values(api, client, **kept)) == kept
    assert faults(await try_values(api, client, debtor="x-2", count=8)) == {
        ("/custom_fields/debtor", "pattern"),
        ("/custom_fields/count", "maximum"),
    }
    assert values_of(await try_values(api, client, debtor="1234")) == {"debtor": "1234", "count": 9}
    assert faults(await try_values(api, client, debtor="x-1")) == {
        ("/custom_fields/debtor", "pattern")
    }


async def test_true_is_not_the_same_as_one(api: AsyncClient, given: Given):
    await given.a_field("count", "integer")
    client = await given.a_client(custom_fields={"count": 1})
    refused = await try_values(api, client, count=True)
    assert faults(refused) == {("/custom_fields/count", "type")}


async def test_a_choice_that_is_no_longer_offered_stays_where_it_is(api: AsyncClient, given: Given):
    one = await given.a_field("tier", "choice", choices=CHOICES)
    many = await given.a_field("tiers", "multi_choice", choices=CHOICES)
    client = await given.a_client(custom_fields={"tier": "tin", "tiers": ["tin"]})
    for field in (one, many):
        await redefine(api, field, choices=WITHOUT_TIN)

    assert values_of(await try_values(api, client, tier="tin", tiers=["gold", "tin"])) == {
        "tier": "tin",
        "tiers": ["gold", "tin"],
    }
    refused = await try_client(api, "Other", tier="tin", tiers=["gold", "tin"])
    assert faults(refused) == {
        ("/custom_fields/tier", "inactive_choice"),
        ("/custom_fields/tiers/1", "inactive_choice"),
    }
    assert (await try_values(api, client, tier="gold", tiers=["gold"])).is_success
    refused = await try_values(api, client, tier="tin", tiers=["tin"])
    assert {code for _, code in faults(refused)} == {"inactive_choice"}


async def test_everything_that_is_wrong_is_said_at_once(api: AsyncClient, given: Given):
    await given.a_field("debtor", pattern="[0-9]+", label="Debtor code")
    await given.a_field("count", "integer", maximum=3)
    await given.a_field("tiers", "multi_choice", choices=CHOICES)
    await given.a_field("tier", is_mandatory=True)
    refused = await try_client(api, debtor="x", count=4, tiers=["gold", "x", 1], nope=1)
    assert refused.json()["detail"] == "6 values are not acceptable."
    assert faults(refused) == {
        ("/custom_fields/debtor", "pattern"),
        ("/custom_fields/count", "maximum"),
        ("/custom_fields/tiers/1", "not_a_choice"),
        ("/custom_fields/tiers/2", "type"),
        ("/custom_fields/tier", "required"),
        ("/custom_fields/nope", "undefined_field"),
    }
    assert "Debtor code must match the pattern [0-9]+." in sentences(refused)
    assert "Count must be at most 3." in sentences(refused)


async def test_all_values_of_a_record_together_are_limited(
    api: AsyncClient, given: Given, settings: Settings
):
    await given.a_field("a", "long_text")
    await given.a_field("b", "long_text")
    async with another_process(settings, api, limits=Limits(values_bytes=100)) as small:
        fits = {"a": "x" * 40, "b": "x" * (100 - 40 - len('{"a":"","b":""}'))}
        client = (await try_client(small, **fits)).json()
        assert client["custom_fields"] == fits
        for refused in (
            await try_values(small, client, b=fits["b"] + "x"),
            await try_client(small, "Other", a="é" * 50),
        ):
            assert faults(refused) == {("/custom_fields", "too_large")}
    assert (await try_values(api, client, b="x" * 1000)).is_success


async def test_a_user_is_looked_up_only_when_it_changes(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("owner", "user")
    await given.a_field("other")
    client = await given.a_client()
    await left_behind(database, client, owner=2**40)
    assert values_of(await try_values(api, client, owner=2**40, other="x"))["owner"] == 2**40
    refused = await try_values(api, client, owner=2**40 + 1)
    assert faults(refused) == {("/custom_fields/owner", "reference_not_found")}
    assert sentences(refused) == [f"Owner: there is no user {2**40 + 1}."]


async def test_another_process_sees_a_change_at_once(
    api: AsyncClient, given: Given, settings: Settings
):
    async with another_process(settings, api) as other:
        assert faults(await try_client(other, tier="gold")) == {
            ("/custom_fields/tier", "undefined_field")
        }
        field = await given.a_field("tier")
        assert values_of(await try_client(other, "A", tier="gold")) == {"tier": "gold"}
        await redefine(api, field, is_mandatory=True)
        assert faults(await try_client(other, "B")) == {("/custom_fields/tier", "required")}
        await redefine(api, field, is_active=False)
        assert (await other.get("/clients")).json()["items"][0]["custom_fields"] == {}
        assert values_of(await try_client(other, "C")) == {}


async def test_a_definition_that_was_rolled_back_is_not_remembered(
    api: AsyncClient, given: Given, settings: Settings
):
    await given.a_field("one")
    async with another_process(settings, api, limits=Limits(definitions=1)) as small:
        refused = await small.post(
            "/custom-field-definitions", json={"key": "two", "label": "Two", "kind": "text"}
        )
        assert refused.status_code == 409
        assert faults(await try_client(small, two="x")) == {
            ("/custom_fields/two", "undefined_field")
        }
        assert values_of(await try_client(small, one="x")) == {"one": "x"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://a.example/", "A link begins with one of: http, https."),
        ("http://u:p@x.example", "A link carries no user name or password."),
        ("https://exämple.com", "The host is not a name in ASCII letters or an IP address."),
        ("https://a b", "A link has no ' ' in it; it is written %20."),
        ("https://a.example/\u202e", "A link has no invisible characters."),
    ],
)
async def test_a_url_that_is_refused_is_told_why(
    api: AsyncClient, given: Given, url: str, why: str
):
    await given.a_field("site", "url")
    (fault,) = (await try_client(api, site=url)).json()["errors"]
    assert fault["message"] == f"Site must be an absolute URL. {why}"


@pytest.mark.parametrize("amount", ["1" * 19, 10**18, "0." + "1" * 19])
async def test_a_decimal_of_too_many_digits_is_told_how_many_there_may_be(
    api: AsyncClient, given: Given, amount: object
):
    await given.a_field("amount", "decimal")
    (fault,) = (await try_client(api, amount=amount)).json()["errors"]
    assert fault["message"] == "Amount must have at most 18 digits."
