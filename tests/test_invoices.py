from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api import clock
from timetracker_api.db.session import Database

NOTHING = {"subtotal", "discount", "tax", "total", "paid", "outstanding"}


def today() -> str:
    return clock.now().date().isoformat()


async def issue(api: AsyncClient, invoice: dict[str, Any]) -> Response:
    return await api.post(f"/invoices/{invoice['id']}/issue")


async def void(api: AsyncClient, invoice: dict[str, Any], reason: str = "Wrong.") -> Response:
    return await api.post(f"/invoices/{invoice['id']}/void", json={"reason": reason})


async def change(api: AsyncClient, invoice: dict[str, Any], **fields: Any) -> Response:
    return await api.patch(f"/invoices/{invoice['id']}", json=fields)


async def numbers(api: AsyncClient, query: str = "") -> list[Any]:
    found = await api.get(f"/invoices?{query}")
    assert found.status_code == 200, found.text
    return [each["number"] or each["id"] for each in found.json()["items"]]


async def test_a_draft_can_be_created_and_found_again(api: AsyncClient, given: Given):
    client = await given.a_client()
    body = {
        "client_id": client["id"],
        "issued_on": "2026-11-30",
        "payment_days": 30,
        "reference": "PO-4711",
        "notes": "Ask for Ada.",
        "terms": "Net 30.",
        "discount_percent": "2.5",
    }
    created = await api.post("/invoices", json=body)
    assert created.status_code == 201, created.text
    invoice = created.json()
    assert invoice["client"] == {"id": client["id"], "name": "Acme"}
    assert (invoice["status"], invoice["number"], invoice["currency"]) == ("draft", None, "EUR")
    assert {invoice[name] for name in NOTHING} == {"0.00"}
    assert (invoice["lines"], invoice["taxes"]) == ([], [])
    assert (invoice["due_on"], invoice["payment_days"], invoice["bill_to"]) == (None, 30, None)
    assert (invoice["discount_percent"], invoice["discount_amount"]) == ("2.50", None)
    found = await api.get(created.headers["location"].removeprefix("/api/v1"))
    assert found.json() == invoice
    (listed,) = (await api.get("/invoices")).json()["items"]
    assert listed == {k: v for k, v in invoice.items() if k not in {"lines", "taxes"}}


async def test_the_currency_is_the_clients_and_stays_as_it_is(api: AsyncClient, given: Given):
    overseas = await given.a_client("Overseas", currency="USD")
    ours = await given.an_invoice()
    theirs = await given.an_invoice(client_id=overseas["id"])
    assert (ours["currency"], theirs["currency"]) == ("EUR", "USD")
    await api.patch("/settings", json={"currency": "CHF"})
    await api.patch(f"/clients/{overseas['id']}", json={"currency": "GBP"})
    for invoice in (ours, theirs):
        found = (await api.get(f"/invoices/{invoice['id']}")).json()
        assert found["currency"] == invoice["currency"]


async def test_who_is_unknown_or_archived_is_not_billed(api: AsyncClient, given: Given):
    unknown = await api.post("/invoices", json={"client_id": 999})
    assert faults(unknown) == {("/client_id", "reference_not_found")}
    client = await given.a_client()
    await api.post(f"/clients/{client['id']}/archive")
    archived = await api.post("/invoices", json={"client_id": client["id"]})
    assert (archived.status_code, archived.json()["code"]) == (409, "archived")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"due_on": "2026-12-01", "payment_days": 3}, ("/due_on", "invalid")),
        ({"due_on": "2026-11-01", "issued_on": "2026-11-02"}, ("/due_on", "minimum")),
        ({"discount_percent": "1", "discount_amount": "1"}, ("/discount_percent", "invalid")),
        ({"discount_percent": "100.01"}, ("/discount_percent", "maximum")),
        ({"discount_amount": "-1"}, ("/discount_amount", "minimum")),
        ({"payment_days": -1}, ("/payment_days", "minimum")),
        ({"issued_on": "tomorrow"}, ("/issued_on", "type")),
        ({"terms": "a\0b"}, ("/terms", "control_characters")),
        ({"status": "issued"}, ("/status", "unknown_field")),
        ({"number": "1"}, ("/number", "unknown_field")),
        ({"currency": "USD"}, ("/currency", "unknown_field")),
    ],
)
async def test_what_contradicts_itself_is_refused_with_a_pointer(
    api: AsyncClient, given: Given, fields: dict[str, Any], fault: tuple[str, str]
):
    invoice = await given.an_invoice()
    created = await api.post("/invoices", json={"client_id": invoice["client"]["id"], **fields})
    changed = await change(api, invoice, **fields)
    for answer in (created, changed):
        assert answer.status_code == 422
        assert faults(answer) == {fault}


