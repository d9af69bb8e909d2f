import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from elsewhere import left_behind
from given import Given, faults
from timetracker_api.db.session import Database

PATH = "/time-entries/export"
EVERYWHERE = {"applies_to": ["time_entry", "task", "project", "client"]}

HEADER = tuple(
    """
    id user_id user_name client_id client_name project_id project_name task_id task_name
    started_at ended_at duration_seconds time_zone local_date notes tags billable
    rate_amount rate_currency rate_source source continues_id complete created_at updated_at
    """.split()  # noqa: SIM905 - as a list it would be twenty-five lines
)


async def exported(caller: AsyncClient, format: str, **query: Any) -> Response:
    """Return the answer to an export that has to succeed."""
    answer = await caller.get(PATH, params={"format": format, **query})
    assert answer.status_code == 200, answer.text
    return answer


async def table(caller: AsyncClient, **query: Any) -> list[dict[str, str]]:
    """Return the rows of a table, by the names in its header."""
    text = (await exported(caller, "csv", **query)).content.decode()
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def lines(caller: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the entries on the lines of a file."""
    body = (await exported(caller, "jsonl", **query)).content
    assert not body or body.endswith(b"\n")
    return [json.loads(line) for line in body.splitlines()]


async def listed(caller: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return what the list shows on all its pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await caller.get("/time-entries", params={**query, **cursor, "limit": 200})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


@pytest.fixture
async def office(api: AsyncClient, given: Given, callers: Callers) -> dict[str, Any]:
    """A place where much has been recorded, by several people; one entry is running."""
    await given.a_field("tier", "choice", choices=[{"value": "gold", "label": "Gold"}], position=2)
    await given.a_field("size", "integer", **EVERYWHERE)
    await given.a_field("cost", "decimal", applies_to=["time_entry"], position=1)
    await given.a_field("site", "url", applies_to=["time_entry"])
    await given.a_template("size", "https://a.example/{value}/{project.code}", **EVERYWHERE)
    await given.a_template("task.name", "https://a.example/{value}", applies_to=["time_entry"])
    task = await given.a_task(
        custom_fields={"size": 4},
        project_id=(await given.a_project(code="WEB", hourly_rate="95.5"))["id"],
    )
    client = await given.a_client("Acme", custom_fields={"tier": "gold"})
    member = await callers.a("member", name="Bob", time_zone="America/New_York")
    await given.an_entry(
        task_id=task["id"],
        started_at="2026-11-20T10:00:00+01:00",
        duration_seconds=5400,
        notes="Sketches,\nand talk",
        tags=["meeting", "travel"],
        billable=True,
        time_zone="Europe/Brussels",
        custom_fields={"cost": "12.5", "size": 3, "site": "https://b.example/"},
    )
    for number in range(1, 6):
        entry = {
            "client_id": client["id"],
            "started_at": f"2026-11-2{number}T23:30:00Z",
            "duration_seconds": 60,
            "custom_fields": {"size": number},
        }
        response = await member.post("/time-entries", json=entry)
        assert response.status_code == 201, response.text
    started = await api.post("/timer/start", json={"task_id": task["id"]})
    assert started.status_code == 200, started.text
    await api.patch("/settings", json={"locked_before": "2026-11-22"})
    return {"client": client, "task": task, "member": member}


def questions(office: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return what both the list and the export can be asked."""
    task, client = office["task"], office["client"]
    return (
        {},
        {"sort": "started_at"},
        {"task_id": task["id"]},
        {"task_id": "none"},
        {"project_id": f"none,{task['project']['id']}"},
        {"client_id": client["id"], "from": "2026-11-22", "to": "2026-11-24"},
        {"started_after": "2026-11-21T23:30:00Z", "started_before": "2026-11-24T23:30:00Z"},
        {"tag": "travel"},
        {"search": "SKETCHES"},
        {"running": "true"},
        {"running": "false", "billable": "true"},
        {"complete": "false"},
        {"updated_since": "2026-01-01T00:00:00Z"},
        {"updated_since": "2999-01-01T00:00:00Z"},
        {"custom.size.gte": 3},
        {"task.custom.size": 4},
        {"client.custom.tier": "gold", "sort": "started_at"},
    )


async def test_lines_are_what_the_list_shows_whatever_is_asked(
    api: AsyncClient, office: dict[str, Any]
):
    sizes: set[int] = set()
    for query in questions(office):
        shown = await listed(api, **query)
        assert await lines(api, **query) == shown, query
        rows = await table(api, **query)
        assert [int(row["id"]) for row in rows] == [each["id"] for each in shown], query
        sizes.add(len(shown))
    assert sizes >= {0, 1, 2, 7}


async def test_a_table_has_a_column_for_everything(api: AsyncClient, office: dict[str, Any]):
    first = (await table(api, sort="started_at"))[0]
    [running] = await table(api, running="true")
    assert list(first) == [*HEADER, "custom.site", "custom.size", "custom.cost"]
    shown = (await listed(api, sort="started_at"))[0]
    task = office["task"]
    assert first == {
        "id": str(shown["id"]),
        "user_id": str(shown["user"]["id"]),
        "user_name": shown["user"]["name"],
        "client_id": str(shown["client"]["id"]),
        "client_name": shown["client"]["name"],
        "project_id": str(task["project"]["id"]),
        "project_name": task["project"]["name"],
        "task_id": str(task["id"]),
        "task_name": "Landing page",
        "started_at": "2026-11-20T09:00:00Z",
        "ended_at": "2026-11-20T10:30:00Z",
        "duration_seconds": "5400",
        "time_zone": "Europe/Brussels",
        "local_date": "2026-11-20",
        "notes": "Sketches,\nand talk",
        "tags": "meeting, travel",
        "billable": "true",
        "rate_amount": "95.50",
        "rate_currency": "EUR",
        "rate_source": "project",
        "source": "manual",
        "continues_id": "",
        "complete": "true",
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
        "custom.site": "https://b.example/",
        "custom.size": "3",
        "custom.cost": "12.50",
    }
    empty = {name for name, cell in running.items() if not cell}
    assert {"ended_at", "duration_seconds", "notes", "tags", "custom.size"} <= empty
    assert running["source"] == "timer"


async def test_nothing_at_all_is_a_header_or_an_empty_file(api: AsyncClient):
    assert (await exported(api, "csv")).text == ",".join(HEADER) + "\r\n"
    assert (await exported(api, "jsonl")).content == b""


@pytest.mark.parametrize(
    ("format", "media_type"),
    [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl")],
)
async def test_the_file_has_a_name_with_the_date(
    api: AsyncClient, callers: Callers, format: str, media_type: str
):
    answer = await exported(api, format)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "private, no-cache"
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):  # it is never the same day in both
        caller = await callers.a("member", time_zone=zone)
        client_id = (await api.post("/clients", json={"name": zone})).json()["id"]
        body = {"client_id": client_id}
        today = (await caller.post("/timer/start", json=body)).json()["timer"]["local_date"]
        disposition = (await exported(caller, format)).headers["content-disposition"]
        assert disposition == f'attachment; filename="time-entries-{today}.{format}"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("a";"b")', "-", "="])
