from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api.db.session import Database
from timetracker_api.invoices.lines import service, time


async def bill(
    api: AsyncClient, invoice: dict[str, Any], *, dry_run: bool = False, **body: Any
) -> Response:
    path = f"/invoices/{invoice['id']}/lines/from-time"
    return await api.post(f"{path}?dry_run={str(dry_run).lower()}", json=body)


async def show(api: AsyncClient, invoice: dict[str, Any]) -> dict[str, Any]:
    return (await api.get(f"/invoices/{invoice['id']}")).json()


async def descriptions(api: AsyncClient, invoice: dict[str, Any]) -> list[str]:
    return [line["description"] for line in (await show(api, invoice))["lines"]]


@pytest.fixture
async def work(given: Given) -> dict[str, Any]:
    """A client at 60 an hour with two projects, one of which has a task at 90."""
    client = await given.a_client(hourly_rate="60")
    website = await given.a_project("Website", client_id=client["id"])
    shop = await given.a_project("Shop", client_id=client["id"])
    task = await given.a_task("Checkout", project_id=shop["id"], hourly_rate="90")
    return {
        "client_id": client["id"],
        "website": website["id"],
        "shop": shop["id"],
        "task": task["id"],
        "invoice": await given.an_invoice(client_id=client["id"]),
    }


async def entry(given: Given, day: int, seconds: int, **fields: Any) -> dict[str, Any]:
    return await given.an_entry(
        started_at=f"2026-11-{day:02}T09:00:00Z", duration_seconds=seconds, **fields
    )


async def a_month(given: Given, work: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        await entry(given, 2, 1800, project_id=work["website"], notes="Sketches"),
        await entry(given, 2, 3600, task_id=work["task"]),
        await entry(given, 3, 1200, project_id=work["website"]),
        await entry(given, 4, 2400, client_id=work["client_id"]),
        await entry(given, 5, 600, project_id=work["shop"]),
    ]


async def test_a_line_can_be_written_found_changed_and_deleted(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    path = f"/invoices/{invoice['id']}"
    body = {"description": "Train\nto Paris", "quantity": "2", "unit_price": "99.995"}
    created = await api.post(f"{path}/lines", json={**body, "tax_rate": "6"})
    assert created.status_code == 201, created.text
    line = created.json()
    assert (line["position"], line["amount"], line["seconds"]) == (1, "199.99", None)
    found = await api.get(created.headers["location"].removeprefix("/api/v1"))
    assert found.json() == line
    assert (await show(api, invoice))["lines"] == [line]
    changed = await api.patch(f"{path}/lines/{line['id']}", json={"quantity": "3"})
    assert (changed.json()["amount"], changed.json()["unit_price"]) == ("299.98", "99.995")
    assert (await show(api, invoice))["total"] == "317.98"
    assert (await api.delete(f"{path}/lines/{line['id']}")).status_code == 204
    assert (await api.get(f"{path}/lines/{line['id']}")).status_code == 404
    assert (await show(api, invoice))["total"] == "0.00"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"description": " "}, ("/description", "min_length")),
        ({"description": "a\0"}, ("/description", "control_characters")),
        ({"unit_price": "-1"}, ("/unit_price", "minimum")),
        ({"unit_price": 1.00001}, ("/unit_price", "scale")),
        ({"quantity": "1000000"}, ("/quantity", "maximum")),
        ({"tax_rate": "101"}, ("/tax_rate", "maximum")),
        ({"quantity": "999999", "unit_price": "9999999999"}, ("/unit_price", "maximum")),
        ({"amount": "1"}, ("/amount", "unknown_field")),
        ({"seconds": 1}, ("/seconds", "unknown_field")),
    ],
)
async def test_a_line_that_makes_no_sense_is_refused_with_a_pointer(
    api: AsyncClient, given: Given, fields: dict[str, Any], fault: tuple[str, str]
):
    invoice = await given.an_invoice()
    line = await given.a_line(invoice, "1")
    path = f"/invoices/{invoice['id']}/lines"
    body = {"description": "Travel", "unit_price": "1", **fields}
    assert faults(await api.post(path, json=body)) == {fault}
    assert faults(await api.patch(f"{path}/{line['id']}", json=fields)) == {fault}
    assert (await show(api, invoice))["lines"] == [line]


