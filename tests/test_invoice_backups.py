"""Invoices come back from a backup with their lines, their time, their counter and payments."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert

from copies import AWKWARD, DOCUMENT, MOMENT, STAMPS, Place, content, done, execute
from timetracker_api.models import metadata

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
MOST = Decimal("9999999999.9999")

INVOICE: dict[str, Any] = STAMPS | {
    "id": 3,
    "client_id": 7,
    "number": "INV-2026-0041",
    "status": "partly_paid",
    "currency": "KWD",
    "issued_on": date(2026, 3, 29),
    "terms": AWKWARD,
    "discount_percent": Decimal("0.0001"),
    "subtotal": MOST,
    "discount": Decimal(0),
    "tax": Decimal(0),
    "total": MOST,
    "paid": Decimal("0.005"),
    "issued_at": MOMENT,
    "search_key": "",
    "custom_fields": DOCUMENT,
}
LINE: dict[str, Any] = STAMPS | {
    "id": 5,
    "invoice_id": 3,
    "position": 1,
    "description": AWKWARD,
    "quantity": Decimal("0.0003"),
    "unit_price": MOST,
    "tax_rate": Decimal(21),
    "amount": MOST,
    "seconds": 2**40,
    "billed_seconds": 1,
}
PAYMENT: dict[str, Any] = STAMPS | {
    "id": 9,
    "invoice_id": 3,
    "amount": Decimal("0.005"),
    "paid_on": date(2026, 4, 1),
}
ROWS: dict[str, dict[str, Any]] = {
    "invoices": INVOICE,
    "invoice_lines": LINE,
    "invoice_entries": {"entry_id": 2, "invoice_id": 3, "line_id": 5},
    "invoice_counters": {"year": 2026, "last": 41},
    "payments": PAYMENT,
}


@pytest.mark.parametrize("format", ["native", "portable"])
def test_invoices_come_back_as_they_were(place: Place, format: str):
    url, copy = place.full(), place.empty(OTHER[place.dialect] if format == "portable" else None)
    execute(url, *(insert(metadata.tables[name]).values(row) for name, row in ROWS.items()))
    backup = str(place.backup(url, "--format", format))
    done("restore", backup, "--yes", "--database-url", copy)
    found = content(copy)
    assert found == content(url)
    assert {name: len(found[name]) for name in ROWS} == dict.fromkeys(ROWS, 1)