async def test_a_text_is_no_formula(api: AsyncClient, given: Given, text: str):
    await given.a_field("word", applies_to=["time_entry"])
    await given.a_field(
        "words",
        "multi_choice",
        applies_to=["time_entry"],
        choices=[{"value": text, "label": "A"}, {"value": "b", "label": "B"}],
    )
    client = await given.a_client(f"{text} client")
    project = await given.a_project(f"{text} project", client_id=client["id"])
    task = await given.a_task(f"{text} task", project_id=project["id"])
    entry = await given.an_entry(
        task_id=task["id"],
        notes=text,
        tags=[text, "=b"],
        custom_fields={"word": text, "words": [text, "b"]},
    )
    [row] = await table(api)
    assert row["client_name"] == f"'{text} client"
    assert row["project_name"] == f"'{text} project"
    assert row["task_name"] == f"'{text} task"
    assert row["notes"] == row["custom.word"] == f"'{text}"
    assert row["tags"] == f"'{text}, =b"
    assert row["custom.words"] == f"'{text}, b"
    assert await lines(api) == [entry]


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\ta", "\ra"])
async def test_a_text_from_elsewhere_is_no_formula_either(
    api: AsyncClient, given: Given, database: Database, text: str
):
    await given.a_field("word", applies_to=["time_entry"])
    await given.a_field("cost", "decimal", applies_to=["time_entry"])
    entry = await given.an_entry()
    await left_behind(database, entry, kind="time_entry", word=text, cost=f"={text}")
    [row] = await table(api)
    assert row["custom.word"] == f"'{text}"
    assert row["custom.cost"] == f"'={text}"


