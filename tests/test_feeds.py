import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

import orjson
import pytest
from httpx import AsyncClient, Response

from callers import Callers
from elsewhere import another_process
from given import Given, faults
from test_statements import AUTHENTICATION, count
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings
from timetracker_api.time_entries.feed import TimeEntryFeed

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def beginning(number: int) -> str:
    """Two by two at the same instant, so that the ids have to decide."""
    return (START + timedelta(minutes=number // 2)).isoformat()


async def a_series(api: AsyncClient, given: Given, length: int, **fields: Any) -> list[int]:
    """Record entries; return their ids, the earliest first."""
    if "project_id" not in fields and "client_id" not in fields:
        fields["client_id"] = (await given.a_client("Client of a series"))["id"]
    operations = [
        {
            "op": "create",
            "data": {**fields, "started_at": beginning(number), "duration_seconds": 30},
        }
        for number in range(length)
    ]
    answer = await api.post("/time-entries/bulk", json={"operations": operations})
    assert answer.status_code == 200, answer.text
    return [result["entry"]["id"] for result in answer.json()["results"]]


async def found(api: AsyncClient, **parameters: Any) -> list[int]:
    answer = await api.get("/time-entries", params=parameters)
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["items"]]


async def refusal(api: AsyncClient, **parameters: Any) -> set[tuple[str, str]]:
    return faults(await api.get("/time-entries", params=parameters))


@pytest.mark.parametrize("sort", ["started_at", "-started_at"])
async def test_a_walk_sees_every_entry_once_and_in_order(api: AsyncClient, given: Given, sort: str):
    ids = await a_series(api, given, 11)
    seen: list[int] = []
    path: str | None = f"/time-entries?limit=3&sort={sort}"
    while path:
        page = await api.get(path)
        seen += [entry["id"] for entry in page.json()["items"]]
        link = page.headers.get("link", "").partition(">; ")
        path = link[0].removeprefix("</api/v1") or None
        assert bool(path) == bool(page.json()["next"])
    assert seen == (ids if sort == "started_at" else ids[::-1])


async def walked(api: AsyncClient, sort: str) -> list[int]:
    page = (await api.get("/time-entries", params={"limit": 4, "sort": sort})).json()
    seen = [entry["id"] for entry in page["items"]]
    while page["next"]:
        parameters = {"limit": 4, "sort": sort, "cursor": page["next"]}
        page = (await api.get("/time-entries", params=parameters)).json()
        seen += [entry["id"] for entry in page["items"]]
    return seen


@pytest.mark.parametrize("sort", ["started_at", "-started_at"])
async def test_who_walks_while_others_insert_and_delete_sees_every_lasting_entry_once(
    api: AsyncClient, given: Given, settings: Settings, sort: str
):
    client = (await given.a_client())["id"]
    lasting = await a_series(api, given, 40, client_id=client)
    passing = await a_series(api, given, 20, client_id=client)
    chance = Random(7)  # noqa: S311 - nothing depends on nobody guessing it
    done = asyncio.Event()

    async def disturb(other: AsyncClient) -> None:
        while not done.is_set():
            if passing and chance.random() < 0.5:
                gone = await other.delete(f"/time-entries/{passing.pop()}")
                assert gone.status_code == 204
            else:
                body = {"started_at": beginning(chance.randrange(40)), "duration_seconds": 1}
                new = await other.post("/time-entries", json={**body, "client_id": client})
                passing.append(new.json()["id"])

    async with another_process(settings, api) as other:
        disturbing = asyncio.create_task(disturb(other))
        try:
            seen = await walked(api, sort)
        finally:
            done.set()
            await disturbing
    kept = [id for id in seen if id in lasting]
    assert kept == (lasting if sort == "started_at" else lasting[::-1])


def altered(cursor: str) -> Iterator[str]:
    """Give every cursor that differs in one place."""
    for position, character in enumerate(cursor):
        other = "A" if character != "A" else "B"
        yield cursor[:position] + other + cursor[position + 1 :]
        yield cursor[:position] + cursor[position + 1 :]
    yield cursor + "A"
    yield cursor + "!"
    yield cursor + "="


async def test_a_cursor_that_was_altered_is_refused(api: AsyncClient, given: Given):
    await a_series(api, given, 3)
    cursor = (await api.get("/time-entries?limit=1")).json()["next"]
    for other in altered(cursor):
        assert await refusal(api, limit=1, cursor=other) == {("/cursor", "cursor")}, other
    last = cursor[:-1] + chr(ord(cursor[-1]) + 1)
    assert await refusal(api, limit=1, cursor=last) == {("/cursor", "cursor")}


@pytest.mark.parametrize(
    "content",
    [
        [1, 1],
        ["2026-11-20T09:00:00", 1],
        ["x", 1],
        [None, 1],
        ["2026-11-20T09:00:00Z", 2**70],
        ["2026-11-20T09:00:00Z", "1"],
        ["2026-11-20T09:00:00Z"],
        ["9999-12-31T23:59:59-01:00", 1],
        ["0001-01-01T00:00:00+01:00", 1],
        7,
        {"a": 1},
        None,
    ],
)
async def test_a_cursor_that_somebody_made_up_is_refused(api: AsyncClient, content: Any):
    place = (
        orjson.dumps(content)
        if content != ["2026-11-20T09:00:00Z", 2**70]
        else (b'["2026-11-20T09:00:00Z",1180591620717411303424]')
    )
    query = TimeEntryFeed().model_dump_json(
        exclude={"cursor", "limit", "include"}, exclude_none=True
    )
    seal = blake2b(place + b"TimeEntryFeed" + query.encode(), digest_size=9).digest()
    cursor = urlsafe_b64encode(seal + place).decode().rstrip("=")
    assert await refusal(api, cursor=cursor) == {("/cursor", "cursor")}


async def test_a_cursor_belongs_to_its_filters_and_order(api: AsyncClient, given: Given):
    await given.a_field("tier", applies_to=["time_entry"])
    await a_series(api, given, 4, custom_fields={"tier": "gold"})
    filters: dict[str, Any] = {"billable": "true", "custom.tier": "gold", "limit": 1}
    page = (await api.get("/time-entries", params=filters)).json()
    cursor = page["next"]
    assert urlsafe_b64decode(cursor + "===")
    for change in (
        {"billable": "false"},
        {"custom.tier": "tin"},
        {"sort": "started_at"},
        {"from": "2026-01-01"},
        {"running": "false"},
    ):
        changed = {**filters, **change, "cursor": cursor}
        assert await refusal(api, **changed) == {("/cursor", "cursor")}, change
    fewer = {name: value for name, value in filters.items() if name != "billable"}
    assert await refusal(api, **fewer, cursor=cursor) == {("/cursor", "cursor")}
    assert len(await found(api, **{**filters, "limit": 2}, cursor=cursor)) == 2
    assert len(await found(api, **filters, include="total", cursor=cursor)) == 1
    elsewhere = await api.get("/events", params={"cursor": cursor})
    assert faults(elsewhere) == {("/cursor", "cursor")}


async def test_totals_are_counted_when_asked_for_and_up_to_a_limit(
    api: AsyncClient, given: Given, monkeypatch: pytest.MonkeyPatch
):
    await a_series(api, given, 5)
    plain = (await api.get("/time-entries?limit=2")).json()
    assert "total" not in plain
    assert "total_is_exact" not in plain

    async def total(**filters: Any) -> tuple[int, bool]:
        page = await api.get("/time-entries", params={"include": "total", "limit": 2, **filters})
        return page.json()["total"], page.json()["total_is_exact"]

    assert await total() == (5, True)
    assert await total(cursor=plain["next"]) == (5, True)
    assert await total(started_before=beginning(2)) == (2, True)
    monkeypatch.setattr("timetracker_api.web.feeds.MOST_COUNTED", 4)
    assert await total() == (4, False)


async def test_a_page_of_200_takes_as_many_statements_as_one_of_one(
    api: AsyncClient, given: Given, database: Database
):
    project = await given.a_project()
    for _ in range(2):
        await a_series(api, given, 101, project_id=project["id"])
    await api.get("/time-entries")
    for path, statements in (
        ("/time-entries?limit=1", 1),
        ("/time-entries?limit=200", 1),
        ("/time-entries?limit=200&include=total", 2),
    ):
        assert await count(database, api, "GET", path) == AUTHENTICATION + statements
    page = (await api.get("/time-entries?limit=200")).json()
    assert (len(page["items"]), bool(page["next"])) == (200, True)


async def a_mixed_world(api: AsyncClient, given: Given, callers: Callers) -> dict[str, int]:
    """Give entries that differ in everything one can filter by; return ids by name."""
    await given.a_field("tier", applies_to=["time_entry"])
    acme, other = await given.a_client("Acme"), await given.a_client("Other")
    web = await given.a_project("Web", client_id=acme["id"])
    app = await given.a_project("App", client_id=other["id"], billable=False)
    task = await given.a_task(project_id=web["id"])
    member = await callers.a("member")
    ids = {"acme": acme["id"], "other": other["id"], "web": web["id"], "app": app["id"]}
    ids |= {"task": task["id"], "member": (await member.get("/users/me")).json()["id"]}
    day = "2026-11-2{}T23:30:00Z".format
    tier = {"custom_fields": {"tier": "gold"}}
    made = {
        "direct": {"client_id": acme["id"], "started_at": day(0), "tags": ["a", "b"], **tier},
        "web_1": {"project_id": web["id"], "started_at": day(1), "notes": "Große 50% Sache"},
        "on_task": {"task_id": task["id"], "started_at": day(2), "tags": ["b"]},
        "app_1": {"project_id": app["id"], "started_at": day(3), "time_zone": "Asia/Tokyo"},
        "theirs": {"client_id": other["id"], "started_at": day(4), "user_id": ids["member"]},
    }
    for name, fields in made.items():
        ids[name] = (await given.an_entry(duration_seconds=60, **fields))["id"]
    running = await api.post("/timer/start", json={"client_id": acme["id"]})
    return ids | {"now": running.json()["timer"]["id"]}


async def test_entries_are_found_by_everything_that_can_be_said_of_them(
    api: AsyncClient, given: Given, callers: Callers
):
    ids = await a_mixed_world(api, given, callers)
    names = {id: name for name, id in ids.items() if name in ENTRIES}
    for parameters, expected in FILTERS:
        filled = {key: str(value).format(**ids) for key, value in parameters.items()}
        assert {names[id] for id in await found(api, **filled)} == set(expected), parameters


@pytest.mark.parametrize(
    ("zone", "started_at", "day"),
    [
        ("Pacific/Kiritimati", "2026-11-19T10:00:00Z", "2026-11-20"),
        ("Etc/GMT+12", "2026-11-21T11:59:59Z", "2026-11-20"),
        ("America/Metlakatla", "1850-06-30T08:50:00Z", "1850-07-01"),  # was 15:13 ahead
        ("Asia/Manila", "1840-07-02T15:50:00Z", "1840-07-01"),  # was 15:56 behind
    ],
)
async def test_a_day_is_that_of_the_entry_wherever_on_earth_it_was(
    api: AsyncClient, given: Given, zone: str, started_at: str, day: str
):
    entry = await given.an_entry(time_zone=zone, started_at=started_at, duration_seconds=0)
    assert entry["local_date"] == day
    assert await found(api, **{"from": day, "to": day}) == [entry["id"]]
    assert await found(api, **{"from": "0001-01-01", "to": "9999-12-31"}) == [entry["id"]]


ENTRIES = ("direct", "web_1", "on_task", "app_1", "theirs", "now")

FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, [*ENTRIES]),
    ({"client_id": "{acme}"}, ["direct", "web_1", "on_task", "now"]),
    ({"client_id": "{acme},{other}"}, [*ENTRIES]),
    ({"client_id": 999}, []),
    ({"project_id": "{web}"}, ["web_1", "on_task"]),
    ({"project_id": "{web},{app}"}, ["web_1", "on_task", "app_1"]),
    ({"project_id": "none"}, ["direct", "theirs", "now"]),
    ({"project_id": "none,{app}"}, ["direct", "theirs", "now", "app_1"]),
    ({"task_id": "{task}"}, ["on_task"]),
    ({"task_id": "none", "project_id": "{web}"}, ["web_1"]),
    ({"user_id": "{member}"}, ["theirs"]),
    ({"tag": "b"}, ["direct", "on_task"]),
    ({"tag": "B"}, []),
    ({"billable": "false"}, ["app_1"]),
    ({"billable": "true", "project_id": "{app}"}, []),
    ({"running": "true"}, ["now"]),
    ({"running": "false", "client_id": "{acme}"}, ["direct", "web_1", "on_task"]),
    ({"complete": "true"}, [*ENTRIES]),
    ({"complete": "false"}, []),
    ({"search": "GROSSE 50%"}, ["web_1"]),
    ({"search": "%"}, ["web_1"]),
    ({"custom.tier": "gold"}, ["direct"]),
    ({"from": "2026-11-22", "running": "false"}, ["on_task", "app_1", "theirs"]),
    ({"to": "2026-11-21"}, ["direct", "web_1"]),
    ({"from": "2026-11-24", "to": "2026-11-24"}, ["app_1", "theirs"]),
    ({"from": "2026-11-22", "to": "2026-11-21"}, []),
    ({"started_after": "2026-11-23T23:30:00Z", "running": "false"}, ["app_1", "theirs"]),
    ({"started_before": "2026-11-22T00:30:00+01:00"}, ["direct"]),
    ({"started_before": "2026-11-21T23:30:00Z"}, ["direct"]),
    ({"updated_since": "2099-01-01T00:00:00Z"}, []),
    ({"updated_since": "2020-01-01T00:00:00Z"}, [*ENTRIES]),
]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("project_id", "x"),
        ("project_id", "1,"),
        ("client_id", "none"),
        ("user_id", "0"),
        ("billable", "maybe"),
        ("from", "20"),
        ("from", "86400"),
        ("to", "2026-11-31"),
        ("to", "2026-11-20T00:00:00Z"),
        ("started_after", "2026-11-20T09:00:00"),
        ("started_before", "1700000000"),
        ("updated_since", "yesterday"),
        ("updated_since", "0001-01-01T00:00:00+01:00"),
        ("started_after", "9999-12-31T23:59:59-01:00"),
        ("started_before", "9999-12-31T23:59:59-01:00"),
        ("sort", "notes"),
        ("limit", "201"),
        ("include", "all"),
        ("colour", "red"),
        ("custom.nothing", "x"),
    ],
)
async def test_a_parameter_that_means_nothing_is_refused(
    api: AsyncClient, parameter: str, value: str
):
    answer: Response = await api.get("/time-entries", params={parameter: value})
    assert answer.status_code == 422, answer.text
    assert {pointer for pointer, _ in faults(answer)} == {f"/{parameter}"}


async def test_members_find_their_own_entries_and_others_with_the_scope_all(
    given: Given, callers: Callers
):
    client = await given.a_client()
    mine = await given.an_entry(client_id=client["id"])
    member = await callers.a("member")
    theirs = await given.an_entry(
        client_id=client["id"], user_id=(await member.get("/users/me")).json()["id"]
    )
    assert await found(member) == [theirs["id"]]
    assert await found(member, user_id=mine["user"]["id"]) == []
    total = (await member.get("/time-entries?include=total")).json()["total"]
    assert total == 1
    for role in ("manager", "viewer"):
        assert await found(await callers.a(role)) == [theirs["id"], mine["id"]]


async def test_notes_are_searched_to_their_end(api: AsyncClient, given: Given):
    entry = await given.an_entry(notes=f"{'word ' * 1990}zanzibar")
    await given.an_entry(client_id=entry["client"]["id"], notes="word")
    found = (await api.get("/time-entries?search=Zanzibar")).json()["items"]
    assert [each["id"] for each in found] == [entry["id"]]
