"""Builds the world of a test through the API, which cannot build one that it would refuse."""

from collections import Counter
from typing import Any

from httpx import AsyncClient, Response


class Given:
    """Creates what a test takes for granted; ``await given.a_client(name="Acme")``."""

    def __init__(self, api: AsyncClient) -> None:
        self.api = api
        self._links = Counter[str]()

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.api.post(path, json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def a_client(self, name: str = "Acme", **fields: Any) -> dict[str, Any]:
        """Create a client."""
        return await self._post("/clients", {"name": name, **fields})

    async def a_project(self, name: str = "Website", **fields: Any) -> dict[str, Any]:
        """Create a project; of a new client unless one is named."""
        if "client_id" not in fields:
            fields["client_id"] = (await self.a_client(f"Client of {name}"))["id"]
        return await self._post("/projects", {"name": name, **fields})

    async def a_task(self, name: str = "Landing page", **fields: Any) -> dict[str, Any]:
        """Create a task; of a new project unless one is named."""
        if "project_id" not in fields:
            fields["project_id"] = (await self.a_project(f"Project of {name}"))["id"]
        return await self._post("/tasks", {"name": name, **fields})

    async def an_entry(self, **fields: Any) -> dict[str, Any]:
        """Record an hour; for a new client unless a place is named."""
        if not {"client_id", "project_id", "task_id"} & fields.keys():
            fields["client_id"] = (await self.a_client("Client of an entry"))["id"]
        if "started_at" not in fields:
            fields |= {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}
        return await self._post("/time-entries", fields)

    async def an_invoice(self, **fields: Any) -> dict[str, Any]:
        """Draft an invoice; for a new client unless one is named."""
        if "client_id" not in fields:
            fields["client_id"] = (await self.a_client("Client of an invoice"))["id"]
        return await self._post("/invoices", fields)

    async def a_line(self, invoice: dict[str, Any], price: str, **fields: Any) -> dict[str, Any]:
        """Write a line on a draft."""
        body = {"description": "Travel", "unit_price": price, **fields}
        return await self._post(f"/invoices/{invoice['id']}/lines", body)

    async def an_issued_invoice(self, total: str = "100", **fields: Any) -> dict[str, Any]:
        """Issue an invoice with one line that comes to this total."""
        invoice = await self.an_invoice(**fields)
        await self.a_line(invoice, total)
        issued = await self.api.post(f"/invoices/{invoice['id']}/issue")
        assert issued.status_code == 200, issued.text
        return issued.json()

    async def a_payment(self, invoice: dict[str, Any], amount: str, **fields: Any) -> Any:
        """Record a payment."""
        body = {"invoice_id": invoice["id"], "amount": amount, "paid_on": "2026-12-01", **fields}
        return await self._post("/payments", body)

    async def a_field(self, key: str, kind: str = "text", **fields: Any) -> dict[str, Any]:
        """Define a custom field; its label is its key in words."""
        label = key.replace("_", " ").capitalize()
        body = {"key": key, "label": label, "kind": kind, **fields}
        return await self._post("/custom-field-definitions", body)

    async def a_template(self, field_key: str, url: str, **fields: Any) -> dict[str, Any]:
        """Have a field become a link: Open, or the next time Open 2."""
        self._links[field_key] += 1
        name = f"Open {self._links[field_key]}".removesuffix(" 1")
        body = {"name": name, "field_key": field_key, "url_template": url, **fields}
        return await self._post("/link-templates", body)

    async def a_user(self, username: str, **fields: Any) -> dict[str, Any]:
        """Add somebody."""
        return await self._post("/users", {"username": username, **fields})


async def try_client(api: AsyncClient, name: str = "Acme", /, **values: Any) -> Response:
    """Try to create a client with these custom field values."""
    return await api.post("/clients", json={"name": name, "custom_fields": values})


async def try_values(api: AsyncClient, client: dict[str, Any], /, **values: Any) -> Response:
    """Try to give a client these custom field values."""
    return await api.patch(f"/clients/{client['id']}", json={"custom_fields": values})


async def try_field(api: AsyncClient, field: dict[str, Any], /, **changes: Any) -> Response:
    """Try to change the definition of a custom field."""
    return await api.patch(f"/custom-field-definitions/{field['id']}", json=changes)


def faults(response: Response) -> set[tuple[str, str]]:
    """Return pointer and code of everything that a response says is wrong."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return {(fault["pointer"], fault["code"]) for fault in response.json()["errors"]}
