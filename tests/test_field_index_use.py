"""The statements of lists, as they are sent, use the indexes on custom fields."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, insert, text

from given import Given
from test_statements import Statement, statements
from timetracker_api import clock
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.indexing import reconcile
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.session import Database

MANY = 5000
QUERIES = (
    "custom.amount.gte=4990&custom.amount.lt=5000&sort=custom.amount",
    "custom.number.gt=4990&custom.number.lte=4999&sort=-custom.number",
    "custom.day.gte=2010-01-01&custom.day.lt=2011-01-01&sort=custom.day",
    "sort=custom.amount",
    "sort=-custom.number",
    "sort=custom.tier",
    "sort=-custom.day&offset=20",
    "custom.number.lte=4000&sort=-custom.number",
)


@pytest.fixture
async def many(given: Given, database: Database) -> AsyncGenerator[None]:
    """Many clients, of which every other has values."""
    await reconcile(database)  # what other tests have left was measured when it was empty
    fields = {"amount": "decimal", "number": "integer", "day": "date", "tier": "text"}
    for key, kind in fields.items():
        await given.a_field(key, kind, is_indexed=True)
    when = clock.now()
    shared = {"version": 1, "search_key": "", "created_at": when, "updated_at": when}
    rows = [
        {**shared, "name": f"Client {i}", "name_key": f"client {i}", "custom_fields": values(i)}
        for i in range(MANY)
    ]
    async with database.engines.writing.begin() as connection:
        await connection.execute(insert(Client), rows)
    await reconcile(database)
    yield
    async with database.engines.writing.begin() as connection:
        await connection.execute(delete(CustomFieldDefinition))
    await reconcile(database)


def values(number: int) -> dict[str, Any]:
    if number % 2:
        return {}
    return {
        "amount": f"{number}.50",
        "number": number,
        "day": f"20{number % 100:02}-01-31",
        "tier": f"n{number:05}",
    }


async def explained(database: Database, statement: Statement) -> str:
    """Return the plan of a statement; on PostgreSQL the one for whatever parameters."""
    async with database.engines.reading.connect() as connection:
        if connection.dialect.name == "sqlite":
            # to explain is not to look whether the schema has changed since; to execute is
            await connection.exec_driver_sql(statement, statement.parameters)
            rows = await connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", statement.parameters
            )
            return "\n".join(row[-1] for row in rows)
        await connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        await connection.exec_driver_sql(f"PREPARE probe AS {statement}")
        nothing = ", ".join("NULL" for _ in statement.parameters)
        rows = await connection.exec_driver_sql(f"EXPLAIN EXECUTE probe ({nothing})")
        plan = "\n".join(row[0] for row in rows)
        await connection.exec_driver_sql("DEALLOCATE probe")
        await connection.exec_driver_sql("RESET plan_cache_mode")
        return plan


@pytest.mark.usefixtures("many")
async def test_pages_are_found_through_the_indexes(api: AsyncClient, database: Database):
    for query in QUERIES:
        with statements(database) as found:
            page = await api.get(f"/clients?limit=10&{query}")
        assert page.json()["items"], page.text
        [statement] = [each for each in found if "LIMIT" in each]
        plan = await explained(database, statement)
        assert "ix_cf_clients_" in plan, (query, plan)
        if "sort=" in query:
            assert "Sort" not in plan, (query, plan)
            assert "TEMP B-TREE" not in plan, (query, plan)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("many")
async def test_postgresql_knows_how_values_are_spread(database: Database):
    async with database.engines.reading.connect() as connection:
        found = await connection.execute(text("SELECT n_distinct FROM pg_stats_ext_exprs"))
        assert len(found.all()) == 4
