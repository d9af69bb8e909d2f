from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from httpx import AsyncClient
from hypothesis import example, settings
from hypothesis import given as for_any
from hypothesis import strategies as st

from given import Given, faults
from timetracker_api.problems import Invalid
from timetracker_api.time_entries.instants import instant, local_date

ZONES = sorted(available_timezones())
TIMES = st.datetimes(*map(datetime.fromisoformat, ("1900-01-01", "2100-01-01")))
bounded = settings(max_examples=400, deadline=None)


def readings(wall: datetime, zone: ZoneInfo) -> set[datetime]:
    """Find by trial the instants at which the clocks of a zone show a time."""
    offsets = {(wall + timedelta(days=days)).replace(tzinfo=zone).utcoffset() for days in (-2, 2)}
    candidates = {(wall - (offset or timedelta())).replace(tzinfo=UTC) for offset in offsets}
    return {at for at in candidates if at.astimezone(zone).replace(tzinfo=None) == wall}


def read(wall: datetime, zone: ZoneInfo) -> datetime | str:
    """Return the instant, or the code of the one fault."""
    try:
        return instant(wall, zone, "started_at")
    except Invalid as problem:
        [fault] = problem.faults
        return fault.code


@bounded
@for_any(TIMES, st.sampled_from(ZONES))
def test_what_the_clocks_show_at_an_instant_is_read_as_that_instant_or_as_ambiguous(
    time: datetime, name: str
):
    zone = ZoneInfo(name)
    at = time.replace(microsecond=0, tzinfo=UTC)
    wall = at.astimezone(zone)
    assert instant(wall, zone, "started_at") == at
    assert instant(at.astimezone(ZoneInfo("Asia/Kathmandu")), zone, "started_at") == at
    assert read(wall.replace(tzinfo=None), zone) in {at, "ambiguous_local_time"}
    assert local_date(at, zone) == wall.date()


@bounded
@for_any(TIMES, st.sampled_from(ZONES))
@example(datetime.fromisoformat("2026-03-29T02:30"), "Europe/Brussels")
@example(datetime.fromisoformat("2026-10-25T02:30"), "Europe/Brussels")
@example(datetime.fromisoformat("2026-10-04T02:15"), "Australia/Lord_Howe")
@example(datetime.fromisoformat("2026-04-05T01:45"), "Australia/Lord_Howe")
@example(datetime.fromisoformat("2011-12-30T12:00"), "Pacific/Apia")
@example(datetime.fromisoformat("1867-10-18T12:00"), "America/Juneau")
def test_a_time_without_offset_has_one_reading_or_none_or_two(time: datetime, name: str):
    zone, wall = ZoneInfo(name), time.replace(microsecond=0)
    found = readings(wall, zone)
    if len(found) == 1:
        assert {read(wall, zone)} == found
    else:
        code = "ambiguous_local_time" if found else "nonexistent_local_time"
        assert read(wall, zone) == code


TRANSITIONS = [
    ("Europe/Brussels", "2026-03-29T02:30:00", ("+01:00", "+02:00")),
    ("America/New_York", "2026-03-08T02:30:00", ("-05:00", "-04:00")),
    ("Australia/Lord_Howe", "2026-10-04T02:15:00", ("+10:30", "+11:00")),
    ("Europe/Brussels", "2026-10-25T02:30:00", ("+02:00", "+01:00")),
    ("America/New_York", "2026-11-01T01:30:00", ("-04:00", "-05:00")),
    ("Australia/Lord_Howe", "2026-04-05T01:45:00", ("+11:00", "+10:30")),
]


@pytest.mark.parametrize(("zone", "wall", "offsets"), TRANSITIONS)
async def test_a_time_that_the_clocks_skip_or_show_twice_is_refused_with_both_offsets(
    api: AsyncClient, given: Given, zone: str, wall: str, offsets: tuple[str, str]
):
    client = await given.a_client()
    body = {"client_id": client["id"], "time_zone": zone, "duration_seconds": 60}
    refused = await api.post("/time-entries", json={**body, "started_at": wall})
    skipped = (zone, wall, offsets) in TRANSITIONS[:3]
    code = "nonexistent_local_time" if skipped else "ambiguous_local_time"
    assert faults(refused) == {("/started_at", code)}
    message = refused.json()["errors"][0]["message"]
    for offset in offsets:
        assert f"{wall}{offset}" in message
        accepted = await api.post("/time-entries", json={**body, "started_at": wall + offset})
        at = datetime.fromisoformat(accepted.json()["started_at"])
        assert at == datetime.fromisoformat(wall + offset)


