from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from httpx import AsyncClient

from elsewhere import left_behind
from given import Given, faults
from test_feeds import a_series
from test_statements import AUTHENTICATION, count
from timetracker_api.db.session import Database

CHOICES = [{"value": value, "label": value} for value in ("low", "high", "gone", "a")]

ORDERS: Mapping[str, Sequence[Any]] = {
    "text": ["", " ", "!", "-1", "10", "9", "A", "Z", "a", "z", "É", "é", "語", "👩"],
    "long_text": ["a", "a\nb", "ab", "b" * 256],
    "integer": [-(2**53 - 1), -10, -9, -1, 0, 1, 9, 10, 2**53 - 1],
    "duration": [0, 1, 59, 60, 2**53 - 1],
    "decimal": [
        "-9999999999999999.99", "-9999999999999999.98", "-10.00", "-9.99", "-0.01", "0.00",
        "0.01", "9.99", "10.00", "9999999999999999.98", "9999999999999999.99",
    ],
    "boolean": [False, True],
    "date": ["0001-01-01", "2025-12-31", "2026-01-01", "9999-12-31"],
    "datetime": ["2026-01-31T11:59:59.999999Z", "2026-01-31T12:00:00.000000Z"],
    "url": ["https://a.example/", "https://a.example/b", "https://b.example/"],
    "email": ["Z@example.com", "a@example.com"],
    "phone": ["+32 2", "000", "1-1"],
    "choice": ["low", "high", "gone", "a", "unheard"],
    "user": [1, 2, 10],
}  # fmt: skip
"""Values in the order they have; the empty ones of text could only have been left behind."""


async def walk(api: AsyncClient, sort: str, limit: int = 200) -> list[str]:
    """Return the names of all clients, page by page."""
    path: str | None = f"/clients?sort={sort}&limit={limit}"
    seen: list[str] = []
    while path:
        page = await api.get(path)
        assert page.status_code == 200, page.text
        seen += [each["name"] for each in page.json()["items"]]
        link = page.headers.get("link", "").partition(">; ")
        path = link[0].removeprefix("</api/v1") or None
    return seen