async def test_numbers_are_left_alone(api: AsyncClient, given: Given):
    await given.a_field("whole", "integer", applies_to=["time_entry"])
    await given.a_field("exact", "decimal", applies_to=["time_entry"])
    await given.a_field("done", "boolean", applies_to=["time_entry"])
    await given.an_entry(custom_fields={"whole": -5, "exact": "-12.5", "done": False})
    [row] = await table(api)
    assert (row["custom.whole"], row["custom.exact"]) == ("-5", "-12.50")
    assert row["custom.done"] == "false"


async def test_values_that_nobody_has_checked_are_written_as_they_are(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("word", applies_to=["time_entry"])
    entry = await given.an_entry()
    for value, cell in (
        ({"a": [1, "=2"]}, '{"a":[1,"=2"]}'),
        ([1, None, "=b"], '[1,null,"=b"]'),
        (1.5, "1.5"),
        (2**53 + 1, "9007199254740993"),
        (True, "true"),
        ([], ""),
        ("", ""),
    ):
        await left_behind(database, entry, kind="time_entry", word=value)
        [row] = await table(api)
        assert row["custom.word"] == cell
        [line] = await lines(api)
        assert line["custom_fields"] == {"word": value}


@pytest.mark.parametrize(
    "text",
    [
        'He said "no", twice',
        '"',
        "a\nb\r\nc\rd",
        "Ünïcödé ☃ 日本語 \N{PILE OF POO} e\u0301",
        "\N{HEBREW LETTER ALEF}\N{ARABIC LETTER BEH}",
        "\\N \\. ; | \\",
        "'quoted'",
        "NULL",
    ],
)
async def test_text_comes_back_as_it_was_written(api: AsyncClient, given: Given, text: str):
    entry = await given.an_entry(notes=text, tags=["a,b", '"c"', "d;e"])
    [row] = await table(api)
    assert row["notes"] == entry["notes"]
    assert row["tags"] == 'a,b, "c", d;e'
    assert await lines(api) == [entry]


async def test_thousands_come_whole_and_in_order(api: AsyncClient, given: Given):
    client = await given.a_client()
    for hour in range(3):
        operations = [
            {
                "op": "create",
                "data": {
                    "client_id": client["id"],
                    # Many begin at the same time, so that the id has to decide.
                    "started_at": f"2026-11-{20 - hour}T{number % 24:02}:00:00Z",
                    "duration_seconds": number,
                    "notes": f"number {number}",
                },
            }
            for number in range(500)
        ]
        done = await api.post("/time-entries/bulk", json={"operations": operations})
        assert done.status_code == 200, done.text
    for sort in ("started_at", "-started_at"):
        shown = await listed(api, sort=sort)
        assert len(shown) == 1500
        assert await lines(api, sort=sort) == shown
        rows = await table(api, sort=sort)
        assert [(int(row["id"]), row["notes"]) for row in rows] == [
            (each["id"], each["notes"]) for each in shown
        ]
        few = await lines(api, sort=sort, limit=101)
        assert few == shown[:101]


async def test_everybody_exports_what_they_may_see(
    api: AsyncClient, office: dict[str, Any], callers: Callers
):
    everything = [each["id"] for each in await listed(api)]
    own = [each["id"] for each in await listed(office["member"])]
    assert 0 < len(own) < len(everything)
    viewer, manager = await callers.a("viewer"), await callers.a("manager")
    for caller, seen in ((office["member"], own), (viewer, everything), (manager, everything)):
        assert [each["id"] for each in await lines(caller)] == seen
        rows = await table(caller)
        assert [int(row["id"]) for row in rows] == seen
        assert await lines(caller) == await listed(caller)
    mine = (await api.get("/users/me")).json()["id"]
    assert await lines(office["member"], user_id=mine) == []


async def test_rates_are_there_only_for_who_may_see_them(
    api: AsyncClient, office: dict[str, Any], callers: Callers
):
    assert office
    poor = await callers.a("admin", "time_entries:read", "time_entries:others")
    for caller, sees in ((api, True), (poor, False), (await callers.a("viewer"), False)):
        row = (await table(caller, running="true"))[0]
        assert ("rate_amount" in row) is sees
        assert any(name.startswith("rate") for name in row) is sees
        [line] = await lines(caller, running="true")
        assert ("rate" in line) is sees


async def test_exports_are_for_who_may_read_entries(callers: Callers):
    assert (await callers.nobody().get(PATH)).status_code == 401
    refused = await (await callers.a("admin", "clients:read")).get(PATH)
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["time_entries:read"])


