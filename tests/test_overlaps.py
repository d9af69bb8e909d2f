import asyncio
from collections import Counter
from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given, faults
from timetracker_api import clock

DAY = "2026-11-20T"


def span(start: str, end: str) -> dict[str, str]:
    return {"started_at": f"{DAY}{start}:00Z", "ended_at": f"{DAY}{end}:00Z"}


async def the_policy_is(api: AsyncClient, policy: str) -> None:
    assert (await api.patch("/settings", json={"overlap_policy": policy})).is_success


async def post(api: AsyncClient, client: dict[str, Any], start: str, end: str) -> Response:
    return await api.post("/time-entries", json={**span(start, end), "client_id": client["id"]})


async def test_entries_may_overlap_unless_the_settings_say_otherwise(
    api: AsyncClient, given: Given
):
    client = await given.a_client()
    for _ in range(2):
        entry = await post(api, client, "09:00", "10:00")
        assert entry.status_code == 201
        assert "warnings" not in entry.json()


async def test_a_warning_names_what_is_overlapped(api: AsyncClient, given: Given):
    await the_policy_is(api, "warn")
    client = await given.a_client()
    first = (await post(api, client, "09:00", "10:00")).json()
    assert "warnings" not in first
    second = (await post(api, client, "09:59", "11:00")).json()
    assert second["warnings"] == [{"code": "overlap", "entry_ids": [first["id"]]}]
    assert "warnings" not in (await api.get(f"/time-entries/{second['id']}")).json()


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("08:00", "09:00", 201),
        ("10:00", "11:00", 201),
        ("09:30", "09:30", 201),
        ("08:00", "09:01", 409),
        ("09:59", "11:00", 409),
        ("09:15", "09:45", 409),
        ("08:00", "11:00", 409),
        ("09:00", "10:00", 409),
    ],
)
async def test_intervals_are_half_open(
    api: AsyncClient, given: Given, start: str, end: str, status: int
):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    there = (await post(api, client, "09:00", "10:00")).json()
    answer = await post(api, client, start, end)
    assert answer.status_code == status
    if status == 409:
        problem = answer.json()
        assert (problem["code"], problem["entry_ids"]) == ("overlapping", [there["id"]])


async def test_what_has_no_length_is_in_nobodys_way(api: AsyncClient, given: Given):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    assert (await post(api, client, "09:30", "09:30")).status_code == 201
    assert (await post(api, client, "09:00", "10:00")).status_code == 201


async def test_others_may_work_at_the_same_time(api: AsyncClient, given: Given, callers: Callers):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    assert (await post(api, client, "09:00", "10:00")).status_code == 201
    assert (await post(await callers.a("member"), client, "09:00", "10:00")).status_code == 201


async def test_what_is_running_reaches_on_for_ever(api: AsyncClient, given: Given):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    running = (await api.post("/timer/start", json={"client_id": client["id"]})).json()["timer"]
    year = clock.now().year + 1
    body = {"client_id": client["id"], "duration_seconds": 60}
    after = await api.post("/time-entries", json={**body, "started_at": f"{year}-12-01T09:00:00Z"})
    assert after.json()["entry_ids"] == [running["id"]]
    before = await api.post("/time-entries", json={**body, "started_at": "2020-12-01T09:00:00Z"})
    assert before.status_code == 201


async def test_a_timer_cannot_be_started_in_time_that_is_taken(api: AsyncClient, given: Given):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    there = (await post(api, client, "09:00", "10:00")).json()
    start = {"client_id": client["id"], "started_at": f"{DAY}09:30:00Z"}
    refused = await api.post("/timer/start", json=start)
    assert (refused.status_code, refused.json()["entry_ids"]) == (409, [there["id"]])
    assert (await api.get("/timer")).json()["timer"] is None
    resumed = await api.post("/timer/resume", json={"entry_id": there["id"]})
    assert resumed.status_code == 200