async def test_lines_are_put_in_order(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    ids = [(await given.a_line(invoice, "1", description=name))["id"] for name in "abc"]
    path = f"/invoices/{invoice['id']}/lines/order"
    ordered = await api.post(path, json={"line_ids": [ids[2], ids[0], ids[1]]})
    assert [line["description"] for line in ordered.json()["lines"]] == ["c", "a", "b"]
    await given.a_line(invoice, "1", description="d")
    assert await descriptions(api, invoice) == ["c", "a", "b", "d"]
    for wrong in (ids, [*ids, ids[0]], [*ids, 999]):
        assert faults(await api.post(path, json={"line_ids": wrong})) == {("/line_ids", "invalid")}


async def test_a_line_is_found_on_its_own_invoice_only(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    other = await given.an_invoice(client_id=invoice["client"]["id"])
    line = await given.a_line(invoice, "1")
    path = f"/invoices/{other['id']}/lines/{line['id']}"
    for answer in (
        await api.get(path),
        await api.patch(path, json={"description": "x"}),
        await api.delete(path),
    ):
        assert answer.status_code == 404


async def test_the_lines_of_what_is_issued_stay_as_they_are(api: AsyncClient, given: Given):
    issued = await given.an_issued_invoice()
    path = f"/invoices/{issued['id']}/lines"
    line = f"{path}/{issued['lines'][0]['id']}"
    for answer in (
        await api.post(path, json={"description": "x", "unit_price": "1"}),
        await api.patch(line, json={"description": "x"}),
        await api.delete(line),
        await api.post(f"{path}/order", json={"line_ids": [issued["lines"][0]["id"]]}),
        await bill(api, issued),
        await bill(api, issued, dry_run=True),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_a_draft")
    assert await show(api, issued) == issued


async def test_an_invoice_has_so_many_lines(
    api: AsyncClient, given: Given, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(service, "MOST_LINES", 1)
    invoice = await given.an_invoice()
    await given.a_line(invoice, "1")
    body = {"description": "x", "unit_price": "1"}
    refused = await api.post(f"/invoices/{invoice['id']}/lines", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_lines")
    await api.patch(f"/clients/{invoice['client']['id']}", json={"hourly_rate": "60"})
    await given.an_entry(client_id=invoice["client"]["id"])
    for dry_run in (True, False):
        refused = await bill(api, invoice, dry_run=dry_run)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_lines")


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        (
            "entry",
            [
                ("2026-11-02 Website: Sketches", "0.50", "60.00", "30.00"),
                ("2026-11-02 Shop, Checkout", "1.00", "90.00", "90.00"),
                ("2026-11-03 Website", "0.3333", "60.00", "20.00"),
                ("2026-11-04 Time", "0.6667", "60.00", "40.00"),
                ("2026-11-05 Shop", "0.1667", "60.00", "10.00"),
            ],
        ),
        (
            "task",
            [
                ("Website", "0.8333", "60.00", "50.00"),
                ("Shop, Checkout", "1.00", "90.00", "90.00"),
                ("Time", "0.6667", "60.00", "40.00"),
                ("Shop", "0.1667", "60.00", "10.00"),
            ],
        ),
        (
            "project",
            [
                ("Website", "0.8333", "60.00", "50.00"),
                ("Shop", "1.00", "90.00", "90.00"),
                ("Time", "0.6667", "60.00", "40.00"),
                ("Shop", "0.1667", "60.00", "10.00"),
            ],
        ),
        ("user", [("admin1", "1.6667", "60.00", "100.00"), ("admin1", "1.00", "90.00", "90.00")]),
        (
            "day",
            [
                ("2026-11-02", "0.50", "60.00", "30.00"),
                ("2026-11-02", "1.00", "90.00", "90.00"),
                ("2026-11-03", "0.3333", "60.00", "20.00"),
                ("2026-11-04", "0.6667", "60.00", "40.00"),
                ("2026-11-05", "0.1667", "60.00", "10.00"),
            ],
        ),
    ],
)
async def test_time_becomes_a_line_for_every_group_and_rate(
    api: AsyncClient,
    given: Given,
    work: dict[str, Any],
    group_by: str,
    expected: list[tuple[str, str, str, str]],
):
    await a_month(given, work)
    names = ("description", "quantity", "unit_price", "amount")
    preview = (await bill(api, work["invoice"], dry_run=True, group_by=group_by)).json()
    assert preview["dry_run"] is True
    assert (await show(api, work["invoice"])) == work["invoice"]
    assert sorted(tuple(each[n] for n in names) for each in preview["lines"]) == sorted(expected)
    billed = (await bill(api, work["invoice"], group_by=group_by, tax_rate="21")).json()
    assert billed["amount"] == preview["amount"] == "190.00"
    found = await show(api, work["invoice"])
    assert [line["id"] for line in found["lines"]] == [line["id"] for line in billed["lines"]]
    assert [each["amount"] for each in found["lines"]] == [e["amount"] for e in preview["lines"]]
    assert (found["subtotal"], found["tax"]) == ("190.00", "39.90")
    seconds = sum(line["seconds"] for line in found["lines"])
    assert seconds == sum(line["billed_seconds"] for line in found["lines"]) == 9600


async def test_billed_time_is_rounded_as_the_organisation_says(
    api: AsyncClient, given: Given, work: dict[str, Any]
):
    await a_month(given, work)
    await api.patch("/settings", json={"rounding": "up", "rounding_minutes": 60})
    preview = (await bill(api, work["invoice"], dry_run=True, group_by="entry")).json()
    billed = (await bill(api, work["invoice"])).json()
    assert preview["amount"] == billed["amount"]
    for line in preview["lines"]:
        hours = -(-line["seconds"] // 3600)
        assert line["billed_seconds"] == hours * 3600
        assert Decimal(line["amount"]) == hours * Decimal(line["unit_price"])
    assert any(line["billed_seconds"] > line["seconds"] for line in preview["lines"])


async def test_time_is_chosen_by_day_project_task_and_user(
    api: AsyncClient, given: Given, work: dict[str, Any]
):
    await a_month(given, work)
    ada = await given.a_user("ada")
    await entry(given, 9, 3600, project_id=work["website"], user_id=ada["id"])
    choices: list[tuple[dict[str, Any], str]] = [
        ({"from": "2026-11-03", "to": "2026-11-04"}, "60.00"),
        ({"project_ids": [work["shop"]]}, "100.00"),
        ({"task_ids": [work["task"]]}, "90.00"),
        ({"user_ids": [ada["id"]]}, "60.00"),
        ({"project_ids": [work["website"]], "to": "2026-11-02"}, "30.00"),
    ]
    for chosen, amount in choices:
        preview = await bill(api, work["invoice"], dry_run=True, **chosen)
        assert preview.json()["amount"] == amount, chosen


async def test_what_cannot_be_billed_is_named_with_the_reason(
    api: AsyncClient, given: Given, work: dict[str, Any]
):
    good = await entry(given, 2, 3600, client_id=work["client_id"])
    await entry(given, 2, 3600, client_id=work["client_id"], billable=False)
    await entry(given, 2, 3600, client_id=(await given.a_client("Other"))["id"])
    path = f"/clients/{work['client_id']}"
    await api.patch(path, json={"hourly_rate": None})
    free = await entry(given, 3, 3600, client_id=work["client_id"])
    await api.patch(path, json={"hourly_rate": "60", "currency": "USD"})
    dollars = await entry(given, 4, 3600, client_id=work["client_id"])
    await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    here = {"client_id": work["client_id"]}
    started = await api.post("/timer/start", json=here)
    lacking = (await api.post("/timer/stop")).json()["stopped"]
    running = (await api.post("/timer/start", json=here)).json()["timer"]
    assert started.is_success
    for dry_run in (True, False):
        told = (await bill(api, work["invoice"], dry_run=dry_run)).json()
        assert {each["reason"]: each["entry_ids"] for each in told["left_out"]} == {
            "no_rate": [free["id"]],
            "other_currency": [dollars["id"]],
            "incomplete": [lacking["id"]],
            "running": [running["id"]],
        }
        assert [line["entry_count"] for line in told["lines"]] == [1]
    billed = (await api.get(f"/time-entries?invoice_id={work['invoice']['id']}")).json()["items"]
    assert [each["id"] for each in billed] == [good["id"]]


async def test_time_is_billed_once(api: AsyncClient, given: Given, work: dict[str, Any]):
    await a_month(given, work)
    assert len((await bill(api, work["invoice"])).json()["lines"]) == 4
    other = await given.an_invoice(client_id=work["client_id"])
    for invoice in (work["invoice"], other):
        again = (await bill(api, invoice)).json()
        assert (again["lines"], again["amount"], again["left_out"]) == ([], "0.00", [])


async def test_so_many_entries_are_billed_at_once(
    api: AsyncClient, given: Given, work: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    await a_month(given, work)
    for most, status in ((4, 422), (5, 200)):
        monkeypatch.setattr(time, "MOST_ENTRIES", most)
        for dry_run in (True, False):
            answer = await bill(api, work["invoice"], dry_run=dry_run)
            assert answer.status_code == status
            assert status == 200 or faults(answer) == {("/from", "maximum")}


async def test_time_whose_line_or_draft_is_deleted_can_be_billed_again(
    api: AsyncClient, given: Given, work: dict[str, Any], database: Database
):
    entries = await a_month(given, work)
    path = f"/invoices/{work['invoice']['id']}"
    billed = (await bill(api, work["invoice"], group_by="user")).json()
    await api.delete(f"{path}/lines/{billed['lines'][1]['id']}")
    assert (await bill(api, work["invoice"])).json()["amount"] == "90.00"
    await api.delete(path)
    other = await given.an_invoice(client_id=work["client_id"])
    assert (await bill(api, other)).json()["amount"] == "190.00"
    told = await recorded(database, "invoice.time_added", "invoice.time_removed")
    ids = sorted(each["id"] for each in entries)
    assert [each.type.partition("_")[2] for each in told] == [
        "added", "removed", "added", "removed", "added",
    ]  # fmt: skip
    assert told[1].changes["entry_ids"] == {"old": [entries[1]["id"]], "new": []}
    assert told[-1].changes["entry_ids"] == {"old": [], "new": ids}


async def test_a_line_of_time_has_its_quantity_from_the_time(
    api: AsyncClient, given: Given, work: dict[str, Any]
):
    await entry(given, 2, 1200, client_id=work["client_id"])
    (line,) = (await bill(api, work["invoice"])).json()["lines"]
    path = f"/invoices/{work['invoice']['id']}/lines/{line['id']}"
    refused = await api.patch(path, json={"quantity": "1"})
    assert faults(refused) == {("/quantity", "immutable")}
    changed = await api.patch(
        path, json={"unit_price": "100", "description": "Advice", "quantity": line["quantity"]}
    )
    assert (changed.json()["amount"], changed.json()["description"]) == ("33.33", "Advice")


async def test_a_line_that_would_come_to_too_much_is_refused(
    api: AsyncClient, given: Given, work: dict[str, Any]
):
    await api.patch(f"/clients/{work['client_id']}", json={"hourly_rate": "9999999999"})
    await entry(given, 2, 7200, client_id=work["client_id"])
    for dry_run in (True, False):
        refused = await bill(api, work["invoice"], dry_run=dry_run)
        assert faults(refused) == {("/group_by", "maximum")}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"from": "x"}, ("/from", "type")),
        ({"project_ids": []}, ("/project_ids", "min_length")),
        ({"project_ids": ["1"]}, ("/project_ids/0", "type")),
        ({"group_by": "week"}, ("/group_by", "not_a_choice")),
        ({"tax_rate": "-1"}, ("/tax_rate", "minimum")),
        ({"client_id": 1}, ("/client_id", "unknown_field")),
    ],
)
async def test_a_choice_of_time_that_makes_no_sense_is_refused(
    api: AsyncClient, work: dict[str, Any], body: dict[str, Any], fault: tuple[str, str]
):
    assert faults(await bill(api, work["invoice"], **body)) == {fault}


async def test_one_bills_only_time_that_one_may_see(
    callers: Callers, given: Given, work: dict[str, Any]
):
    await entry(given, 2, 3600, client_id=work["client_id"])
    blind = await callers.a("manager", "invoices:write", "invoices:read")
    refused = await bill(blind, work["invoice"])
    assert (refused.status_code, refused.json()["scopes"]) == (403, ["time_entries:read"])
    alone = await callers.a("manager", "invoices:write", "time_entries:read")
    assert (await bill(alone, work["invoice"])).json()["lines"] == []
    manager = await callers.a("manager")
    assert len((await bill(manager, work["invoice"])).json()["lines"]) == 1
    assert (await bill(manager, {"id": 999})).status_code == 404