async def test_one_may_be_put_in_the_place_of_the_other(api: AsyncClient, given: Given):
    invoice = await given.an_invoice(payment_days=30, discount_percent="5")
    refused = await change(api, invoice, due_on="2026-12-01", discount_amount="5")
    assert faults(refused) == {("/due_on", "invalid"), ("/discount_amount", "invalid")}
    replaced = await change(
        api,
        invoice,
        due_on="2026-12-01",
        payment_days=None,
        discount_percent=None,
        discount_amount="5",
    )
    assert replaced.status_code == 200, replaced.text
    early = await change(api, invoice, issued_on="2026-12-02")
    assert faults(early) == {("/issued_on", "minimum")}


async def test_an_issued_invoice_has_a_number_dates_and_the_client_as_of_then(
    api: AsyncClient, given: Given
):
    client = await given.a_client(address="Desert 1\nTucson")
    invoice = await given.an_invoice(client_id=client["id"], payment_days=0)
    await given.a_line(invoice, "10")
    issued = (await issue(api, invoice)).json()
    assert issued["number"] == f"INV-{today()[:4]}-0001"
    assert (issued["status"], issued["issued_on"], issued["due_on"]) == ("issued", today(), today())
    assert issued["issued_at"] is not None
    await api.patch(f"/clients/{client['id']}", json={"name": "Ajax", "address": None})
    found = (await api.get(f"/invoices/{invoice['id']}")).json()
    assert found["client"]["name"] == "Ajax"
    assert found["bill_to"] == {"name": "Acme", "address": "Desert 1\nTucson"}


async def test_today_is_what_it_is_where_the_organisation_is(
    api: AsyncClient, given: Given, monkeypatch: pytest.MonkeyPatch
):
    await api.patch("/settings", json={"time_zone": "Pacific/Kiritimati"})
    monkeypatch.setattr(clock, "now", lambda: clock.datetime(2026, 12, 31, 12, tzinfo=clock.UTC))
    issued = await given.an_issued_invoice()
    assert (issued["issued_on"], issued["number"]) == ("2027-01-01", "INV-2027-0001")


async def test_it_is_due_so_many_days_after_the_date_it_bears(given: Given):
    issued = await given.an_issued_invoice(issued_on="2028-02-28", payment_days=2)
    assert issued["due_on"] == "2028-03-01"
    last = await given.an_issued_invoice(
        client_id=issued["client"]["id"], issued_on="9999-12-01", payment_days=60
    )
    assert last["due_on"] == "9999-12-31"


async def test_what_an_invoice_lacks_is_said_when_it_is_to_be_issued(
    api: AsyncClient, given: Given
):
    invoice = await given.an_invoice(due_on="2020-01-01")
    refused = await issue(api, invoice)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_issuable")
    assert faults(refused) == {("/lines", "required"), ("/due_on", "minimum")}
    assert (await api.get(f"/invoices/{invoice['id']}")).json() == invoice


async def test_numbers_have_no_gaps_whatever_is_refused_deleted_or_voided(
    api: AsyncClient, given: Given
):
    client = (await given.a_client())["id"]
    first = await given.an_issued_invoice(client_id=client, issued_on="2026-01-01")
    empty = await given.an_invoice(client_id=client, issued_on="2026-01-01")
    assert (await issue(api, empty)).status_code == 409
    assert (await issue(api, first)).json()["code"] == "not_a_draft"
    await api.delete(f"/invoices/{empty['id']}")
    await void(api, first)
    second = await given.an_issued_invoice(client_id=client, issued_on="2026-01-01")
    assert [first["number"], second["number"]] == ["INV-2026-0001", "INV-2026-0002"]


async def test_every_year_begins_with_one_where_the_pattern_has_the_year(
    api: AsyncClient, given: Given
):
    client = (await given.a_client())["id"]

    async def issued(year: int) -> str:
        day = f"{year}-06-01"
        return (await given.an_issued_invoice(client_id=client, issued_on=day))["number"]

    assert [await issued(year) for year in (2026, 2027, 2026)] == [
        "INV-2026-0001",
        "INV-2027-0001",
        "INV-2026-0002",
    ]
    await api.patch("/settings", json={"invoice_number_pattern": "R/{number}"})
    assert [await issued(year) for year in (2026, 2027)] == ["R/1", "R/2"]
    await api.patch("/settings", json={"invoice_number_pattern": "{year}{number:2}"})
    assert [await issued(year) for year in (2026, 2027)] == ["202603", "202702"]


