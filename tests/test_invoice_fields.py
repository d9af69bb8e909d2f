"""Custom fields of invoices are those of everything else, on every way in."""

from typing import Any

from httpx import AsyncClient

from given import Given, faults
from test_custom_field_vectors import KEY, body, every_kind, outcome, verdict
from test_statements import AUTHENTICATION, count
from timetracker_api.db.session import Database
from vectors import Vectors

OURS: dict[str, Any] = {"applies_to": ["invoice"]}


async def draft(api: AsyncClient, client: int, **values: Any) -> Any:
    return await api.post("/invoices", json={"client_id": client, "custom_fields": values})


@every_kind
async def test_drafts_and_issued_invoices_agree_with_the_table(
    api: AsyncClient, given: Given, vectors: Vectors
):
    await given.a_field(KEY, **OURS, **vectors.definition)
    somebody = (await api.get("/users/me")).json()["id"]
    issued = await given.an_issued_invoice()
    client = issued["client"]["id"]
    api.headers["Content-Type"] = "application/json"
    for case in vectors.cases:
        expected = ascii(case.given)[:80], verdict(case, somebody)
        created = await api.post("/invoices", content=body(case, somebody, client_id=client))
        assert (expected[0], outcome(created)) == expected
        changed = await api.patch(f"/invoices/{issued['id']}", content=body(case, somebody))
        assert (expected[0], outcome(changed)) == expected


async def test_an_invoice_must_have_what_is_mandatory(api: AsyncClient, given: Given):
    before = await given.an_invoice()
    await given.a_line(before, "1")
    client = before["client"]["id"]
    await given.a_field("cost_center", **OURS, is_mandatory=True)
    await given.a_field("channel", **OURS, is_mandatory=True, default="post")
    assert faults(await draft(api, client)) == {("/custom_fields/cost_center", "required")}
    made = (await draft(api, client, cost_center="4711")).json()
    assert made["custom_fields"] == {"cost_center": "4711", "channel": "post"}
    path = f"/invoices/{made['id']}"
    removed = await api.patch(path, json={"custom_fields": {"cost_center": None}})
    assert faults(removed) == {("/custom_fields/cost_center", "required")}
    assert (await api.post(f"/invoices/{before['id']}/issue")).status_code == 200
    listed = await api.get("/custom-field-definitions?applies_to=invoice")
    (field, _) = sorted(listed.json()["items"], key=lambda each: each["key"], reverse=True)
    path = f"/custom-field-definitions/{field['id']}"
    found = (await api.get(f"{path}/violations")).json()["items"]
    assert [(each["entity_type"], each["entity_id"]) for each in found] == [
        ("invoice", before["id"])
    ]
    filled = await api.post(f"{path}/backfill", json={"value": "0"})
    assert filled.json()["impact"][0]["changed"] == 1


async def test_no_two_invoices_have_the_same_unique_value(api: AsyncClient, given: Given):
    await given.a_field("order_number", **OURS, is_unique=True)
    client = (await given.a_client())["id"]
    first = (await draft(api, client, order_number="a1")).json()
    taken = await draft(api, client, order_number=" A1")
    assert faults(taken) == {("/custom_fields/order_number", "not_unique")}
    await api.delete(f"/invoices/{first['id']}")
    assert (await draft(api, client, order_number="A1")).status_code == 201


async def test_invoices_are_found_and_sorted_by_their_fields_and_their_clients(
    api: AsyncClient, given: Given
):
    await given.a_field("size", "integer", applies_to=["invoice", "client"], is_indexed=True)
    small = await given.a_client(custom_fields={"size": 1})
    large = await given.a_client("Ajax", custom_fields={"size": 9})
    first = (await draft(api, small["id"], size=20)).json()["id"]
    second = (await draft(api, large["id"], size=10)).json()["id"]
    third = (await draft(api, large["id"])).json()["id"]
    everything = {
        "custom.size=10": [second],
        "custom.size.gte=10&sort=custom.size": [second, first],
        "custom.size.is_set=false": [third],
        "client.custom.size=9&sort=created_at": [second, third],
        "sort=-custom.size": [first, second, third],
    }
    found = {
        query: [each["id"] for each in (await api.get(f"/invoices?{query}")).json()["items"]]
        for query in everything
    }
    assert found == everything