async def test_filters_on_what_one_may_not_read_are_refused(callers: Callers, given: Given):
    await given.a_field("tier")
    poor = await callers.a("admin", "time_entries:read")
    refused = await poor.get(PATH, params={"client.custom.tier": "a"})
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["clients:read"])


async def test_hidden_fields_are_in_no_file(given: Given, callers: Callers):
    hidden: dict[str, Any] = {"read_roles": ["manager"], "applies_to": ["time_entry"]}
    await given.a_field("secret", **hidden)
    retired = await given.a_field("retired", **hidden)
    gone = await given.a_field("gone", applies_to=["time_entry"])
    await given.an_entry(custom_fields={"secret": "hush", "retired": "quiet", "gone": "old"})
    for field in (retired, gone):
        path = f"/custom-field-definitions/{field['id']}"
        assert (await given.api.patch(path, json={"is_active": False})).status_code == 200
    manager, viewer = await callers.a("manager"), await callers.a("viewer")
    for format in ("csv", "jsonl"):
        told = (await exported(manager, format)).text
        assert "hush" in told
        assert not [word for word in ("quiet", "old", "retired", "gone") if word in told]
        inactive = (await exported(manager, format, include="inactive")).text
        assert "quiet" in inactive
        assert "old" in inactive
        for include in ({}, {"include": "inactive"}):
            told = (await exported(viewer, format, **include)).text
            assert not [w for w in ("secret", "hush", "retired", "quiet") if w in told]
            assert ("old" in told) is bool(include)
    [row] = await table(manager, include="inactive")
    assert list(row)[len(HEADER) :] == ["custom.secret", "inactive.gone", "inactive.retired"]


async def test_a_hidden_field_cannot_be_asked_for(given: Given, callers: Callers):
    await given.a_field("secret", read_roles=["manager"], applies_to=["time_entry"])
    viewer = await callers.a("viewer")
    refused = await viewer.get(PATH, params={"custom.secret": "hush"})
    assert faults(refused) == {("/custom.secret", "undefined_field")}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"format": "xlsx"}, "/format", "not_a_choice"),
        ({"format": ""}, "/format", "not_a_choice"),
        ({"sort": "notes"}, "/sort", "not_a_choice"),
        ({"sort": "custom.tier"}, "/sort", "not_a_choice"),
        ({"limit": 0}, "/limit", "minimum"),
        ({"limit": "all"}, "/limit", "type"),
        ({"limit": 2**63}, "/limit", "maximum"),
        ({"cursor": "a"}, "/cursor", "unknown_parameter"),
        ({"include": "total"}, "/include", "not_a_choice"),
        ({"from": "yesterday"}, "/from", "type"),
        ({"started_after": "2026-11-20"}, "/started_after", "type"),
        ({"updated_since": "9999-12-31T23:59:59-01:00"}, "/updated_since", "type"),
        ({"user_id": "0"}, "/user_id", "pattern"),
        ({"running": "maybe"}, "/running", "type"),
        ({"custom.nothing": "a"}, "/custom.nothing", "undefined_field"),
        ({"notes": "a"}, "/notes", "unknown_parameter"),
    ],
)
async def test_what_makes_no_sense_is_refused_before_a_file_begins(
    api: AsyncClient, query: dict[str, Any], pointer: str, code: str
):
    refused = await api.get(PATH, params=query)
    assert refused.status_code == 422, refused.text
    assert (pointer, code) in faults(refused)
    assert "content-disposition" not in refused.headers


async def test_the_headers_can_be_asked_for_alone(api: AsyncClient, office: dict[str, Any]):
    assert office
    for format in ("csv", "jsonl"):
        whole = await exported(api, format)
        head = await api.head(PATH, params={"format": format})
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-disposition", "cache-control"):
            assert head.headers[name] == whole.headers[name]
    assert (await api.head(PATH, params={"format": "xlsx"})).status_code == 422