async def test_a_number_that_an_invoice_has_already_is_passed_over(api: AsyncClient, given: Given):
    client = (await given.a_client())["id"]
    await api.patch("/settings", json={"invoice_number_pattern": "2026-{number}"})
    for _ in range(2):
        await given.an_issued_invoice(client_id=client)
    await api.patch("/settings", json={"invoice_number_pattern": "{year}-{number}"})
    third = await given.an_issued_invoice(client_id=client, issued_on="2026-05-05")
    assert third["number"] == "2026-3"


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "INV", "INV-{year}", "{number}{number}", "{number:0}", "{number:10}"),
        *("{month}{number}", "{number", "%d{number}", "é{number}", "{number}" + "x" * 43),
    ],
)
async def test_a_pattern_has_one_number_in_it(api: AsyncClient, pattern: str):
    refused = await api.patch("/settings", json={"invoice_number_pattern": pattern})
    code = "max_length" if len(pattern) > 50 else "pattern"
    assert faults(refused) == {("/invoice_number_pattern", code)}


async def test_what_is_issued_stays_as_it_is_but_for_notes_and_custom_fields(
    api: AsyncClient, given: Given
):
    await given.a_field("ticket", applies_to=["invoice"])
    issued = await given.an_issued_invoice(terms="Net 30.")
    fixed: dict[str, Any] = {
        "issued_on": "2026-01-01",
        "due_on": "2030-01-01",
        "payment_days": 1,
        "reference": "x",
        "terms": None,
        "discount_percent": "1",
        "discount_amount": "1",
    }
    for name, value in fixed.items():
        refused = await change(api, issued, **{name: value})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_a_draft")
        assert faults(refused) == {(f"/{name}", "immutable")}
    for status in ("issued", "void"):
        values = {"notes": f"Now {status}", "custom_fields": {"ticket": status}}
        free = await change(api, issued, **values, terms="Net 30.")
        assert free.status_code == 200, free.text
        assert values.items() <= free.json().items()
        assert (await void(api, issued)).status_code == (200 if status == "issued" else 409)


async def test_only_drafts_are_deleted(api: AsyncClient, given: Given, database: Database):
    draft = await given.an_invoice()
    await given.a_line(draft, "1")
    assert (await api.delete(f"/invoices/{draft['id']}")).status_code == 204
    assert (await api.get(f"/invoices/{draft['id']}")).status_code == 404
    assert [each.entity_id for each in await recorded(database, "invoice.deleted")] == [draft["id"]]
    assert len(await recorded(database, "invoice_line.deleted")) == 1
    issued = await given.an_issued_invoice(client_id=draft["client"]["id"])
    for _ in range(2):
        refused = await api.delete(f"/invoices/{issued['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_a_draft")
        await void(api, issued)


async def test_a_void_invoice_keeps_its_number_and_owes_nothing(api: AsyncClient, given: Given):
    issued = await given.an_issued_invoice("121")
    voided = (await void(api, issued, "Billed twice.")).json()
    assert (voided["status"], voided["void_reason"]) == ("void", "Billed twice.")
    assert voided["voided_at"] is not None
    assert (voided["number"], voided["lines"]) == (issued["number"], issued["lines"])
    assert (voided["total"], voided["outstanding"]) == ("121.00", "0.00")
    again = await void(api, issued)
    assert (again.status_code, again.json()["code"]) == (409, "not_issued")


