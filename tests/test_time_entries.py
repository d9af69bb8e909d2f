import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api import entities
from timetracker_api.db.session import Database
from timetracker_api.organization.models import Organization
from timetracker_api.organization.service import ONLY

SOMEWHEN = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}


def span(start: str = "09:00", end: str = "10:30") -> dict[str, Any]:
    return {"started_at": f"2026-11-20T{start}:00Z", "ended_at": f"2026-11-20T{end}:00Z"}


def path(entry: Mapping[str, Any]) -> str:
    return f"/time-entries/{entry['id']}"


async def shown(api: AsyncClient, entry: Mapping[str, Any]) -> dict[str, Any]:
    return (await api.get(path(entry))).json()


async def test_an_entry_says_who_where_when_and_how_long(api: AsyncClient, given: Given):
    client = await given.a_client()
    project = await given.a_project(client_id=client["id"])
    task = await given.a_task(project_id=project["id"])
    body = {**span(), "task_id": task["id"], "notes": "Sketches\nand more", "tags": ["b", "a"]}
    created = await api.post("/time-entries", json=body)
    assert created.status_code == 201, created.text
    entry = created.json()
    me = (await api.get("/users/me")).json()
    assert entry["user"] == {"id": me["id"], "name": me["username"]}
    for name, record in (("client", client), ("project", project), ("task", task)):
        assert entry[name] == {"id": record["id"], "name": record["name"]}
    assert (entry["started_at"], entry["ended_at"]) == (body["started_at"], body["ended_at"])
    assert (entry["duration_seconds"], entry["local_date"]) == (5400, "2026-11-20")
    assert (entry["notes"], entry["tags"]) == (body["notes"], body["tags"])
    assert (entry["source"], entry["complete"], entry["locks"]) == ("manual", True, [])

    assert created.headers["location"] == f"/api/v1{path(entry)}"
    found = await api.get(path(entry))
    assert (found.json(), found.headers["etag"]) == (entry, created.headers["etag"])
    assert (await api.get("/time-entries")).json() == {"items": [entry], "next": None}


