from typing import Any

import pytest
from httpx import AsyncClient, Response

from given import Given, faults
from people import recorded
from timetracker_api.db.session import Database


async def standing(api: AsyncClient, invoice: dict[str, Any]) -> tuple[str, str, str]:
    found = (await api.get(f"/invoices/{invoice['id']}")).json()
    return found["status"], found["paid"], found["outstanding"]


async def pay(api: AsyncClient, invoice: dict[str, Any], **fields: Any) -> Response:
    body = {"invoice_id": invoice["id"], "amount": "1", "paid_on": "2026-12-01", **fields}
    return await api.post("/payments", json=body)


async def test_a_payment_can_be_recorded_found_changed_and_deleted(api: AsyncClient, given: Given):
    invoice = await given.an_issued_invoice("100")
    body = {"method": "bank transfer", "reference": "2026-12/1", "notes": "In two parts."}
    created = await pay(api, invoice, amount="40.5", **body)
    assert created.status_code == 201, created.text
    payment = created.json()
    assert body.items() <= payment.items()
    assert payment["invoice"] == {"id": invoice["id"], "number": invoice["number"]}
    assert payment["client"] == invoice["client"]
    assert (payment["amount"], payment["currency"]) == ("40.50", "EUR")
    path = created.headers["location"].removeprefix("/api/v1")
    assert (await api.get(path)).json() == payment
    changed = await api.patch(path, json={"amount": "50", "notes": None})
    assert (changed.json()["amount"], changed.json()["notes"]) == ("50.00", None)
    assert await standing(api, invoice) == ("partly_paid", "50.00", "50.00")
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert await standing(api, invoice) == ("issued", "0.00", "100.00")


async def test_the_status_follows_what_is_paid(api: AsyncClient, given: Given):
    invoice = await given.an_issued_invoice("100")
    first = await given.a_payment(invoice, "99.99")
    assert await standing(api, invoice) == ("partly_paid", "99.99", "0.01")
    last = await given.a_payment(invoice, "0.01")
    assert await standing(api, invoice) == ("paid", "100.00", "0.00")
    await api.patch(f"/payments/{last['id']}", json={"amount": "20"})
    assert await standing(api, invoice) == ("paid", "119.99", "-19.99")
    await api.delete(f"/payments/{first['id']}")
    assert await standing(api, invoice) == ("partly_paid", "20.00", "80.00")


async def test_only_what_is_issued_is_paid(api: AsyncClient, given: Given):
    draft = await given.an_invoice()
    refused = await pay(api, draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_issued")
    issued = await given.an_issued_invoice(client_id=draft["client"]["id"])
    await api.post(f"/invoices/{issued['id']}/void", json={"reason": "Wrong."})
    refused = await pay(api, issued)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_issued")


async def test_what_is_paid_is_not_voided(api: AsyncClient, given: Given):
    invoice = await given.an_issued_invoice("100")
    payment = await given.a_payment(invoice, "1")
    path = f"/invoices/{invoice['id']}/void"
    refused = await api.post(path, json={"reason": "Wrong."})
    assert (refused.status_code, refused.json()["code"]) == (409, "has_payments")
    assert refused.json()["detail"] == f"1.00 EUR are paid on {invoice['number']}."
    await api.delete(f"/payments/{payment['id']}")
    assert (await api.post(path, json={"reason": "Wrong."})).status_code == 200


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"amount": "0"}, ("/amount", "minimum")),
        ({"amount": "-5"}, ("/amount", "minimum")),
        ({"amount": "1.001"}, ("/amount", "scale")),
        ({"amount": None}, ("/amount", "type")),
        ({"paid_on": "today"}, ("/paid_on", "type")),
        ({"method": "x" * 51}, ("/method", "max_length")),
        ({"currency": "USD"}, ("/currency", "unknown_field")),
    ],
)
async def test_a_payment_that_makes_no_sense_is_refused_with_a_pointer(
    api: AsyncClient, given: Given, fields: dict[str, Any], fault: tuple[str, str]
):
    invoice = await given.an_issued_invoice()
    payment = await given.a_payment(invoice, "1")
    assert faults(await pay(api, invoice, **fields)) == {fault}
    assert faults(await api.patch(f"/payments/{payment['id']}", json=fields)) == {fault}
    assert await standing(api, invoice) == ("partly_paid", "1.00", "99.00")


