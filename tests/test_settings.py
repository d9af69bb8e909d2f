from datetime import date
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults


async def test_settings_can_be_read_and_changed(api: AsyncClient):
    before = await api.get("/settings")
    assert before.json()["time_zone"] == "UTC"
    changes = {
        "name": "Acme Consulting",
        "time_zone": "Europe/Brussels",
        "currency": "USD",
        "hourly_rate": "80",
        "overlap_policy": "warn",
        "future_entries": "reject",
        "locked_before": "2026-01-01",
        "rounding": "up",
        "rounding_minutes": 15,
    }
    changed = await api.patch("/settings", json=changes)
    assert changed.status_code == 200, changed.text
    assert changed.json().items() >= (changes | {"hourly_rate": "80.00"}).items()
    assert (await api.get("/settings")).json() == changed.json()
    back = await api.patch("/settings", json={"name": None, "locked_before": None})
    assert (back.json()["name"], back.json()["locked_before"]) == (None, None)
    assert back.json()["currency"] == "USD"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("time_zone", "Mars/Olympus", "time_zone"),
        ("time_zone", "europe/brussels", "time_zone"),
        ("time_zone", "localtime", "time_zone"),
        ("time_zone", "Factory", "time_zone"),
        ("time_zone", None, "type"),
        ("currency", "euro", "pattern"),
        ("currency", "eur", "pattern"),
        ("locked_before", "2026-02-30", "type"),
        ("locked_before", "yesterday", "type"),
        ("hourly_rate", "-1", "minimum"),
        ("overlap_policy", "maybe", "not_a_choice"),
        ("future_entries", "warn", "not_a_choice"),
        ("rounding", "half", "not_a_choice"),
        ("rounding_minutes", 7, "not_a_choice"),
        ("rounding_minutes", 45, "not_a_choice"),
        ("rounding_minutes", None, "not_a_choice"),
        ("rounding_minutes", False, "type"),
        ("rounding_minutes", True, "type"),
        ("week_start", "monday", "unknown_field"),
    ],
)
async def test_settings_that_make_no_sense_are_pointed_at(
    api: AsyncClient, field: str, value: Any, code: str
):
    before = (await api.get("/settings")).json()
    refused = await api.patch("/settings", json={field: value})
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {(f"/{field}", code)}
    assert (await api.get("/settings")).json() == before


async def test_a_change_is_refused_to_who_has_seen_another_version(api: AsyncClient):
    seen = (await api.get("/settings")).headers["etag"]
    first = await api.patch("/settings", json={"name": "First"}, headers={"If-Match": seen})
    assert first.status_code == 200
    second = await api.patch("/settings", json={"name": "Second"}, headers={"If-Match": seen})
    assert second.status_code == 412
    assert (await api.get("/settings")).json()["name"] == "First"
    fresh = first.headers["etag"]
    unchanged = await api.get("/settings", headers={"If-None-Match": fresh})
    assert unchanged.status_code == 304


@pytest.mark.parametrize("role", ["manager", "member", "viewer"])
async def test_settings_are_changed_only_by_who_may(callers: Callers, role: str):
    caller = await callers.a(role)
    assert (await caller.get("/settings")).status_code == 200
    refused = await caller.patch("/settings", json={"name": "Ours"})
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["settings:write"])


async def test_the_rate_is_neither_shown_nor_set_without_the_scope(
    api: AsyncClient, callers: Callers
):
    await api.patch("/settings", json={"hourly_rate": "80"})
    member = await callers.a("member")
    assert "hourly_rate" not in (await member.get("/settings")).json()
    poor = await callers.a("admin", "settings:read", "settings:write")
    changed = await poor.patch("/settings", json={"name": "Ours"})
    assert changed.status_code == 200
    assert "hourly_rate" not in changed.json()
    assert (await poor.patch("/settings", json={"hourly_rate": "1"})).status_code == 403
    assert (await api.get("/settings")).json()["hourly_rate"] == "80.00"


async def test_what_is_recorded_already_stays_as_it_is(api: AsyncClient, given: Given):
    await api.patch("/settings", json={"hourly_rate": "80"})
    client = await given.a_client()
    before = await given.an_entry(client_id=client["id"])
    await api.patch(
        "/settings", json={"hourly_rate": "90", "currency": "USD", "time_zone": "Asia/Tokyo"}
    )
    assert (await api.get(f"/time-entries/{before['id']}")).json() == before
    after = await given.an_entry(client_id=client["id"])
    assert after["rate"] == {"amount": "90.00", "currency": "USD", "source": "organization"}
    assert after["time_zone"] == "Asia/Tokyo"


async def test_a_closed_period_opens_for_who_may_unlock(
    api: AsyncClient, callers: Callers, given: Given
):
    client = await given.a_client()
    await api.patch("/settings", json={"locked_before": "2026-11-21"})
    body = {
        "client_id": client["id"],
        "started_at": "2026-11-20T09:00:00Z",
        "duration_seconds": 60,
    }
    member = await callers.a("member")
    refused = await member.post("/time-entries", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "locked")
    entry = await api.post("/time-entries", json=body)
    assert entry.status_code == 201
    assert entry.json()["locks"]
    assert date.fromisoformat(entry.json()["local_date"]) == date(2026, 11, 20)