async def test_the_timer_never_stands_in_its_own_way(api: AsyncClient, given: Given):
    await the_policy_is(api, "reject")
    here = {"client_id": (await given.a_client())["id"]}
    for verb, body in (
        ("start", here),
        ("switch", here),
        ("stop", {}),
        ("start", here),
        ("pause", {}),
        ("resume", {}),
        ("resume", {"on_running": "switch"}),
        ("stop", {}),
    ):
        answer = await api.post(f"/timer/{verb}", json=body)
        assert answer.status_code == 200, (verb, answer.text)


async def test_a_timer_that_overlaps_since_before_the_rule_can_be_stopped(
    api: AsyncClient, given: Given
):
    client = await given.a_client()
    start = {"client_id": client["id"], "started_at": f"{DAY}09:30:00Z"}
    await api.post("/timer/start", json=start)
    await post(api, client, "09:00", "10:00")
    await the_policy_is(api, "reject")
    assert (await api.post("/timer/stop", json={})).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"notes": "x"}, 200),
        ({"started_at": f"{DAY}09:45:00Z"}, 200),
        ({"duration_seconds": 60}, 200),
        ({"started_at": f"{DAY}09:15:00Z"}, 409),
        ({"ended_at": f"{DAY}10:45:00Z"}, 409),
    ],
)
async def test_an_overlap_from_before_the_rule_may_stay_and_shrink_but_not_grow(
    api: AsyncClient, given: Given, change: dict[str, Any], status: int
):
    client = await given.a_client()
    await post(api, client, "09:00", "10:00")
    entry = (await post(api, client, "09:30", "10:30")).json()
    await the_policy_is(api, "reject")
    assert (await api.patch(f"/time-entries/{entry['id']}", json=change)).status_code == status


async def test_moving_an_entry_onto_another_or_to_a_busy_user_is_refused(
    api: AsyncClient, given: Given, callers: Callers
):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    mine = (await post(api, client, "09:00", "10:00")).json()
    later = (await post(api, client, "10:00", "11:00")).json()
    onto = await api.patch(f"/time-entries/{later['id']}", json=span("09:30", "10:30"))
    assert (onto.status_code, onto.json()["entry_ids"]) == (409, [mine["id"]])

    member = await callers.a("member")
    theirs = (await post(member, client, "09:00", "10:00")).json()
    given_away = {"user_id": theirs["user"]["id"]}
    refused = await api.patch(f"/time-entries/{mine['id']}", json=given_away)
    assert (refused.status_code, refused.json()["entry_ids"]) == (409, [theirs["id"]])
    assert (await api.patch(f"/time-entries/{later['id']}", json=given_away)).status_code == 200


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_of_many_at_once_none_overlaps_another(api: AsyncClient, given: Given, mode: str):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    spans = [("09:00", "10:00"), ("10:00", "11:00"), ("10:59", "12:00"), ("12:00", "13:00")]
    operations = [
        {"op": "create", "data": {**span(*each), "client_id": client["id"]}} for each in spans
    ]
    body = {"mode": mode, "operations": operations}
    answer = await api.post("/time-entries/bulk", json=body)
    kept = (await api.get("/time-entries?sort=started_at")).json()["items"]
    if mode == "atomic":
        assert (answer.status_code, answer.json()["code"]) == (409, "overlapping")
        assert faults(answer) == {("/operations/2", "overlapping")}
        assert kept == []
    else:
        assert [each["status"] for each in answer.json()["results"]] == [201, 201, 409, 201]
        assert [each["started_at"][11:16] for each in kept] == ["09:00", "10:00", "12:00"]


async def test_of_many_who_want_the_same_hour_at_once_one_gets_it(api: AsyncClient, given: Given):
    await the_policy_is(api, "reject")
    client = await given.a_client()
    answers = await asyncio.gather(*(post(api, client, "09:00", "10:00") for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}
