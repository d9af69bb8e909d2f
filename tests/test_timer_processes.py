"""The timer of one user, asked for from all sides at once by way of real servers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given
from people import recorded
from timetracker_api.db.session import Database

AT_ONCE = 16
ROUNDS = 8


async def all_entries(api: AsyncClient) -> list[dict[str, Any]]:
    answer = await api.get("/time-entries?sort=started_at&limit=200")
    assert answer.json()["next"] is None
    return answer.json()["items"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def assert_sound(entries: Sequence[dict[str, Any]]) -> None:
    """At most one runs, none is negative, none overlaps another."""
    assert len([entry for entry in entries if entry["ended_at"] is None]) <= 1
    lasting = [entry for entry in entries if entry["duration_seconds"] != 0]
    assert all(
        entry["duration_seconds"] is None or entry["duration_seconds"] > 0 for entry in lasting
    )
    for one, other in pairwise(lasting):
        assert one["ended_at"], (one, other)
        assert moment(one["ended_at"]) <= moment(other["started_at"]), (one, other)


@pytest.mark.parametrize("policy", ["allow", "reject"])
async def test_whatever_is_asked_of_a_timer_at_once_it_stays_one_timer(
    api: AsyncClient,
    given: Given,
    processes: Sequence[AsyncClient],
    database: Database,
    policy: str,
):
    await api.patch("/settings", json={"overlap_policy": policy})
    place = {"client_id": (await given.a_client())["id"]}
    chance = Random(policy)  # noqa: S311 - nothing depends on nobody guessing it
    verbs: list[tuple[str, dict[str, Any]]] = [
        ("start", place),
        ("start", {**place, "on_running": "switch"}),
        ("switch", place),
        ("stop", {}),
        ("resume", {}),
        ("discard", {}),
    ]

    async def ask(number: int) -> tuple[str, Response]:
        verb, body = chance.choice(verbs)
        client = processes[number % len(processes)]
        return verb, await client.post(f"/timer/{verb}", json=body)

    begun = discarded = 0
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        for verb, answer in await asyncio.gather(*(ask(number) for number in range(AT_ONCE))):
            statuses[answer.status_code] += 1
            assert answer.status_code in {200, 404, 409}, (verb, answer.text)
            assert answer.status_code != 404 or verb == "resume", answer.text
            if answer.status_code == 409:
                assert answer.json()["code"] == "timer_running", answer.text
            elif answer.status_code == 200:
                begun += bool(answer.json().get("timer"))
                discarded += bool(answer.json().get("discarded"))
        assert_sound(await all_entries(api))
    assert statuses[200] > AT_ONCE
    assert len(await all_entries(api)) == begun - discarded
    assert len(await recorded(database, "time_entry.created")) == begun
    assert len(await recorded(database, "time_entry.deleted")) == discarded


async def test_of_sixteen_who_start_at_once_one_succeeds(
    api: AsyncClient, given: Given, processes: Sequence[AsyncClient]
):
    place = {"client_id": (await given.a_client())["id"]}
    answers = await asyncio.gather(
        *(processes[n % 2].post("/timer/start", json=place) for n in range(AT_ONCE))
    )
    assert Counter(each.status_code for each in answers) == {200: 1, 409: AT_ONCE - 1}
    [entry] = await all_entries(api)
    assert {each.json()["timer"]["id"] for each in answers} == {entry["id"]}

    answers = await asyncio.gather(
        *(processes[n % 2].post("/timer/stop", json={}) for n in range(AT_ONCE))
    )
    stopped = [each.json()["stopped"] for each in answers if each.json()["stopped"]]
    assert [each["id"] for each in stopped] == [entry["id"]]


async def test_entries_that_change_hands_both_ways_at_once_lock_nobody_out(
    given: Given, callers: Callers, processes: Sequence[AsyncClient]
):
    client = await given.a_client()
    ids = [(await (await callers.a("member")).get("/users/me")).json()["id"] for _ in range(2)]
    entries = [await given.an_entry(client_id=client["id"], user_id=id) for id in ids * 4]

    async def hand_over(number: int, entry: dict[str, Any]) -> Response:
        to = ids[1 - ids.index(entry["user"]["id"])]
        path, body = f"/time-entries/{entry['id']}", {"user_id": to}
        return await processes[number % 2].patch(path, json=body)

    answers = await asyncio.gather(*(hand_over(*each) for each in enumerate(entries)))
    assert [answer.status_code for answer in answers] == [200] * len(entries)
    for entry, answer in zip(entries, answers, strict=True):
        assert answer.json()["user"]["id"] != entry["user"]["id"]


async def test_many_changes_at_once_in_any_order_lock_nobody_out(
    api: AsyncClient, given: Given, callers: Callers, processes: Sequence[AsyncClient]
):
    place = {"project_id": (await given.a_project())["id"]}
    ids = [(await (await callers.a("member")).get("/users/me")).json()["id"] for _ in range(4)]
    entries = [await given.an_entry(**place, user_id=id) for id in ids]
    span = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 60}
    chance = Random(1)  # noqa: S311 - as above

    async def change(number: int) -> Response:
        operations: list[dict[str, Any]] = [
            {"op": "update", "id": entry["id"], "data": {"notes": f"{number}", **place}}
            for entry in entries
        ]
        operations += [{"op": "create", "data": {**span, **place, "user_id": id}} for id in ids]
        chance.shuffle(operations)
        body = {"operations": operations}
        return await processes[number % 2].post("/time-entries/bulk", json=body)

    answers = await asyncio.gather(*(change(number) for number in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(await all_entries(api)) == 4 + 8 * 4
