"""100,000 clients with eight custom fields and three link templates.

Finding is compared by the time that statements take: ours, without the one that looks the token
up, with the same question asked in plain SQL. Lists are compared by CPU time with a server of
Starlette, asyncpg and orjson that answers with the same bytes and asks nobody who they are.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from httpx import ASGITransport, AsyncClient
from sqlalchemy import URL, event

from benchmarks import company
from benchmarks.floor import statements
from benchmarks.floor.app import app as floor_app
from benchmarks.floor.connections import pool
from benchmarks.measuring import HEADER, Case, Work, run
from benchmarks.report import Section
from benchmarks.service import dsn, service
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.indexing import reconcile
from timetracker_api.custom_fields.registry import Registry
from timetracker_api.custom_fields.validation import merge
from timetracker_api.db.session import Database

TITLE = "Custom fields"
CLIENTS = 100_000
FLOOR = "http://floor/api/v1"

LOAD = f"""
    INSERT INTO clients
        (name, name_key, search_key, custom_fields, version, created_at, updated_at)
    SELECT name, lower(name), lower(name), jsonb_build_object(
        'debtor_number', (100000 + n)::text,
        'region', 'region ' || n % 200,
        'tier', (ARRAY['gold', 'silver', 'bronze', 'tin', 'none'])[1 + n % 5],
        'seats', n * 7919 % 10000,
        'margin', (n % 9000)::text || '.' || lpad((n % 100)::text, 2, '0'),
        'signed', (date '2020-01-01' + n % 2000)::text,
        'vip', n % 3 = 0,
        'portal', 'portal-' || n
    ) - CASE WHEN n % 10 = 0 THEN 'seats' ELSE '' END, 1, now(), now()
    FROM generate_series(1, {CLIENTS}) AS n,
        LATERAL (SELECT 'Client ' || lpad(n::text, 6, '0') AS name)