async def test_a_payment_stays_with_its_invoice(api: AsyncClient, given: Given):
    assert faults(await pay(api, {"id": 999})) == {("/invoice_id", "reference_not_found")}
    payment = await given.a_payment(await given.an_issued_invoice(), "1")
    moved = await api.patch(f"/payments/{payment['id']}", json={"invoice_id": 1})
    assert faults(moved) == {("/invoice_id", "unknown_field")}


@pytest.mark.parametrize(
    ("currency", "good", "bad"), [("JPY", "100", "100.5"), ("KWD", "1.005", "1.0005")]
)
async def test_an_amount_has_the_decimals_of_the_currency(
    api: AsyncClient, given: Given, currency: str, good: str, bad: str
):
    client = await given.a_client(currency=currency)
    invoice = await given.an_issued_invoice("1000", client_id=client["id"])
    assert (await pay(api, invoice, amount=good)).json()["currency"] == currency
    assert faults(await pay(api, invoice, amount=bad)) == {("/amount", "scale")}


async def test_payments_are_found(api: AsyncClient, given: Given):
    acme, ajax = await given.a_client(), await given.a_client("Ajax")
    one = await given.an_issued_invoice(client_id=acme["id"])
    two = await given.an_issued_invoice(client_id=ajax["id"])
    first = await given.a_payment(one, "30", paid_on="2026-12-01", method="cash")
    second = await given.a_payment(one, "10", paid_on="2026-12-03")
    third = await given.a_payment(two, "20", paid_on="2026-12-02")
    a, b, c = first["id"], second["id"], third["id"]
    everything = {
        "": [b, c, a],
        "sort=amount": [b, c, a],
        "sort=-created_at": [c, b, a],
        f"invoice_id={one['id']}": [b, a],
        f"client_id={ajax['id']}": [c],
        "method=cash": [a],
        "paid_from=2026-12-02&paid_to=2026-12-02": [c],
    }
    found = {
        query: [each["id"] for each in (await api.get(f"/payments?{query}")).json()["items"]]
        for query in everything
    }
    assert found == everything


async def test_every_change_of_a_payment_is_recorded(
    api: AsyncClient, given: Given, database: Database
):
    invoice = await given.an_issued_invoice("100")
    payment = await given.a_payment(invoice, "100")
    await api.delete(f"/payments/{payment['id']}")
    assert len(await recorded(database, "payment.created", "payment.deleted")) == 2
    statuses = [
        each.changes["status"]["new"] for each in (await recorded(database, "invoice.updated"))[-2:]
    ]
    assert statuses == ["paid", "issued"]


async def test_who_has_seen_another_version_of_a_payment_changes_nothing(
    api: AsyncClient, given: Given
):
    payment = await given.a_payment(await given.an_issued_invoice(), "1")
    path = f"/payments/{payment['id']}"
    seen = {"If-Match": (await api.get(path)).headers["etag"]}
    assert (await api.patch(path, json={"notes": "x"}, headers=seen)).status_code == 200
    assert (await api.patch(path, json={"notes": "y"}, headers=seen)).status_code == 412
    assert (await api.delete(path, headers=seen)).status_code == 412


async def test_the_same_key_records_one_payment(api: AsyncClient, given: Given):
    invoice = await given.an_issued_invoice("100")
    body = {"invoice_id": invoice["id"], "amount": "60", "paid_on": "2026-12-01"}
    key = {"Idempotency-Key": "once"}
    answers = [await api.post("/payments", json=body, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await standing(api, invoice) == ("partly_paid", "60.00", "40.00")
