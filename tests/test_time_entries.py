from datetime import datetime
from typing import Any

import pytest
from httpx import AsyncClient

from given import Given, faults


def span(start: str = "09:00", end: str = "10:30") -> dict[str, Any]:
    return {"started_at": f"2026-11-20T{start}:00Z", "ended_at": f"2026-11-20T{end}:00Z"}


async def test_an_entry_says_who_where_when_and_how_long(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="80")
    project = await given.a_project(client_id=client["id"], hourly_rate="95.5")
    created = await api.post(
        "/time-entries",
        json={**span(), "project_id": project["id"], "notes": "Sketches", "tags": ["b", "a"]},
    )
    assert created.status_code == 201, created.text
    entry = created.json()
    assert entry["duration_seconds"] == 5400
    assert entry["client"] == {"id": client["id"], "name": "Acme"}
    assert entry["project"] == {"id": project["id"], "name": "Website"}
    assert entry["task"] is None
    assert entry["tags"] == ["b", "a"]
    assert entry["rate"] == {"amount": "95.50", "currency": "EUR", "source": "project"}
    assert (entry["local_date"], entry["time_zone"]) == ("2026-11-20", "UTC")

    found = await api.get(f"/time-entries/{entry['id']}")
    assert found.json() == entry
    listed = (await api.get("/time-entries?include=total")).json()
    assert listed == {"items": [entry], "next": None, "total": 1, "total_is_exact": True}


async def test_a_duration_can_stand_for_the_end(api: AsyncClient, given: Given):
    client = await given.a_client()
    body = {
        "started_at": "2026-11-20T09:00:00Z",
        "duration_seconds": 60,
        "client_id": client["id"],
    }
    entry = (await api.post("/time-entries", json=body)).json()
    assert entry["ended_at"] == "2026-11-20T09:01:00Z"
    both = await api.post("/time-entries", json={**body, "ended_at": "2026-11-20T10:00:00Z"})
    assert faults(both) == {("/duration_seconds", "invalid")}


async def test_moving_an_entry_takes_the_rate_of_its_new_place(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="80")
    project = await given.a_project(client_id=client["id"], hourly_rate="95.5")
    entry = await given.an_entry(project_id=project["id"], **span())
    moved = await api.patch(f"/time-entries/{entry['id']}", json={"project_id": None})
    assert moved.status_code == 200, moved.text
    assert moved.json()["project"] is None
    assert moved.json()["rate"]["source"] == "client"


async def test_the_timer_starts_switches_stops_and_resumes(api: AsyncClient, given: Given):
    client = await given.a_client()
    here = {"client_id": client["id"]}
    started = await api.post("/timer/start", json=here)
    assert started.status_code == 200, started.text
    again = await api.post("/timer/start", json=here)
    assert again.status_code == 409
    assert again.json()["timer"]["id"] == started.json()["timer"]["id"]

    switched = (await api.post("/timer/switch", json=here)).json()
    assert switched["stopped"]["ended_at"] == switched["timer"]["started_at"]
    assert (await api.get("/timer")).json()["timer"] == switched["timer"]

    stopped = (await api.post("/timer/stop")).json()
    assert stopped["stopped"]["id"] == switched["timer"]["id"]
    assert (await api.post("/timer/stop")).json()["stopped"] is None

    resumed = (await api.post("/timer/resume")).json()
    assert resumed["timer"]["continues_id"] == switched["timer"]["id"]
    discarded = (await api.post("/timer/discard")).json()
    assert discarded["discarded"]["id"] == resumed["timer"]["id"]
    assert (await api.get("/timer")).json()["timer"] is None


async def test_bulk_is_all_or_nothing_unless_asked_otherwise(api: AsyncClient, given: Given):
    client = await given.a_client()
    good = {"op": "create", "data": {**span(), "client_id": client["id"]}}
    bad = {"op": "create", "data": {**span("11:00", "10:00"), "client_id": client["id"]}}
    refused = await api.post("/time-entries/bulk", json={"operations": [good, bad]})
    assert refused.status_code == 422
    assert faults(refused) == {("/operations/1/data/ended_at", "minimum")}
    assert (await api.get("/time-entries")).json()["items"] == []

    partly = await api.post(
        "/time-entries/bulk", json={"mode": "partial", "operations": [good, bad]}
    )
    assert partly.status_code == 207, partly.text
    assert [each["status"] for each in partly.json()["results"]] == [201, 422]
    assert len((await api.get("/time-entries")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("zone", "gap", "fold"),
    [
        ("Europe/Brussels", "2026-03-29T02:30:00", "2026-10-25T02:30:00"),
        ("America/New_York", "2026-03-08T02:30:00", "2026-11-01T01:30:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-04-05T01:45:00"),
    ],
)
async def test_clock_times_that_do_not_exist_or_exist_twice_are_refused(
    api: AsyncClient, given: Given, zone: str, gap: str, fold: str
):
    client = await given.a_client()
    body = {"client_id": client["id"], "time_zone": zone, "duration_seconds": 60}
    skipped = await api.post("/time-entries", json={**body, "started_at": gap})
    assert faults(skipped) == {("/started_at", "nonexistent_local_time")}
    twice = await api.post("/time-entries", json={**body, "started_at": fold})
    assert faults(twice) == {("/started_at", "ambiguous_local_time")}
    before = datetime.fromisoformat(fold).replace(hour=0)
    across = await api.post(
        "/time-entries", json={**body, "started_at": before.isoformat(), "duration_seconds": 14400}
    )
    assert across.json()["duration_seconds"] == 14400
