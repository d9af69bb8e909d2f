from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from httpx import AsyncClient
from sqlalchemy import event

from given import Given
from timetracker_api.db.session import Database

AUTHENTICATION = 1
"""The token, its user and the version of all definitions, in one statement."""


class Statement(str):
    """What is sent to the database, and the parameters that come with it."""

    __slots__ = ("parameters",)

    parameters: Any


@contextmanager
def statements(database: Database) -> Generator[list[Statement]]:
    """Gather the statements that are sent to the database meanwhile."""
    sent: list[Statement] = []

    def gather(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if not text.startswith("BEGIN"):
            statement = Statement(text)
            statement.parameters = parameters
            sent.append(statement)

    # Where two engines share a pool, the first is a view of the last, and hears its events.
    by_pool = {engine.pool: engine.sync_engine for engine in database.engines}
    engines = by_pool.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", gather)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", gather)


async def count(database: Database, api: AsyncClient, method: str, path: str, **body: Any) -> int:
    with statements(database) as sent:
        response = await api.request(method, path, json=body or None)
    assert response.is_success, response.text
    return len(sent)


async def a_busy_office(given: Given) -> None:
    for number in range(20):
        await given.a_field(f"field_{number}", ("text", "integer", "url")[number % 3])
    for number in range(10):
        url = f"https://erp.example/{number}/{{value}}/{{client.id}}"
        await given.a_template(f"field_{number}", url)
    values = {f"field_{number}": _value(number) for number in range(20)}
    for number in range(30):
        await given.a_client(f"Client {number}", custom_fields=values)


def _value(number: int) -> object:
    return ("a", 1, "https://a.example/")[number % 3]


async def test_a_list_takes_as_many_statements_whatever_there_is(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client()
    path = f"/clients/{client['id']}"
    for warm_up in ("/clients", path):
        await api.get(warm_up)
    assert await count(database, api, "GET", "/clients") == AUTHENTICATION + 2
    assert await count(database, api, "GET", path) == AUTHENTICATION + 1

    await a_busy_office(given)
    assert len((await api.get("/clients")).json()["items"]) == 31
    assert await count(database, api, "GET", "/clients") == AUTHENTICATION + 2
    assert await count(database, api, "GET", path) == AUTHENTICATION + 1
    filtered = "/clients?custom.field_0=a&custom.field_1=1&include=inactive"
    assert await count(database, api, "GET", filtered) == AUTHENTICATION + 2


async def test_a_write_takes_as_many_statements_whatever_there_is(
    api: AsyncClient, given: Given, database: Database
):
    await given.a_client("Warm up")
    few = await count(database, api, "POST", "/clients", name="First")
    await a_busy_office(given)
    values = {f"field_{number}": _value(number) for number in range(20)}
    many = await count(database, api, "POST", "/clients", name="Second", custom_fields=values)
    # Sharing the version, the row, its event, and the answer.
    assert (few, many) == (AUTHENTICATION + 4, AUTHENTICATION + 4)


async def test_definitions_and_templates_are_loaded_once_per_version(
    api: AsyncClient, given: Given, database: Database
):
    await a_busy_office(given)
    definition = (await api.get("/custom-field-definitions")).json()["items"][0]
    await api.get("/clients")
    await api.patch(f"/custom-field-definitions/{definition['id']}", json={"label": "Other"})
    assert await count(database, api, "GET", "/clients") == AUTHENTICATION + 2 + 2
    assert await count(database, api, "GET", "/clients") == AUTHENTICATION + 2
