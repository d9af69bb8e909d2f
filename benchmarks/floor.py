"""The least that can answer: Starlette, asyncpg, orjson, and nobody is asked who it is."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

driver = cast(Any, asyncpg)  # it has no types

COLUMNS = """
    id, created_at, updated_at, name, description, contact_person, email, phone, address, currency,
    hourly_rate, custom_fields,
    (SELECT count(*) FROM projects
     WHERE projects.client_id = clients.id AND projects.archived_at IS NULL) AS project_count,
    archived_at
"""
PAGE = f"SELECT {COLUMNS} FROM clients WHERE archived_at IS NULL ORDER BY name_key, id LIMIT 50"
COUNT = "SELECT count(*) FROM clients WHERE archived_at IS NULL"


@asynccontextmanager
async def pool(dsn: str) -> AsyncGenerator[Any]:
    """Give connections that read JSON as the service does."""
    async with driver.create_pool(dsn, min_size=2, max_size=2, init=_reads_json) as made:
        yield made


async def _reads_json(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads, format="text"
    )


def app(connections: Any) -> Starlette:
    """Return a server of the first page of clients."""

    async def list_clients(_request: Request) -> Response:
        total = await connections.fetchval(COUNT)
        items = [_shaped(record) for record in await connections.fetch(PAGE)]
        body = {"items": items, "total": total, "limit": 50, "offset": 0}
        return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")

    return Starlette(routes=[Route("/clients", list_clients)])


def _shaped(record: Any) -> dict[str, Any]:
    row = dict(record)
    values = row["custom_fields"]
    debtor, region = quote(values["debtor_number"], safe=""), quote(values["region"], safe="")
    count, archived_at = row.pop("project_count"), row.pop("archived_at")
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
        "name": "Open",
        "url": url,
        "icon": None,
        "open_in_new_tab": True,
    }