async def test_a_duration_can_stand_for_the_end(api: AsyncClient, given: Given):
    client = await given.a_client()
    body = {**SOMEWHEN, "client_id": client["id"]}
    entry = (await api.post("/time-entries", json=body)).json()
    assert entry["ended_at"] == "2026-11-20T10:00:00Z"
    agreeing = {**body, "ended_at": "2026-11-20T11:00:00+01:00"}
    assert (await api.post("/time-entries", json=agreeing)).status_code == 201
    contradicting = {**body, "ended_at": "2026-11-20T10:00:01Z"}
    refused = await api.post("/time-entries", json=contradicting)
    assert faults(refused) == {("/duration_seconds", "invalid")}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"started_at": "2026-11-20T09:00:00Z"}, ("/ended_at", "required")),
        ({"started_at": "2026-11-20T09:00:00Z", "ended_at": None}, ("/ended_at", "required")),
        ({"duration_seconds": 60}, ("/started_at", "required")),
        (span("10:00", "09:59"), ("/ended_at", "minimum")),
        ({**SOMEWHEN, "duration_seconds": -1}, ("/duration_seconds", "minimum")),
        ({**SOMEWHEN, "duration_seconds": 2**31}, ("/duration_seconds", "maximum")),
        ({**SOMEWHEN, "duration_seconds": 1.5}, ("/duration_seconds", "type")),
        ({**span(), "ended_at": "2099-01-01T00:00:00Z"}, ("/ended_at", "maximum")),
        ({**SOMEWHEN, "source": "timer"}, ("/source", "not_a_choice")),
        ({**SOMEWHEN, "time_zone": "Europe/Nowhere"}, ("/time_zone", "time_zone")),
        ({**SOMEWHEN, "notes": "x" * 10_001}, ("/notes", "max_length")),
        ({**SOMEWHEN, "user_id": 999_999}, ("/user_id", "reference_not_found")),
        ({**SOMEWHEN, "local_date": "2026-11-20"}, ("/local_date", "unknown_field")),
        ({**SOMEWHEN, "rate": "95"}, ("/rate", "unknown_field")),
    ],
)
async def test_what_cannot_be_is_refused(
    api: AsyncClient, given: Given, fields: dict[str, Any], fault: tuple[str, str]
):
    client = await given.a_client()
    refused = await api.post("/time-entries", json={"client_id": client["id"], **fields})
    assert faults(refused) == {fault}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"duration_seconds": 60}, ("09:00", "09:01")),
        ({"duration_seconds": 0}, ("09:00", "09:00")),
        ({"ended_at": "2026-11-20T12:00:00Z"}, ("09:00", "12:00")),
        ({"started_at": "2026-11-20T10:00:00Z"}, ("10:00", "10:30")),
        ({"started_at": "2026-11-20T10:00:00Z", "duration_seconds": 3600}, ("10:00", "11:00")),
        (span("11:00", "12:00"), ("11:00", "12:00")),
        ({**span("11:00", "12:00"), "duration_seconds": 3600}, ("11:00", "12:00")),
        ({"notes": "x"}, ("09:00", "10:30")),
    ],
)
async def test_start_end_and_duration_stay_in_agreement(
    api: AsyncClient, given: Given, change: dict[str, Any], expected: tuple[str, str]
):
    entry = await given.an_entry(client_id=(await given.a_client())["id"], **span())
    changed = (await api.patch(path(entry), json=change)).json()
    start, end = changed["started_at"][11:16], changed["ended_at"][11:16]
    assert (start, end) == expected
    hours, minutes = (int(end[n : n + 2]) - int(start[n : n + 2]) for n in (0, 3))
    assert changed["duration_seconds"] == hours * 3600 + minutes * 60


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ended_at": None}, ("/ended_at", "type")),
        ({"started_at": None}, ("/started_at", "type")),
        ({"duration_seconds": None}, ("/duration_seconds", "type")),
        ({"user_id": None}, ("/user_id", "type")),
        ({"source": "import"}, ("/source", "unknown_field")),
        ({"ended_at": "2026-11-20T08:59:59Z"}, ("/ended_at", "minimum")),
        ({"started_at": "2026-11-20T10:30:01Z"}, ("/started_at", "minimum")),
        ({**span(), "duration_seconds": 1}, ("/duration_seconds", "invalid")),
        ({"project_id": 999_999}, ("/project_id", "reference_not_found")),
        ({"task_id": 999_999}, ("/task_id", "reference_not_found")),
        ({"client_id": 999_999}, ("/client_id", "reference_not_found")),
        ({"user_id": 999_999}, ("/user_id", "reference_not_found")),
    ],
)
async def test_a_change_to_what_cannot_be_is_refused(
    api: AsyncClient, given: Given, change: dict[str, Any], fault: tuple[str, str]
):
    entry = await given.an_entry(client_id=(await given.a_client())["id"], **span())
    assert faults(await api.patch(path(entry), json=change)) == {fault}
    assert await shown(api, entry) == entry


def changes() -> Iterator[dict[str, str | None]]:
    """Give every way to name a place: each part left out, null, as it is, or another."""
    parts = (("client_id", "project_id", "task_id"), ("left out", None, "same", "other"))
    for wanted in product(parts[1], repeat=3):
        yield {n: v for n, v in zip(parts[0], wanted, strict=True) if v != "left out"}


async def test_an_entry_goes_where_a_change_says_and_what_it_leaves_unsaid_follows(
    api: AsyncClient, given: Given
):
    ids: dict[str, dict[str, int]] = {}
    for which in ("same", "other"):
        client = await given.a_client(f"Client {which}")
        project = await given.a_project(f"Project {which}", client_id=client["id"])
        task = await given.a_task(project_id=project["id"])
        ids[which] = {"client_id": client["id"], "project_id": project["id"], "task_id": task["id"]}
    wanted = list(changes())
    for depth in ids["same"]:
        data = {**SOMEWHEN, depth: ids["same"][depth]}
        made = await bulk(api, [{"op": "create", "data": data}] * len(wanted))
        results = await bulk(
            api,
            [
                {
                    "op": "update",
                    "id": each["entry"]["id"],
                    "data": {name: which and ids[which][name] for name, which in change.items()},
                }
                for change, each in zip(wanted, made, strict=True)
            ],
        )
        for change, result in zip(wanted, results, strict=True):
            expected = None
            if makes_sense(change, depth):
                goes = destination(change, depth)
                expected = {name: which and ids[which][name] for name, which in goes.items()}
            assert place(result.get("entry")) == expected, (depth, change, result)