"""

SEATS = (
    "(CASE WHEN jsonb_typeof(custom_fields -> 'seats') = 'number'"
    " THEN CAST(custom_fields ->> 'seats' AS NUMERIC) END)"
)

VALUES = {
    "text": "10042",
    "integer": 42,
    "decimal": "12.50",
    "date": "2026-11-22",
    "boolean": True,
    "choice": "gold",
    "duration": 3600,
    "phone": "+32 2 555 01 01",
}

TWENTY = [
    Definition(
        key=f"field_{number}",
        label=f"Field {number}",
        applies_to=("client",),
        kind=kind,
        choices=[{"value": tier, "is_active": True} for tier in company.TIERS],
    )
    for number, kind in enumerate((*VALUES, "text", "text") * 2)
]


class Stopwatch:
    """Adds up the seconds that statements take."""

    def __init__(self) -> None:
        self.total = 0.0
        self._began = 0.0

    def __call__(self) -> float:
        return self.total

    def listen(self, database: Database) -> None:
        """Time the statements of the service, but for those about tokens."""
        engine = database.engines.writing.sync_engine
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)

    def _begin(self, *_: Any) -> None:
        self._began = time.perf_counter()

    def _end(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM tokens" not in statement:
            self.total += time.perf_counter() - self._began

    async def timed(self, work: Awaitable[object]) -> None:
        """Time a statement of the floor."""
        began = time.perf_counter()
        await work
        self.total += time.perf_counter() - began


async def measure(url: URL) -> Section:
    """Load the clients, and run every case."""
    async with service(url) as (app, api), _floor(url) as (plain, connection):
        numbers = await company.define(api, "client", company.CLIENT_FIELDS)
        await company.link(api)
        await connection.execute(LOAD)
        await connection.execute("VACUUM ANALYZE clients")
        await reconcile(app.state.database)
        watch = Stopwatch()
        watch.listen(app.state.database)
        await _refuse_differences(api, plain)
        cases = [
            *_finding(api, connection, watch, numbers),
            _listing(api, plain),
            _validating(),
        ]
        section = Section(TITLE, __doc__ or "")
        section.say(HEADER)
        for case in cases:
            outcome = await run(case)
            section.found(outcome.row, f"{case.name}: {outcome.ratio:.2f} x", is_met=outcome.is_met)
        return section


@asynccontextmanager
async def _floor(url: URL) -> AsyncGenerator[tuple[AsyncClient, Any]]:
    async with (
        pool(dsn(url)) as connections,
        AsyncClient(transport=ASGITransport(floor_app(connections)), base_url=FLOOR) as plain,
        connections.acquire() as connection,
    ):
        yield plain, connection


async def _refuse_differences(api: AsyncClient, plain: AsyncClient) -> None:
    """A floor that answers something else would be a floor of something else."""
    ours, theirs = await asyncio.gather(api.get("/clients"), plain.get("/clients"))
    if ours.content != theirs.content:
        raise RuntimeError(f"the answers differ:\n{ours.text[:2000]}\n{theirs.text[:2000]}")


def _finding(
    api: AsyncClient, connection: Any, watch: Stopwatch, numbers: dict[str, int]
) -> list[Case]:
    page = f"SELECT {statements.CLIENT} FROM clients WHERE archived_at IS NULL"
    count = "SELECT count(*) FROM clients WHERE archived_at IS NULL"

    def ask(*statements: str) -> Work:
        async def work() -> None:
            for statement in statements:
                await watch.timed(connection.fetch(statement))

        return work

    def case(name: str, path: str, goal: float, *statements: str) -> Case:
        return Case(name, _getting(api, path), ask(*statements), goal, clock=watch)

    def filtered(condition: str, order: str = "name_key, id") -> tuple[str, str]:
        return (
            f"{count} AND {condition}",
            f"{page} AND {condition} ORDER BY {order} LIMIT 50",
        )

    few = """custom_fields @> '{"region": "region 7"}'"""
    many = """custom_fields @> '{"tier": "gold"}'"""
    return [
        case("equality, 0.5 %", "/clients?custom.region=region 7", 3, *filtered(few)),
        case("equality, 20 %", "/clients?custom.tier=gold", 3, *filtered(many)),
        case(
            "range on an indexed field, 1 %",
            "/clients?custom.seats.gte=9900",
            3,
            *filtered(f"{SEATS} >= 9900"),
        ),
        case(
            "first page by an indexed field",
            "/clients?sort=-custom.seats",
            3,
            count,
            f"{page} AND {SEATS} IS NOT NULL ORDER BY {SEATS} DESC, id DESC LIMIT 50",
        ),
        Case(
            "usage of a definition, whole request",
            _getting(api, f"/custom-field-definitions/{numbers['tier']}/usage"),
            ask("SELECT custom_fields -> 'tier', count(*), min(id) FROM clients GROUP BY 1"),
            3,
            rounds=10,
        ),
    ]


def _listing(api: AsyncClient, plain: AsyncClient) -> Case:
    return Case(
        "list of 50 clients, CPU",
        _getting(api, "/clients"),
        _getting(plain, "/clients"),
        3.5,
        clock=time.process_time,
        calls=10,
    )


def _validating() -> Case:
    fields = Registry(TWENTY).fields("client", "admin")
    given = {each.key: VALUES[each.kind] for each in TWENTY}

    async def ours() -> None:
        for _ in range(100):
            merge(fields, {}, given, is_new=True)

    async def theirs() -> None:
        for _ in range(100):
            for key, value in given.items():
                fields.active[key].canonical(value)

    return Case(
        "checking 100 records of 20 values, CPU",
        ours,
        theirs,
        most=6.0,
        clock=time.process_time,
        calls=5,
    )


def _getting(client: AsyncClient, path: str) -> Callable[[], Awaitable[object]]:
    async def work() -> None:
        (await client.get(path)).raise_for_status()

    return work
