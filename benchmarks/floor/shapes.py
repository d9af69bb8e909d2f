"""Records as the service shows them, byte by byte."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

SEAL = bytes(9)
"""What stands before the place in a cursor. The service's own says which list it is of."""


def client(record: Any) -> dict[str, Any]:
    """Return a client with the links that the three templates make."""
    row = dict(record)
    values = row["custom_fields"]
    debtor, region = quote(values["debtor_number"], safe=""), quote(values["region"], safe="")
    count, archived_at = row.pop("project_count"), row.pop("archived_at")
    row["hourly_rate"] = amount(row["hourly_rate"])
    return row | {
        "custom_field_links": {
            "debtor_number": [
                _link(1, f"https://erp.example.com/debtors/{debtor}"),
                _link(2, f"https://crm.example.com/?debtor={debtor}"),
            ],
            "region": [_link(3, f"https://maps.example.com/regions/{region}")],
        },
        "project_count": count,
        "archived_at": archived_at,
    }


def _link(number: int, url: str) -> dict[str, Any]:
    return {
        "template_id": number,
        "name": f"Open {number}",
        "url": url,
        "icon": None,
        "open_in_new_tab": True,
    }


def entry(record: Sequence[Any]) -> dict[str, Any]:
    """Return a time entry."""
    (
        id,
        created_at,
        updated_at,
        user_id,
        user,
        client_id,
        client,
        project_id,
        project,
        task_id,
        task,
        started_at,
        ended_at,
        duration_seconds,
        time_zone,
        local_date,
        notes,
        tags,
        billable,
        rate,
        currency,
        rate_source,
        source,
        continues_id,
        complete,
        custom_fields,
    ) = record
    return {
        "id": id,
        "created_at": created_at,
        "updated_at": updated_at,
        "user": {"id": user_id, "name": user},
        "client": {"id": client_id, "name": client},
        "project": None if project_id is None else {"id": project_id, "name": project},
        "task": None if task_id is None else {"id": task_id, "name": task},
        "started_at": started_at,
        "ended_at": ended_at,
        "duration_seconds": duration_seconds,
        "time_zone": time_zone,
        "local_date": local_date,
        "notes": notes,
        "tags": tags,
        "billable": billable,
        "rate": None
        if rate is None
        else {"amount": amount(rate), "currency": currency, "source": rate_source},
        "source": source,
        "continues_id": continues_id,
        "complete": complete,
        "invoice": None,
        "locks": [],
        "custom_fields": custom_fields,
        "custom_field_links": {},
    }


def portion(records: Sequence[Any]) -> dict[str, Any]:
    """Return a page of a feed from one record more than it has."""
    items = [entry(record) for record in records[:50]]
    if len(records) <= 50:
        return {"items": items, "next": None}
    last = orjson.dumps([items[-1]["started_at"], items[-1]["id"]])
    return {"items": items, "next": urlsafe_b64encode(SEAL + last).decode().rstrip("=")}


def place(cursor: str) -> tuple[datetime, int]:
    """Return where a page ended."""
    decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    at, id = orjson.loads(decoded[len(SEAL) :])
    return datetime.fromisoformat(at), id


def amount(kept: int | None) -> str | None:
    """Write an amount, kept in ten-thousandths; those in here are of whole cents."""
    return None if kept is None else f"{kept // 10_000}.{kept % 10_000 // 100:02d}"
