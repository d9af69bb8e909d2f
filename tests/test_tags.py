from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api.db.session import Database


async def entries(given: Given, *tags: list[str]) -> list[dict[str, Any]]:
    client = await given.a_client()
    return [await given.an_entry(client_id=client["id"], tags=each) for each in tags]


async def names(api: AsyncClient) -> dict[str, int]:
    return {tag["name"]: tag["count"] for tag in (await api.get("/tags")).json()["items"]}


async def test_tags_are_listed_in_order_with_how_many_entries_have_them(
    api: AsyncClient, given: Given
):
    await entries(given, ["beta", "Alpha"], ["beta"], [], ["beta", "Überstunden", "été"])
    assert list((await names(api)).items()) == [
        ("Alpha", 1),
        ("beta", 3),
        ("été", 1),
        ("Überstunden", 1),
    ]


async def test_one_sees_the_tags_of_the_entries_one_may_see(given: Given, callers: Callers):
    await entries(given, ["secret"])
    assert await names(await callers.a("member")) == {}
    assert await names(await callers.a("manager")) == {"secret": 1}


async def test_tags_are_trimmed_and_keep_their_order(given: Given):
    [entry] = await entries(given, [" b ", "a", "A"])
    assert entry["tags"] == ["b", "a", "A"]


@pytest.mark.parametrize(
    ("tags", "pointer", "code"),
    [
        (["a", " a"], "/tags", "not_unique"),
        ([f"tag {number}" for number in range(21)], "/tags", "max_length"),
        (["x" * 51], "/tags/0", "max_length"),
        (["ok", "  "], "/tags/1", "min_length"),
        (["a\nb"], "/tags/0", "control_characters"),
        ([1], "/tags/0", "type"),
        ("a", "/tags", "type"),
        (None, "/tags", "type"),
    ],
)
async def test_tags_that_break_the_rules_are_refused(
    api: AsyncClient, given: Given, tags: Any, pointer: str, code: str
):
    [entry] = await entries(given, [])
    refused = await api.patch(f"/time-entries/{entry['id']}", json={"tags": tags})
    assert faults(refused) == {(pointer, code)}


async def test_twenty_tags_of_fifty_characters_are_fine(given: Given):
    tags = [f"{number:050}" for number in range(20)]
    [entry] = await entries(given, tags)
    assert entry["tags"] == tags


async def test_entries_are_found_by_a_tag_to_the_letter(api: AsyncClient, given: Given):
    one, *_ = await entries(given, ["a b"], ["a"], ["A b"], ['"a b"'])
    found = (await api.get("/time-entries", params={"tag": "a b"})).json()["items"]
    assert [each["id"] for each in found] == [one["id"]]


async def test_a_renamed_tag_has_its_new_name_on_every_entry(
    api: AsyncClient, given: Given, database: Database
):
    first, second, third = await entries(given, ["a", "mtg", "b"], ["mtg"], ["a"])
    renamed = await api.post("/tags/rename", json={"name": "mtg", "new_name": "meeting"})
    assert renamed.json() == {"entries": 2}
    assert await names(api) == {"a": 2, "b": 1, "meeting": 2}
    now = (await api.get(f"/time-entries/{first['id']}")).json()
    assert now["tags"] == ["a", "meeting", "b"]
    events = await recorded(database, "time_entry.updated")
    assert {event.entity_id for event in events} == {first["id"], second["id"]}
    assert third == (await api.get(f"/time-entries/{third['id']}")).json()


async def test_a_tag_cannot_be_renamed_to_another_that_there_is(api: AsyncClient, given: Given):
    await entries(given, ["a"], ["b"])
    refused = await api.post("/tags/rename", json={"name": "a", "new_name": "b"})
    assert (refused.status_code, faults(refused)) == (409, {("/new_name", "not_unique")})
    assert await names(api) == {"a": 1, "b": 1}
    other_case = await api.post("/tags/rename", json={"name": "a", "new_name": "A"})
    assert other_case.json() == {"entries": 1}
    same = await api.post("/tags/rename", json={"name": "b", "new_name": "b"})
    assert same.json() == {"entries": 0}


async def test_merged_tags_become_one_and_stand_on_an_entry_once(api: AsyncClient, given: Given):
    first, second, _ = await entries(given, ["x", "a", "b", "c"], ["c", "a"], ["c"])
    merged = await api.post("/tags/merge", json={"names": ["a", "b", "c"], "into": "c"})
    assert merged.json() == {"entries": 2}
    assert (await api.get(f"/time-entries/{first['id']}")).json()["tags"] == ["x", "c"]
    assert (await api.get(f"/time-entries/{second['id']}")).json()["tags"] == ["c"]
    assert await names(api) == {"x": 1, "c": 3}


async def test_tags_are_merged_on_more_entries_than_are_loaded_at_once(
    api: AsyncClient, given: Given, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("timetracker_api.tags.service.BATCH", 2)
    await entries(given, *([["a"]] * 5), ["b"])
    merged = await api.post("/tags/merge", json={"names": ["a"], "into": "b"})
    assert merged.json() == {"entries": 5}
    assert await names(api) == {"b": 6}


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("rename", {"name": "nobody", "new_name": "x"}),
        ("merge", {"names": ["nobody", "neither"], "into": "x"}),
    ],
)
async def test_a_tag_that_no_entry_has_cannot_be_changed(
    api: AsyncClient, given: Given, verb: str, body: dict[str, Any]
):
    await entries(given, ["a"])
    assert (await api.post(f"/tags/{verb}", json=body)).status_code == 404


async def test_tags_change_in_closed_periods_too(api: AsyncClient, given: Given, callers: Callers):
    await entries(given, ["a"])
    await api.patch("/settings", json={"locked_before": "2027-01-01"})
    manager = await callers.a("manager", "tags:write")
    renamed = await manager.post("/tags/rename", json={"name": "a", "new_name": "b"})
    assert renamed.json() == {"entries": 1}
