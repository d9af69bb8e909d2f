"""Reports as files: the same groups, line by line."""

import csv
import io
import json
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from test_reports import HOUR, report, spent
from test_statements import AUTHENTICATION, count
from timetracker_api.db.session import Database

PATH = "/reports/time/export"


async def exported(api: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the lines of a file, by column for a table."""
    answer = await api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    if query.get("format") == "jsonl":
        return [json.loads(line) for line in answer.text.splitlines()]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
async def world(given: Given) -> None:
    """Time on three clients: priced, in another currency, and without a rate."""
    await given.a_field("tier", "choice", choices=[{"value": "gold", "label": "=Gold"}])
    await given.a_field("share", "decimal", applies_to=["time_entry"])
    acme = await given.a_client("Acme", hourly_rate="10", custom_fields={"tier": "gold"})
    there = await given.a_client("-There", hourly_rate="20", currency="USD")
    await spent(given, 1, client_id=acme["id"], custom_fields={"share": "-1.50"})
    await spent(given, 2, client_id=acme["id"], billable=False)
    await spent(given, 4, client_id=there["id"], tags=["=1+1"])
    await given.api.post("/timer/start", json={"client_id": there["id"]})


@pytest.mark.usefixtures("world")
async def test_a_table_has_a_line_for_each_group_and_currency(api: AsyncClient):
    lines = await exported(api, group_by="client,month", to="2026-11-20")
    november = ["2026-11", "2026-11-01", "2026-11-30"]
    assert [list(line.values())[1:] for line in lines] == [
        ["'-There", *november, "14400", "14400", "14400", "1", "0", "80.00", "USD"],
        ["Acme", *november, "3600", "3600", "3600", "1", "0", "10.00", "EUR"],
        ["Acme", *november, "7200", "7200", "0", "1", "0", "", ""],
    ]
    assert [*lines[0]] == [
        "client_id",
        "client_name",
        "month_label",
        "month_first_day",
        "month_last_day",
        "seconds",
        "rounded_seconds",
        "billable_seconds",
        "count",
        "running",
        "amount",
        "currency",
    ]


@pytest.mark.usefixtures("world")
async def test_only_what_a_spreadsheet_would_compute_has_an_apostrophe(api: AsyncClient):
    tags = await exported(api, group_by="tag,billable")
    assert {line["tag_name"] for line in tags} == {"'=1+1", ""}
    assert {line["billable_value"] for line in tags} == {"true", "false"}
    tiers = await exported(api, group_by="client.custom.tier")
    assert [line["client.custom.tier_label"] for line in tiers] == ["'=Gold", "'=Gold", ""]
    shares = await exported(api, group_by="custom.share")
    assert {line["custom.share_value"] for line in shares} == {"-1.50", ""}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "group_by", ["client", "tag", "user,day,client.custom.tier", "custom.share"]
)
async def test_lines_say_what_the_report_says(api: AsyncClient, group_by: str):
    found = await report(api, *group_by.split(","))
    lines = await exported(api, group_by=group_by, format="jsonl")
    by_group = {json.dumps(item["group"]): item for item in found["items"]}
    assert [*by_group] == [*dict.fromkeys(json.dumps(line["group"]) for line in lines)]
    for name, item in by_group.items():
        parts = [line for line in lines if json.dumps(line["group"]) == name]
        for measure in ("seconds", "rounded_seconds", "billable_seconds", "count", "running"):
            assert sum(part[measure] for part in parts) == item[measure]
        assert [part["amount"] for part in parts if part["amount"]] == item["amounts"]


@pytest.mark.usefixtures("world")
async def test_a_file_has_all_groups_or_the_first_so_many(api: AsyncClient):
    assert len({line["client_id"] for line in await exported(api, group_by="client")}) == 2
    first = await exported(api, group_by="client", limit=1)
    assert {line["client_name"] for line in first} == {"'-There"}
    every = await exported(api, group_by="client", limit=2**63 - 1)
    assert len({line["client_id"] for line in every}) == 2
    last = await exported(api, group_by="client", limit=1, sort="-group")
    assert {line["client_name"] for line in last} == {"Acme"}
    total = await exported(api, billable="false", format="jsonl")
    assert [(line["group"], line["seconds"]) for line in total] == [({}, 2 * HOUR)]


async def test_a_file_without_groups_has_the_names_of_its_columns(api: AsyncClient):
    answer = await api.get(PATH, params={"group_by": "tag", "rounding": "up"})
    assert answer.text.startswith("tag_name,seconds,")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="time-report-')
    assert (await api.get(PATH, params={"group_by": "tag", "format": "jsonl"})).text == ""


@pytest.mark.usefixtures("world")
async def test_amounts_are_in_the_file_for_those_who_may_see_rates(callers: Callers):
    viewer = await callers.a("viewer")
    lines = await exported(viewer, group_by="client")
    assert [line["seconds"] for line in lines] == [str(4 * HOUR), str(3 * HOUR)]
    assert not {"amount", "currency"} & lines[0].keys()
    assert "amount" not in (await exported(viewer, group_by="client", format="jsonl"))[0]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"format": "xlsx"}, ("/format", "not_a_choice")),
        ({"offset": "1"}, ("/offset", "unknown_parameter")),
        ({"group_by": "mood"}, ("/group_by", "not_a_choice")),
        ({"from": "2026-11-02", "to": "2026-11-01"}, ("/to", "minimum")),
    ],
)
async def test_a_file_that_makes_no_sense_is_pointed_at(
    api: AsyncClient, query: dict[str, str], fault: tuple[str, str]
):
    refused = await api.get(PATH, params=query)
    assert (refused.status_code, faults(refused)) == (422, {fault})


@pytest.mark.usefixtures("world")
async def test_a_file_takes_one_statement(api: AsyncClient, database: Database):
    await api.get("/clients")
    assert await count(database, api, "GET", f"{PATH}?group_by=client,tag") == AUTHENTICATION + 1