async def test_values_and_numbers_become_links(api: AsyncClient, given: Given):
    await given.a_field("ticket", **OURS)
    erp = "https://erp.example"
    url = f"{erp}/{{invoice.id}}/{{client.name}}/{{value}}"
    await given.a_template("ticket", url, applies_to=["invoice"])
    await given.a_template("invoice.number", f"{erp}/n/{{value}}")
    invoice = await given.an_invoice(custom_fields={"ticket": "a b"})
    await given.a_line(invoice, "1")
    links = invoice["custom_field_links"]
    assert links["ticket"][0]["url"] == f"{erp}/{invoice['id']}/Client%20of%20an%20invoice/a%20b"
    assert "invoice.number" not in links
    issued = (await api.post(f"/invoices/{invoice['id']}/issue")).json()
    address = f"{erp}/n/{issued['number']}"
    assert issued["custom_field_links"]["invoice.number"][0]["url"] == address
    resolved = await api.get("/link-templates/resolve", params={"url": address})
    (match,) = resolved.json()["items"]
    assert (match["entity_type"], match["id"]) == ("invoice", issued["id"])


async def test_forms_have_a_schema_for_invoices(api: AsyncClient, given: Given):
    await given.a_field("ticket", **OURS, is_mandatory=True)
    schema = (await api.get("/custom-fields/schema/invoice?for=create")).json()
    assert (list(schema["properties"]), schema["required"]) == (["ticket"], ["ticket"])
    live = (await api.get("http://test/openapi.json?live=true")).json()
    names = live["components"]["schemas"]
    assert list(names["InvoiceCustomFieldsCreate"]["properties"]) == ["ticket"]


async def test_a_key_is_only_reserved_for_records_that_have_such_an_attribute(
    api: AsyncClient, given: Given
):
    field = await given.a_field("terms")
    body = {"key": "total", "label": "Total", "kind": "text", **OURS}
    assert faults(await api.post("/custom-field-definitions", json=body)) == {("/key", "reserved")}
    path = f"/custom-field-definitions/{field['id']}"
    more = await api.patch(path, json={"applies_to": ["client", "invoice"]})
    assert faults(more) == {("/applies_to", "reserved")}
    assert (await api.patch(path, json={"applies_to": ["client", "task"]})).status_code == 200


async def test_a_list_takes_as_many_statements_however_many_invoices_there_are(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_field("ticket", **OURS)
    await given.a_template("invoice.number", "https://erp.example/{value}")
    client = (await given.a_client(hourly_rate="60"))["id"]
    invoice = await given.an_invoice(client_id=client)
    path = f"/invoices/{invoice['id']}"
    for number in range(10):
        await given.an_issued_invoice(client_id=client)
        await given.an_entry(client_id=client, notes=f"{number}")
        await given.a_line(invoice, "1")
    for warm_up in ("/invoices", path, "/payments", "/time-entries"):
        await api.get(warm_up)
    assert await count(database, api, "GET", "/invoices") == AUTHENTICATION + 2
    assert await count(database, api, "GET", path) == AUTHENTICATION + 2
    assert await count(database, api, "GET", "/payments") == AUTHENTICATION + 2
    billing = f"{path}/lines/from-time"
    await given.an_entry(client_id=client)
    few = await count(database, api, "POST", billing, group_by="day")
    for number in range(10):
        await given.an_entry(client_id=client, notes=f"{number}")
    assert await count(database, api, "POST", billing, group_by="day") == few
    assert await count(database, api, "GET", "/time-entries?invoiced=true") == AUTHENTICATION + 1
