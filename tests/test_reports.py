"""Time reports: what they sum, for whom, and what they refuse."""

from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from test_statements import AUTHENTICATION, count
from timetracker_api.db.session import Database

PATH = "/reports/time"
HOUR = 3600


async def report(api: AsyncClient, *group_by: str, **query: Any) -> dict[str, Any]:
    """Ask for a report; ``from_`` is `from`."""
    asked = {name.rstrip("_"): value for name, value in query.items()}
    if group_by:
        asked["group_by"] = ",".join(group_by)
    answer = await api.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hours(found: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    """Return of each group what it is called, and its hours."""
    return [
        (*(called(item["group"][name]) for name in names), item["seconds"] / HOUR)
        for item in found["items"]
    ]


def called(member: dict[str, Any] | None) -> Any:
    return member and next(member[key] for key in ("name", "label", "value") if member.get(key))


def amounts(measures: dict[str, Any]) -> dict[str, str]:
    return {each["currency"]: each["amount"] for each in measures["amounts"]}


async def spent(given: Given, hours: float = 1, day: str = "2026-11-20", **fields: Any) -> Any:
    """Record time on a day."""
    times = {"started_at": f"{day}T09:00:00Z", "duration_seconds": int(hours * HOUR)}
    return await given.an_entry(**times | fields)


async def test_time_is_summed_by_what_it_is_grouped_by(api: AsyncClient, given: Given):
    acme = await given.a_client("Acme", hourly_rate="95.50")
    globex = await given.a_client("Globex")
    await spent(given, 2, client_id=acme["id"])
    await spent(given, 1.5, client_id=acme["id"], billable=False)
    await spent(given, 4, "2026-12-01", client_id=globex["id"])
    found = await report(api, "client", "month", from_="2026-11-01", to="2026-12-31")
    assert found == {
        "group_by": ["client", "month"],
        "from": "2026-11-01",
        "to": "2026-12-31",
        "basis": "local_date",
        "time_zone": None,
        "rounding": {"minutes": 0, "mode": "nearest"},
        "items": [
            {
                "group": {
                    "client": {"id": acme["id"], "name": "Acme"},
                    "month": {
                        "label": "2026-11",
                        "first_day": "2026-11-01",
                        "last_day": "2026-11-30",
                    },
                },
                "seconds": 12600,
                "rounded_seconds": 12600,
                "billable_seconds": 7200,
                "count": 2,
                "running": 0,
                "amounts": [{"amount": "191.00", "currency": "EUR"}],
            },
            {
                "group": {
                    "client": {"id": globex["id"], "name": "Globex"},
                    "month": {
                        "label": "2026-12",
                        "first_day": "2026-12-01",
                        "last_day": "2026-12-31",
                    },
                },
                "seconds": 14400,
                "rounded_seconds": 14400,
                "billable_seconds": 14400,
                "count": 1,
                "running": 0,
                "amounts": [],
            },
        ],
        "total": {
            "seconds": 27000,
            "rounded_seconds": 27000,
            "billable_seconds": 21600,
            "count": 3,
            "running": 0,
            "amounts": [{"amount": "191.00", "currency": "EUR"}],
        },
        "groups": 2,
        "limit": 1000,
        "offset": 0,
    }


async def test_without_groups_there_is_the_total(api: AsyncClient, given: Given):
    nothing = await report(api)
    assert (nothing["items"], nothing["groups"]) == ([], 0)
    assert (nothing["total"]["seconds"], nothing["total"]["amounts"]) == (0, [])
    assert (await report(api, "day", "tag"))["items"] == []
    await spent(given, 2)
    found = await report(api)
    assert (found["group_by"], found["items"], found["total"]["seconds"]) == ([], [], 2 * HOUR)


async def test_without_a_period_all_time_is_summed(api: AsyncClient, given: Given):
    client = await given.a_client()
    for day in ("1999-12-31", "2026-11-20", "2031-01-01"):
        await spent(given, 1, day, client_id=client["id"])
    found = await report(api, "year")
    assert hours(found, "year") == [("1999", 1), ("2026", 1), ("2031", 1)]
    assert (found["from"], found["to"]) == (None, None)


async def test_what_is_running_is_counted_and_not_summed(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="100")
    await spent(given, client_id=client["id"])
    await api.post("/timer/start", json={"client_id": client["id"], "tags": ["now"]})
    found = await report(api, "tag", rounding="up", rounding_minutes=60)
    running, ended = found["items"]
    assert (running["group"], running["seconds"], running["count"]) == (
        {"tag": {"name": "now"}},
        0,
        0,
    )
    assert (running["running"], running["rounded_seconds"]) == (1, 0)
    assert (ended["group"], ended["count"], ended["running"]) == ({"tag": None}, 1, 0)
    total = found["total"]
    assert (total["seconds"], total["count"], total["running"]) == (HOUR, 1, 1)
    assert amounts(total) == {"EUR": "100.00"}
    assert (await report(api, running="false"))["total"]["running"] == 0


async def test_currencies_are_never_added(api: AsyncClient, given: Given):
    here = await given.a_client("Here", hourly_rate="10")
    there = await given.a_client("There", hourly_rate="20", currency="USD")
    user = (await api.get("/users/me")).json()
    for client in (here, there):
        await spent(given, 2, client_id=client["id"])
        await spent(given, 1, client_id=client["id"], billable=False)
    found = await report(api, "user")
    (item,) = found["items"]
    assert item["group"]["user"] == {"id": user["id"], "name": user["username"]}
    assert item["seconds"] == 6 * HOUR
    assert item["amounts"] == [
        {"amount": "20.00", "currency": "EUR"},
        {"amount": "40.00", "currency": "USD"},
    ]
    assert found["total"]["amounts"] == item["amounts"]


async def test_an_amount_is_rounded_once_and_half_to_even(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="0.01")
    for seconds, day in ((1800, 1), (5400, 2), (900, 3), (900, 3), (1801, 4)):
        await spent(given, seconds / HOUR, f"2026-11-0{day}", client_id=client["id"])
    found = await report(api, "day")
    lines = [amounts(item)["EUR"] for item in found["items"]]
    assert lines == ["0.00", "0.02", "0.00", "0.01"]  # of half a cent, one and a half, half, more
    assert amounts(found["total"]) == {"EUR": "0.03"}
    assert amounts((await report(api, "client"))["total"]) == {"EUR": "0.03"}


async def test_the_largest_amounts_are_exact(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="9999999999.9999")
    for _ in range(3):
        await spent(given, 200_000, "2000-01-01", client_id=client["id"])
    found = await report(api, "client")
    assert amounts(found["items"][0]) == {"EUR": "5999999999999940.00"}
    assert found["total"]["amounts"] == found["items"][0]["amounts"]


@pytest.mark.parametrize(
    ("rounding", "minutes", "rounded"),
    [
        ("up", 15, [0, 900, 900, 1800]),
        ("nearest", 15, [0, 0, 900, 900]),
        ("down", 15, [0, 0, 900, 900]),
        ("nearest", 1, [0, 420, 900, 900]),
        ("up", 60, [0, 3600, 3600, 3600]),
        ("up", 0, [0, 449, 900, 901]),
    ],
)
async def test_every_entry_is_rounded_on_its_own(
    api: AsyncClient, given: Given, rounding: str, minutes: int, rounded: list[int]
):
    client = await given.a_client(hourly_rate="36")  # a cent a second
    for number, seconds in enumerate((0, 449, 900, 901), start=1):
        await spent(given, seconds / HOUR, f"2026-11-0{number}", client_id=client["id"])
    before = (await api.get("/time-entries")).json()
    found = await report(api, "day", rounding=rounding, rounding_minutes=minutes)
    assert [item["rounded_seconds"] for item in found["items"]] == rounded
    assert [item["seconds"] for item in found["items"]] == [0, 449, 900, 901]
    assert found["total"]["rounded_seconds"] == sum(rounded)
    assert amounts(found["total"]) == {"EUR": f"{sum(rounded) / 100:.2f}"}
    assert found["rounding"] == {"minutes": minutes, "mode": rounding}
    assert (await api.get("/time-entries")).json() == before


async def test_half_a_step_is_nearest_to_the_next(api: AsyncClient, given: Given):
    await spent(given, 450 / HOUR)
    found = await report(api, rounding_minutes=15)
    assert found["total"]["rounded_seconds"] == 900


async def test_the_longest_entry_can_be_rounded(api: AsyncClient, given: Given):
    await given.an_entry(started_at="1950-01-01T00:00:00Z", duration_seconds=2**31 - 1)
    found = await report(api, rounding="up", rounding_minutes=60)
    assert found["total"]["rounded_seconds"] == (2**31 - 1) // HOUR * HOUR + HOUR


async def test_the_settings_say_how_to_round_unless_the_request_does(
    api: AsyncClient, given: Given
):
    await spent(given, 0.1)
    await api.patch("/settings", json={"rounding": "up", "rounding_minutes": 15})
    for query, rounded in (
        ({}, 900),
        ({"rounding": "down"}, 0),
        ({"rounding_minutes": 60}, HOUR),
        ({"rounding_minutes": 0}, 360),
    ):
        found = await report(api, **query)
        assert found["total"]["rounded_seconds"] == rounded, query


async def test_who_sees_only_their_own_time_gets_reports_on_that(given: Given, callers: Callers):
    client = await given.a_client(hourly_rate="50")
    await spent(given, 8, client_id=client["id"])
    member = await callers.a("member")
    await spent(Given(member), 3, client_id=client["id"])
    me = (await member.get("/users/me")).json()
    found = await report(member, "user", "client", from_="2026-11-20", to="2026-11-20")
    assert hours(found, "user", "client") == [(me["username"], "Acme", 3)]
    assert found["total"]["seconds"] == 3 * HOUR
    others = await report(member, "user", user_id=me["id"] - 1)
    assert (others["items"], others["total"]["count"]) == ([], 0)


@pytest.mark.parametrize(
    ("role", "shown"),
    [("admin", ["amounts"]), ("manager", ["amounts"]), ("member", []), ("viewer", [])],
)
async def test_amounts_are_for_those_who_may_see_rates(
    given: Given, callers: Callers, role: str, shown: list[str]
):
    await spent(given, client_id=(await given.a_client(hourly_rate="50"))["id"])
    caller = await callers.a(role)
    found = await report(caller, "client", "tag")
    for measures in (found["total"], *found["items"]):
        assert [name for name in measures if name == "amounts"] == shown
    less = await callers.a("admin", "reports:read")
    assert "amounts" not in (await report(less))["total"]


async def test_a_report_takes_a_scope_of_its_own(callers: Callers):
    refused = await (await callers.a("admin", "time_entries:read")).get(PATH)
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["reports:read"])