@pytest.mark.parametrize("kind", ORDERS)
async def test_records_are_sorted_by_their_values_those_without_last(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    choices = {"choices": CHOICES} if kind == "choice" else {}
    await given.a_field("field", kind, **choices)
    values = ORDERS[kind]
    await given.a_client("none 1")
    mixed = [*range(len(values))][::2] + [*range(len(values))][1::2]
    for place in mixed:
        client = await given.a_client(f"{place}")
        await left_behind(database, client, field=values[place])
    await left_behind(database, await given.a_client("none 2"), field=None)
    await left_behind(database, await given.a_client("none 3"), field=[{"another": "type"}])
    names = [str(place) for place in range(len(values))]
    without = ["none 1", "none 2", "none 3"]
    for limit in (1, 3, 200):
        assert await walk(api, "custom.field", limit) == names + without
        assert await walk(api, "-custom.field", limit) == names[::-1] + without[::-1]


async def test_equal_values_are_sorted_by_id_and_pages_lose_nobody(api: AsyncClient, given: Given):
    await given.a_field("size", "integer")
    for number in range(14):
        values = {} if number % 3 == 0 else {"size": number % 2}
        await given.a_client(f"{number}", custom_fields=values)
    evens, odds, none = (
        ["2", "4", "8", "10"],
        ["1", "5", "7", "11", "13"],
        ["0", "3", "6", "9", "12"],
    )
    expected = {"custom.size": evens + odds + none}
    expected["-custom.size"] = odds[::-1] + evens[::-1] + none[::-1]
    for sort, names in expected.items():
        for limit in (1, 2, 4, 5, 9, 10, 14, 15):
            assert await walk(api, sort, limit) == names, (sort, limit)
    page = (await api.get("/clients?sort=custom.size&offset=11&limit=2")).json()
    assert ([each["name"] for each in page["items"]], page["total"]) == (["6", "9"], 14)
    beyond = (await api.get("/clients?sort=custom.size&offset=20")).json()
    assert (beyond["items"], beyond["total"]) == ([], 14)


async def test_a_sorted_page_takes_a_statement_more_where_it_ends_with_records_without_a_value(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("size", "integer")
    for number in range(6):
        values = {"size": number} if number < 3 else {}
        await given.a_client(f"{number}", custom_fields=values)
    for query, statements in (
        ("limit=2", 2),  # the number of all, and those with a value
        ("limit=3", 2),
        ("limit=5", 3),  # and those without
        ("limit=2&offset=2", 3),
        ("limit=2&offset=3", 4),  # and where they begin
        ("offset=6", 2),
        ("custom.size.is_set=true", 2),
    ):
        path = f"/clients?sort=custom.size&{query}"
        assert await count(database, api, "GET", path) == AUTHENTICATION + statements, query


@pytest.mark.parametrize("path", ["/clients", "/projects", "/tasks", "/time-entries"])
async def test_what_has_no_order_is_refused(api: AsyncClient, given: Given, path: str):
    everything = ["client", "project", "task", "time_entry"]
    await given.a_field("tier", applies_to=everything)
    await given.a_field(
        "labels", "multi_choice", choices=[{"value": "a", "label": "A"}], applies_to=everything
    )
    gone = await given.a_field("gone", applies_to=everything)
    await api.patch(f"/custom-field-definitions/{gone['id']}", json={"is_active": False})
    for sort, code, words in (
        ("custom.teir", "undefined_field", "Did you mean custom.tier?"),
        ("-custom.gone", "undefined_field", "is not active"),
        ("custom.labels", "not_applicable", "Labels can have several values at once"),
        ("custom.", "undefined_field", "''"),
        ("custom.tier'", "undefined_field", ""),
        ("custom.tier.in", "undefined_field", ""),
        ("--custom.tier", "not_a_choice", "custom.<key>"),
        ("client.custom.tier", "not_a_choice", "custom.<key>"),
        ("tier", "not_a_choice", "custom.<key>"),
    ):
        refused = await api.get(path, params={"sort": sort})
        assert faults(refused) == {("/sort", code)}, sort
        (fault,) = refused.json()["errors"]
        assert words in fault["message"]
        assert fault["source"] == "query"
    both = await api.get(path, params={"sort": "custom.x", "custom.y": "1"})
    assert faults(both) == {("/sort", "undefined_field"), ("/custom.y", "undefined_field")}


@pytest.mark.parametrize("path", ["projects", "tasks"])
async def test_projects_and_tasks_are_sorted_as_well(api: AsyncClient, given: Given, path: str):
    await given.a_field("rank", "decimal", applies_to=["project", "task"])
    create = {"projects": given.a_project, "tasks": given.a_task}[path]
    for name, rank in (("A", "2"), ("B", "-1"), ("C", "10")):
        await create(name, custom_fields={"rank": rank})
    await create("D")
    for sort, names in (("custom.rank", "BACD"), ("-custom.rank", "CABD")):
        answer = await api.get(f"/{path}", params={"sort": sort})
        assert "".join(each["name"] for each in answer.json()["items"]) == names


FEED: Mapping[str, Sequence[Any]] = {
    "text": ["A", "a", 'é"\\\n', "👩" * 256],
    "integer": [-5, 0, 1.5, 2**53 - 1],
    "decimal": ["-9999999999999999.99", "0.00", "9999999999999999.99"],
    "boolean": [False, True],
    "datetime": ["2026-01-31T11:59:59.999999Z", "2026-01-31T12:00:00.000000Z"],
    "choice": ["low", "high", "a", "unheard"],
}


@pytest.mark.parametrize("kind", FEED)
async def test_a_feed_is_walked_by_a_custom_field_while_others_insert(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    choices = {"choices": CHOICES} if kind == "choice" else {}
    await given.a_field("field", kind, applies_to=["time_entry"], **choices)
    values: list[Any] = [*FEED[kind], None, [{}]]
    client = (await given.a_client())["id"]
    ids = await a_series(api, given, 3 * len(values), client_id=client)
    by_value: list[list[int]] = [ids[place :: len(values)] for place in range(len(values))]
    for value, entries in zip(values, by_value, strict=True):
        for id in entries:
            await left_behind(database, {"id": id}, kind="time_entry", field=value)
    *valued, null, other = by_value
    ascending = [id for entries in valued for id in entries] + sorted(null + other)
    descending = [id for entries in reversed(valued) for id in reversed(entries)]
    descending += sorted(null + other, reverse=True)
    for sort, expected in (("custom.field", ascending), ("-custom.field", descending)):
        for limit in (1, 2, 5, 200):
            seen: list[int] = []
            cursor: str | None = ""
            while cursor is not None:
                parameters = {"sort": sort, "limit": limit} | ({"cursor": cursor} if cursor else {})
                page = await api.get("/time-entries", params=parameters)
                assert page.status_code == 200, page.text
                seen += [each["id"] for each in page.json()["items"]]
                cursor = page.json()["next"]
                if limit == 5:
                    new = (await a_series(api, given, 1, client_id=client))[0]
                    value = FEED[kind][len(seen) % len(FEED[kind])]
                    await left_behind(database, {"id": new}, kind="time_entry", field=value)
            assert [id for id in seen if id in ids] == expected, (sort, limit)
            assert len(seen) == len(set(seen))


async def test_a_cursor_belongs_to_the_field_it_was_made_for(api: AsyncClient, given: Given):
    await given.a_field("size", "integer", applies_to=["time_entry"])
    await given.a_field("note", applies_to=["time_entry"])
    await a_series(api, given, 2, custom_fields={"size": 1, "note": "x"})
    await a_series(api, given, 2, client_id=(await given.a_client())["id"])
    for cursor_of, others in (
        ("custom.size", ("-custom.size", "custom.note", "started_at")),
        ("started_at", ("custom.size",)),
    ):
        page = await api.get("/time-entries", params={"sort": cursor_of, "limit": 1})
        cursor = page.json()["next"]
        for sort in others:
            refused = await api.get("/time-entries", params={"sort": sort, "cursor": cursor})
            assert faults(refused) == {("/cursor", "cursor")}
    path = "/time-entries?sort=custom.size&include=total&limit=1"
    assert (await api.get(path)).json()["total"] == 4
