"""Invoices from all sides at once, by way of real servers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, select

from elsewhere import until_somebody_waits
from given import Given
from timetracker_api import entities
from timetracker_api.db.session import Database
from timetracker_api.invoices.models import InvoiceEntry
from timetracker_api.time_entries.models import TimeEntry

AT_ONCE = 8


def codes(answers: Sequence[Response]) -> Counter[str]:
    return Counter("done" if each.is_success else each.json()["code"] for each in answers)


async def drafts(given: Given, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [await given.an_invoice(**fields) for _ in range(count)]


async def test_numbers_that_are_given_at_once_have_no_gaps_and_are_given_once(
    given: Given, processes: Sequence[AsyncClient]
):
    client = (await given.a_client())["id"]
    invoices = await drafts(given, 3 * AT_ONCE, client_id=client, issued_on="2026-06-01")
    empty = invoices[::3]
    for invoice in invoices:
        if invoice not in empty:
            await given.a_line(invoice, "1")
    answers = await asyncio.gather(
        *(processes[n % 2].post(f"/invoices/{each['id']}/issue") for n, each in enumerate(invoices))
    )
    assert codes(answers) == {"done": 2 * AT_ONCE, "not_issuable": AT_ONCE}
    numbers = sorted(each.json()["number"] for each in answers if each.is_success)
    assert numbers == [f"INV-2026-{n:04}" for n in range(1, 2 * AT_ONCE + 1)]


async def test_an_invoice_is_issued_once(given: Given, processes: Sequence[AsyncClient]):
    invoice = await given.an_invoice()
    await given.a_line(invoice, "1")
    path = f"/invoices/{invoice['id']}/issue"
    answers = await asyncio.gather(*(processes[n % 2].post(path) for n in range(AT_ONCE)))
    assert codes(answers) == {"done": 1, "not_a_draft": AT_ONCE - 1}
    following = await given.an_issued_invoice(client_id=invoice["client"]["id"])
    assert following["number"].endswith("-0002")


async def test_an_entry_is_on_one_invoice_however_many_bill_it_at_once(
    given: Given, processes: Sequence[AsyncClient], database: Database
):
    client = (await given.a_client(hourly_rate="60"))["id"]
    for _ in range(5):
        await given.an_entry(client_id=client)
    invoices = await drafts(given, AT_ONCE, client_id=client)
    answers = await asyncio.gather(
        *(
            processes[n % 2].post(f"/invoices/{each['id']}/lines/from-time", json={})
            for n, each in enumerate(invoices)
        )
    )
    assert {each.status_code for each in answers} == {200}
    amounts = Counter(each.json()["amount"] for each in answers)
    assert amounts == {"300.00": 1, "0.00": AT_ONCE - 1}
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(InvoiceEntry)) == 5


async def test_what_is_billed_is_what_the_entry_is_whoever_changes_it_meanwhile(
    api: AsyncClient, given: Given, processes: Sequence[AsyncClient]
):
    client = (await given.a_client(hourly_rate="60"))["id"]
    entries = [await given.an_entry(client_id=client) for _ in range(AT_ONCE)]
    invoices = await drafts(given, 2, client_id=client)

    async def change(id: int, seconds: int) -> Response:
        body = {"duration_seconds": seconds}
        return await processes[seconds % 2].patch(f"/time-entries/{id}", json=body)

    changes = [change(each["id"], seconds) for each in entries[:-1] for seconds in (1801, 7200, 60)]
    removal = processes[0].delete(f"/time-entries/{entries[-1]['id']}")
    bills = [
        processes[n % 2].post(f"/invoices/{each['id']}/lines/from-time", json={"group_by": "entry"})
        for n, each in enumerate(invoices)
    ]
    answers = await asyncio.gather(*changes, removal, *bills)
    assert codes(answers).keys() <= {"done", "invoiced", "not_found"}
    for invoice in invoices:
        found = (await api.get(f"/invoices/{invoice['id']}")).json()
        listed = await api.get(f"/time-entries?invoice_id={invoice['id']}")
        seconds = sorted(each["duration_seconds"] for each in listed.json()["items"])
        assert sorted(line["seconds"] for line in found["lines"]) == seconds


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_who_bills_waits_for_what_becomes_of_a_change(
    given: Given, processes: Sequence[AsyncClient], database: Database, end: str
):
    client = (await given.a_client(hourly_rate="60"))["id"]
    entry = await given.an_entry(client_id=client)
    invoice = await given.an_invoice(client_id=client)
    async with database.write() as session:
        held = await entities.locked(session, TimeEntry, entry["id"])
        await entities.update(session, held, {"billable": False})
        path = f"/invoices/{invoice['id']}/lines/from-time"
        billing = asyncio.create_task(processes[0].post(path, json={}))
        await until_somebody_waits(database)
        assert not billing.done()
        await (session.commit() if end == "commit" else session.rollback())
    assert len((await billing).json()["lines"]) == (0 if end == "commit" else 1)


async def test_payments_at_once_are_all_counted(
    api: AsyncClient, given: Given, processes: Sequence[AsyncClient]
):
    invoice = await given.an_issued_invoice("100")
    first = await given.a_payment(invoice, "1")
    body = {"invoice_id": invoice["id"], "amount": "12.5", "paid_on": "2026-12-01"}
    answers = await asyncio.gather(
        *(processes[n % 2].post("/payments", json=body) for n in range(AT_ONCE)),
        processes[0].delete(f"/payments/{first['id']}"),
    )
    assert codes(answers) == {"done": AT_ONCE + 1}
    found = (await api.get(f"/invoices/{invoice['id']}")).json()
    assert (found["status"], found["paid"], found["outstanding"]) == ("paid", "100.00", "0.00")


async def test_an_invoice_is_either_paid_or_void(
    api: AsyncClient, given: Given, processes: Sequence[AsyncClient]
):
    client = (await given.a_client())["id"]
    for _ in range(AT_ONCE):
        invoice = await given.an_issued_invoice("100", client_id=client)
        body = {"invoice_id": invoice["id"], "amount": "100", "paid_on": "2026-12-01"}
        paying = processes[0].post("/payments", json=body)
        path = f"/invoices/{invoice['id']}/void"
        voiding = processes[1].post(path, json={"reason": "Wrong."})
        paid, voided = await asyncio.gather(paying, voiding)
        found = (await api.get(f"/invoices/{invoice['id']}")).json()
        if paid.is_success:
            assert voided.json()["code"] == "has_payments"
            assert (found["status"], found["paid"]) == ("paid", "100.00")
        else:
            assert (paid.json()["code"], voided.status_code) == ("not_issued", 200)
            assert (found["status"], found["paid"]) == ("void", "0.00")


async def test_an_invoice_comes_to_the_sum_of_its_lines_whoever_writes_them(
    api: AsyncClient, given: Given, processes: Sequence[AsyncClient]
):
    invoice = await given.an_invoice()
    path = f"/invoices/{invoice['id']}"
    body = {"description": "x", "unit_price": "1"}
    answers = await asyncio.gather(
        *(processes[n % 2].post(f"{path}/lines", json=body) for n in range(AT_ONCE)),
        processes[0].post(f"{path}/issue"),
    )
    assert codes(answers).keys() <= {"done", "not_a_draft", "not_issuable"}
    found = (await api.get(path)).json()
    assert found["total"] == f"{len(found['lines'])}.00"
    places = [line["position"] for line in found["lines"]]
    assert places == list(range(1, len(places) + 1))