async def test_groups_come_in_the_order_of_their_names(api: AsyncClient, given: Given):
    for name in ("beta", "Äpfel", "Alpha", "ALPS", "Zeta"):
        client = await given.a_client(name)
        await spent(given, client_id=client["id"], tags=[name])
    names = ["Alpha", "ALPS", "beta", "Zeta", "Äpfel"]
    found = await report(api, "client")
    assert [name for name, _ in hours(found, "client")] == names
    back = await report(api, "client", sort="-group")
    assert [name for name, _ in hours(back, "client")] == names[::-1]
    tags = await report(api, "tag")
    assert [name for name, _ in hours(tags, "tag")] == sorted(names)


async def test_who_has_nothing_comes_last_whichever_way_round(api: AsyncClient, given: Given):
    project = await given.a_project()
    await spent(given, 1, client_id=project["client"]["id"])
    await spent(given, 2, project_id=project["id"])
    for sort in ("group", "-group"):
        found = await report(api, "project", sort=sort)
        assert hours(found, "project") == [("Website", 2), (None, 1)]


async def test_groups_can_be_read_page_by_page(api: AsyncClient, given: Given):
    client = await given.a_client(hourly_rate="10")
    for day in range(1, 6):
        await spent(given, day, f"2026-11-0{day}", client_id=client["id"])
    whole = await report(api, "day")
    path, gathered = f"{PATH}?group_by=day&limit=2", list[Any]()
    while path:
        answer = await api.get(path)
        page = answer.json()
        assert (page["total"], page["groups"], page["limit"]) == (whole["total"], 5, 2)
        gathered += page["items"]
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("</api/v1")
    assert gathered == whole["items"]
    for offset in (5, 10_000_000):
        beyond = await report(api, "day", offset=offset)
        assert (beyond["items"], beyond["groups"], beyond["total"]) == ([], 5, whole["total"])