@pytest.mark.parametrize(("zone", "wall", "offsets"), TRANSITIONS)
async def test_an_entry_across_a_change_of_clocks_has_the_seconds_that_went_by(
    given: Given, zone: str, wall: str, offsets: tuple[str, str]
):
    day = datetime.fromisoformat(wall).replace(minute=0)
    start, end = day.replace(hour=0), day.replace(hour=6)
    entry = await given.an_entry(
        started_at=start.isoformat(),
        ended_at=end.isoformat(),
        time_zone=zone,
        client_id=(await given.a_client())["id"],
    )
    went_by = datetime.fromisoformat(f"{end}{offsets[1]}") - datetime.fromisoformat(
        f"{start}{offsets[0]}"
    )
    assert entry["duration_seconds"] == went_by.total_seconds() != 6 * 3600
    assert entry["local_date"] == str(day.date())


async def test_a_time_without_offset_is_read_in_the_zone_of_entry_then_user_then_organisation(
    api: AsyncClient, given: Given
):
    client = await given.a_client()
    body = {"client_id": client["id"], "started_at": "2026-01-20T00:30:00", "duration_seconds": 1}

    async def begun(**fields: str) -> tuple[str, str]:
        entry = (await api.post("/time-entries", json={**body, **fields})).json()
        assert entry["local_date"] == "2026-01-20"
        return entry["started_at"], entry["time_zone"]

    assert await begun() == ("2026-01-20T00:30:00Z", "UTC")
    await api.patch("/settings", json={"time_zone": "Asia/Tokyo"})
    assert await begun() == ("2026-01-19T15:30:00Z", "Asia/Tokyo")
    await api.patch("/users/me", json={"time_zone": "America/New_York"})
    assert await begun() == ("2026-01-20T05:30:00Z", "America/New_York")
    elsewhere = await begun(time_zone="Europe/Brussels")
    assert elsewhere == ("2026-01-19T23:30:00Z", "Europe/Brussels")


async def test_another_time_zone_alone_changes_the_date_and_no_instant(
    api: AsyncClient, given: Given
):
    entry = await given.an_entry(started_at="2026-01-20T23:30:00Z", duration_seconds=3600)
    path = f"/time-entries/{entry['id']}"
    there = (await api.patch(path, json={"time_zone": "Asia/Tokyo"})).json()
    assert there["local_date"] == "2026-01-21"
    same = ("started_at", "ended_at", "duration_seconds")
    assert [there[name] for name in same] == [entry[name] for name in same]
    assert (await api.patch(path, json={"time_zone": None})).json()["local_date"] == "2026-01-20"


async def test_a_start_without_offset_is_read_in_the_zone_that_comes_with_it(
    api: AsyncClient, given: Given
):
    entry = await given.an_entry(started_at="2026-01-20T12:00:00Z", duration_seconds=86400)
    path = f"/time-entries/{entry['id']}"
    body = {"started_at": "2026-01-20T12:00:00", "time_zone": "America/New_York"}
    changed = (await api.patch(path, json=body)).json()
    assert (changed["started_at"], changed["duration_seconds"]) == ("2026-01-20T17:00:00Z", 68400)
    kept = (await api.patch(path, json={"started_at": "2026-01-20T11:00:00"})).json()
    assert kept["started_at"] == "2026-01-20T16:00:00Z"


async def test_a_profile_that_moves_to_another_zone_leaves_what_is_recorded(
    api: AsyncClient, given: Given
):
    entry = await given.an_entry()
    await api.patch("/users/me", json={"time_zone": "Asia/Tokyo"})
    assert (await api.get(f"/time-entries/{entry['id']}")).json() == entry


async def test_parts_of_seconds_are_cut_off_at_both_ends(given: Given, api: AsyncClient):
    client = await given.a_client()
    body = {
        "client_id": client["id"],
        "started_at": "2026-01-20T09:00:00.999999999Z",
        "ended_at": "2026-01-20T09:00:02.001+00:00",
    }
    entry = (await api.post("/time-entries", json=body)).json()
    assert entry["started_at"] == "2026-01-20T09:00:00Z"
    assert (entry["ended_at"], entry["duration_seconds"]) == ("2026-01-20T09:00:02Z", 2)


@pytest.mark.parametrize("written", ["2026-01-20", "09:00", "1768899600", "", "2026-01-20_09:00Z"])
async def test_a_time_is_a_date_with_a_time_of_day(api: AsyncClient, given: Given, written: str):
    body = {"client_id": (await given.a_client())["id"], "duration_seconds": 1}
    refused = await api.post("/time-entries", json={**body, "started_at": written})
    assert faults(refused) == {("/started_at", "type")}


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        ("0001-01-01T00:00:00Z", "America/New_York"),
        ("0001-01-01T00:00:00+01:00", "UTC"),
        ("9999-12-31T23:59:59Z", "Asia/Tokyo"),
        ("9999-12-31T23:59:59", "America/New_York"),
    ],
)
async def test_what_lies_outside_the_calendar_is_refused(
    api: AsyncClient, given: Given, start: str, zone: str
):
    client = await given.a_client()
    body = {"client_id": client["id"], "started_at": start, "time_zone": zone}
    refused = await api.post("/time-entries", json={**body, "duration_seconds": 0})
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {("/started_at", "type")}