async def bulk(api: AsyncClient, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = {"mode": "partial", "operations": operations}
    return (await api.post("/time-entries/bulk", json=body)).json()["results"]


def place(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    names = ("client", "project", "task")
    return entry and {f"{name}_id": entry[name] and entry[name]["id"] for name in names}


def destination(change: Mapping[str, str | None], depth: str) -> dict[str, str | None]:
    """Say in another way than the code where an entry goes that is at some depth of ``same``."""
    order = ("client_id", "project_id", "task_id")
    has = order[: order.index(depth) + 1]
    named = [name for name in order if change.get(name)]
    deepest = named[-1] if named else None
    world = change[deepest] if deepest else "same"
    if deepest == "task_id":
        return dict.fromkeys(order, world)
    goes: dict[str, str | None] = {"client_id": world, "project_id": None, "task_id": None}
    if deepest == "project_id" or (
        "project_id" in has and "project_id" not in change and world == "same"
    ):
        goes["project_id"] = world
        if "task_id" in has and "task_id" not in change and world == "same":
            goes["task_id"] = world
    return goes


def makes_sense(change: Mapping[str, str | None], depth: str) -> bool:
    """Whether all that is named belongs together, and a client is left."""
    named = {which for which in change.values() if which}
    if len(named) > 1:
        return False
    goes = destination(change, depth)
    return "client_id" not in change or change["client_id"] is not None or bool(goes["project_id"])


@pytest.mark.parametrize("parent", ["client", "project", "task"])
async def test_what_is_archived_takes_no_entries_but_keeps_those_it_has(
    api: AsyncClient, given: Given, parent: str
):
    client = await given.a_client()
    project = await given.a_project(client_id=client["id"])
    task = await given.a_task(project_id=project["id"])
    there, elsewhere = await given.an_entry(task_id=task["id"]), await given.an_entry()
    ids = {"client": client["id"], "project": project["id"], "task": task["id"]}
    assert (await api.post(f"/{parent}s/{ids[parent]}/archive")).is_success
    here = {"task_id": task["id"]}
    many = {"operations": [{"op": "create", "data": {**SOMEWHEN, **here}}]}
    for refused in (
        await api.post("/time-entries", json={**SOMEWHEN, **here}),
        await api.patch(path(elsewhere), json=here),
        await api.post("/time-entries/bulk", json=many),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "archived"), refused.text
    for change in ({"notes": "x"}, here, {"billable": None}, {"duration_seconds": 1}):
        assert (await api.patch(path(there), json=change)).status_code == 200, change
    assert (await api.delete(path(there))).status_code == 204


async def is_locked(answer: Response, locks: Any) -> None:
    assert answer.status_code == 409, answer.text
    assert (answer.json()["code"], answer.json()["locks"]) == ("locked", locks)


async def test_a_closed_period_is_closed_but_for_who_may_unlock(
    api: AsyncClient, given: Given, callers: Callers
):
    member = await callers.a("member")
    client = (await given.a_client())["id"]
    body = {**SOMEWHEN, "client_id": client}
    old, new = [
        (await member.post("/time-entries", json={**body, "started_at": day})).json()
        for day in ("2026-11-19T23:59:59Z", "2026-11-20T00:00:00Z")
    ]
    await api.patch("/settings", json={"locked_before": "2026-11-20"})
    locks = (await shown(member, old))["locks"]
    assert [lock["kind"] for lock in locks] == ["period"]
    assert (await shown(member, new))["locks"] == []

    into = {"started_at": "2026-11-19T12:00:00Z"}
    out = {"started_at": "2026-11-20T12:00:00Z", "duration_seconds": 1}
    await is_locked(await member.post("/time-entries", json={**body, **into}), locks)
    await is_locked(await member.patch(path(old), json={"notes": "x"}), locks)
    await is_locked(await member.patch(path(old), json=out), locks)
    await is_locked(await member.patch(path(new), json=into), locks)
    await is_locked(await member.patch(path(new), json={"time_zone": "Pacific/Honolulu"}), locks)
    await is_locked(await member.delete(path(old)), locks)
    assert (await member.patch(path(new), json={"notes": "x"})).status_code == 200

    manager = await callers.a("manager")
    assert (await manager.post("/time-entries", json={**body, **into})).status_code == 201
    assert (await manager.patch(path(new), json=into)).status_code == 200
    assert (await manager.patch(path(old), json=out)).status_code == 200
    assert (await manager.delete(path(new))).status_code == 204
    careful = await callers.a("manager", "time_entries:write", "time_entries:others")
    assert (await careful.post("/time-entries", json={**body, **into})).status_code == 409


async def test_who_waits_for_a_period_to_be_closed_finds_it_closed(
    given: Given, callers: Callers, database: Database
):
    member = await callers.a("member")
    body = {**SOMEWHEN, "client_id": (await given.a_client())["id"]}
    start = {"client_id": body["client_id"], "started_at": body["started_at"]}
    entry = (await member.post("/time-entries", json=body)).json()
    async with database.write() as session:
        settings = await entities.locked(session, Organization, ONLY)
        await entities.update(session, settings, {"locked_before": date(2026, 12, 1)})
        writing = [
            asyncio.create_task(write)
            for write in (
                member.post("/time-entries", json=body),
                member.patch(path(entry), json={"notes": "x"}),
                member.post("/timer/start", json=start),
                member.delete(path(entry)),
            )
        ]
        for _ in range(20):  # a turn for those who would not wait
            async with database.read() as reader:
                await reader.scalar(select(1))
    for write in writing:
        answer = await write
        assert (answer.status_code, answer.json()["code"]) == (409, "locked")


async def test_entries_may_be_planned_unless_the_settings_say_otherwise(
    api: AsyncClient, given: Given
):
    body = {**SOMEWHEN, "client_id": (await given.a_client())["id"]}
    ahead = {**body, "started_at": "2099-01-01T09:00:00Z"}
    planned = (await api.post("/time-entries", json=ahead)).json()
    entry = (await api.post("/time-entries", json=body)).json()
    await api.patch("/settings", json={"future_entries": "reject"})
    future = {("/started_at", "future")}
    assert faults(await api.post("/time-entries", json=ahead)) == future
    later = {"started_at": "2098-01-01T09:00:00Z", "duration_seconds": 60}
    assert faults(await api.patch(path(entry), json=later)) == future
    assert faults(await api.patch(path(planned), json=later)) == future
    assert (await api.patch(path(planned), json={"notes": "x"})).status_code == 200


async def test_what_runs_can_be_changed_and_ended(api: AsyncClient, given: Given):
    client, other = await given.a_client(), await given.a_client("Other", hourly_rate="9")
    timer = (await api.post("/timer/start", json={"client_id": client["id"]})).json()["timer"]
    change = {"started_at": "2026-11-20T09:00:00Z", "notes": "x", "client_id": other["id"]}
    changed = (await api.patch(path(timer), json=change)).json()
    assert {name: changed[name] for name in ("started_at", "notes")} == {
        "started_at": "2026-11-20T09:00:00Z",
        "notes": "x",
    }
    assert (changed["client"]["id"], changed["rate"]["amount"]) == (other["id"], "9.00")
    assert (changed["ended_at"], changed["duration_seconds"]) == (None, None)
    assert (await api.get("/timer")).json()["timer"] == changed
    ahead = await api.patch(path(timer), json={"started_at": "2099-01-01T00:00:00Z"})
    assert faults(ahead) == {("/started_at", "future")}

    ended = (await api.patch(path(timer), json={"ended_at": "2026-11-20T09:30:00Z"})).json()
    assert (ended["duration_seconds"], ended["source"]) == (1800, "timer")
    assert (await api.get("/timer")).json()["timer"] is None


async def test_two_changes_at_once_both_count(api: AsyncClient, given: Given):
    timer = (
        await api.post("/timer/start", json={"client_id": (await given.a_client())["id"]})
    ).json()["timer"]
    bodies: list[dict[str, Any]] = [
        {"notes": "x"},
        {"tags": ["a"]},
        {"started_at": "2026-11-20T09:00:00Z"},
        {"billable": False},
    ]
    answers = await asyncio.gather(*(api.patch(path(timer), json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [200] * 4
    now = await shown(api, timer)
    for body in bodies:
        assert {name: now[name] for name in body} == body


async def test_what_runs_stays_with_its_user(api: AsyncClient, given: Given, callers: Callers):
    client = await given.a_client()
    member = await callers.a("member")
    body = {"client_id": client["id"], "started_at": "2026-11-20T09:00:00Z"}
    timer = (await member.post("/timer/start", json=body)).json()["timer"]
    ada = await given.a_user("ada")
    refused = await api.patch(path(timer), json={"user_id": ada["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    both = {"user_id": ada["id"], "ended_at": "2026-11-20T10:00:00Z"}
    assert (await api.patch(path(timer), json=both)).json()["user"]["name"] == "ada"


async def test_others_entries_are_out_of_sight_whatever_one_asks(
    api: AsyncClient, given: Given, callers: Callers
):
    entry, member = await given.an_entry(), await callers.a("member")
    me = (await member.get("/users/me")).json()["id"]
    many = {"operations": [{"op": "delete", "id": entry["id"]}]}
    for answer in (
        await member.get(path(entry)),
        await member.patch(path(entry), json={"notes": "x"}),
        await member.patch(path(entry), json={"user_id": me}),
        await member.patch(path(entry), json={}, headers={"If-Match": '"0"'}),
        await member.delete(path(entry)),
        await member.post("/time-entries/bulk", json=many),
        await member.post("/timer/resume", json={"entry_id": entry["id"]}),
    ):
        assert answer.status_code == 404, answer.text
    assert await shown(api, entry) == entry
    viewer = await callers.a("viewer")
    assert (await viewer.get(path(entry))).status_code == 200
    assert (await viewer.patch(path(entry), json={"notes": "x"})).status_code == 403


async def test_recording_for_others_needs_the_scope(
    api: AsyncClient, given: Given, callers: Callers
):
    body = {**SOMEWHEN, "client_id": (await given.a_client())["id"]}
    ada, old = await given.a_user("ada"), await given.a_user("old")
    await api.post(f"/users/{old['id']}/archive")
    member, manager = await callers.a("member"), await callers.a("manager")
    mine = (await member.post("/time-entries", json=body)).json()
    for user in (ada["id"], 999_999):
        named = {"user_id": user}
        for refused in (
            await member.post("/time-entries", json={**body, **named}),
            await member.patch(path(mine), json=named),
        ):
            assert refused.status_code == 403
            assert refused.json()["scopes"] == ["time_entries:others"]
    own = await member.post("/time-entries", json={**body, "user_id": mine["user"]["id"]})
    assert own.status_code == 201
    theirs = await manager.post("/time-entries", json={**body, "user_id": ada["id"]})
    assert theirs.json()["user"] == {"id": ada["id"], "name": "ada"}
    given_away = await manager.patch(path(mine), json={"user_id": ada["id"]})
    assert given_away.json()["user"]["id"] == ada["id"]
    assert (await member.get(path(mine))).status_code == 404
    for refused in (
        await manager.post("/time-entries", json={**body, "user_id": old["id"]}),
        await manager.patch(path(mine), json={"user_id": old["id"]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "archived")


async def test_a_change_is_refused_to_who_has_seen_another_version(api: AsyncClient, given: Given):
    entry = await given.an_entry()
    first = (await api.get(path(entry))).headers["etag"]
    changed = await api.patch(path(entry), json={"notes": "x"}, headers={"If-Match": first})
    second = changed.headers["etag"]
    assert (changed.status_code, first != second) == (200, True)
    for refused in (
        await api.patch(path(entry), json={"notes": "y"}, headers={"If-Match": first}),
        await api.delete(path(entry), headers={"If-Match": first}),
    ):
        assert refused.status_code == 412
    fresh = await api.get(path(entry), headers={"If-None-Match": second})
    assert fresh.status_code == 304
    gone = await api.delete(path(entry), headers={"If-Match": second})
    assert gone.status_code == 204


async def test_what_another_entry_continues_can_be_deleted(
    api: AsyncClient, given: Given, database: Database
):
    before = await given.an_entry()
    after = (await api.post("/timer/resume", json={"entry_id": before["id"]})).json()["timer"]
    assert (await api.delete(path(before))).status_code == 204
    now = await shown(api, after)
    assert now == {**after, "continues_id": None, "updated_at": now["updated_at"]}
    assert (await api.get(path(before))).status_code == 404
    [event] = await recorded(database, "time_entry.deleted")
    assert event.changes["started_at"]["old"] == before["started_at"]


async def test_entries_have_custom_fields_and_links(api: AsyncClient, given: Given):
    await given.a_field("ticket", applies_to=["time_entry"])
    url = "https://erp.example/{client.id}/{value}"
    await given.a_template("ticket", url, applies_to=["time_entry"])
    entry = await given.an_entry(custom_fields={"ticket": "T-1"})
    [link] = entry["custom_field_links"]["ticket"]
    assert link["url"] == f"https://erp.example/{entry['client']['id']}/T-1"
    changed = await api.patch(path(entry), json={"custom_fields": {"ticket": "T-2"}})
    assert changed.json()["custom_fields"] == {"ticket": "T-2"}
    refused = await api.patch(path(entry), json={"custom_fields": {"tickt": "T-2"}})
    assert faults(refused) == {("/custom_fields/tickt", "undefined_field")}
