"""Time on an invoice stays as it is, whatever is done to it, until the invoice lets it go."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given
from test_invoice_lines import bill


@pytest.fixture
async def billed(api: AsyncClient, given: Given) -> dict[str, Any]:
    """An issued invoice with the two entries on it, and an entry that is on none."""
    client = await given.a_client(hourly_rate="60")
    here = {"client_id": client["id"]}
    entries = [await given.an_entry(**here, tags=["old"], notes=f"{n}") for n in range(2)]
    invoice = await given.an_invoice(**here)
    await bill(api, invoice)
    issued = (await api.post(f"/invoices/{invoice['id']}/issue")).json()
    free = await given.an_entry(**here)
    return {
        "invoice": issued,
        "shown": {key: issued[key] for key in ("id", "number", "status")},
        "ids": [each["id"] for each in entries],
        "free": free["id"],
        "client": client["id"],
    }


async def show(api: AsyncClient, id: int) -> dict[str, Any]:
    return (await api.get(f"/time-entries/{id}")).json()


def assert_refused(answer: Response, billed: dict[str, Any]) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "invoiced")
    assert problem["invoice"] == billed["shown"]
    assert problem["locks"] == [lock(billed)]


def lock(billed: dict[str, Any]) -> dict[str, str]:
    reason = f"It is on the invoice {billed['invoice']['number']}."
    return {"kind": "invoice", "reason": reason}


async def test_an_entry_says_on_which_invoice_it_is(api: AsyncClient, billed: dict[str, Any]):
    listed = {each["id"]: each for each in (await api.get("/time-entries")).json()["items"]}
    for id in billed["ids"]:
        assert listed[id]["invoice"] == billed["shown"]
        assert listed[id]["locks"] == [lock(billed)]
        assert await show(api, id) == listed[id]
    assert (listed[billed["free"]]["invoice"], listed[billed["free"]]["locks"]) == (None, [])


async def test_its_status_is_the_invoices(api: AsyncClient, given: Given, billed: dict[str, Any]):
    seen = (await api.get(f"/time-entries/{billed['ids'][0]}")).headers["etag"]
    for amount, status in (("1", "partly_paid"), ("200", "paid")):
        await given.a_payment(billed["invoice"], amount)
        path = f"/time-entries/{billed['ids'][0]}"
        answer = await api.get(path, headers={"If-None-Match": seen})
        assert answer.json()["invoice"]["status"] == status
        seen = answer.headers["etag"]


async def test_entries_are_found_by_their_invoice(api: AsyncClient, billed: dict[str, Any]):
    everything = {
        "invoiced=true": billed["ids"],
        "invoiced=false": [billed["free"]],
        f"invoice_id={billed['invoice']['id']}": billed["ids"],
        f"invoice_id={billed['invoice']['id']},999": billed["ids"],
        "invoice_id=999": [],
        f"invoiced=true&client_id={billed['client']}": billed["ids"],
    }
    for query, ids in everything.items():
        found = (await api.get(f"/time-entries?{query}&include=total")).json()
        assert sorted(each["id"] for each in found["items"]) == ids, query
        assert found["total"] == len(ids)
        exported = await api.get(f"/time-entries/export?format=jsonl&{query}")
        assert len(exported.text.splitlines()) == len(ids), exported.text


@pytest.mark.parametrize(
    "change",
    [
        {"notes": "x"},
        {"tags": []},
        {"billable": False},
        {"duration_seconds": 1},
        {"started_at": "2026-11-01T09:00:00Z"},
        {"custom_fields": {"ticket": "x"}},
        {},
    ],
)
async def test_nothing_of_it_is_changed(
    api: AsyncClient, given: Given, billed: dict[str, Any], change: dict[str, Any]
):
    await given.a_field("ticket", applies_to=["time_entry"])
    for id in billed["ids"]:
        before = await show(api, id)
        assert_refused(await api.patch(f"/time-entries/{id}", json=change), billed)
        assert_refused(await api.delete(f"/time-entries/{id}"), billed)
        assert await show(api, id) == before


async def test_not_even_by_who_may_unlock_periods(callers: Callers, billed: dict[str, Any]):
    manager = await callers.a("manager")
    for id in billed["ids"]:
        assert_refused(await manager.patch(f"/time-entries/{id}", json={"notes": "x"}), billed)


async def test_many_changes_at_once_do_not_reach_it(api: AsyncClient, billed: dict[str, Any]):
    first, second = billed["ids"]
    operations: list[dict[str, Any]] = [
        {"op": "update", "id": first, "data": {"notes": "x"}},
        {"op": "delete", "id": second},
        {"op": "update", "id": billed["free"], "data": {"notes": "free"}},
    ]
    atomic = await api.post("/time-entries/bulk", json={"operations": operations})
    assert (atomic.status_code, atomic.json()["code"]) == (409, "invoiced")
    assert (await show(api, billed["free"]))["notes"] is None
    partial = await api.post(
        "/time-entries/bulk", json={"mode": "partial", "operations": operations}
    )
    results = partial.json()["results"]
    assert [each["status"] for each in results] == [409, 409, 200]
    assert results[0]["problem"]["invoice"] == billed["shown"]


async def test_the_timer_goes_on_from_it_and_leaves_it_alone(
    api: AsyncClient, billed: dict[str, Any]
):
    before = await show(api, billed["ids"][0])
    resumed = await api.post("/timer/resume", json={"entry_id": billed["ids"][0]})
    assert resumed.json()["timer"]["continues_id"] == billed["ids"][0]
    assert resumed.json()["timer"]["invoice"] is None
    for verb in ("stop", "discard"):
        named = await api.post(f"/timer/{verb}", json={"entry_id": billed["ids"][0]})
        assert named.json()["code"] == "other_timer"
    assert await show(api, billed["ids"][0]) == before


async def test_words_to_find_it_by_and_fields_that_people_redefine_reach_it(
    api: AsyncClient, given: Given, billed: dict[str, Any]
):
    await api.post("/tags/rename", json={"name": "old", "new_name": "new"})
    field = await given.a_field("ticket", applies_to=["time_entry"])
    filled = await api.post(
        f"/custom-field-definitions/{field['id']}/backfill", json={"value": "none"}
    )
    assert filled.is_success, filled.text
    for id in billed["ids"]:
        found = await show(api, id)
        assert (found["tags"], found["custom_fields"]) == (["new"], {"ticket": "none"})
        assert found["locks"] == [lock(billed)]
    path = f"/invoices/{billed['invoice']['id']}"
    assert (await api.get(path)).json() == billed["invoice"]


async def test_what_it_was_spent_on_is_neither_deleted_nor_moved(
    api: AsyncClient, billed: dict[str, Any]
):
    refused = await api.delete(f"/clients/{billed['client']}")
    assert refused.json()["usage"] == {"time_entry": 3, "invoice": 1}


async def test_a_void_invoice_lets_it_go(api: AsyncClient, given: Given, billed: dict[str, Any]):
    path = f"/invoices/{billed['invoice']['id']}"
    await api.post(f"{path}/void", json={"reason": "Wrong rate."})
    assert (await api.get(f"/time-entries?invoice_id={billed['invoice']['id']}")).json()[
        "items"
    ] == []
    for id in billed["ids"]:
        found = await show(api, id)
        assert (found["invoice"], found["locks"]) == (None, [])
    first, second = billed["ids"]
    changed = await api.patch(f"/time-entries/{first}", json={"duration_seconds": 7200})
    assert changed.status_code == 200
    assert (await api.delete(f"/time-entries/{second}")).status_code == 204
    again = await given.an_invoice(client_id=billed["client"])
    assert (await bill(api, again)).json()["amount"] == "180.00"
    voided = (await api.get(path)).json()
    assert (voided["total"], voided["lines"]) == ("120.00", billed["invoice"]["lines"])


async def test_time_on_a_draft_stays_as_it_is_until_the_line_is_removed(
    api: AsyncClient, given: Given
):
    client = await given.a_client(hourly_rate="60")
    entry = await given.an_entry(client_id=client["id"])
    draft = await given.an_invoice(client_id=client["id"])
    (line,) = (await bill(api, draft)).json()["lines"]
    path = f"/time-entries/{entry['id']}"
    refused = await api.patch(path, json={"notes": "x"})
    assert refused.json()["invoice"] == {"id": draft["id"], "number": None, "status": "draft"}
    assert refused.json()["detail"] == f"It is on the draft {draft['id']}."
    await api.delete(f"/invoices/{draft['id']}/lines/{line['id']}")
    assert (await api.patch(path, json={"notes": "x"})).status_code == 200
