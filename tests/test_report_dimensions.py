"""What time can be grouped by: days of several calendars, and custom fields of every kind."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient

from callers import Callers
from elsewhere import left_behind
from given import Given, faults
from test_reports import HOUR, PATH, called, hours, report, spent
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.db.session import Database
from timetracker_api.reports.calendar import first_day, last_day
from timetracker_api.reports.zones import offsets

CHOICES = [{"value": value, "label": value.title()} for value in ("tin", "gold", "übrig")]
ON_ENTRIES = ["time_entry"]


def values(found: dict[str, Any], name: str) -> list[Any]:
    """Return the values of groups, and null for the group without one."""
    members = (item["group"][name] for item in found["items"])
    return [member and member["value"] for member in members]


@pytest.mark.parametrize(
    ("unit", "labels"),
    [
        ("day", ["2024-12-29", "2024-12-30", "2025-01-01", "2026-12-31", "2027-01-03"]),
        ("week", ["2024-W52", "2025-W01", "2026-W53"]),
        ("month", ["2024-12", "2025-01", "2026-12", "2027-01"]),
        ("quarter", ["2024-Q4", "2025-Q1", "2026-Q4", "2027-Q1"]),
        ("year", ["2024", "2025", "2026", "2027"]),
    ],
)
async def test_periods_are_those_of_iso_8601(
    api: AsyncClient, given: Given, unit: str, labels: list[str]
):
    client = await given.a_client()
    for day in ("2024-12-29", "2024-12-30", "2025-01-01", "2026-12-31", "2027-01-03"):
        await spent(given, 1, day, client_id=client["id"])
    found = await report(api, unit)
    assert [each for each, _ in hours(found, unit)] == labels


async def test_a_period_is_shown_whole_where_the_report_has_a_part_of_it(
    api: AsyncClient, given: Given
):
    await spent(given, 1, "2026-11-18")
    found = await report(api, "week", "quarter", from_="2026-11-18", to="2026-11-18")
    assert found["items"][0]["group"] == {
        "week": {"label": "2026-W47", "first_day": "2026-11-16", "last_day": "2026-11-22"},
        "quarter": {"label": "2026-Q4", "first_day": "2026-10-01", "last_day": "2026-12-31"},
    }


async def test_the_ends_of_the_calendar_are_days_as_well(api: AsyncClient, given: Given):
    client = await given.a_client()
    for day in ("0001-01-01", "9999-12-31"):
        await spent(given, 1, day, client_id=client["id"])
    for unit in ("day", "week", "month", "quarter", "year"):
        for zone in ({}, {"time_zone": "Pacific/Kiritimati"}, {"time_zone": "Pacific/Pago_Pago"}):
            first, last = (i["group"][unit] for i in (await report(api, unit, **zone))["items"])
            assert (first["first_day"], last["last_day"][:7]) == ("0001-01-01", "9999-12")
    whole = await report(api, from_="0001-01-01", to="9999-12-31", time_zone="Asia/Tokyo")
    assert whole["total"]["count"] == 2


async def test_days_are_those_of_the_entry_or_of_one_zone(api: AsyncClient, given: Given):
    late = {"started_at": "2026-11-20T23:30:00Z", "duration_seconds": HOUR}
    client = await given.a_client()
    for zone in ("Europe/Brussels", "America/New_York"):
        await given.an_entry(client_id=client["id"], time_zone=zone, **late)
    theirs = await report(api, "day")
    assert hours(theirs, "day") == [("2026-11-20", 1), ("2026-11-21", 1)]
    assert (theirs["basis"], theirs["time_zone"]) == ("local_date", None)
    tokyo = await report(api, "day", time_zone="Asia/Tokyo")
    assert hours(tokyo, "day") == [("2026-11-21", 2)]
    assert (tokyo["basis"], tokyo["time_zone"]) == ("time_zone", "Asia/Tokyo")
    period = {"from_": "2026-11-21", "to": "2026-11-21"}
    assert (await report(api, **period))["total"]["count"] == 1
    assert (await report(api, time_zone="Asia/Tokyo", **period))["total"]["count"] == 2
    assert (await report(api, time_zone="America/New_York", **period))["total"]["count"] == 0


async def test_days_on_which_clocks_change_have_the_hours_they_have(api: AsyncClient, given: Given):
    client = await given.a_client()
    for day in ("2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"):
        zone = ZoneInfo("Europe/Brussels")
        begins = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone)
        after = begins + timedelta(days=1)  # by the clocks on the wall
        at = begins.astimezone(UTC)
        while at < after.astimezone(UTC):
            await given.an_entry(
                client_id=client["id"], started_at=at.isoformat(), duration_seconds=HOUR
            )
            at += timedelta(hours=1)
    found = await report(api, "day", time_zone="Europe/Brussels")
    assert hours(found, "day") == [
        ("2026-03-28", 24),
        ("2026-03-29", 23),
        ("2026-10-25", 25),
        ("2026-10-26", 24),
    ]


@pytest.mark.parametrize(
    "zone",
    ["Europe/Brussels", "America/St_Johns", "Asia/Gaza", "Africa/Casablanca", "Pacific/Apia"],
)
def test_the_steps_of_a_zone_are_what_its_rules_come_to(zone: str):
    dice, rules = Random(zone), ZoneInfo(zone)  # noqa: S311 - the same every time
    for _ in range(3000):
        day = date(1901, 1, 1) + timedelta(days=dice.randrange(198 * 365))
        at = datetime.combine(day, datetime.min.time(), UTC)
        at += timedelta(seconds=dice.randrange(24 * HOUR))
        shown = at.astimezone(rules)
        for known in (
            offsets(zone, None, None),
            offsets(zone, shown.date(), shown.date()),
            offsets(zone, shown.date(), None),
        ):
            (*_, step) = (each for each in known if each.since <= at)
            assert timedelta(seconds=step.seconds) == shown.utcoffset(), at


def test_a_day_needs_few_steps():
    assert len(offsets("Europe/Brussels", date(2026, 7, 1), date(2026, 7, 31))) == 1
    assert len(offsets("Europe/Brussels", date(2026, 1, 1), date(2026, 12, 31))) == 3
    assert len(offsets("UTC", date.min, date.max)) == 1
    assert first_day("day", "day") == "day"
    assert last_day(date(2024, 2, 1), "month") == date(2024, 2, 29)


async def test_an_entry_is_in_the_group_of_each_of_its_tags_and_once_in_the_total(
    api: AsyncClient, given: Given
):
    client = await given.a_client(hourly_rate="10")
    await spent(given, 1, client_id=client["id"], tags=["b", "a"])
    await spent(given, 2, client_id=client["id"], tags=["b"])
    await spent(given, 4, client_id=client["id"])
    found = await report(api, "tag", "client")
    assert hours(found, "tag") == [("a", 1), ("b", 3), (None, 4)]
    total = found["total"]
    assert (total["seconds"], total["count"], total["amounts"][0]["amount"]) == (
        7 * HOUR,
        3,
        "70.00",
    )
    # What is asked for is the entries with a tag, with all that they have.
    assert hours(await report(api, "tag", tag="a"), "tag") == [("a", 1), ("b", 1)]


async def test_billable_and_other_time_can_be_told_apart(api: AsyncClient, given: Given):
    client = await given.a_client()
    await spent(given, 1, client_id=client["id"], billable=False)
    await spent(given, 2, client_id=client["id"])
    found = await report(api, "billable")
    assert values(found, "billable") == [False, True]
    assert [item["billable_seconds"] for item in found["items"]] == [0, 2 * HOUR]


STORED: dict[str, list[Any]] = {
    "text": ["B", "a", "b", "a,b", "é"],
    "long_text": ["line\nline", "x" * 300 + "a", "x" * 300 + "b"],
    "integer": [-5, 0, 10, 9, 2**53 - 1],
    "decimal": ["-1.50", "0.00", "10.00", "9.99"],
    "boolean": [False, True],
    "date": ["2026-01-31", "2025-12-31"],
    "datetime": ["2026-01-31T09:00:00.000000Z", "2025-12-31T09:00:00.000000Z"],
    "url": ["https://a.example/", "https://b.example/?x=1"],
    "email": ["ada@example.com", "bob@example.com"],
    "phone": ["+32 2 555", "112"],
    "choice": ["tin", "gold", "übrig"],
    "multi_choice": [["tin"], ["gold"], ["übrig"]],
    "user": [],
    "duration": [0, 60, 3600],
}
"""Values of every kind."""


def in_order(kind: str, stored: list[Any]) -> list[Any]:
    """Return values as groups come: choices as they are defined, texts by code points."""
    if kind == "multi_choice":
        return [item for (item,) in stored]
    if kind == "choice":
        return stored
    return sorted(stored, key=float if kind == "decimal" else None)


@pytest.mark.parametrize("kind", KINDS)
async def test_fields_of_every_kind_can_be_grouped_by(api: AsyncClient, given: Given, kind: str):
    choices = {"choices": CHOICES} if "choice" in kind else {}
    await given.a_field("field", kind, applies_to=["time_entry", "client"], **choices)
    me = (await api.get("/users/me")).json()["id"]
    stored = STORED[kind] or [me]
    for number, value in enumerate(reversed(stored)):
        fields = {"field": value}
        client = await given.a_client(f"Client {number}", custom_fields=fields)
        await spent(given, 1, client_id=client["id"], custom_fields=fields)
    await spent(given, 2, client_id=(await given.a_client("Without"))["id"])
    for name in ("custom.field", "client.custom.field"):
        found = await report(api, name)
        assert values(found, name) == [*in_order(kind, stored), None]
        assert [item["seconds"] // HOUR for item in found["items"]] == [1] * len(stored) + [2]
        labels = [called(item["group"][name]) for item in found["items"] if choices]
        assert labels == ([*(each["label"] for each in CHOICES), None] if choices else [])


async def test_fields_of_what_time_was_spent_on_can_be_grouped_by(api: AsyncClient, given: Given):
    everywhere = ["client", "project", "task", "time_entry"]
    await given.a_field("team", applies_to=everywhere)
    client = await given.a_client(custom_fields={"team": "c"})
    project = await given.a_project(client_id=client["id"], custom_fields={"team": "p"})
    task = await given.a_task(project_id=project["id"], custom_fields={"team": "t"})
    await spent(given, 1, task_id=task["id"], custom_fields={"team": "e"})
    await spent(given, 2, client_id=client["id"])
    names = ["custom.team", "task.custom.team", "project.custom.team", "client.custom.team"]
    found = await report(api, *names)
    assert found["group_by"] == names
    assert hours(found, *names) == [("e", "t", "p", "c", 1), (None, None, None, "c", 2)]
    filtered = await report(api, "client.custom.team", "client", **{"client.custom.team": "c"})
    assert filtered["total"]["seconds"] == 3 * HOUR


async def test_a_list_counts_an_entry_under_each_of_its_items(api: AsyncClient, given: Given):
    await given.a_field("kinds", "multi_choice", choices=CHOICES, applies_to=ON_ENTRIES)
    client = await given.a_client()
    for hours_spent, kinds in ((1, ["gold", "tin"]), (2, ["gold"])):
        fields = {"kinds": kinds}
        await spent(given, hours_spent, client_id=client["id"], custom_fields=fields)
    found = await report(api, "custom.kinds")
    assert hours(found, "custom.kinds") == [("Tin", 1), ("Gold", 3)]
    assert found["total"]["seconds"] == 3 * HOUR


async def test_what_an_older_system_left_behind_is_grouped_as_it_is(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("level", "integer", applies_to=ON_ENTRIES)
    await given.a_field("kinds", "multi_choice", choices=CHOICES, applies_to=ON_ENTRIES)
    client = await given.a_client()
    leftovers: list[dict[str, Any]] = [
        {"level": "many", "kinds": "tin"},
        {"level": 2, "kinds": ["lead", 1]},
    ]
    for left in leftovers:
        entry = await spent(given, 1, client_id=client["id"])
        await left_behind(database, entry, kind="time_entry", **left)
    assert values(await report(api, "custom.level"), "custom.level") == [2, "many"]
    assert values(await report(api, "custom.kinds"), "custom.kinds") == ["1", "lead", None]


async def test_hidden_fields_cannot_be_grouped_by(given: Given, callers: Callers):
    everywhere = ["client", "project", "task", "time_entry"]
    await given.a_field("secret", applies_to=everywhere, read_roles=["manager"])
    await spent(given, 1, custom_fields={"secret": "hush"})
    manager, viewer = await callers.a("manager"), await callers.a("viewer")
    for prefix in ("", "client.", "project.", "task."):
        name = f"{prefix}custom.secret"
        assert "secret" in (await report(manager, name))["items"][0]["group"].popitem()[0]
        refused = await viewer.get(f"{PATH}?group_by={name}")
        unknown = await viewer.get(f"{PATH}?group_by={prefix}custom.sesame")
        assert faults(refused) == faults(unknown) == {("/group_by", "undefined_field")}
        told = refused.json()["errors"][0]["message"].replace("secret", "sesame")
        assert told == unknown.json()["errors"][0]["message"]


async def test_inactive_fields_cannot_be_grouped_by(api: AsyncClient, given: Given):
    field = await given.a_field("retired", applies_to=ON_ENTRIES)
    await api.patch(f"/custom-field-definitions/{field['id']}", json={"is_active": False})
    refused = await api.get(f"{PATH}?group_by=custom.retired")
    assert faults(refused) == {("/group_by", "undefined_field")}


async def test_fields_of_records_take_the_scope_to_read_these(given: Given, callers: Callers):
    await given.a_field("tier", applies_to=["client", "time_entry"])
    less = await callers.a("manager", "reports:read")
    for name, scope in (("client.custom.tier", "clients"), ("custom.tier", "time_entries")):
        refused = await less.get(f"{PATH}?group_by={name}")
        assert (refused.status_code, refused.json()["scopes"]) == (403, [f"{scope}:read"])
    more = await callers.a("manager", "reports:read", "clients:read")
    assert (await more.get(f"{PATH}?group_by=client.custom.tier")).status_code == 200


async def test_a_choice_is_called_what_it_is_called_now(api: AsyncClient, given: Given):
    field = await given.a_field("tier", "choice", choices=CHOICES, applies_to=ON_ENTRIES)
    await spent(given, 1, custom_fields={"tier": "gold"})
    renamed = [each | {"label": each["label"].upper()} for each in reversed(CHOICES)]
    await api.patch(f"/custom-field-definitions/{field['id']}", json={"choices": renamed})
    found = await report(api, "custom.tier")
    assert found["items"][0]["group"] == {"custom.tier": {"value": "gold", "label": "GOLD"}}


async def test_all_time_can_be_counted_in_days_of_a_zone_with_many_changes(
    api: AsyncClient, given: Given
):
    zone = "Europe/London"
    assert len(offsets(zone, None, None)) > 300
    await spent(given, 1, "2026-11-20", tags=["a", "b"])
    found = await report(api, "tag", "day", "week", "quarter", time_zone=zone)
    assert hours(found, "tag", "day") == [("a", "2026-11-20", 1), ("b", "2026-11-20", 1)]
