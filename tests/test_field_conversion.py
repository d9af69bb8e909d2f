import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import pytest
from httpx import AsyncClient, Response

from elsewhere import left_behind
from given import Given, faults
from test_field_changes import GOLD, PATH, RUST, TIN, state
from timetracker_api.custom_fields.changes.conversions import POSSIBLE
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.db.session import Database

CHOICES = {"choices": [GOLD, TIN, RUST]}


class Pair(NamedTuple):
    """Two kinds, what values of the first become, and those that fit nothing of the second."""

    before: str
    after: str
    becoming: Mapping[Any, Any]
    unfit: tuple[Any, ...] = ()


SAME = {"a b": "a b"}
INSTANT = "2026-01-31T09:00:00.000000Z"
MIDNIGHT = "2026-01-31T00:00:00.000000Z"
NUMBERS = {"0": 0, "-7": -7, "007": 7}
PAIRS = [
    Pair("text", "long_text", SAME),
    Pair("text", "integer", NUMBERS, ("1.5", "seven", "9" * 17, "9" * 30)),
    Pair("text", "decimal", {"1.5": "1.50", "0": "0.00"}, ("1,5", "1.005", "x")),
    Pair("text", "boolean", {"true": True, "False": False}, ("yes", "1")),
    Pair("text", "date", {"2026-01-31": "2026-01-31"}, ("2026-02-30", "31.1.2026")),
    Pair("text", "datetime", {"2026-01-31T10:00:00+01:00": INSTANT}, ("2026-01-31", "x")),
    Pair("text", "url", {"https://a.example/": "https://a.example/"}, ("a.example",)),
    Pair("text", "email", {"a@EXAMPLE.com": "a@example.com"}, ("a",)),
    Pair("text", "phone", {"+32 2 1": "+32 2 1"}, ("call me",)),
    Pair("text", "choice", {"gold": "gold", "rust": "rust"}, ("Gold", "silver")),
    Pair("text", "duration", {"3600": 3600}, ("-1", "1h")),
    Pair("long_text", "text", SAME, ("a\nb", "x" * 256)),
    Pair("integer", "decimal", {0: "0.00", -7: "-7.00"}),
    Pair("integer", "text", {0: "0", -7: "-7"}),
    Pair("integer", "duration", {0: 0, 7: 7}, (-7,)),
    Pair("decimal", "text", {"1.50": "1.50", "0.00": "0.00"}),
    Pair("decimal", "integer", {"7.00": 7, "-0.00": 0}, ("1.50",)),
    Pair("boolean", "text", {True: "true", False: "false"}),
    Pair("date", "text", {"2026-01-31": "2026-01-31"}),
    Pair("date", "datetime", {"2026-01-31": MIDNIGHT}),
    Pair("datetime", "text", {INSTANT: INSTANT}),
    Pair("datetime", "date", {MIDNIGHT: "2026-01-31"}, (INSTANT,)),
    *(
        Pair(kind, text, {value: value})
        for kind, value in (
            ("url", "https://a.example/"),
            ("email", "a@example.com"),
            ("phone", "+32 2 1"),
        )
        for text in ("text", "long_text")
    ),
    Pair("choice", "text", {"gold": "gold"}),
    Pair("choice", "multi_choice", {"gold": ["gold"], "rust": ["rust"]}),
    Pair("multi_choice", "choice", {("gold",): "gold", ("rust",): "rust"}, (("gold", "tin"),)),
    Pair("duration", "integer", {0: 0, 3600: 3600}),
    Pair("duration", "text", {0: "0", 3600: "3600"}),
]

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.before}-{pair.after}")


def needed(kind: str) -> dict[str, Any]:
    return CHOICES if kind.endswith("choice") else {}


def as_json(value: Any) -> Any:
    return list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value


async def convert(
    api: AsyncClient, field: dict[str, Any], kind: str, query: str = "", **body: Any
) -> Response:
    address = f"{PATH}/{field['id']}/convert{query}"
    return await api.post(address, json={"kind": kind, **body})


async def stored(api: AsyncClient) -> list[Any]:
    listed = (await api.get("/clients?sort=created_at")).json()["items"]
    return [each["custom_fields"].get("field") for each in listed]


async def having(given: Given, database: Database, *values: Any) -> list[int]:
    """Add a client for each of these values, by way of an older system."""
    ids: list[int] = []
    for number, value in enumerate(values):
        client = await given.a_client(f"Client {number}")
        await left_behind(database, client, field=as_json(value))
        ids.append(client["id"])
    return ids


def test_every_pair_that_is_possible_is_tried():
    assert {(pair.before, pair.after) for pair in PAIRS} == {
        (before, after) for before, each in POSSIBLE.items() for after in each
    }
    assert POSSIBLE.keys() == KINDS.keys()


@each_pair
async def test_values_become_values_of_the_other_kind(
    api: AsyncClient, given: Given, database: Database, pair: Pair
):
    field = await given.a_field("field", pair.before, **needed(pair.before))
    await having(given, database, *pair.becoming)
    body = needed(pair.after) if not pair.before.endswith("choice") else {}
    dry = await convert(api, field, pair.after, "?dry_run=true", **body)
    assert dry.status_code == 200, dry.text
    assert (dry.json()["definition"]["kind"], "problem" in dry.json()) == (pair.after, False)
    assert await stored(api) == [as_json(value) for value in pair.becoming]
    done = await convert(api, field, pair.after, **body)
    assert done.status_code == 200, done.text
    assert done.json()["impact"] == dry.json()["impact"]
    found = await stored(api)
    assert found == list(pair.becoming.values())
    assert [type(value) for value in found] == [type(each) for each in pair.becoming.values()]
    assert (await api.get(f"{PATH}/{field['id']}/usage")).json()["usage"][0]["violations"] == 0