async def test_a_draft_is_deleted_and_not_voided(api: AsyncClient, given: Given):
    draft = await given.an_invoice()
    refused = await void(api, draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_issued")
    assert faults(await void(api, draft, "  ")) == {("/reason", "min_length")}


async def test_an_invoice_without_a_price_is_paid_when_it_is_issued(given: Given):
    issued = await given.an_issued_invoice("0")
    assert (issued["status"], issued["outstanding"]) == ("paid", "0.00")


async def test_a_client_with_invoices_is_not_deleted(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    refused = await api.delete(f"/clients/{invoice['client']['id']}")
    assert (refused.status_code, refused.json()["usage"]) == (409, {"invoice": 1})


async def test_invoices_are_found(api: AsyncClient, given: Given):
    acme, ajax = await given.a_client(), await given.a_client("Ajax")
    early = await given.an_issued_invoice(
        "10", client_id=acme["id"], issued_on="2026-01-10", payment_days=10, notes="Ask ADA."
    )
    late = await given.an_issued_invoice(
        "30", client_id=ajax["id"], issued_on="2026-02-10", reference="PO-4711"
    )
    draft = (await given.an_invoice(client_id=acme["id"]))["id"]
    await void(api, late)
    one, two = early["number"], late["number"]
    everything = {
        "": [draft, two, one],
        "sort=created_at": [one, two, draft],
        "sort=number": [draft, one, two],
        "sort=-number": [two, one, draft],
        "sort=issued_on": [one, two, draft],
        "sort=due_on": [one, two, draft],
        "sort=-total": [two, one, draft],
        f"client_id={acme['id']}": [draft, one],
        "status=draft": [draft],
        "status=void,issued": [two, one],
        "issued_from=2026-01-11": [two],
        "issued_to=2026-01-10": [one],
        "due_from=2026-01-20&due_to=2026-01-20": [one],
        "search=ada": [one],
        "search=po-47": [two],
        f"search={one.lower()}": [one],
        "updated_since=2099-01-01T00:00:00Z": [],
        "limit=1&offset=1": [two],
    }
    assert {query: await numbers(api, query) for query in everything} == everything


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("status=open", ("/status", "not_a_choice")),
        ("client_id=x", ("/client_id", "pattern")),
        ("issued_from=x", ("/issued_from", "type")),
        ("sort=status", ("/sort", "not_a_choice")),
        ("archived=true", ("/archived", "unknown_parameter")),
    ],
)
async def test_a_query_that_means_nothing_is_refused(
    api: AsyncClient, query: str, fault: tuple[str, str]
):
    assert faults(await api.get(f"/invoices?{query}")) == {fault}


async def test_who_has_seen_another_version_changes_nothing(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    path = f"/invoices/{invoice['id']}"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    line = await given.a_line(invoice, "1")  # a line belongs to what one has seen
    for answer in (
        await api.patch(path, json={"notes": "x"}, headers=seen),
        await api.post(f"{path}/issue", headers=seen),
        await api.post(f"{path}/lines", json={"description": "x", "unit_price": "1"}, headers=seen),
        await api.post(f"{path}/lines/from-time", json={}, headers=seen),
        await api.delete(path, headers=seen),
    ):
        assert answer.status_code == 412
    now = {"If-Match": (await api.get(path)).headers["etag"]}
    assert (await api.patch(path, json={"notes": "x"}, headers=now)).status_code == 200
    shown = await api.get(f"{path}/lines/{line['id']}")
    unchanged = {"If-None-Match": shown.headers["etag"]}
    assert (await api.get(f"{path}/lines/{line['id']}", headers=unchanged)).status_code == 304


async def test_every_change_is_recorded(api: AsyncClient, given: Given, database: Database):
    issued = await given.an_issued_invoice()
    await void(api, issued)
    kinds = ("invoice.created", "invoice_line.created", "invoice.updated")
    assert [each.type for each in await recorded(database, *kinds)] == [
        *kinds,
        "invoice.updated",
        "invoice.updated",
    ]
    last = (await recorded(database, "invoice.updated"))[-1]
    assert last.changes["status"] == {"old": "issued", "new": "void"}


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_invoices_are_for_those_who_manage(callers: Callers, given: Given, role: str):
    issued = await given.an_issued_invoice()
    payment = await given.a_payment(issued, "1")
    somebody = await callers.a(role)
    for path in ("/invoices", f"/invoices/{issued['id']}", f"/payments/{payment['id']}"):
        assert (await somebody.get(path)).status_code == 403
    assert (await void(somebody, issued)).status_code == 403
    manager = await callers.a("manager")
    assert (await manager.get(f"/invoices/{issued['id']}")).json()["paid"] == "1.00"
    assert (await change(manager, issued, notes="Mine")).status_code == 200


async def test_events_of_invoices_are_for_who_may_see_invoices(callers: Callers, given: Given):
    await given.a_payment(await given.an_issued_invoice(), "1")
    blind = await callers.a("admin", "events:read", "clients:read")
    kinds = {each["entity_type"] for each in (await blind.get("/events")).json()["items"]}
    assert kinds.isdisjoint({"invoice", "invoice_line", "payment"})
    seeing = await callers.a("admin", "events:read", "invoices:read")
    kinds = {each["entity_type"] for each in (await seeing.get("/events")).json()["items"]}
    assert kinds == {"invoice", "invoice_line"}


async def test_the_same_key_drafts_one_invoice(api: AsyncClient, given: Given):
    body = {"client_id": (await given.a_client())["id"]}
    key = {"Idempotency-Key": "draft"}
    first, second = [await api.post("/invoices", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert len(await numbers(api)) == 1
