from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api import clock
from timetracker_api.auth.models import User
from timetracker_api.db.session import Database
from timetracker_api.time_entries.held import locked_users


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def from_now(**change: float) -> str:
    return (clock.now() + timedelta(**change)).isoformat()


async def do(api: AsyncClient, verb: str, **body: Any) -> Response:
    return await api.post(f"/timer/{verb}", json=body)


async def done(api: AsyncClient, verb: str, **body: Any) -> dict[str, Any]:
    answer = await do(api, verb, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def here(given: Given) -> dict[str, int]:
    return {"client_id": (await given.a_client())["id"]}


async def test_what_is_started_runs_until_it_is_stopped(api: AsyncClient, here: dict[str, int]):
    nothing = (await api.get("/timer")).json()
    assert nothing["timer"] is None
    assert abs(at(nothing["server_time"]) - clock.now()) < timedelta(minutes=5)

    started = await done(api, "start", **here, notes="Sketches", tags=["a"])
    timer = started["timer"]
    assert (started["stopped"], timer["ended_at"], timer["duration_seconds"]) == (None, None, None)
    assert (timer["source"], timer["notes"], timer["tags"]) == ("timer", "Sketches", ["a"])
    assert timer["started_at"] == started["server_time"]
    assert (await api.get("/timer")).json()["timer"] == timer
    running = (await api.get("/time-entries?running=true")).json()["items"]
    assert running == [timer]

    stopped = await done(api, "stop")
    entry = stopped["stopped"]
    assert (entry["id"], entry["ended_at"]) == (timer["id"], stopped["server_time"])
    seconds = (at(entry["ended_at"]) - at(entry["started_at"])).total_seconds()
    assert entry["duration_seconds"] == seconds
    assert (await done(api, "stop"))["stopped"] is None
    assert (await done(api, "pause"))["stopped"] is None
    assert (await done(api, "discard"))["discarded"] is None


async def test_stopping_needs_no_body(api: AsyncClient, here: dict[str, int]):
    started = (await done(api, "start", **here))["timer"]
    assert (await api.post("/timer/stop")).json()["stopped"]["id"] == started["id"]


@pytest.mark.parametrize("verb", ["start", "resume"])
async def test_a_second_timer_is_refused_and_the_answer_tells_of_the_first(
    api: AsyncClient, given: Given, here: dict[str, int], verb: str
):
    await given.an_entry(**here)
    await done(api, "start", **here)
    refused = await do(api, verb, **(here if verb == "start" else {}))
    assert (refused.status_code, refused.json()["code"]) == (409, "timer_running")
    assert refused.json()["timer"] == (await api.get("/timer")).json()["timer"]


@pytest.mark.parametrize("verb", ["start", "switch", "resume"])
async def test_a_switch_ends_one_and_begins_the_other_at_one_instant(
    api: AsyncClient, here: dict[str, int], verb: str
):
    first = (await done(api, "start", **here, started_at=from_now(minutes=-5)))["timer"]
    body: dict[str, Any] = {} if verb == "resume" else dict(here)
    if verb != "switch":
        body["on_running"] = "switch"
    if verb == "resume":
        body["entry_id"] = first["id"]
    both = await done(api, verb, **body)
    assert both["stopped"]["id"] == first["id"]
    assert both["stopped"]["ended_at"] == both["timer"]["started_at"] == both["server_time"]
    assert both["stopped"]["duration_seconds"] >= 300
    assert (await api.get("/timer")).json()["timer"] == both["timer"]


async def test_switching_begins_also_where_nothing_runs(api: AsyncClient, here: dict[str, int]):
    both = await done(api, "switch", **here)
    assert both["stopped"] is None
    assert (await api.get("/timer")).json()["timer"] == both["timer"]


async def test_a_switch_can_be_told_when_it_was_but_not_before_what_runs(
    api: AsyncClient, here: dict[str, int]
):
    await done(api, "start", **here, started_at=from_now(minutes=-5))
    early = {**here, "on_running": "switch", "started_at": from_now(minutes=-6)}
    assert faults(await do(api, "start", **early)) == {("/started_at", "minimum")}
    both = await done(api, "start", **{**early, "started_at": from_now(minutes=-2)})
    assert both["stopped"]["ended_at"] == both["timer"]["started_at"]
    assert both["stopped"]["duration_seconds"] in {179, 180, 181}


async def test_a_switch_that_fails_leaves_what_runs(api: AsyncClient, here: dict[str, int]):
    timer = (await done(api, "start", **here))["timer"]
    assert faults(await do(api, "switch", project_id=999_999)) == {
        ("/project_id", "reference_not_found")
    }
    assert faults(await do(api, "switch")) == {("/project_id", "required")}
    assert (await api.get("/timer")).json()["timer"] == timer


async def test_another_timer_than_the_named_one_is_left_running(
    api: AsyncClient, here: dict[str, int]
):
    before = (await done(api, "start", **here))["timer"]
    timer = (await done(api, "switch", **here))["timer"]
    for verb in ("stop", "pause", "discard"):
        refused = await do(api, verb, entry_id=before["id"])
        assert (refused.status_code, refused.json()["code"]) == (409, "other_timer")
        assert refused.json()["timer"] == timer
    assert (await done(api, "stop", entry_id=timer["id"]))["stopped"]["id"] == timer["id"]


async def test_a_stop_can_be_told_when_it_was(api: AsyncClient, here: dict[str, int]):
    timer = (await done(api, "start", **here, started_at=from_now(hours=-2)))["timer"]
    end = (at(timer["started_at"]) + timedelta(hours=1)).isoformat()
    entry = (await done(api, "stop", ended_at=end))["stopped"]
    assert entry["duration_seconds"] == 3600


async def test_a_timer_neither_begins_nor_ends_ahead_of_time_but_for_what_clocks_differ(
    api: AsyncClient, here: dict[str, int]
):
    ahead = from_now(minutes=5)
    assert faults(await do(api, "start", **here, started_at=ahead)) == {("/started_at", "future")}
    timer = (await done(api, "start", **here, started_at=from_now(seconds=30)))["timer"]
    assert faults(await do(api, "stop", ended_at=ahead)) == {("/ended_at", "future")}
    early = (at(timer["started_at"]) - timedelta(seconds=1)).isoformat()
    assert faults(await do(api, "stop", ended_at=early)) == {("/ended_at", "minimum")}
    stopped = (await done(api, "stop"))["stopped"]
    assert (stopped["ended_at"], stopped["duration_seconds"]) == (stopped["started_at"], 0)


async def test_a_timer_does_not_begin_so_long_ago_that_it_could_not_be_stopped(
    api: AsyncClient, here: dict[str, int]
):
    beginning = {"started_at": "0001-01-01T00:00:00Z"}
    assert faults(await do(api, "start", **here, **beginning)) == {("/started_at", "maximum")}
    longest = from_now(seconds=60 - 2**31)
    timer = (await done(api, "start", **here, started_at=longest))["timer"]
    earlier = await api.patch(f"/time-entries/{timer['id']}", json=beginning)
    assert faults(earlier) == {("/started_at", "maximum")}
    assert (await done(api, "stop"))["stopped"]["id"] == timer["id"]


async def test_clocks_that_differ_make_no_overlap(api: AsyncClient, here: dict[str, int]):
    await done(api, "start", **here, started_at=from_now(minutes=-1))
    first = (await done(api, "stop", ended_at=from_now(seconds=40)))["stopped"]
    second = (await done(api, "start", **here))["timer"]
    assert second["started_at"] == first["ended_at"]
    third = await done(api, "switch", **here)
    assert third["stopped"]["duration_seconds"] == 0
    assert third["timer"]["started_at"] == first["ended_at"]


async def test_time_planned_ahead_does_not_move_the_start(
    api: AsyncClient, given: Given, here: dict[str, int]
):
    await given.an_entry(**here, started_at=from_now(seconds=-10), duration_seconds=40)
    started = await done(api, "start", **here)
    assert started["timer"]["started_at"] == started["server_time"]


async def test_resuming_begins_a_new_entry_that_continues_the_latest(
    api: AsyncClient, given: Given
):
    task = await given.a_task()
    details = {"notes": "n", "tags": ["t"], "billable": False, "time_zone": "Asia/Tokyo"}
    await done(api, "start", task_id=task["id"], **details)
    before = (await done(api, "pause"))["stopped"]
    await given.an_entry(
        client_id=before["client"]["id"], started_at=from_now(days=3), duration_seconds=60
    )
    timer = (await done(api, "resume"))["timer"]
    assert timer["continues_id"] == before["id"] != timer["id"]
    same = ("client", "project", "task", *details)
    assert {name: timer[name] for name in same} == {name: before[name] for name in same}
    assert (await api.get(f"/time-entries/{before['id']}")).json() == before


async def test_an_earlier_entry_can_be_resumed_but_no_one_elses(
    api: AsyncClient, given: Given, callers: Callers, here: dict[str, int]
):
    entry = await given.an_entry(**here)
    assert (await done(api, "resume", entry_id=entry["id"]))["timer"]["continues_id"] == entry["id"]
    for role in ("member", "manager"):
        other = await callers.a(role)
        assert (await do(other, "resume", entry_id=entry["id"])).status_code == 404
        assert (await do(other, "resume")).status_code == 404


async def test_a_resumed_entry_takes_over_the_values_that_are_still_accepted(
    api: AsyncClient, given: Given, here: dict[str, int]
):
    _, gone, _ = [
        await given.a_field(key, kind, applies_to=["time_entry"])
        for key, kind in (("kept", "text"), ("gone", "text"), ("buddy", "user"))
    ]
    ada = await given.a_user("ada")
    values = {"kept": "k", "gone": "g", "buddy": ada["id"]}
    await given.an_entry(**here, custom_fields=values)
    await api.patch(f"/custom-field-definitions/{gone['id']}", json={"is_active": False})
    await api.delete(f"/users/{ada['id']}")
    timer = (await done(api, "resume"))["timer"]
    assert timer["custom_fields"] == {"kept": "k"}


async def test_what_is_discarded_was_never_there(
    api: AsyncClient, here: dict[str, int], database: Database
):
    timer = (await done(api, "start", **here))["timer"]
    assert (await done(api, "discard"))["discarded"] == timer
    assert (await api.get(f"/time-entries/{timer['id']}")).status_code == 404
    assert (await api.get("/timer")).json()["timer"] is None
    assert len(await recorded(database, "time_entry.deleted")) == 1


async def test_mandatory_values_may_wait_until_the_work_is_done(
    api: AsyncClient, given: Given, here: dict[str, int]
):
    await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    await given.a_field("size", "integer", applies_to=["time_entry"])
    manual = {**here, "started_at": "2026-11-20T09:00:00Z", "duration_seconds": 60}
    direct = await api.post("/time-entries", json=manual)
    assert faults(direct) == {("/custom_fields/ticket", "required")}
    wrong = await do(api, "start", **here, custom_fields={"size": "x"})
    assert faults(wrong) == {("/custom_fields/size", "type")}

    timer = (await done(api, "start", **here))["timer"]
    assert timer["complete"] is False
    stopped = (await done(api, "stop"))["stopped"]
    assert stopped["complete"] is False
    path = f"/time-entries/{stopped['id']}"
    assert (await api.patch(path, json={"notes": "x"})).json()["complete"] is False
    incomplete = (await api.get("/time-entries?complete=false")).json()["items"]
    assert [entry["id"] for entry in incomplete] == [stopped["id"]]

    filled = await api.patch(path, json={"custom_fields": {"ticket": "T-1"}})
    assert filled.json()["complete"] is True
    assert (await api.get("/time-entries?complete=false")).json()["items"] == []
    emptied = await api.patch(path, json={"custom_fields": {"ticket": None}})
    assert faults(emptied) == {("/custom_fields/ticket", "required")}


async def test_what_became_mandatory_meanwhile_shows_at_the_stop(
    api: AsyncClient, given: Given, here: dict[str, int]
):
    assert (await done(api, "start", **here))["timer"]["complete"] is True
    field = await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    stopped = (await done(api, "stop"))["stopped"]
    assert stopped["complete"] is False
    await api.patch(f"/custom-field-definitions/{field['id']}", json={"is_mandatory": False})
    noted = await api.patch(f"/time-entries/{stopped['id']}", json={"notes": "x"})
    assert noted.json()["complete"] is True


@pytest.mark.parametrize("parent", ["client", "project", "task"])
async def test_nothing_starts_on_what_is_archived(api: AsyncClient, given: Given, parent: str):
    client = await given.a_client()
    project = await given.a_project(client_id=client["id"])
    task = await given.a_task(project_id=project["id"])
    place = {"task_id": task["id"]}
    await done(api, "start", **place)
    ids = {"client": client["id"], "project": project["id"], "task": task["id"]}
    assert (await api.post(f"/{parent}s/{ids[parent]}/archive")).is_success
    assert (await done(api, "stop"))["stopped"]["task"]["id"] == task["id"]
    for verb, body in (("start", place), ("switch", place), ("resume", {})):
        refused = await do(api, verb, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "archived"), verb
    assert (await api.get("/timer")).json()["timer"] is None


async def test_the_timer_does_not_reach_into_closed_periods(
    api: AsyncClient, callers: Callers, here: dict[str, int]
):
    member = await callers.a("member")
    await done(member, "start", **here, started_at="2026-01-10T09:00:00Z")
    await api.patch("/settings", json={"locked_before": "2026-02-01"})
    for verb, body in (
        ("stop", {}),
        ("stop", {"ended_at": "2026-01-10T10:00:00Z"}),
        ("switch", here),
        ("discard", {}),
    ):
        refused = await do(member, verb, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "locked"), verb
        assert refused.json()["locks"] == (await member.get("/timer")).json()["timer"]["locks"]
    early = {**here, "started_at": "2026-01-31T23:59:59Z"}
    other = await callers.a("member")
    assert (await do(other, "start", **early)).json()["code"] == "locked"
    assert (await do(await callers.a("manager"), "start", **early)).status_code == 200


async def test_everybody_has_a_timer_of_their_own(
    api: AsyncClient, callers: Callers, here: dict[str, int]
):
    timer = (await done(api, "start", **here))["timer"]
    for role in ("member", "manager"):
        other = await callers.a(role)
        assert (await other.get("/timer")).json()["timer"] is None
        assert (await done(other, "stop"))["stopped"] is None
        assert (await done(other, "discard"))["discarded"] is None
        assert (await done(other, "start", **here))["stopped"] is None
    assert (await api.get("/timer")).json()["timer"] == timer
    assert (await do(await callers.a("viewer"), "start", **here)).status_code == 403


@pytest.mark.parametrize("verb", ["start", "stop", "discard", "resume", "switch"])
async def test_who_is_deleted_while_they_ask_has_to_sign_in_first(
    api: AsyncClient, here: dict[str, int], monkeypatch: pytest.MonkeyPatch, verb: str
):
    async def too_late(session: AsyncSession, ids: Collection[int]) -> Mapping[int, User]:
        connection = await session.connection()
        await connection.execute(delete(User).where(User.id.in_(ids)))
        return await locked_users(session, ids)

    monkeypatch.setattr("timetracker_api.timer.service.locked_users", too_late)
    refused = await do(api, verb, **here if verb in {"start", "switch"} else {})
    assert refused.status_code == 401, refused.text
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_a_repeated_start_with_the_same_key_is_one_start(
    api: AsyncClient, here: dict[str, int]
):
    key = {"Idempotency-Key": "start-1"}
    first = await api.post("/timer/start", json=here, headers=key)
    again = await api.post("/timer/start", json=here, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


async def test_a_clock_that_goes_back_makes_no_negative_time(
    api: AsyncClient, here: dict[str, int], monkeypatch: pytest.MonkeyPatch
):
    timer = (await done(api, "start", **here))["timer"]
    back = at(timer["started_at"]).astimezone(UTC) - timedelta(seconds=20)
    monkeypatch.setattr("timetracker_api.timer.service._now", lambda: back)
    both = await done(api, "switch", **here)
    assert both["stopped"]["duration_seconds"] == 0
    assert both["timer"]["started_at"] == timer["started_at"]
    assert (await done(api, "stop"))["stopped"]["duration_seconds"] == 0