@each_pair
async def test_where_one_value_does_not_fit_nothing_is_changed(
    api: AsyncClient, given: Given, database: Database, pair: Pair
):
    field = await given.a_field("field", pair.before, **needed(pair.before))
    everything = (*pair.becoming, *pair.unfit)
    ids = await having(given, database, *everything)
    before = await state(database)
    body = needed(pair.after) if not pair.before.endswith("choice") else {}
    told = await convert(api, field, pair.after, "?dry_run=true", **body)
    assert told.status_code == 200, told.text
    assert ("problem" in told.json()) == bool(pair.unfit)
    (impact,) = told.json()["impact"]
    assert impact["violations"] == len(pair.unfit)
    assert [each["value"] for each in impact["samples"]] == [as_json(each) for each in pair.unfit]
    if pair.unfit:
        refused = await convert(api, field, pair.after, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "unconvertible")
        assert refused.json()["impact"] == [impact]
        assert [each["id"] for each in impact["samples"]] == ids[len(pair.becoming) :]
    assert await state(database) == before
    assert await stored(api) == [as_json(each) for each in everything]


async def test_other_pairs_are_refused_with_those_there_are(api: AsyncClient, given: Given):
    for before in KINDS:
        field = await given.a_field(f"field_{before}", before, **needed(before))
        for after in KINDS.keys() - POSSIBLE[before].keys():
            refused = await convert(api, field, after)
            assert faults(refused) == {("/kind", "no_conversion")}, (before, after)
            for possible in POSSIBLE[before]:
                assert possible in refused.json()["errors"][0]["message"]


async def test_another_kind_in_a_patch_is_refused_with_the_way_to_go(
    api: AsyncClient, given: Given
):
    field = await given.a_field("field")
    refused = await api.patch(f"{PATH}/{field['id']}", json={"kind": "integer"})
    assert faults(refused) == {("/kind", "immutable")}
    assert "/convert" in refused.json()["errors"][0]["message"]


async def test_bounds_and_default_are_converted_or_given_anew(api: AsyncClient, given: Given):
    field = await given.a_field("field", "integer", minimum=0, maximum=10, default=5)
    told = (await convert(api, field, "decimal", scale=1)).json()["definition"]
    assert (told["minimum"], told["maximum"], told["default"]) == ("0.0", "10.0", "5.0")
    await api.patch(f"{PATH}/{field['id']}", json={"default": "5.5"})
    assert faults(await convert(api, field, "integer")) == {("/default", "type")}
    told = (await convert(api, field, "integer", default=6)).json()["definition"]
    assert (told["minimum"], told["default"], told["scale"]) == (0, 6, None)
    told = (await convert(api, field, "text", max_length=3)).json()["definition"]
    assert (told["minimum"], told["default"], told["max_length"]) == (None, "6", 3)
    assert faults(await convert(api, field, "integer", max_length=3)) == {
        ("/max_length", "not_applicable")
    }
    assert faults(await convert(api, field, "choice", default=None)) == {("/choices", "required")}


async def test_what_is_unique_stays_so_or_is_not_converted(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("field", is_unique=True)
    for name, value in (("A", "7"), ("B", "07")):
        await given.a_client(name, custom_fields={"field": value})
    before = await state(database)
    told = await convert(api, field, "integer", "?dry_run=true")
    assert told.json()["problem"]["code"] == "not_unique"
    refused = await convert(api, field, "integer")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_unique")
    assert await state(database) == before
    client = (await api.get("/clients?search=B")).json()["items"][0]
    await api.patch(f"/clients/{client['id']}", json={"custom_fields": {"field": "8"}})
    assert (await convert(api, field, "integer")).status_code == 200
    taken = await api.post("/clients", json={"name": "C", "custom_fields": {"field": 7}})
    assert faults(taken) == {("/custom_fields/field", "not_unique")}


async def test_conversions_are_told_as_changes_of_the_records(api: AsyncClient, given: Given):
    field = await given.a_field("field")
    client = await given.a_client(custom_fields={"field": "7"})
    stale = await api.post(
        f"{PATH}/{field['id']}/convert", json={"kind": "integer"}, headers={"If-Match": '"9-x"'}
    )
    assert stale.status_code == 412
    key = {"Idempotency-Key": "once"}
    address = f"{PATH}/{field['id']}/convert"
    first = await api.post(address, json={"kind": "integer"}, headers=key)
    again = await api.post(address, json={"kind": "integer"}, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    (event,) = (await api.get("/events?type=client.updated")).json()["items"]
    assert event["entity_id"] == client["id"]
    assert event["changes"] == {"custom_fields": {"old": {"field": "7"}, "new": {"field": 7}}}
    assert (await api.get("/clients?custom.field=7")).json()["total"] == 1


async def test_what_is_written_meanwhile_is_converted_or_refused(api: AsyncClient, given: Given):
    field = await given.a_field("field")
    clients = [await given.a_client(f"Client {n}", custom_fields={"field": "1"}) for n in range(8)]

    async def create(number: int) -> Response:
        body = {"name": f"New {number}", "custom_fields": {"field": "2"}}
        return await api.post("/clients", json=body)

    async def edit(client: dict[str, Any]) -> Response:
        body = {"custom_fields": {"field": "3"}}
        return await api.patch(f"/clients/{client['id']}", json=body)

    writers = [*(create(n) for n in range(8)), *(edit(client) for client in clients)]
    done, *written = await asyncio.gather(convert(api, field, "integer"), *writers)
    assert done.status_code == 200, done.text
    for response in written:
        assert response.status_code in {200, 201, 422}, response.text
        if response.status_code == 422:
            assert faults(response) == {("/custom_fields/field", "type")}
    assert {type(value) for value in await stored(api)} == {int}