async def test_a_report_is_narrowed_as_the_list_of_entries_is(api: AsyncClient, given: Given):
    await given.a_field("activity", applies_to=["time_entry"])
    await given.a_field("tier")
    acme = await given.a_client(custom_fields={"tier": "gold"})
    website = await given.a_project(client_id=acme["id"])
    other = await given.a_client("Other")
    fields = {"activity": "design"}
    await spent(
        given, 1, project_id=website["id"], tags=["a"], notes="Sketches", custom_fields=fields
    )
    await spent(given, 2, client_id=other["id"], billable=False)
    for query in (
        {"client_id": acme["id"]},
        {"project_id": website["id"]},
        {"tag": "a"},
        {"billable": "true"},
        {"search": "sketch"},
        {"custom.activity": "design"},
        {"custom.activity.is_set": "true"},
        {"client.custom.tier.in": "gold,silver"},
    ):
        for dimensions in ((), ("client",), ("tag", "client.custom.tier")):
            found = await report(api, *dimensions, **query)
            assert found["total"]["seconds"] == HOUR, query
    assert (await report(api, project_id="none"))["total"]["seconds"] == 2 * HOUR


async def test_what_is_archived_keeps_its_place_in_reports(api: AsyncClient, given: Given):
    task = await given.a_task()
    await spent(given, 2, task_id=task["id"])
    project_id, before = task["project"]["id"], await report(api, "client", "project", "task")
    assert len(before["items"]) == 1
    client_id = (await api.get(f"/projects/{project_id}")).json()["client"]["id"]
    for path in (f"/tasks/{task['id']}", f"/projects/{project_id}", f"/clients/{client_id}"):
        assert (await api.post(f"{path}/archive", json={})).is_success
    assert await report(api, "client", "project", "task") == before


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"group_by": ""}, ("/group_by", "not_a_choice")),
        ({"group_by": "mood"}, ("/group_by", "not_a_choice")),
        ({"group_by": "client,"}, ("/group_by", "not_a_choice")),
        ({"group_by": "client, month"}, ("/group_by", "not_a_choice")),
        ({"group_by": "user.custom.team"}, ("/group_by", "not_a_choice")),
        ({"group_by": "custom.No"}, ("/group_by", "not_a_choice")),
        ({"group_by": "client,month,client"}, ("/group_by", "not_unique")),
        ({"group_by": "client,project,task,user,day"}, ("/group_by", "max_length")),
        ({"group_by": "custom.nothing"}, ("/group_by", "undefined_field")),
        ({"group_by": "day", "time_zone": "Mars/Olympus"}, ("/time_zone", "time_zone")),
        ({"from": "2026-02-30"}, ("/from", "type")),
        ({"from": "2026-11-02", "to": "2026-11-01"}, ("/to", "minimum")),
        ({"rounding": "half"}, ("/rounding", "not_a_choice")),
        ({"rounding_minutes": "7"}, ("/rounding_minutes", "not_a_choice")),
        ({"rounding_minutes": "²"}, ("/rounding_minutes", "not_a_choice")),
        ({"limit": "1001"}, ("/limit", "maximum")),
        ({"offset": "-1"}, ("/offset", "minimum")),
        ({"sort": "seconds"}, ("/sort", "not_a_choice")),
        ({"include": "inactive"}, ("/include", "unknown_parameter")),
        ({"custom.nothing": "x"}, ("/custom.nothing", "undefined_field")),
    ],
)
async def test_what_makes_no_sense_is_pointed_at(
    api: AsyncClient, query: dict[str, str], fault: tuple[str, str]
):
    refused = await api.get(PATH, params=query)
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {fault}
    assert {each["source"] for each in refused.json()["errors"]} == {"query"}


async def test_all_that_is_wrong_is_told_at_once(api: AsyncClient, given: Given):
    await given.a_field("activity", applies_to=["time_entry"])
    query = {"group_by": "custom.activty,client.custom.tier", "from": "2026-11-01"}
    refused = await api.get(PATH, params=query)
    messages = [each["message"] for each in refused.json()["errors"]]
    assert len(messages) == 2
    assert messages[0].endswith("Did you mean custom.activity?")


async def test_a_report_is_one_statement_however_much_there_is(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("tier")
    query = "group_by=client,tag,client.custom.tier,month&time_zone=Europe/Brussels"
    await api.get(f"{PATH}?{query}")
    for number in range(5):
        assert await count(database, api, "GET", f"{PATH}?{query}") == AUTHENTICATION + 1
        client = await given.a_client(f"Client {number}", custom_fields={"tier": str(number)})
        await spent(given, client_id=client["id"], tags=["a", "b"])
        await api.get("/clients")
    assert await count(database, api, "GET", PATH) == AUTHENTICATION + 1
